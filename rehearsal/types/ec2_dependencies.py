"""Networks in use: EC2 does not delete what a load balancer or a cluster is in.

So a load balancer or cluster with deletion protection also keeps its network when CloudFormation rolls it back
(https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html).
"""

from ministack.services import alb, ec2, eks

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::EC2::VPC", check_delete=check_delete_vpc)
    amend_type("AWS::EC2::Subnet", check_delete=check_delete_subnet)
    amend_type("AWS::EC2::SecurityGroup", check_delete=check_delete_security_group)


def check_delete_vpc(vpc_id: str, _properties: Properties) -> None:
    if any(record["VpcId"] == vpc_id for record in ec2._subnets.values()):
        raise ValueError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def check_delete_subnet(subnet_id: str, _properties: Properties) -> None:
    if subnet_id in _used("Subnets", "subnetIds"):
        raise ValueError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def check_delete_security_group(group_id: str, _properties: Properties) -> None:
    if group_id in _used("SecurityGroups", "securityGroupIds"):
        raise ValueError(f"resource {group_id} has a dependent object")


def _used(by_load_balancers: str, by_clusters: str) -> set[str]:
    records = [
        *(record.get(by_load_balancers, []) for record in alb._lbs.values()),
        *(record["resourcesVpcConfig"].get(by_clusters, []) for record in eks._clusters.values()),
    ]
    return {used for ids in records for used in ids}
