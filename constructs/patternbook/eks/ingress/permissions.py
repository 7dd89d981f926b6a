"""Permissions of the AWS Load Balancer Controller. It tags all that it makes with the name of its cluster, and may
change nothing else.

The actions are those of the policy that the controller's release publishes, without those for features that the
construct leaves out: Outposts, IPAM, reserved capacity, certificates of IAM, AWS WAF Classic and Shield. The conditions
are stricter than the published ones. AWS's own policy for the controller of Auto Mode has most of them.

https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSLoadBalancingPolicy.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from patternbook.eks.cluster import EksCluster
from patternbook.nag import acknowledge

CLUSTER_TAG: Final = "elbv2.k8s.aws/cluster"
"""The tag of everything that the controller makes. Its value is the name of the cluster."""
LOAD_BALANCER, LISTENER, RULE, TARGET_GROUP = KINDS = (
    "loadbalancer/*",
    "listener/*",
    "listener-rule/*",
    "targetgroup/*",
)
"""Resources of Elastic Load Balancing, for Application and Network Load Balancers."""
DESCRIBE: Final = {
    "ec2": (
        *("AccountAttributes", "Addresses", "AvailabilityZones", "Instances", "InternetGateways", "NetworkInterfaces"),
        *("RouteTables", "SecurityGroups", "Subnets", "Tags", "VpcPeeringConnections", "Vpcs"),
    ),
    "elasticloadbalancing": (
        *("CapacityReservation", "ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes"),
        *("LoadBalancers", "Rules", "SSLPolicies", "Tags", "TargetGroupAttributes", "TargetGroups", "TargetHealth"),
        "TrustStores",
    ),
}
WITHOUT_RESOURCE: Final = (
    *(f"{service}:Describe{thing}" for service, things in DESCRIBE.items() for thing in things),
    *("acm:ListCertificates", "elasticloadbalancing:SetWebAcl"),
    # Elastic Load Balancing asks for it when a load balancer gets security groups, whatever the controller's release:
    # https://github.com/kubernetes-sigs/aws-load-balancer-controller/releases/tag/v3.7.0
    "ec2:ValidateSecurityGroupQuotasForInterface",
)
"""Actions that support no resource-level permissions. Some of EC2 are not the controller's own calls, but those of
Elastic Load Balancing: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html"""


def allow_load_balancing(role: iam.Role, *, cluster: EksCluster, vpc_id: str) -> None:
    """Lets the pods with this role make load balancers in a VPC, and change and delete those of their cluster."""
    builder = _Permissions(role, cluster)
    builder.allow(WITHOUT_RESOURCE, ["*"])
    builder.allow_service_linked_role()
    builder.allow_security_groups(vpc_id)
    builder.allow_load_balancers()
    builder.allow_references()
    builder.acknowledge_wildcards()


class _Permissions:
    def __init__(self, role: iam.Role, cluster: EksCluster) -> None:
        self._role = role
        self._stack = cdk.Stack.of(role)
        self._name = cluster.cluster.cluster_name
        self._nodes_group = cluster.cluster.cluster_security_group_id
        self._wildcards = ["*"]

    @property
    def _asks_for_tag(self) -> dict[str, Any]:
        return {f"aws:RequestTag/{CLUSTER_TAG}": self._name}

    @property
    def _has_tag(self) -> dict[str, Any]:
        return {f"aws:ResourceTag/{CLUSTER_TAG}": self._name}

    def allow(self, actions: Sequence[str], resources: Sequence[str], **conditions: Mapping[str, Any]) -> None:
        self._role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions or None)
        )

    def _arns(self, service: str, *resources: str) -> list[str]:
        shown = (f"arn:<AWS::Partition>:{service}:<AWS::Region>:<AWS::AccountId>:{each}" for each in resources)
        self._wildcards += [each for each in shown if each not in self._wildcards]
        return [
            self._stack.format_arn(service=service, resource=each, arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
            for each in resources
        ]

    def _elb(self, *resources: str) -> list[str]:
        return self._arns("elasticloadbalancing", *resources)

    def allow_service_linked_role(self) -> None:
        name = "elasticloadbalancing.amazonaws.com"
        role = f"aws-service-role/{name}/AWSServiceRoleForElasticLoadBalancing"
        arn = self._stack.format_arn(service="iam", region="", resource="role", resource_name=role)
        self.allow(["iam:CreateServiceLinkedRole"], [arn], StringEquals={"iam:AWSServiceName": name})

    def allow_security_groups(self, vpc_id: str) -> None:
        """Security groups of load balancers, and the rules by which these reach nodes and pods."""
        groups = self._arns("ec2", "security-group/*")
        rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
        # In a shared VPC, the account of the VPC is another one.
        vpc = self._stack.format_arn(service="ec2", account="*", resource="vpc", resource_name=vpc_id)
        self._wildcards.append(f"arn:<AWS::Partition>:ec2:<AWS::Region>:*:vpc/{self._shown(vpc_id)}")
        self.allow(["ec2:CreateSecurityGroup", "ec2:GetSecurityGroupsForVpc"], [vpc])
        self.allow(["ec2:CreateSecurityGroup"], groups, StringEquals=self._asks_for_tag)
        self.allow(
            ["ec2:CreateTags"],
            groups,
            StringEquals={"ec2:CreateAction": "CreateSecurityGroup"} | self._asks_for_tag,
        )
        self.allow(["ec2:CreateTags", "ec2:DeleteTags"], groups, **self._other_tags())
        self.allow([*rules, "ec2:DeleteSecurityGroup"], groups, StringEquals=self._has_tag)
        # The group of nodes and pods is EKS's, and has no tag of the controller.
        nodes = self._stack.format_arn(service="ec2", resource="security-group", resource_name=self._nodes_group)
        self.allow(rules, [nodes])

    def allow_load_balancers(self) -> None:
        everything = self._elb(*KINDS)
        self.allow(
            _elb_actions("CreateLoadBalancer", "CreateTargetGroup"),
            self._elb(LOAD_BALANCER, TARGET_GROUP),
            StringEquals=self._asks_for_tag,
        )
        self.allow(
            _elb_actions("CreateListener", "CreateRule"),
            self._elb(LOAD_BALANCER, LISTENER),
            StringEquals=self._asks_for_tag | self._has_tag,
        )
        creation = ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener", "CreateRule"]
        self.allow(
            _elb_actions("AddTags"),
            everything,
            StringEquals={"elasticloadbalancing:CreateAction": creation} | self._asks_for_tag,
        )
        self.allow(_elb_actions("AddTags", "RemoveTags"), everything, **self._other_tags())
        self.allow(
            _elb_actions(
                *("AddListenerCertificates", "DeleteListener", "DeleteLoadBalancer", "DeleteRule", "DeleteTargetGroup"),
                *("DeregisterTargets", "ModifyListener", "ModifyListenerAttributes", "ModifyLoadBalancerAttributes"),
                *("ModifyRule", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "RegisterTargets"),
                *("RemoveListenerCertificates", "SetIpAddressType", "SetSecurityGroups", "SetSubnets"),
            ),
            everything,
            StringEquals=self._has_tag,
        )
        # This action has no condition key for tags.
        self.allow(_elb_actions("SetRulePriorities"), self._elb(RULE))

    def allow_references(self) -> None:
        """Permissions for what an Ingress may refer to: certificates, user pools and web ACLs of the account."""
        self.allow(["acm:DescribeCertificate"], self._arns("acm", "certificate/*"))
        self.allow(["cognito-idp:DescribeUserPoolClient"], self._arns("cognito-idp", "userpool/*"))
        self.allow(
            [f"wafv2:{action}WebACL" for action in ("Associate", "Disassociate", "Get")]
            + ["wafv2:GetWebACLForResource"],
            [*self._arns("wafv2", "regional/webacl/*/*"), *self._elb(LOAD_BALANCER)],
        )

    def _other_tags(self) -> dict[str, Any]:
        """The tags of what the cluster has, except the tag by which IAM knows that."""
        return {"StringEquals": self._has_tag, "Null": {f"aws:RequestTag/{CLUSTER_TAG}": "true"}}

    def _shown(self, value: str) -> str:
        """The value in the spelling of cdk-nag."""
        resolved = self._stack.resolve(value)
        return f"<{resolved['Ref']}>" if isinstance(resolved, dict) and "Ref" in resolved else str(resolved)

    def acknowledge_wildcards(self) -> None:
        for each in self._wildcards:
            reason = "Kubernetes decides at any time what exists. The tag of the cluster limits changes to its own."
            if each == "*":
                reason = "These actions support no resource-level permissions."
            acknowledge(self._role, f"IAM5[Resource::{each}]", reason)


def _elb_actions(*names: str) -> list[str]:
    return [f"elasticloadbalancing:{name}" for name in names]
