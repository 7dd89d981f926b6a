"""Things that a template names, and that must exist before the deployment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops, unknown
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node

SECRET: Final = re.compile(
    r"(?P<arn>arn:[\w-]+:secretsmanager:(?P<region>[\w-]+):(?P<account>\d{12}):secret:[\w/+=.@!-]+)(:[^:]*){0,3}",
    re.ASCII,
)
PARAMETER: Final = re.compile(r"arn:[\w-]+:ssm:(?P<region>[\w-]+):(?P<account>\d{12}):parameter(?P<name>/[\w./-]+)")
KEY: Final = re.compile(r"arn:[\w-]+:kms:(?P<region>[\w-]+):\d{12}:(key|alias)/[\w/-]+", re.ASCII)
IDENTITY: Final = re.compile(
    r"arn:[\w-]+:iam::(?P<account>\d{12}):(?P<kind>role|user)/(?:[\w+=,.@/-]*/)?(?P<name>[\w+=,.@-]+)", re.ASCII
)
_DYNAMIC: Final = re.compile(r"\{\{resolve:(?P<kind>ssm|ssm-secure|secretsmanager):(?P<name>[^}]+)\}\}")
_IN_POLICIES: Final = ("Resource", "NotResource", "Condition", "Action", "NotAction")
"""Members of a policy statement whose ARNs need not exist."""
FREE_ADDRESSES: Final = 16
"""A load balancer needs eight free addresses in each subnet, and tasks need one each.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
"""


def _named(stack: Stack, pattern: re.Pattern[str]) -> dict[str, tuple[Node, "re.Match[str]"]]:
    """The texts that match, with the first place of each. Those that a policy only mentions are left out."""
    found = dict[str, tuple[Node, re.Match[str]]]()
    for node, text in stack.texts():
        match = pattern.fullmatch(text)
        if match and not any(each in _IN_POLICIES for each in node.path):
            found.setdefault(text, (node, match))
    return found


def _dynamic(stack: Stack, *kinds: str) -> dict[str, str]:
    """The names in dynamic references, with the first resource that has each."""
    found = dict[str, str]()
    waiting = [(name, body) for name, body in stack.document["Resources"].items() if name in stack.template.resources]
    while waiting:
        resource, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((resource, each) for each in value.values())
        elif isinstance(value, list):
            waiting.extend((resource, each) for each in value)
        elif isinstance(value, str):
            for match in _DYNAMIC.finditer(value):
                if match["kind"] in kinds and "${" not in match["name"]:
                    found.setdefault(match["name"], resource)
    return found


def _elsewhere(stack: Stack, named: Mapping[str, tuple[Node, "re.Match[str]"]]) -> Iterator[Answer]:
    """An answer for each ARN of another account."""
    for arn, (node, match) in named.items():
        if match["account"] != stack.target.account_id:
            yield unknown(f"{node.resource_id}: {arn} is in another account, which is not asked.")


@question("secrets", "secretsmanager:DescribeSecret")
def secrets(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the secrets exist that the template names?

    Create the secret in the Region that its ARN names, or restore it.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    named = _named(stack, SECRET)
    yield from _elsewhere(stack, named)
    wanted = {
        match["arn"]: (node.resource_id, match["region"])
        for node, match in named.values()
        if match["account"] == stack.target.account_id
    }
    for name, resource in _dynamic(stack, "secretsmanager").items():
        # The JSON key, the stage and the version come last. An ARN has six colons, and a name none.
        found = SECRET.match(name)
        wanted.setdefault(found["arn"] if found else name.split(":")[0], (resource, account.region))
    for name, (resource, region) in wanted.items():
        found = account.ask(
            "secretsmanager.describe_secret", region=region, absent=("ResourceNotFoundException",), SecretId=name
        )
        if found is None:
            yield stops(f"{resource}: there is no secret {name} in {region}.")
        elif found.get("DeletedDate"):
            yield stops(
                f"{resource}: the secret {name} is to be deleted.",
                f"aws secretsmanager restore-secret --secret-id {name}",
            )
        else:
            yield fine(f"{resource}: the secret {name} exists. Its JSON keys are not read.")


@question("ssm-parameters", "ssm:DescribeParameters")
def ssm_parameters(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the SSM parameters exist that the template names?

    Create the parameter in the Region.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
    """
    named = _named(stack, PARAMETER)
    yield from _elsewhere(stack, named)
    wanted = {
        _parameter_name(match["name"]): (node.resource_id, match["region"])
        for node, match in named.values()
        if match["account"] == stack.target.account_id
    }
    for name, resource in _dynamic(stack, "ssm", "ssm-secure").items():
        wanted.setdefault(name.split(":")[0], (resource, account.region))
    for name, (resource, region) in wanted.items():
        filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        found = account.all("ssm.describe_parameters", "Parameters", region=region, ParameterFilters=filters)
        if found:
            yield fine(f"{resource}: the SSM parameter {name} exists.")
        else:
            yield stops(f"{resource}: there is no SSM parameter {name} in {region}.")


def _parameter_name(path: str) -> str:
    """The name in an ARN, which has a slash before a name without one."""
    return path if path.count("/") > 1 else path[1:]


@question("kms-keys", "kms:DescribeKey")
def kms_keys(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the KMS keys exist that the template names, and are they enabled?

    Enable the key, cancel its deletion, or name another one in the same Region.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    for arn, (node, match) in _named(stack, KEY).items():
        found = account.ask("kms.describe_key", region=match["region"], absent=("NotFoundException",), KeyId=arn)
        if found is None:
            yield stops(f"{node.resource_id}: there is no key {arn}.")
            continue
        key = found["KeyMetadata"]
        if key.get("KeyState", "Enabled") != "Enabled":
            yield stops(f"{node.resource_id}: the key {arn} is {key['KeyState']}.")
        elif key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
            yield stops(f"{node.resource_id}: the key {arn} is {key['KeySpec']}. AWS services need a symmetric key.")
        else:
            yield fine(
                f"{node.resource_id}: the key {arn} is enabled. Who may use it is in its policy, which is not read."
            )


@question("iam-identities", "iam:GetRole", "iam:GetUser")
def iam_identities(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the IAM roles and users exist that the template names, also as principals of policies?

    Create the role before the deployment, or correct its ARN. A policy with a principal that does not exist is refused
    as MalformedPolicyDocument or "Invalid principal in policy".

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for arn, (node, match) in _named(stack, IDENTITY).items():
        if node.path[:1] == ("PrincipalArn",) or ("/aws-service-role/" in arn and "Principal" not in node.path):
            continue  # eks-access and service-linked-roles ask
        if match["account"] != stack.target.account_id:
            yield from _elsewhere(stack, {arn: (node, match)})
            continue
        name, kind = match["name"], match["kind"]
        found = (
            account.ask("iam.get_role", RoleName=name, absent=("NoSuchEntity",))
            if kind == "role"
            else account.ask("iam.get_user", UserName=name, absent=("NoSuchEntity",))
        )
        if found is None:
            yield stops(f"{node.resource_id}: there is no IAM {kind} {name}.")
        else:
            yield fine(f"{node.resource_id}: the IAM {kind} {name} exists.")


@question("managed-policies", "iam:GetPolicy")
def managed_policies(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the managed policies exist that roles attach or are bounded by?

    Correct the ARN. The policies of AWS itself are in the partition of the Region.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
    """
    wanted = dict[str, str]()
    for role in stack.of_type("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for node in [*role["ManagedPolicyArns"].items, role["PermissionsBoundary"]]:
            if node.text and node.text.startswith("arn:"):
                wanted.setdefault(node.text, role.id)
    missing = 0
    for arn, resource in wanted.items():
        if account.ask("iam.get_policy", absent=("NoSuchEntity",), PolicyArn=arn) is None:
            missing += 1
            yield stops(f"{resource}: there is no managed policy {arn}.")
    if wanted and not missing:
        yield fine(f"All managed policies of the template exist ({len(wanted)}).")


_NETWORK: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "vpc": ("VPC", "ec2.describe_vpcs", "Vpcs", "VpcIds", "InvalidVpcID.NotFound"),
    "subnet": ("subnet", "ec2.describe_subnets", "Subnets", "SubnetIds", "InvalidSubnetID.NotFound"),
    "sg": ("security group", "ec2.describe_security_groups", "SecurityGroups", "GroupIds", "InvalidGroup.NotFound"),
}
_NETWORK_ID: Final = re.compile(r"(?P<kind>vpc|subnet|sg)-[0-9a-f]{8,17}", re.ASCII)


@question("network-ids", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups")
def network_ids(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the VPCs, subnets and security groups exist that the template names, and have the subnets free addresses?

    Name one of the account and the Region. Free addresses, or use a larger subnet.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    for name, (node, match) in _named(stack, _NETWORK_ID).items():
        title, operation, member, parameter, absent = _NETWORK[match["kind"]]
        wanted: dict[str, Any] = {parameter: [name]}
        found = account.all(operation, member, absent=(absent,), **wanted)
        if not found:
            yield stops(f"{node.resource_id}: there is no {title} {name} in {account.region}.")
        elif found[0].get("AvailableIpAddressCount", FREE_ADDRESSES) < FREE_ADDRESSES:
            count = found[0]["AvailableIpAddressCount"]
            yield may(f"{node.resource_id}: the subnet {name} has {count} free addresses.")
        else:
            yield fine(f"{node.resource_id}: the {title} {name} exists.")


@question("exports", "cloudformation:ListExports")
def exports(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do other stacks export the values that the template imports?

    Deploy the stack that exports the value first.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html
    """
    wanted = dict[str, None]()
    waiting: list[Any] = [stack.document["Resources"]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if "Fn::ImportValue" in value:
                name = stack.template.resolved(value["Fn::ImportValue"]).text
                if name is None:
                    yield unknown("The name of a value that the template imports is not known.")
                else:
                    wanted[name] = None
    if not wanted:
        return
    exported = {each["Name"] for each in account.all("cloudformation.list_exports", "Exports")}
    for name in wanted:
        if name in exported:
            yield fine(f"A stack exports {name}.")
        else:
            yield stops(f"No stack in {account.region} exports {name}.")
