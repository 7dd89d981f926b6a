"""Every pattern in China and in GovCloud: its names belong to the partition, or the stack says what AWS lacks there."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

import app
from patternbook import PRODUCTION, SANDBOX, PatternStack
from patternbook.app import add_stage
from patternbook.settings.loading import load_settings
from patternbook.settings.stages import Stage
from tests.book import book_app, settings_of, stage_of

ACCOUNT: Final = "111122223333"
CHINA, GOVCLOUD = "cn-north-1", "us-gov-west-1"
PARTITIONS: Final = {CHINA: "aws-cn", GOVCLOUD: "aws-us-gov"}
CONSOLES: Final = {CHINA: "console.amazonaws.cn", GOVCLOUD: "console.amazonaws-us-gov.com"}
SUFFIXES: Final = {CHINA: "amazonaws.com.cn", GOVCLOUD: "amazonaws.com"}
OTHER: Final = {CHINA: "cn-northwest-1", GOVCLOUD: "us-gov-east-1"}
SCENARIOS: Final = (("production", "every option"), ("sandbox", "other options"))
REFUSED: Final[Mapping[str, Mapping[str, str]]] = {
    CHINA: {
        "AppRunnerStack": "App Runner",
        "EcsAnywhereStack": "ECS Anywhere",
        "LambdaEdgeStack": "CloudFront with Lambda@Edge",
        "WebApiStack": "Cognito user pools",
    },
    GOVCLOUD: {
        "AppRunnerStack": "App Runner",
        "EksFargateStack": "EKS on Fargate",
        "LambdaEdgeStack": "CloudFront with Lambda@Edge",
    },
}
"""What each Region lacks, by hand from AWS's documents. The options of EcrStack are apart, in a test of their own."""
# Names of China that CDK 2.275 and the list of `aws ec2 describe-vpc-endpoint-services` agree on.
CHINESE_ENDPOINTS: Final = {"ecr.api", "ecr.dkr", "eks", "monitoring", "sqs", "states", "sts", "ec2"}

PATTERNS: Final[Mapping[str, type[PatternStack]]] = {each.__name__: each for each in app.PATTERNS}

Stacks = dict[str, list[cdk.Stack]]


def in_region(region: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options whose ARNs and images are those of a Region. Everything that AWS offers in no Region but another, such as
    a public repository, is left out.
    """
    text = json.dumps({stack: given for stack, given in options.items() if stack not in REFUSED[region]})
    text = text.replace("arn:aws:", f"arn:{PARTITIONS[region]}:").replace("eu-west-1", region)
    text = text.replace("us-east-1", region)  # to which only a public repository is pinned
    found = json.loads(text.replace(".amazonaws.com", f".{SUFFIXES[region]}"))
    found.get("LambdaConcurrencyStack", {}).pop("invoke_principals", None)
    found.get("EventPipelineStack", {}).pop("upload_principals", None)
    ecr = found.get("EcrStack", {})
    for name, value in {
        "public_repository": None,
        "replicate_to_regions": [OTHER[region]],
        "signing": region != CHINA,
    }.items():
        if name in ecr:
            ecr[name] = value
    if region == CHINA:
        found.get("FargatePrivateLinkStack", {}).pop("private_dns_name", None)
    return found


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks of each Region, in one app, with what does not exist there left out."""
    book = book_app(Stage(settings={}), tmp_path_factory.mktemp("partitions"), checked=False)
    made: Stacks = {}
    for region in PARTITIONS:
        made[region] = []
        for posture, options in SCENARIOS:
            settings = stage_of(posture, in_region(region, settings_of(posture, options))).settings
            scope = add_stage(
                book,
                app.PATTERNS,
                Stage(
                    name=f"{region}-{posture}-{options.split()[0]}",
                    posture=PRODUCTION if posture == "production" else SANDBOX,
                    account=ACCOUNT,
                    region=region,
                    settings=settings,
                ),
            )
            made[region] += [each for each in scope.node.children if isinstance(each, cdk.Stack)]
    book.synth()
    return made


def template(stack: cdk.Stack) -> dict[str, Any]:
    stage = cdk.Stage.of(stack)
    assert stage is not None
    return json.loads(Path(stage.outdir, stack.template_file).read_text(encoding="utf-8"))


def errors(stack: cdk.Stack) -> list[str]:
    return [str(entry.data) for entry in stack.node.metadata if entry.type == "aws:cdk:error"]


def texts(value: Any) -> Iterator[str]:
    """All texts of a template. The parts of ``Fn::Join`` are put together; references stand in angle brackets."""
    match value:
        case {"Fn::Join": [str(), list(parts)]}:
            yield "".join(each if isinstance(each, str) else shown(each) for each in parts)
        case dict():
            for name, each in value.items():
                yield name
                yield from texts(each)
        case list():
            for each in value:
                yield from texts(each)
        case str():
            yield value


def shown(reference: Any) -> str:
    return f"<{reference['Ref']}>" if isinstance(reference, dict) and "Ref" in reference else "<>"


@pytest.mark.parametrize("region", PARTITIONS)
class TestEveryPattern:
    def test_all_other_patterns_are_there_and_none_is_refused(self, region: str, stacks: Stacks) -> None:
        expected = {pattern.__name__ for pattern in app.PATTERNS} - REFUSED[region].keys()
        assert {each.node.id for each in stacks[region]} == expected
        assert [error for stack in stacks[region] for error in errors(stack)] == []

    def test_every_resource_type_exists_in_the_region(self, region: str, stacks: Stacks) -> None:
        """The schemas of CloudFormation in each Region, which cfn-lint has, are an independent judge."""
        offered = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
        used = {each["Type"] for stack in stacks[region] for each in template(stack)["Resources"].values()}
        assert {each for each in used if not each.startswith(("Custom::", "AWS::CDK::"))} <= offered

    def test_no_arn_of_another_partition(self, region: str, stacks: Stacks) -> None:
        found = {
            (stack.node.id, arn)
            for stack in stacks[region]
            for text in texts(template(stack))
            for arn in re.findall(r"arn:(?:<AWS::Partition>|[^:\s]+):", text)
            if arn not in (f"arn:{PARTITIONS[region]}:", "arn:<AWS::Partition>:")
        }
        assert found == set()

    def test_consoles_are_those_of_the_partition(self, region: str, stacks: Stacks) -> None:
        hosts = {
            host
            for stack in stacks[region]
            for text in texts(template(stack))
            for host in re.findall(r"https://([^/\s]*console[^/\s]*)/", text)
        }
        assert hosts == {f"{region}.{CONSOLES[region]}"}

    def test_images_of_private_repositories_are_in_the_partition(self, region: str, stacks: Stacks) -> None:
        suffixes = {
            suffix
            for stack in stacks[region]
            for text in texts(template(stack))
            for suffix in re.findall(r"\.dkr\.ecr\.[^.]+\.([^/\s]+)", text)
        }
        assert suffixes <= {SUFFIXES[region], "<AWS::URLSuffix>"}
        assert suffixes

    def test_service_principals(self, region: str, stacks: Stacks) -> None:
        """Only EC2 and CloudWatch Logs have another principal in China; all others would be invalid with its suffix."""
        principals = set()
        for stack in stacks[region]:
            for resource in template(stack)["Resources"].values():
                properties = resource.get("Properties", {})
                principals |= set(services(properties))
                if resource["Type"] == "AWS::Lambda::Permission":
                    principals |= {each for each in texts([properties["Principal"]]) if not each.startswith("arn:")}
        known = {each.replace("<AWS::URLSuffix>", SUFFIXES[region]) for each in principals}
        partitional = {f"ec2.{SUFFIXES[region]}", f"logs.{region}.{SUFFIXES[region]}"}
        assert {each for each in known if each.startswith(("ec2.", "logs."))} == partitional
        assert {each for each in known - partitional if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", each)} == set()


def services(value: Any) -> Iterator[str]:
    """The service principals of the policies in a value."""
    match value:
        case {"Principal": {"Service": service}, **others}:
            for each in service if isinstance(service, list) else [service]:
                yield from texts(each)
            yield from services(others)
        case dict():
            for each in value.values():
                yield from services(each)
        case list():
            for each in value:
                yield from services(each)


def test_endpoint_services_of_china(stacks: Stacks) -> None:
    names = {
        text
        for stack in stacks[CHINA]
        for each in template(stack)["Resources"].values()
        if each["Type"] == "AWS::EC2::VPCEndpoint"
        for text in texts(each["Properties"]["ServiceName"])
        if f".{CHINA}." in text
    }
    chinese = {name.removeprefix(f"cn.com.amazonaws.{CHINA}.") for name in names if name.startswith("cn.")}
    assert chinese == CHINESE_ENDPOINTS
    assert not {name for name in names if name.removeprefix(f"com.amazonaws.{CHINA}.") in CHINESE_ENDPOINTS}


def test_functions_in_china_are_not_traced(stacks: Stacks) -> None:
    """Lambda has no integration with X-Ray there: https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html"""
    traced = {
        region: {
            stack.node.id
            for stack in stacks[region]
            for each in template(stack)["Resources"].values()
            if each["Type"] == "AWS::Lambda::Function" and each["Properties"].get("TracingConfig")
        }
        for region in PARTITIONS
    }
    functions = {
        *("AuroraServerlessStack", "DataStreamStack", "EventPipelineStack", "LambdaConcurrencyStack"),
        *("WebApiStack", "WorkflowStack"),
    }
    assert traced == {CHINA: set(), GOVCLOUD: functions}


class TestRefusals:
    @pytest.mark.parametrize(("region", "pattern"), [(region, name) for region in REFUSED for name in REFUSED[region]])
    def test_a_stack_says_what_its_region_lacks(self, region: str, pattern: str, tmp_path: Path) -> None:
        """Also a pattern that AWS pins to us-east-1, which an account of another partition cannot reach."""
        [error] = self._errors(tmp_path, pattern, region, {})
        assert error.startswith(
            f"{REFUSED[region][pattern]} is not offered in {region}. The Region of the stack must be"
        )
        assert "(https://docs." in error

    @pytest.mark.parametrize("pattern", sorted({name for region in REFUSED for name in REFUSED[region]}))
    def test_nothing_is_said_where_it_is_offered_or_unknown(self, pattern: str, tmp_path: Path) -> None:
        assert self._errors(tmp_path / "known", pattern, "eu-west-1", {}) == []
        assert self._errors(tmp_path / "agnostic", pattern, None, {}) == []

    @pytest.mark.parametrize("region", PARTITIONS)
    def test_principals_of_a_function_url_are_refused(self, region: str, tmp_path: Path) -> None:
        arn = f"arn:{PARTITIONS[region]}:iam::111122223333:role/caller"
        [error] = self._errors(tmp_path, "LambdaConcurrencyStack", region, {"invoke_principals": [arn]})
        assert error.startswith(f"The URL of a Lambda function is not offered in {region}")
        assert "Unset invoke_principals" in error

    @pytest.mark.parametrize("region", PARTITIONS)
    def test_a_public_repository_is_refused(self, region: str, tmp_path: Path) -> None:
        [error] = self._errors(tmp_path, "EcrStack", region, {"public_repository": {}})
        assert error.startswith(f"ECR Public is not offered in {region}")

    @pytest.mark.parametrize(("region", "refused"), [(CHINA, True), (GOVCLOUD, False)])
    def test_managed_signing_is_refused_in_china(self, region: str, refused: bool, tmp_path: Path) -> None:
        found = self._errors(tmp_path, "EcrStack", region, {"signing": True})
        assert [each.partition(".")[0] for each in found] == [
            "Managed signing of images by CloudFormation is not offered in cn-north-1"
        ] * refused

    @pytest.mark.parametrize(("region", "refused"), [(CHINA, True), (GOVCLOUD, False)])
    def test_a_private_dns_name_is_refused_in_china(self, region: str, refused: bool, tmp_path: Path) -> None:
        found = self._errors(tmp_path, "FargatePrivateLinkStack", region, {"private_dns_name": "api.example.com"})
        assert [each.partition(".")[0] for each in found] == [
            "A private DNS name of an endpoint service is not offered in cn-north-1"
        ] * refused

    def test_app_runner_is_not_in_every_region_of_the_standard_partition(self, tmp_path: Path) -> None:
        [error] = self._errors(tmp_path, "AppRunnerStack", "eu-north-1", {})
        assert error.startswith("App Runner is not offered in eu-north-1")
        assert "eu-west-1" in error

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("secrets", {"PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"}),
            ("secret_key_arns", ["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"]),
            ("image", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1"),
        ],
    )
    def test_a_resource_of_another_partition_is_refused(self, setting: str, value: Any, tmp_path: Path) -> None:
        found = self._errors(tmp_path, "FargateEfsStack", CHINA, {setting: value})
        assert len(found) == 1
        assert found[0].startswith(setting)
        assert "must be of the partition aws-cn, that of cn-north-1, got" in found[0]

    @staticmethod
    def _errors(outdir: Path, pattern: str, region: str | None, options: Mapping[str, Any]) -> list[str]:
        book = book_app(Stage(settings={}), outdir, checked=False)
        env = cdk.Environment(account=ACCOUNT, region=region) if region else None
        stage = cdk.Stage(book, "stage", env=env)
        made = PATTERNS[pattern]
        settings = load_settings(made.settings_type, options, posture=SANDBOX, stack=pattern)
        return errors(made(stage, "Stack", settings=settings, posture=SANDBOX))
