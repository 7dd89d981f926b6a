"""Things that a template names."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.account import nothing
from tests.preflight.cases.eks import USER
from tests.preflight.cases.roles import roles
from tests.preflight.world import ACCOUNT_ID, Case, Refused, resource

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT_ID}:secret:db-AbCdEf"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/Ops"


def container(value_from: str) -> dict[str, Any]:
    containers = [{"Name": "web", "Secrets": [{"Name": "PASSWORD", "ValueFrom": value_from}]}]
    return {"Task": resource("AWS::ECS::TaskDefinition", ContainerDefinitions=containers)}


def database(password: str) -> dict[str, Any]:
    return {"Database": resource("AWS::RDS::DBCluster", MasterUserPassword=password)}


def secret(**more: Any) -> dict[str, Any]:
    return {"secretsmanager.describe_secret": {"ARN": SECRET, "Name": "db", **more}}


def parameters(*names: str) -> dict[str, Any]:
    return {"ssm.describe_parameters": {"Parameters": [{"Name": each} for each in names]}}


def queue(key: str) -> dict[str, Any]:
    return {"Queue": resource("AWS::SQS::Queue", KmsMasterKeyId=key)}


def key(**more: Any) -> dict[str, Any]:
    return {"kms.describe_key": {"KeyMetadata": {"KeyId": KEY, "KeyState": "Enabled", **more}}}


def policy(principal: str, resources: str = "*") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": principal}, "Resource": resources}
    return {"Key": resource("AWS::KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": [statement]})}


def role(*arns: str) -> dict[str, Any]:
    return {"Role": resource("AWS::IAM::Role", ManagedPolicyArns=list(arns))}


def group(*ids: str) -> dict[str, Any]:
    return {"Group": resource("AWS::EC2::SecurityGroup", VpcId=ids[0], Subnets=list(ids[1:]))}


def balancer(*ids: str) -> dict[str, Any]:
    return {"Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=list(ids))}


def subnet(free: int) -> dict[str, Any]:
    return {"ec2.describe_subnets": {"Subnets": [{"SubnetId": "subnet-1234abcd", "AvailableIpAddressCount": free}]}}


def importing(name: Any) -> dict[str, Any]:
    return {"Queue": resource("AWS::SQS::Queue", QueueName={"Fn::ImportValue": name})}


db = Case("secrets", "fine", f"the secret {SECRET} exists", container(SECRET), secret())
url = Case(
    "ssm-parameters",
    "fine",
    "the SSM parameter /web/url exists",
    container(f"arn:aws:ssm:us-east-1:{ACCOUNT_ID}:parameter/web/url"),
    parameters("/web/url"),
)
encrypted = Case("kms-keys", "fine", "is enabled", queue(KEY), key())
principal = Case("iam-identities", "fine", "the IAM role Ops exists", policy(ROLE), roles())
attached = Case(
    "managed-policies",
    "fine",
    "All managed policies of the template exist (1)",
    role("arn:aws:iam::aws:policy/ReadOnlyAccess"),
    {"iam.get_policy": {"Policy": {"PolicyName": "ReadOnlyAccess"}}},
)
network = Case(
    "network-ids",
    "fine",
    "the VPC vpc-1234abcd exists",
    group("vpc-1234abcd"),
    {"ec2.describe_vpcs": {"Vpcs": [{"VpcId": "vpc-1234abcd"}]}},
)
exported = Case(
    "exports",
    "fine",
    "A stack exports network:Vpc",
    importing({"Fn::Sub": "${Stack}:Vpc"}),
    {"cloudformation.list_exports": {"Exports": [{"Name": "network:Vpc"}]}},
    parameters={"Stack": {"Type": "String", "Default": "network"}},
)
LINKED = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
CASES = (
    db,
    replace(db, resources=container(f"{SECRET}:password::")),
    replace(db, resources=database("{{resolve:secretsmanager:db:SecretString:password}}"), says="the secret db exists"),
    replace(db, resources=database(f"{{{{resolve:secretsmanager:{SECRET}:SecretString:password}}}}")),
    replace(
        db,
        given={"secretsmanager.describe_secret": Refused("ResourceNotFoundException")},
        verdict="stops",
        says="there is no secret",
    ),
    replace(db, given=secret(DeletedDate="2026-11-29T00:00:00Z"), verdict="stops", says="is to be deleted"),
    replace(db, resources=container(SECRET.replace(ACCOUNT_ID, "9" * 12)), verdict="unknown", says="another account"),
    url,
    replace(
        url,
        resources=container("arn:aws:ssm:us-east-1:999999999999:parameter/web/url"),
        verdict="unknown",
        says="another account",
    ),
    replace(url, resources=database("{{resolve:ssm-secure:/web/url:2}}")),
    replace(url, given=parameters(), verdict="stops", says="there is no SSM parameter /web/url in us-east-1"),
    replace(
        url, resources=database("{{resolve:ssm:plain}}"), given=parameters(), verdict="stops", says="parameter plain"
    ),
    encrypted,
    replace(encrypted, given=key(KeyState="PendingDeletion"), verdict="stops", says="is PendingDeletion"),
    replace(encrypted, given=key(KeySpec="RSA_2048"), verdict="stops", says="need a symmetric key"),
    replace(
        encrypted, given={"kms.describe_key": Refused("NotFoundException")}, verdict="stops", says="there is no key"
    ),
    principal,
    replace(principal, given={}, before=nothing, verdict="stops", says="there is no IAM role Ops"),
    replace(
        principal, resources=policy(f"arn:aws:iam::{ACCOUNT_ID}:user/ann"), given={"iam.get_user": USER}, says="ann"
    ),
    replace(
        principal, resources=policy("arn:aws:iam::999999999999:role/Ops"), verdict="unknown", says="another account"
    ),
    attached,
    replace(
        attached,
        given={"iam.get_policy": Refused("NoSuchEntity")},
        verdict="stops",
        says="Role: there is no managed policy arn:aws:iam::aws:policy/ReadOnlyAccess",
    ),
    network,
    replace(
        network,
        given={"ec2.describe_vpcs": Refused("InvalidVpcID.NotFound")},
        verdict="stops",
        says="there is no VPC vpc-1234abcd in us-east-1",
    ),
    replace(network, resources=balancer("subnet-1234abcd"), given=subnet(16), says="the subnet subnet-1234abcd exists"),
    replace(network, resources=balancer("subnet-1234abcd"), given=subnet(15), verdict="may", says="has 15 free"),
    replace(
        network,
        resources=balancer("sg-1234abcd"),
        given={"ec2.describe_security_groups": Refused("InvalidGroup.NotFound")},
        verdict="stops",
        says="there is no security group sg-1234abcd",
    ),
    exported,
    replace(
        exported, given={"cloudformation.list_exports": {"Exports": []}}, verdict="stops", says="exports network:Vpc"
    ),
    replace(exported, resources=importing({"Ref": "Nope"}), verdict="unknown", says="imports is not known"),
)
SCALED = replace(
    principal,
    resources={"Target": resource("AWS::ApplicationAutoScaling::ScalableTarget", RoleARN=LINKED)},
    given=roles("AWSServiceRoleForAutoScaling"),
)
"""A service-linked role that its service makes. As the principal of a policy, it would have to exist."""
MENTIONED = replace(principal, resources=policy("*", ROLE), given=roles("Ops"))
"""A policy that allows something to a role, which need not exist."""
