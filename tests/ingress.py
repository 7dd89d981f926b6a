"""Clusters with ingress classes, for tests of several kinds."""

from typing import Any

import aws_cdk as cdk

from patternbook import (
    AutoModeIngress,
    EksCluster,
    FargatePods,
    IngressClass,
    LoadBalancerController,
    ManagedNodes,
    Network,
    node_role,
)
from patternbook.eks.add_ons import add_ons_after_nodes, add_ons_before_nodes
from patternbook.posture import POSTURES

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
PUBLIC = IngressClass(
    name="public",
    scheme="internet-facing",
    certificate_arns=[CERTIFICATE],
    subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
)


def on_nodes(scope: cdk.App, *, posture: str = "sandbox", **arguments: Any) -> cdk.Stack:
    """A cluster with managed nodes and the AWS Load Balancer Controller."""
    stack = cdk.Stack(scope, "OnNodes")
    network = Network(stack, "Network", posture=POSTURES[posture])
    cluster = EksCluster(stack, "Eks", network=network, posture=POSTURES[posture], kubectl=True)
    ready = add_ons_before_nodes(cluster)
    nodes = ManagedNodes(stack, "Nodes", cluster=cluster, role=node_role(stack, "NodeRole"), after=ready)
    add_ons = add_ons_after_nodes(cluster, nodes=[nodes.group])
    LoadBalancerController(stack, "Ingress", cluster=cluster, network=network, after=add_ons, **arguments)
    return stack


def on_fargate(scope: cdk.App, *, posture: str = "sandbox") -> cdk.Stack:
    """A cluster without nodes, and the AWS Load Balancer Controller on Fargate."""
    stack = cdk.Stack(scope, "OnFargate")
    network = Network(stack, "Network", posture=POSTURES[posture])
    cluster = EksCluster(stack, "Eks", network=network, posture=POSTURES[posture], kubectl=True)
    pods = FargatePods(stack, "Pods", cluster=cluster, posture=POSTURES[posture])
    LoadBalancerController(stack, "Ingress", cluster=cluster, network=network, web_identity=pods.identity, after=[pods])
    return stack


def in_auto_mode(scope: cdk.App, *, posture: str = "sandbox", **arguments: Any) -> cdk.Stack:
    """A cluster in Auto Mode, with an ingress class."""
    stack = cdk.Stack(scope, "InAutoMode")
    network = Network(stack, "Network", posture=POSTURES[posture])
    cluster = EksCluster(stack, "Eks", network=network, posture=POSTURES[posture], auto_mode=True, kubectl=True)
    AutoModeIngress(stack, "Ingress", cluster=cluster, **arguments)
    return stack
