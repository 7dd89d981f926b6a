"""The book in the app of a company, with resources of its other stacks, which settings name by tokens."""

import json
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from pydantic import BaseModel

import app
from patternbook import PRODUCTION, PatternStack, allow_services
from patternbook.app import add_stage
from patternbook.data.encryption import KEY_POLICY
from patternbook.settings.describe import unwrap
from patternbook.settings.stages import Stage
from patternbook.settings.validators import Reference
from patternbook.testing.synthesis import feature_flags
from tests.book import every_option, in_existing_vpc, other_options
from tests.policy.conftest import Templates
from tools.assembly import template_files

Token = Callable[[str], str]
PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
}


def with_tokens(annotation: Any, metadata: Any, value: Any, token: Token) -> Any:
    """The value, in which ``token(text)`` stands in the place of each text that names a resource."""
    annotation, metadata = unwrap(annotation, metadata)
    arguments = typing.get_args(annotation)
    if value is None:
        return None
    if any(isinstance(item, Reference) for item in metadata):
        return token(value)
    if isinstance(value, list | tuple):
        return [with_tokens(arguments[0], (), item, token) for item in value]
    if isinstance(value, Mapping) and arguments:
        return {key: with_tokens(arguments[1], (), item, token) for key, item in value.items()}
    if isinstance(value, Mapping) and issubclass(annotation, BaseModel):
        return fields_with_tokens(annotation, value, token)
    return value


def fields_with_tokens(model: type[BaseModel], given: Mapping[str, Any], token: Token) -> dict[str, Any]:
    fields = model.model_fields
    return {
        name: with_tokens(fields[name].annotation, fields[name].metadata, value, token) for name, value in given.items()
    }


class Company:
    """An app with a key in a stack of its own, and each pattern with its options in stages of their own. Each reference
    in the settings is an import with a name of its own.
    """

    def __init__(self, outdir: Path) -> None:
        self.app = cdk.App(
            context=feature_flags(app.CDK_JSON), outdir=str(outdir), builtin_cloud_formation_validation=False
        )
        self.imports: dict[str, list[str]] = {}
        for stage, options in (("every", every_option), ("other", other_options), ("vpc", in_existing_vpc)):
            settings = {pattern: dict(options(pattern) or {}) for pattern in app.PATTERNS}
            self._add(stage, {pattern: given for pattern, given in settings.items() if given})
        self.templates = {
            name: json.loads(path.read_text(encoding="utf-8"))
            for name, path in template_files(Path(self.app.synth().directory)).items()
        }

    def _add(self, name: str, given: Mapping[type[PatternStack], Mapping[str, Any]]) -> None:
        # The Region of the patterns that AWS pins to one. The CDK refers to a key of another Region in other ways.
        env = cdk.Environment(account=PSEUDO["AWS::AccountId"], region=PSEUDO["AWS::Region"])
        stage = cdk.Stage(self.app, name, env=env)
        key = kms.Key(cdk.Stack(stage, "Company"), "Key")
        allow_services(key)  # ty: ignore[invalid-argument-type]
        for pattern, options in given.items():
            imports = self.imports.setdefault(f"{name}/{pattern.__name__}", [])

            @cache  # two settings with the same name have the same token
            def token(text: str, imports: list[str] = imports) -> str:
                imports.append(f"Import{len(imports)}:{text}")
                return cdk.Fn.import_value(imports[-1])

            values = fields_with_tokens(pattern.settings_type, options, token)
            settings = pattern.settings_type(**{**values, "key_arn": key.key_arn})
            add_stage(stage, [pattern], Stage(name=None, posture=PRODUCTION, settings={pattern.__name__: settings}))

    @property
    def stacks(self) -> list[str]:
        return [*self.imports]

    def warning(self, stack: str) -> str:
        """The warning about the policy of the key."""
        found = self.app.node.find_child(stack.partition("/")[0]).node.find_child(stack.partition("/")[2])
        [text] = [str(entry.data) for entry in found.node.metadata if f"[ack: {KEY_POLICY}]" in str(entry.data)]
        return text


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("company"))


def of_type(template: Mapping[str, Any], resource_type: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == resource_type]


ARN_OF_KEY: Final = "OutputFnGetAttKey"
"""Part of the name of the output with the ARN of the key, in the stack of the company."""


def test_every_reference_may_be_a_token(company: Company) -> None:
    for stack, imports in company.imports.items():
        template = json.dumps(company.templates[stack])
        assert [each for each in imports if json.dumps({"Fn::ImportValue": each})[1:-1] not in template] == []
    assert sum(map(len, company.imports.values())) > 40


def test_patterns_with_a_key_of_the_company_make_none(company: Company) -> None:
    for stack in company.stacks:
        assert of_type(company.templates[stack], "AWS::KMS::Key") == [], stack
        assert ARN_OF_KEY in json.dumps(company.templates[stack]), stack


def test_file_systems_have_the_arn_of_the_key(company: Company) -> None:
    """An id would be that of a key in the account of the stack."""
    [*systems] = of_type(company.templates["every/EksManagedNodesStack"], "AWS::FSx::FileSystem")
    assert {each["FileSystemType"] for each in systems} == {"LUSTRE", "ONTAP"}
    assert all(ARN_OF_KEY in json.dumps(each["KmsKeyId"]) for each in systems)


def test_patterns_leave_the_policy_of_the_key_as_it_is(company: Company) -> None:
    """A role in the policy would make the stack of the key and that of the role depend on each other."""
    for stage in ("every", "other", "vpc"):
        [key] = of_type(company.templates[f"{stage}/Company"], "AWS::KMS::Key")
        principals = [next(iter(each["Principal"])) for each in key["KeyPolicy"]["Statement"]]
        assert principals == ["AWS", "Service", "Service"]


@pytest.mark.parametrize("pattern", [pattern.__name__ for pattern in app.PATTERNS])
def test_the_warning_prints_what_the_policy_of_an_own_key_has(
    pattern: str, company: Company, templates: Templates
) -> None:
    """Everything but the first statement, by which the CDK lets IAM policies allow access."""
    text = company.warning(f"every/{pattern}")
    printed = json.loads(text[text.index("[\n") : text.index("\n]") + 2]) if "[\n" in text else []
    own = templates("production", "every option")[pattern]
    [(first, *others)] = [
        each["KeyPolicy"]["Statement"]
        for each in of_type(own, "AWS::KMS::Key")
        if "Data at rest" in json.dumps(each["Description"])
    ]
    assert first["Action"] == "kms:*"
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
