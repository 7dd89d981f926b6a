"""Rules for functions in a VPC: their permissions, and the file systems that they mount."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.aws_lambda import FUNCTION
from patternbook.rules.permissions import ROLE, allowed_statements, allows, attached_to, name_of_policy, statements_in
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Problem, Resource, Template

INTERFACES: Final = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
_WITHOUT_INTERFACES: Final = (
    *("AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaKinesisExecutionRole"),
    *("AWSLambdaDynamoDBExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"),
    *("CloudWatchLambdaInsightsExecutionRolePolicy", "CloudWatchLogsFullAccess", "AmazonS3ReadOnlyAccess"),
    *("AmazonS3FullAccess", "AmazonDynamoDBFullAccess", "AmazonDynamoDBReadOnlyAccess", "AmazonSQSFullAccess"),
    *("AmazonSNSFullAccess", "SecretsManagerReadWrite", "AmazonSSMReadOnlyAccess", "AmazonRDSDataFullAccess"),
    *("AmazonElasticFileSystemClientReadWriteAccess", "AmazonElasticFileSystemClientFullAccess"),
)
"""AWS managed policies that roles of functions often have, and that allow no network interfaces. The one that does:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html
"""


def _in_vpc(template: Template) -> Iterator[tuple[Resource, Resource]]:
    """The functions in a VPC, each with its role if the template has it."""
    for function in template.of_type(FUNCTION):
        role = function["Role"].resource(ROLE)
        if function["VpcConfig"]["SubnetIds"].items and role:
            yield function, role


@rule("lambda-vpc-permissions", ERROR)
def vpc_permissions(template: Template) -> Iterator[Problem]:
    """The role of a function in a VPC may not create network interfaces, so Lambda refuses the function.

    Attach the AWS managed policy AWSLambdaVPCAccessExecutionRole to the role.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    for function, role in _in_vpc(template):
        statements = allowed_statements(template, role, harmless=_WITHOUT_INTERFACES)
        missing = [] if statements is None else [each for each in INTERFACES if not allows(statements, each)]
        if missing:
            yield function["Role"].problem(f"{role.id} does not allow {', '.join(missing)}.")


@rule("lambda-vpc-waits-for-policy", ERROR)
def vpc_waits_for_policy(template: Template) -> Iterator[Problem]:
    """A function in a VPC may be created before the policy that lets its role create network interfaces.

    Let the function depend on the policy (DependsOn), or put the statement into Policies of the role.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    for function, role in _in_vpc(template):
        attached = [each for each in attached_to(template, role) if _allows_interfaces(each)]
        names = {each.id for each in attached}
        if not attached or template.waits_for(function, names) or _may_have_them_itself(role):
            continue
        yield function["Role"].problem(
            f"{function.id} does not depend on {' or '.join(sorted(names))}, which lets {role.id} create interfaces."
        )


def _allows_interfaces(policy: Resource) -> bool:
    statements = [each for each in statements_in(policy["PolicyDocument"]) if each["Effect"].text == "Allow"]
    return allows(statements, INTERFACES[0])


def _may_have_them_itself(role: Resource) -> bool:
    """Whether the role may allow network interfaces without policies that are attached to it from outside."""
    managed, inline = role["ManagedPolicyArns"], role["Policies"]
    if managed.unknown or inline.unknown:
        return True
    if any(name_of_policy(each) not in _WITHOUT_INTERFACES for each in managed.items):
        return True
    documents = [each["PolicyDocument"] for each in inline.items]
    statements = [each for document in documents for each in statements_in(document)]
    return any(each.unknown for each in (*documents, *statements)) or allows(statements, INTERFACES[0])


@rule("lambda-waits-for-mount-targets", ERROR)
def waits_for_mount_targets(template: Template) -> Iterator[Problem]:
    """A function does not depend on the mount targets of the file system that it mounts, so its creation may fail.

    Let the function depend on all mount targets (DependsOn).

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """
    for function in template.of_type(FUNCTION):
        for mounted in function["FileSystemConfigs"].items:
            point = mounted["Arn"].resource("AWS::EFS::AccessPoint")
            files = point["FileSystemId"].resource("AWS::EFS::FileSystem") if point else None
            targets = template.of_type("AWS::EFS::MountTarget")
            required = [each.id for each in targets if files and files.id in each["FileSystemId"].references]
            missing = [each for each in required if not template.waits_for(function, [each])]
            if missing:
                yield mounted.problem(f"{function.id} does not depend on {', '.join(missing)}.")
