"""The book in the app of a company, whose resources the settings name by tokens (:mod:`tests.policy.company`)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest

import app
from patternbook import PatternStack
from patternbook.data.encryption import KEY_POLICY
from patternbook.testing.synthesis import feature_flags, unchecked_app
from tests.book import patterns_with
from tests.policy.company import ACCOUNT, HOME, Company, Platform
from tests.policy.conftest import Templates
from tests.policy.linting import lint
from tests.policy.ordering import Order
from tests.policy.test_partitions import REFUSED
from tests.policy.test_stages import SET_BY_USERS, identities
from tools.assembly import template_files

PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": HOME,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}
ARN_OF_KEY: Final = "OutputFnGetAttKey"
"""Part of the name of the output with the ARN of the key, in the stack of the company."""
DATA_ONLY: Final = {"AuroraServerlessStack"}
IN_VPC: Final = {pattern.__name__ for pattern in patterns_with("existing VPC")}
WITH_RECORDS: Final = {
    "FargateEfsStack",
    "FargatePrivateLinkStack",
    "EcsEc2Stack",
    "EcsManagedInstancesStack",
    "WebApiStack",
}
"""The patterns with a domain name, except for LambdaEdgeStack, which is not in all partitions."""
OF_THE_VPC: Final = {"VPC", "Subnet", "RouteTable", "Route", "NatGateway", "FlowLog", "InternetGateway", "VPCEndpoint"}
STAGES: Final = ("live", "test", "china", "govcloud")
"""The stages in which the patterns are in the VPC of the platform."""


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("company"))


def of_type(template: Mapping[str, Any], resource_type: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == resource_type]


def stacks_of(company: Company, *stages: str) -> dict[str, dict[str, Any]]:
    """The templates of the patterns in these stages, by their construct paths."""
    return {path: company.templates[path] for path in company.stacks if path.partition("/")[0] in stages}


class TestTheApp:
    def test_every_pattern_is_in_every_stage(self, company: Company) -> None:
        everything = {pattern.__name__ for pattern in app.PATTERNS}
        for stage, platform in company.platforms.items():
            expected = everything - REFUSED.get(platform.region, {}).keys() if stage in STAGES else IN_VPC
            assert {path.partition("/")[2] for path in stacks_of(company, stage)} == expected

    def test_it_looks_nothing_up(self, company: Company) -> None:
        manifests = list(Path(company.app.outdir).glob("**/manifest.json"))
        assert len(manifests) > len(company.platforms)
        assert [each for each in manifests if json.loads(each.read_text(encoding="utf-8")).get("missing")] == []

    def test_no_stack_is_refused(self, company: Company) -> None:
        written = [
            *Path(company.app.outdir).glob("**/manifest.json"),
            *Path(company.app.outdir).glob("**/*.metadata.json"),
        ]
        texts = {each.parent.name: each.read_text(encoding="utf-8") for each in written}
        assert {stage for stage in STAGES if "aws:cdk:error" in texts[f"assembly-{stage}"]} == set()

    def test_nothing_of_the_platform_changes(self, company: Company, tmp_path: Path) -> None:
        """Its resources are as without the patterns. Only outputs are new, through which the others refer to them."""
        alone = unchecked_app(tmp_path, context=feature_flags(app.CDK_JSON))
        for name, platform in company.platforms.items():
            Platform(cdk.Stage(alone, name, env=cdk.Environment(account=ACCOUNT, region=platform.region)))
        alone.synth()
        for path, file in template_files(tmp_path).items():
            template = dict(company.templates[path])
            assert template.pop("Outputs")
            assert template == json.loads(file.read_text(encoding="utf-8"))

    def test_its_stages_share_no_name(self, company: Company) -> None:
        live, test = (
            {path.partition("/")[2]: names for path, names in found.items()}
            for found in (
                {path: identities(template) for path, template in stacks_of(company, stage).items()}
                for stage in ("live", "test")
            )
        )
        shared = {each for stack in live for each in live[stack] & test[stack]}
        assert {resource_type for resource_type, *_ in shared} <= SET_BY_USERS

    def test_cfn_lint_finds_nothing(self, company: Company) -> None:
        assert lint(*(company.files[path] for path in stacks_of(company, "test"))) == ""


@pytest.mark.parametrize("pattern", app.PATTERNS, ids=lambda pattern: pattern.__name__)
class TestEveryPattern:
    def test_workloads_depend_on_what_they_need(self, pattern: type[PatternStack], company: Company) -> None:
        for path, template in stacks_of(company, *STAGES).items():
            if path.endswith(f"/{pattern.__name__}"):
                assert Order(template).findings() == set(), path

    def test_it_makes_nothing_in_the_vpc_but_its_own_resources(
        self, pattern: type[PatternStack], company: Company
    ) -> None:
        for path, template in stacks_of(company, *STAGES).items():
            if path.endswith(f"/{pattern.__name__}"):
                in_vpc = {
                    each["Type"].removeprefix("AWS::EC2::")
                    for each in template["Resources"].values()
                    if "-Platform" in json.dumps(each)
                }
                # The endpoint of a private App Runner service has no private DNS name.
                assert in_vpc & OF_THE_VPC <= ({"VPCEndpoint"} if pattern.__name__ == "AppRunnerStack" else set()), path
                tiers = set(re.findall(r"Vpc(Edge|App|Batch|Data)Subnet\d", json.dumps(template)))
                assert tiers <= {"Edge", "App", "Data"}, path
                in_app = pattern.__name__ in IN_VPC - DATA_ONLY
                assert ("App" in tiers) == in_app or not path.startswith("live/"), path


def test_every_name_has_its_records_and_a_certificate(company: Company) -> None:
    for stage in STAGES:
        for name in WITH_RECORDS - REFUSED.get(company.platforms[stage].region, {}).keys():
            template = company.templates[f"{stage}/{name}"]
            records = of_type(template, "AWS::Route53::RecordSet")
            assert {each["Type"] for each in records} == {"A", "AAAA"}
            assert all("RefZone" in json.dumps(each["HostedZoneId"]) for each in records)
            made = of_type(template, "AWS::CertificateManager::Certificate")
            # The private load balancer has no TLS by default.
            assert len(made) == (stage != "live" and name != "FargatePrivateLinkStack")
            assert ("RefCertificate" in json.dumps(template)) == (stage == "live")


class TestReferences:
    def test_every_reference_may_be_a_token(self, company: Company) -> None:
        used = {path: json.dumps(company.templates[path]) for path in company.stacks}
        assert sum(map(len, company.imports.values())) > 40
        for path, imports in company.imports.items():
            unused = [each for each in imports if json.dumps({"Fn::ImportValue": each})[1:-1] not in used[path]]
            # A pattern uses the tiers that it needs.
            assert [each for each in unused if ":subnet-" not in each] == [], path
        for subnet in {each for imports in company.imports.values() for each in imports if ":subnet-" in each}:
            name = subnet.partition(":")[2]
            assert any(f":{name}" in text for text in used.values()), name

    def test_patterns_with_a_key_of_the_company_make_none(self, company: Company) -> None:
        for stack in company.stacks:
            assert of_type(company.templates[stack], "AWS::KMS::Key") == [], stack
            if "key_arn" not in company.stack(stack).settings_type.model_fields:
                continue
            assert ARN_OF_KEY in json.dumps(company.templates[stack]), stack

    def test_file_systems_have_the_arn_of_the_key(self, company: Company) -> None:
        """An id would be that of a key in the account of the stack."""
        for stage in ("live", "test"):
            systems = of_type(company.templates[f"{stage}/EksManagedNodesStack"], "AWS::FSx::FileSystem")
            assert {each["FileSystemType"] for each in systems} == {"LUSTRE"} | (
                {"ONTAP"} if stage == "test" else set()
            )
            assert all(ARN_OF_KEY in json.dumps(each["KmsKeyId"]) for each in systems)

    def test_patterns_leave_the_policy_of_the_key_as_it_is(self, company: Company) -> None:
        """A role in the policy would make the stack of the key and that of the role depend on each other."""
        for stage in company.platforms:
            [key] = of_type(company.templates[f"{stage}/Platform"], "AWS::KMS::Key")
            principals = [next(iter(each["Principal"])) for each in key["KeyPolicy"]["Statement"]]
            assert principals == ["AWS", "Service", "Service"]


def test_the_example_of_the_page_works(tmp_path: Path) -> None:
    page = (app.CDK_JSON.parent / "docs/your-account.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    made = unchecked_app(tmp_path, context=feature_flags(app.CDK_JSON))
    exec(compile(code, "your-account.md", "exec"), {"app": made, "platform": Platform(made)})
    made.synth()
    template = json.loads((tmp_path / "Files.template.json").read_text(encoding="utf-8"))
    assert template["Outputs"]["Url"]["Value"] == "https://files.example.com"
    assert "VpcAppSubnet1" in json.dumps(template)
    assert of_type(template, "AWS::EC2::VPC") == of_type(template, "AWS::KMS::Key") == []


@pytest.mark.parametrize(
    "pattern", [pattern.__name__ for pattern in app.PATTERNS if "key_arn" in pattern.settings_type.model_fields]
)
def test_the_warning_prints_what_the_policy_of_an_own_key_has(
    pattern: str, company: Company, templates: Templates
) -> None:
    """Everything but the first statement, by which the CDK lets IAM policies allow access."""
    metadata = company.stack(f"live/{pattern}").node.metadata
    [text] = [str(entry.data) for entry in metadata if f"[ack: {KEY_POLICY}]" in str(entry.data)]
    printed = json.loads(text[text.index("[\n") : text.index("\n]") + 2]) if "[\n" in text else []
    own = templates("production", "every option")[pattern]
    [(first, *others)] = [
        each["KeyPolicy"]["Statement"]
        for each in of_type(own, "AWS::KMS::Key")
        if "Data at rest" in json.dumps(each["Description"])
    ]
    assert first["Action"] == "kms:*"
    if not of_type(company.templates[f"live/{pattern}"], "AWS::Logs::LogGroup"):
        # In the VPC of the company, there are no flow logs either.
        others = [each for each in others if "logs." not in json.dumps(each["Principal"])]
    assert [_plain(each) for each in printed] == [_plain(_literal(each)) for each in others]


def _plain(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {**statement, "Action": sorted(statement["Action"])}


def _literal(value: Any) -> Any:
    """The value with joined texts, and with those of the stage in the place of pseudo parameters."""
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return PSEUDO[value["Ref"]]
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(map(_literal, parts))
    return {key: _literal(item) for key, item in value.items()}
