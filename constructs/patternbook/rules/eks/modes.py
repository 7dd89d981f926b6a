"""Rules for the modes of EKS clusters: Auto Mode, authentication, Fargate, and the order of add-ons and nodes."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.eks.add_ons import ADD_ON
from patternbook.rules.eks.clusters import CLUSTER
from patternbook.rules.eks.nodes import ACCESS_ENTRY, NODE_GROUP
from patternbook.rules.eks.storage import FARGATE_PROFILE
from patternbook.rules.networks import SUBNET
from patternbook.rules.routes import is_public
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Resource, Template

NEED_NODES: Final = ("coredns", "aws-ebs-csi-driver", "metrics-server", "cert-manager", "external-dns", "adot")
"""Add-ons with a Deployment, which becomes active only when its pods run on nodes. Others are DaemonSets, which are
active without nodes."""


@rule("eks-auto-mode", ERROR)
def auto_mode(template: Template) -> Iterator[Problem]:
    """A cluster enables some parts of Auto Mode only, which EKS refuses.

    Set Enabled of ComputeConfig, StorageConfig.BlockStorage and KubernetesNetworkConfig.ElasticLoadBalancing to true,
    or all of them to false. In Auto Mode, set BootstrapSelfManagedAddons to false.

    https://docs.aws.amazon.com/eks/latest/userguide/automode.html
    """
    for cluster in template.of_type(CLUSTER):
        places = (
            cluster["ComputeConfig"]["Enabled"],
            cluster["StorageConfig"]["BlockStorage"]["Enabled"],
            cluster["KubernetesNetworkConfig"]["ElasticLoadBalancing"]["Enabled"],
        )
        off = [each for each in places if each.is_off]
        if off and any(each.flag for each in places):
            names = " and ".join(".".join(map(str, each.path)) for each in off)
            yield off[0].problem(f"{names} must be true, too.")
        own = cluster["BootstrapSelfManagedAddons"]
        if places[0].flag and own.flag:
            yield own.problem("Auto Mode brings its own add-ons, so BootstrapSelfManagedAddons must be false.")


@rule("eks-access-entry-mode", ERROR)
def access_entry_mode(template: Template) -> Iterator[Problem]:
    """A cluster has access entries, but its authentication mode is CONFIG_MAP, which knows none.

    Set AuthenticationMode of AccessConfig to API or API_AND_CONFIG_MAP. CloudFormation's default is CONFIG_MAP.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    """
    for entry in template.of_type(ACCESS_ENTRY):
        cluster = entry["ClusterName"].resource(CLUSTER)
        mode = cluster["AccessConfig"]["AuthenticationMode"] if cluster else None
        if cluster and mode and (mode.missing or mode.text == "CONFIG_MAP"):
            given = mode.text or "CONFIG_MAP by default"
            yield entry["ClusterName"].problem(f"The authentication mode of {cluster.id} is {given}.")


@rule("eks-config-map-creator", ERROR)
def config_map_creator(template: Template) -> Iterator[Problem]:
    """A cluster has the authentication mode CONFIG_MAP and no administrator, so nobody could enter, and EKS refuses it.

    Set AuthenticationMode to API, and add an access entry. Or remove BootstrapClusterCreatorAdminPermissions.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    """
    for cluster in template.of_type(CLUSTER):
        access = cluster["AccessConfig"]
        mode, creator = access["AuthenticationMode"], access["BootstrapClusterCreatorAdminPermissions"]
        if creator.flag is False and (mode.missing or mode.text == "CONFIG_MAP"):
            yield creator.problem("With CONFIG_MAP, the creator must be an administrator.")


@rule("eks-fargate-public-subnet", ERROR)
def fargate_public_subnet(template: Template) -> Iterator[Problem]:
    """A Fargate profile names a public subnet, which EKS refuses.

    Use private subnets, whose default route leads to a NAT gateway.

    https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
    """
    for profile in template.of_type(FARGATE_PROFILE):
        for place in profile["Subnets"].items:
            subnet = place.resource(SUBNET)
            if subnet and is_public(template, subnet):
                yield place.problem(f"{subnet.id} has a route to an internet gateway.")


@rule("eks-add-on-before-nodes", ERROR)
def add_on_before_nodes(template: Template) -> Iterator[Problem]:
    """All nodes of a cluster wait for an add-on that waits for nodes, so the deployment ends in a timeout.

    Let the add-on depend on the nodes, not the other way round. Only add-ons without Deployments, such as vpc-cni, can
    come before nodes.

    https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html
    """
    others = ("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance", "AWS::EC2::Fleet")
    if not template.complete or template.has_type(*others):
        return
    for add_on in template.of_type(ADD_ON):
        cluster = add_on["ClusterName"]
        nodes = [each for each in template.of_type(NODE_GROUP, FARGATE_PROFILE) if _same(each["ClusterName"], cluster)]
        waiting = [each for each in nodes if add_on.id in template.dependencies.of(each.id)]
        if add_on["AddonName"].text in NEED_NODES and nodes and waiting == nodes and not _is_auto_mode(cluster):
            names = ", ".join(each.id for each in nodes)
            yield add_on.problem(f"{names} must exist before {add_on.id}, but depends on it.")


def _same(one: Node, other: Node) -> bool:
    return one.unknown or other.unknown or one.value == other.value or bool(one.references & other.references)


def _is_auto_mode(place: Node) -> bool:
    cluster: Resource | None = place.resource(CLUSTER)
    return cluster is not None and not cluster["ComputeConfig"]["Enabled"].is_off
