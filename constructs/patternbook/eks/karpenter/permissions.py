"""The permissions of Karpenter's controller.

The permissions are those of the pinned release, as its own document lists them
(https://karpenter.sh/docs/reference/cloudformation/), and narrower in these points:

- Nodes launch in the subnets and the security group of the cluster only, and with the stack's own instance profile. So
  the controller may neither make nor change instance profiles.
- Resources are told by the tag ``eks:eks-cluster-name``. Karpenter adds it to all that it makes, and it has the name of
  the cluster as its value. The document has the name as the key of a second tag, which a template cannot have for a
  name that only a deployment knows.
- SSM parameters are those of EKS-optimized AMIs. Capacity reservations and placement groups can be described, but not
  used.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from patternbook.nag import acknowledge

CLUSTER_TAG: Final = "eks:eks-cluster-name"
POOL_TAG: Final = "karpenter.sh/nodepool"
LAUNCHED: Final = ("fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume")
"""The types of what Karpenter makes in EC2. Each gets both tags when it is made."""
DESCRIBED: Final = (
    *("CapacityReservations", "Images", "Instances", "InstanceStatus", "InstanceTypeOfferings", "InstanceTypes"),
    *("LaunchTemplates", "PlacementGroups", "SecurityGroups", "SpotPriceHistory", "Subnets"),
)


def launch_statements(cluster: eks.Cluster) -> Iterator[iam.PolicyStatement]:
    """Launch instances for the cluster, and terminate no others."""
    made = [_ec2_arn(cluster, f"{kind}/*") for kind in LAUNCHED]
    requested = _tagged("Request", cluster)
    existing = _tagged("Resource", cluster)
    yield iam.PolicyStatement(
        actions=["ec2:CreateFleet", "ec2:RunInstances"],
        resources=[
            # AMIs and their snapshots belong to AWS. Subnets may be shared by another account.
            _ec2_arn(cluster, "image/*", account=""),
            _ec2_arn(cluster, "snapshot/*", account=""),
            *(_ec2_arn(cluster, f"subnet/{each.subnet_id}", account="*") for each in cluster.vpc.private_subnets),
            _ec2_arn(cluster, f"security-group/{cluster.cluster_security_group_id}"),
        ],
    )
    yield iam.PolicyStatement(
        actions=["ec2:CreateFleet", "ec2:RunInstances"],
        resources=[_ec2_arn(cluster, "launch-template/*")],
        conditions=existing,
    )
    yield iam.PolicyStatement(
        actions=["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
        resources=made,
        conditions=requested,
    )
    yield iam.PolicyStatement(
        actions=["ec2:CreateTags"],
        resources=made,
        conditions={
            **requested,
            "StringEquals": {
                **requested["StringEquals"],
                "ec2:CreateAction": ["CreateFleet", "CreateLaunchTemplate", "RunInstances"],
            },
        },
    )
    # Once a node has joined, its instance gets the names of node and NodeClaim.
    yield iam.PolicyStatement(
        actions=["ec2:CreateTags"],
        resources=[_ec2_arn(cluster, "instance/*")],
        conditions={
            **existing,
            "StringEqualsIfExists": {f"aws:RequestTag/{CLUSTER_TAG}": cluster.cluster_name},
            "ForAllValues:StringEquals": {"aws:TagKeys": [CLUSTER_TAG, "karpenter.sh/nodeclaim", "Name"]},
        },
    )
    yield iam.PolicyStatement(
        actions=["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"],
        resources=[_ec2_arn(cluster, "instance/*"), _ec2_arn(cluster, "launch-template/*")],
        conditions=existing,
    )


def identity_statements(cluster: eks.Cluster, node_role: iam.Role) -> Iterator[iam.PolicyStatement]:
    """Give instances the role of nodes, and look for instance profiles that earlier releases have made.

    Karpenter looks for them when an EC2NodeClass is deleted, even if it names a profile. Without these permissions the
    object never goes, and a stack is not deleted: https://github.com/aws/karpenter-provider-aws/issues/9185
    """
    stack = cdk.Stack.of(cluster)
    profiles = stack.format_arn(service="iam", region="", resource="instance-profile", resource_name="")
    yield iam.PolicyStatement(
        actions=["iam:PassRole"],
        resources=[node_role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}},
    )
    yield iam.PolicyStatement(
        actions=["iam:ListInstanceProfiles"],
        # IAM checks the path that is asked for: https://github.com/kubernetes/kops/pull/17854
        resources=[f"{profiles}karpenter/{stack.region}/{cluster.cluster_name}/*"],
    )
    yield iam.PolicyStatement(
        actions=["iam:GetInstanceProfile"],
        # The names of earlier releases: https://github.com/jupyter-infra/jupyter-deploy/issues/349
        resources=[f"{profiles}{cluster.cluster_name}_*"],
    )


def discovery_statements(cluster: eks.Cluster) -> Iterator[iam.PolicyStatement]:
    """Read what there is to launch, and at what price."""
    stack = cdk.Stack.of(cluster)
    amis = stack.format_arn(
        service="ssm", account="", resource="parameter", resource_name="aws/service/eks/optimized-ami/*"
    )
    yield iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[cluster.cluster_arn])
    yield iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[amis])
    yield iam.PolicyStatement(
        actions=[f"ec2:Describe{what}" for what in DESCRIBED],
        resources=["*"],
        conditions={"StringEquals": {"aws:RequestedRegion": stack.region}},
    )
    yield iam.PolicyStatement(actions=["pricing:GetProducts"], resources=["*"])


def queue_statement(queue: sqs.IQueue) -> iam.PolicyStatement:
    """Take events from the queue."""
    return iam.PolicyStatement(
        actions=["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], resources=[queue.queue_arn]
    )


def zonal_shift_statement(cluster: eks.Cluster) -> iam.PolicyStatement:
    """See whether a zonal shift moves the cluster out of an AZ. The condition names the cluster, because the action has
    no resource type for it.

    https://docs.aws.amazon.com/r53recovery/latest/dg/security_iam_service-with-iam-zonal-shift.html
    """
    return iam.PolicyStatement(
        actions=["arc-zonal-shift:GetManagedResource"],
        resources=["*"],
        conditions={"StringEquals": {"arc-zonal-shift:ResourceIdentifier": cluster.cluster_arn}},
    )


def acknowledge_statements(role: iam.Role, cluster: eks.Cluster, statements: Sequence[iam.PolicyStatement]) -> None:
    """Says for each resource with a wildcard why it has one, for cdk-nag."""
    reasons = {
        "*": "The describe actions, the price list and zonal shifts have no resource in IAM.",
        "subnet": "The id is known. Another account may share the subnet.",
        "image": "AWS publishes a new AMI about every ten days. The node class names the release.",
        "parameter": "The parameters of EKS-optimized AMIs are public, and each release has its own.",
        "instance-profile": "The path and the beginning of the name belong to this cluster.",
    }
    made = "Karpenter makes these resources. The conditions demand the tags of this cluster."
    for statement in statements:
        for resource in statement.resources:
            if "*" in resource:
                kind = resource if resource == "*" else resource.split(":")[-1].split("/")[0]
                shown = _flat(cdk.Stack.of(cluster).resolve(resource))
                acknowledge(role, f"IAM5[Resource::{shown}]", reasons.get(kind, made))


def _flat(value: Any) -> str:
    """An ARN as cdk-nag writes it: a text with references in angle brackets."""
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(map(_flat, parts))
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
    return str(value)


def _ec2_arn(cluster: eks.Cluster, resource: str, *, account: str | None = None) -> str:
    stack = cdk.Stack.of(cluster)
    return stack.format_arn(
        service="ec2", account=account, resource=resource, arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
    )


def _tagged(kind: str, cluster: eks.Cluster) -> Mapping[str, Mapping[str, Any]]:
    return {
        "StringEquals": {f"aws:{kind}Tag/{CLUSTER_TAG}": cluster.cluster_name},
        "StringLike": {f"aws:{kind}Tag/{POOL_TAG}": "*"},
    }
