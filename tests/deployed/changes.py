"""Places in answers that many proofs change, and values that are wrong there."""

from collections.abc import Callable
from typing import Any

STACK_RESOURCES = "cloudformation.list_stack_resources StackResourceSummaries"
ANYWHERE = "0.0.0.0/0"
SECURITY_GROUPS = "ec2.describe_security_groups SecurityGroups *"
ADMITS, REACHES = f"{SECURITY_GROUPS} IpPermissions +", f"{SECURITY_GROUPS} IpPermissionsEgress +"
SUBNET_ZONES = "ec2.describe_subnets Subnets * AvailabilityZone"
WAYS_OUT = f"ec2.describe_route_tables RouteTables * Routes DestinationCidrBlock={ANYWHERE}"
WAY_OUT = "ec2.describe_route_tables RouteTables * Routes +"
PUBLIC_WAY = {"DestinationCidrBlock": ANYWHERE, "GatewayId": "igw-1"}
ATTACHED = "iam.list_attached_role_policies AttachedPolicies +"
EVERYTHING = {"PolicyName": "Everything", "PolicyArn": "arn:aws:iam::aws:policy/Everything"}
STATEMENTS = "iam.get_role_policy PolicyDocument Statement"
TRUST = "iam.get_role Role AssumeRolePolicyDocument Statement 0"
ALARMS = "cloudwatch.describe_alarms MetricAlarms"
CONTAINERS = "ecs.describe_task_definition taskDefinition containerDefinitions"
SERVICES = "ecs.describe_services services"
LOG_GROUPS = "logs.describe_log_groups logGroups"
OTHER_KEY = "arn:aws:kms:us-east-1:111122223333:key/other"
BODY = "http.get body"


def output(name: str) -> str:
    """The place of an output of the stack."""
    return f"cloudformation.describe_stacks Stacks 0 Outputs OutputKey={name} OutputValue"


def no_output(name: str) -> str:
    """The place of an output of the stack, to take it away."""
    return output(name).rpartition(" ")[0]


def made(resource_type: str) -> str:
    """The place of the stack's resources of a type."""
    return f"{STACK_RESOURCES} ResourceType={resource_type}"


def opened(port: int, peer: str, last: int | None = None) -> dict[str, Any]:
    """A permission of a security group."""
    kinds = {"sg-": ("UserIdGroupPairs", "GroupId"), "::/": ("Ipv6Ranges", "CidrIpv6")}
    kind, name = kinds.get(peer[:3], ("IpRanges", "CidrIp"))
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": last or port, kind: [{name: peer}]}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def by(service: str) -> dict[str, str]:
    """A service of AWS as a principal."""
    return {"Service": service}


def may(*statements: dict[str, Any]) -> dict[str, Any]:
    """A role with these statements in its own policies, and no others."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "iam.list_role_policies PolicyNames": ["Own"],
        "iam.get_role_policy": {"RoleName": "role", "PolicyName": "Own", "PolicyDocument": document},
    }


def but(text: str) -> Callable[[list[Any]], list[Any]]:
    """A list without the items that mention this."""
    return lambda items: [item for item in items if text not in str(item)]
