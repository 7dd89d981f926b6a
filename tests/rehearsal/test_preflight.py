"""The step that asks the emulated account before the first deployment, and what the account has for it."""

import json
from collections.abc import Callable

import pytest

from rehearsal import CERTIFICATE_ID, IMAGE
from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount, RehearsalError
from rehearsal.cycle import Cycle
from rehearsal.preflight import preflight
from tools.assembly import change_template


def test_an_unknown_answer_does_not_stop_it(steps: Callable[..., Cycle]) -> None:
    """The emulated account knows no quotas, and no image of another registry."""
    for stage in ("sandbox", "production"):
        preflight(steps("EcsEc2Stack", stage))


def test_what_stops_a_deployment_stops_it(steps: Callable[..., Cycle], account: EmulatedAccount) -> None:
    logs = account.session.client("logs")
    logs.create_log_group(logGroupName="/kept")
    cycle = steps("EcrStack")

    def name_a_log_group(resources: dict[str, dict[str, object]]) -> None:
        resources["Kept"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/kept"}}

    change_template(cycle.as_configured, "EcrStack", name_a_log_group)
    try:
        with pytest.raises(
            RehearsalError, match="EcrStack, names-log-groups: Kept: there is a log group /kept already"
        ):
            preflight(cycle)
    finally:
        logs.delete_log_group(logGroupName="/kept")


def test_a_broken_template_is_an_error(steps: Callable[..., Cycle]) -> None:
    cycle = steps("EcrStack")
    change_template(cycle.as_configured, "EcrStack", dict.clear)
    with pytest.raises(RehearsalError, match=r"The preflight asked nothing\.\n.*the template has no Resources"):
        preflight(cycle)


class TestAccount:
    """The account has what production settings name, and what EKS and ARM instances need."""

    def test_zones_that_eks_accepts(self, account: EmulatedAccount) -> None:
        zones = account.session.client("ec2").describe_availability_zones()["AvailabilityZones"]
        assert [each["ZoneId"] for each in zones] == ["use1-az1", "use1-az2", "use1-az4"]

    @pytest.mark.parametrize(("path", "architecture"), [("arm64/recommended", "arm64"), ("recommended", "x86_64")])
    def test_an_ami_for_each_architecture(self, path: str, architecture: str, account: EmulatedAccount) -> None:
        name = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{path}/image_id"
        ami = account.session.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        [image] = account.session.client("ec2").describe_images(ImageIds=[ami])["Images"]
        assert image["Architecture"] == architecture

    def test_endpoint_services(self, account: EmulatedAccount) -> None:
        name = f"com.amazonaws.{REGION}.eks-auth"
        found = account.session.client("ec2").describe_vpc_endpoint_services(ServiceNames=[name])
        assert found["ServiceNames"] == [name]

    def test_a_certificate(self, account: EmulatedAccount) -> None:
        arn = f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/{CERTIFICATE_ID}"
        found = account.session.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        assert (found["Status"], "*.example.com" in found["SubjectAlternativeNames"]) == ("ISSUED", True)

    def test_an_image(self, account: EmulatedAccount) -> None:
        name, tag = IMAGE
        found = account.session.client("ecr").batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag}])
        assert json.loads(found["images"][0]["imageManifest"])["manifests"][0]["platform"]["architecture"] == "amd64"

    def test_a_managed_policy_that_ministack_does_not_know(self, account: EmulatedAccount) -> None:
        arn = "arn:aws:iam::aws:policy/AmazonEKSComputePolicy"
        assert account.session.client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
