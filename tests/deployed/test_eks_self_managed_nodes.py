"""Checks of a deployed ``EksSelfManagedNodesStack``."""

from base64 import b64decode, b64encode
from typing import Any

from tests.deployed.changes import ATTACHED, EVERYTHING, PUBLIC_WAY, SUBNET_ZONES, TRUST, WAYS_OUT, allow, may
from tests.deployed.cluster import CLUSTER, ClusterWithNodes
from tests.deployed.eks import check_metadata, check_node_role, check_volumes, cluster_of
from tests.deployed.looking import check_private_subnets
from tests.deployed.proving import fails
from tests.deployed.stack import DeployedStack

STACK = "EksSelfManagedNodesStack"

LAUNCHED = "ec2.describe_launch_template_versions LaunchTemplateVersions 0 LaunchTemplateData"
GROUP = "autoscaling.describe_auto_scaling_groups AutoScalingGroups 0"
HOOKS = "autoscaling.describe_lifecycle_hooks LifecycleHooks"
MIX = f"{GROUP} MixedInstancesPolicy"


def user_data(said: str) -> str:
    return b64encode(said.encode()).decode()


class TestCluster(ClusterWithNodes):
    """The checks of any cluster with nodes."""


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of nodes", WAYS_OUT, PUBLIC_WAY)
@fails("not every subnet of nodes", WAYS_OUT)
def test_nodes_are_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    check_private_subnets(stack, "nodes", _group(stack)["VPCZoneIdentifier"].split(","))


@fails("Spot is chosen by lowest-price", f"{MIX} InstancesDistribution SpotAllocationStrategy", "lowest-price")
@fails("one instance type only, m7", f"{MIX} LaunchTemplate Overrides", [{"InstanceType": "m7g.large"}])
@fails("no mixed instances policy", MIX)
def test_nodes_run_on_demand_first_and_beyond_on_spot_with_a_choice(stack: DeployedStack) -> None:
    mix = _group(stack).get("MixedInstancesPolicy")
    assert mix, "the group has no mixed instances policy"
    strategy = mix["InstancesDistribution"]["SpotAllocationStrategy"]
    assert strategy == "price-capacity-optimized", f"Spot is chosen by {strategy}"
    types = [each["InstanceType"] for each in mix["LaunchTemplate"]["Overrides"]]
    assert len(types) > 1, f"there is one instance type only, {types[0]}"


@fails("never replaced by their age", f"{GROUP} MaxInstanceLifetime", only="production")
def test_nodes_are_replaced_by_age_in_production(stack: DeployedStack) -> None:
    lifetime = _group(stack).get("MaxInstanceLifetime")
    assert lifetime or not stack.production, "nodes are never replaced by their age"


@fails(r"no hook for .*LAUNCHING", HOOKS, [])
@fails(r"no hook for .*TERMINATING", f"{HOOKS} LifecycleTransition=autoscaling:EC2_INSTANCE_TERMINATING")
@fails("the hook .* is for other", f"{HOOKS} * NotificationMetadata", "other")
@fails("new nodes that never get ready stay", f"{HOOKS} * DefaultResult", "CONTINUE")
def test_nodes_are_drained_before_they_go_and_ready_before_they_count(stack: DeployedStack) -> None:
    name = _group(stack)["AutoScalingGroupName"]
    found = stack.ask("autoscaling.describe_lifecycle_hooks", AutoScalingGroupName=name)["LifecycleHooks"]
    hooks = {each["LifecycleTransition"].rpartition("_")[2]: each for each in found}
    for transition in ("LAUNCHING", "TERMINATING"):
        assert transition in hooks, f"there is no hook for nodes that are {transition}"
        noted = hooks[transition].get("NotificationMetadata")
        cluster = cluster_of(stack)["name"]
        assert noted == cluster, f"the hook for nodes that are {transition} is for {noted}, not for {cluster}"
    assert hooks["LAUNCHING"]["DefaultResult"] == "ABANDON", "new nodes that never get ready stay"


@fails("takes IMDSv1", f"{LAUNCHED} MetadataOptions HttpTokens", "optional")
@fails("over 2 hops", f"{LAUNCHED} MetadataOptions HttpPutResponseHopLimit", 2)
@fails("takes IMDSv1", f"{LAUNCHED} MetadataOptions")
def test_metadata_of_nodes_takes_imdsv2_and_one_hop(stack: DeployedStack) -> None:
    check_metadata(_launched(stack))


@fails("are left to the AMI", f"{LAUNCHED} BlockDeviceMappings", [])
@fails("is gp3, encrypted: False", f"{LAUNCHED} BlockDeviceMappings 0 Ebs Encrypted", False)
@fails("is gp2, encrypted: True", f"{LAUNCHED} BlockDeviceMappings 0 Ebs VolumeType", "gp2")
def test_volumes_of_nodes_are_encrypted(stack: DeployedStack) -> None:
    check_volumes(_launched(stack))


@fails("user data of nodes does not say ", f"{LAUNCHED} UserData", user_data("nothing"))
@fails("does not say https://other", f"{CLUSTER} endpoint", "https://other")
@fails("does not say b3RoZXI=", f"{CLUSTER} certificateAuthority data", "b3RoZXI=")
@fails(r"security groups \['sg-1'\], not sg-", f"{LAUNCHED} SecurityGroupIds", ["sg-1"])
def test_nodes_join_this_cluster_by_themselves(stack: DeployedStack) -> None:
    launched, cluster = _launched(stack), cluster_of(stack)
    config = b64decode(launched.get("UserData", "")).decode()
    for what in (cluster["name"], cluster["endpoint"], cluster["certificateAuthority"]["data"]):
        assert what in config, f"the user data of nodes does not say {what}"
    groups, expected = launched.get("SecurityGroupIds", []), cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert groups == [expected], f"nodes have the security groups {groups}, not {expected}"


@fails("more policies, or less: .*Everything", ATTACHED, EVERYTHING)
@fails(r"the node role may .*s3:\*", may(allow("s3:*")))
@fails("the node role is for", f"{TRUST} Principal", {"AWS": "*"})
@fails("is of type STANDARD", "eks.describe_access_entry accessEntry type", "STANDARD")
def test_the_node_role_may_join_and_no_more(stack: DeployedStack) -> None:
    arn = _launched(stack)["IamInstanceProfile"]["Arn"]
    profile = stack.ask("iam.get_instance_profile", InstanceProfileName=arn.rpartition("/")[2])["InstanceProfile"]
    [role] = profile["Roles"]
    check_node_role(stack, role["RoleName"])
    entry = stack.ask("eks.describe_access_entry", clusterName=cluster_of(stack)["name"], principalArn=role["Arn"])
    kind = entry["accessEntry"]["type"]
    assert kind == "EC2_LINUX", f"the access entry of the node role is of type {kind}"


def _group(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::AutoScaling::AutoScalingGroup")
    found = stack.ask("autoscaling.describe_auto_scaling_groups", AutoScalingGroupNames=[name])
    return found["AutoScalingGroups"][0]


def _launched(stack: DeployedStack) -> dict[str, Any]:
    """The data of the nodes' launch template."""
    template = stack.only("AWS::EC2::LaunchTemplate")
    versions = stack.ask("ec2.describe_launch_template_versions", LaunchTemplateId=template, Versions=["$Latest"])
    return versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
