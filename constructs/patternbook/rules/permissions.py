"""What the roles of a template allow, and whom they trust, as far as the template tells."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from patternbook.rules.template import Node, PartialText, Resource, Template

ROLE: Final = "AWS::IAM::Role"
ATTACHED: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
"""Resources that give permissions to a role from outside."""


def listed(node: Node) -> list[str]:
    """The texts of a list, or of a single text in its place."""
    return [node.text] if node.text is not None else node.texts or []


def covers(pattern: str, action: str) -> bool:
    """Whether a pattern of a policy, such as ``ec2:*``, has an action."""
    parts = (re.escape(each).replace(r"\?", ".") for each in pattern.lower().split("*"))
    return re.fullmatch(".*".join(parts), action.lower()) is not None


def allows(statements: Iterable[Node], action: str) -> bool:
    """Whether one of the statements has an action."""
    return any(covers(each, action) for statement in statements for each in listed(statement["Action"]))


def statements_in(document: Node) -> list[Node]:
    """The statements of a policy document, which may be a single one."""
    statement = document["Statement"]
    return statement.items or ([] if statement.missing else [statement])


def attached_to(template: Template, role: Resource) -> list[Resource]:
    """The policies of the template that are attached to a role."""
    return [
        policy
        for policy in template.of_type(*ATTACHED)
        if role.id in policy["Roles"].references | policy["RoleName"].references
    ]


def allowed_statements(template: Template, role: Resource | None, *, harmless: Sequence[str] = ()) -> list[Node] | None:
    """The permissions of a role. None if the template does not tell all of them.

    :param harmless: the names of managed policies that do not matter.
    """
    if role is None or not template.complete or template.is_shared(role) or role["Policies"].unknown:
        return None
    attached = attached_to(template, role)
    for managed in [] if role["ManagedPolicyArns"].missing else role["ManagedPolicyArns"].items or [None]:
        own = managed.resource("AWS::IAM::ManagedPolicy") if managed else None
        if own:
            attached.append(own)
        elif managed is None or name_of_policy(managed) not in harmless:
            return None
    if any(each["Roles"].unknown or each["RoleName"].unknown for each in template.of_type(*ATTACHED)):
        return None
    documents = [each["PolicyDocument"] for each in role["Policies"].items]
    documents += [each["PolicyDocument"] for each in attached]
    found = [each for document in documents for each in statements_in(document)]
    known = all(listed(each["Action"]) and each["Effect"].text is not None for each in found)
    return [each for each in found if each["Effect"].text == "Allow"] if known else None


def name_of_policy(node: Node) -> str:
    """The name of a managed policy, of its ARN. Empty if it is not known."""
    last = node.value.parts[-1] if isinstance(node.value, PartialText) else node.text
    return last.rsplit("/", 1)[-1] if isinstance(last, str) else ""


def trusted_services(role: Resource) -> set[str] | None:
    """The services that may assume a role. None if the template does not tell all of them."""
    document = role["AssumeRolePolicyDocument"]
    found: set[str] = set()
    for statement in statements_in(document):
        principal = statement["Principal"]
        service = principal["Service"]
        if statement.unknown or principal.unknown or principal.text == "*" or listed(principal["AWS"]) == ["*"]:
            return None
        if statement["Effect"].text == "Deny":
            continue
        if service.missing and not principal["AWS"].missing:
            return None  # the role may serve people as well as the service
        if service.missing:
            continue
        if not listed(service):
            return None
        found.update(listed(service))
    return found if found else None
