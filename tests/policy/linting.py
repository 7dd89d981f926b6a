"""Runs cfn-lint over many templates in one process, and over each distinct resource once.

The templates of the postures and options have half of their resources in common, and checking resources against their
schemas is most of the work of cfn-lint. A resource is left out if an equal one has had no finding, in a template with
equal parameters, mappings and conditions, where it refers to resources of the same types and conditions. All rules
about a whole template, such as those about circular dependencies, see every resource.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from cfnlint.config import ConfigMixIn
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules import Rules
from cfnlint.runner import Runner, run_template_by_file_path

import app

BASIC_CHECK: Final = "E3001"
"""The rule of cfn-lint that checks the schemas of resources, together with all rules about their properties."""
RELATED: Final = {
    "AWS::ApiGateway::RestApi",
    "AWS::EC2::Instance",
    "AWS::EC2::VPC",
    "AWS::ECS::Service",
    "AWS::Lambda::Function",
}
"""Types with a rule that reads the properties of other resources. These resources are never left out."""


def lint(*templates: Path) -> str:
    """The findings of cfn-lint with the project's configuration."""
    config, rules = _linter()
    matches = [match for each in templates for match in run_template_by_file_path(str(each), config, rules, False)]
    return "\n".join(f"{match.rule.id} {match.message} ({match.filename}:{match.linenumber})" for match in matches)


@cache
def _linter() -> tuple[ConfigMixIn, Rules]:
    config = ConfigMixIn(["--config-file", str(app.CDK_JSON.with_name(".cfnlintrc"))])
    rules = Runner(config).rules
    _Once().wrap(rules[BASIC_CHECK])
    return config, rules


class _Once:
    """Passes resources to the basic check, except for those that have passed it."""

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def wrap(self, rule: Any) -> None:
        check_patterns = rule.validators["patternProperties"]

        def check(validator: Validator, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            if list(validator.context.path.path) != ["Resources"]:  # within a resource
                yield from check_patterns(validator, patterns, instance, schema)
                return
            template = validator.cfn.template
            for name, resource in instance.items():
                key = _key(resource, template)
                if key in self._passed:
                    continue
                errors = list(check_patterns(validator, patterns, {name: resource}, schema))
                yield from errors
                if not errors and resource.get("Type") not in RELATED:
                    self._passed.add(key)

        rule.validators["patternProperties"] = check


def _key(resource: Mapping[str, Any], template: Mapping[str, Any]) -> str:
    """What the check of a resource depends on."""
    others = template["Resources"]
    words = set(re.findall(r"[A-Za-z0-9]+", json.dumps(resource)))  # the logical ids that it refers to, and others
    referred = {name: [others[name].get("Type"), others[name].get("Condition")] for name in words & others.keys()}
    shared = {name: value for name, value in template.items() if name not in ("Description", "Outputs", "Resources")}
    return json.dumps([resource, referred, shared], sort_keys=True)
