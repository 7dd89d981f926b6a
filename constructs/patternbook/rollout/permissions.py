"""Derives the permissions of CloudFormation's role from templates.

Each schema of a resource type lists the actions that its handlers call:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from patternbook.rollout.schemas import schema_of
from patternbook.rules.template import CUSTOM

HANDLERS: Final = ("create", "read", "update", "delete", "list")
"""The handlers that a deployment uses. Creations and deletions of some types also list."""
MAX_CHARACTERS: Final = 6_144
"""Size of a managed policy, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
MAX_POLICIES: Final = 10
"""Default quota of managed policies of a role, on the same page."""
OF_CUSTOM_RESOURCES: Final = ("lambda:InvokeFunction",)
"""CloudFormation calls the function of a custom resource with its role."""
OF_PARAMETERS: Final = ("ssm:GetParameters",)
"""CloudFormation reads the parameters of SSM that a template names, such as the version of the bootstrap stack."""
IAM_RESOURCES: Final = (
    *("arn:*:iam::*:role/{prefix}*", "arn:*:iam::*:policy/{prefix}*", "arn:*:iam::*:instance-profile/{prefix}*"),
    *("arn:*:iam::*:role/aws-service-role/*", "arn:*:iam::*:oidc-provider/*"),
)
"""What the actions of IAM are limited to. Names that CloudFormation generates begin with that of the stack. Roles of
services and providers of identities have other names, and no permissions of their own to give away."""

IAM_LISTS: Final = frozenset(
    {"iam:ListInstanceProfiles", "iam:ListOpenIDConnectProviders", "iam:ListPolicies", "iam:ListRoles"}
)
"""Actions of IAM that take no resource.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""


@dataclass(frozen=True)
class Derived:
    """The policies, and what could not be derived."""

    policies: Sequence[Mapping[str, Any]]
    unknown: Sequence[str]
    """Sentences about what is missing or wider than it could be."""


def policies_for(templates: Iterable[Mapping[str, Any]], *, prefix: str = "") -> Derived:
    """The managed policies with which CloudFormation can create, change and delete the resources of templates.

    :param prefix: beginning of the names of the stacks, such as ``production-``.
    :raises NoSchemasError: without the schemas.
    """
    types: set[str] = set()
    actions: dict[str, str] = {}
    unknown: list[str] = []
    for template in templates:
        types |= {str(each.get("Type")) for each in template["Resources"].values() if isinstance(each, Mapping)}
        parameters = (template.get("Parameters") or {}).values()
        if any(str(each.get("Type", "")).startswith("AWS::SSM::Parameter::Value") for each in parameters):
            actions.update({each.lower(): each for each in OF_PARAMETERS})
    for resource_type in sorted(types):
        found = list(_actions_of(resource_type))
        if not found:
            unknown.append(f"{resource_type} is in no schema with permissions. Add what it needs by hand.")
        actions.update({each.lower(): each for each in found if each.lower() not in actions})
    wide = sorted(each for each in actions.values() if "*" in each)
    if wide:
        unknown.append(f"The schemas name these actions with a wildcard: {', '.join(wide)}. Narrow them if you can.")
    policies = list(_packed(sorted(actions.values(), key=str.lower), prefix))
    if len(policies) > MAX_POLICIES:
        unknown.append(
            f"These are {len(policies)} policies, and a role takes {MAX_POLICIES} by default. Request a higher quota, "
            "or give each stage fewer patterns."
        )
    return Derived(policies, unknown)


def _actions_of(resource_type: str) -> Iterator[str]:
    if resource_type.startswith(CUSTOM):
        yield from OF_CUSTOM_RESOURCES
        return
    handlers = (schema_of(resource_type) or {}).get("handlers") or {}
    for name in HANDLERS:
        yield from handlers.get(name, {}).get("permissions", ())


def _packed(actions: Sequence[str], prefix: str) -> Iterator[Mapping[str, Any]]:
    """As few policies as their size allows, each action in one of them."""
    iam = [resource.format(prefix=prefix) for resource in IAM_RESOURCES]
    of_iam = [each for each in actions if each.startswith("iam:") and each not in IAM_LISTS]
    # The names of other resources are not known before the deployment, and many of these actions take none.
    others = [each for each in actions if each not in of_iam]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": of_iam, "Resource": iam},
        {"Effect": "Allow", "Action": others, "Resource": ["*"]},
    ]
    pending: list[dict[str, Any]] = []
    for statement in statements:
        room: list[str] = []
        for action in statement["Action"]:
            if _size([*pending, {**statement, "Action": [*room, action]}]) > MAX_CHARACTERS:
                yield _policy([*pending, *([{**statement, "Action": room}] if room else [])])
                pending, room = [], []
            room.append(action)
        if room:
            pending.append({**statement, "Action": room})
    if pending:
        yield _policy(pending)


def _policy(statements: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _size(statements: Sequence[Mapping[str, Any]]) -> int:
    return len(json.dumps(_policy(statements), separators=(",", ":")))
