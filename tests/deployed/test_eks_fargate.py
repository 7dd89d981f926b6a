"""Checks of a deployed ``EksFargateStack``."""

import json
from typing import Any, ClassVar

from tests.deployed.changes import ATTACHED, EVERYTHING, STATEMENTS, SUBNET_ZONES, TRUST, WAYS_OUT, made
from tests.deployed.cluster import AnyCluster, ClusterWithFiles
from tests.deployed.eks import add_ons_of, cluster_of
from tests.deployed.looking import check_private_subnets, inline_statements, listed, policies_of
from tests.deployed.proving import fails
from tests.deployed.stack import DeployedStack

STACK = "EksFargateStack"

PROFILES = "eks.list_fargate_profiles fargateProfileNames"
PROFILE = "eks.describe_fargate_profile fargateProfile"
ADD_ON = "eks.describe_addon addon"


class TestCluster(ClusterWithFiles, AnyCluster):
    """The checks of any cluster with files."""

    WATCHED: ClassVar = AnyCluster.WATCHED | {"PendingFargatePods"}


@fails(r"has groups of nodes: \['one'\]", "eks.list_nodegroups nodegroups", ["one"])
def test_there_are_no_nodes(stack: DeployedStack) -> None:
    groups = stack.ask("eks.list_nodegroups", clusterName=stack.only("AWS::EKS::Cluster"))["nodegroups"]
    assert not groups, f"the cluster has groups of nodes: {groups}"


@fails("profile .* is CREATE_FAILED", f"{PROFILE} status", "CREATE_FAILED")
@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of pods", WAYS_OUT)
@fails("there is no Fargate profile", PROFILES, [])
def test_profiles_are_active_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    for profile in _profiles(stack):
        name, status = profile["fargateProfileName"], profile["status"]
        assert status == "ACTIVE", f"the Fargate profile {name} is {status}"
        check_private_subnets(stack, "pods", profile["subnets"])


@fails("CoreDNS waits for nodes", f"{ADD_ON} configurationValues")
@fails("no Fargate profile is for CoreDNS", f"{PROFILE} selectors", [])
def test_coredns_runs_on_fargate(stack: DeployedStack) -> None:
    configuration = json.loads(add_ons_of(stack)["coredns"].get("configurationValues") or "{}")
    where = configuration.get("computeType")
    assert where == "Fargate", f"CoreDNS waits for nodes: {configuration}"
    selectors = [selector for profile in _profiles(stack) for selector in profile["selectors"]]
    wanted = [each for each in selectors if each["namespace"] == "kube-system" and not each.get("labels")]
    assert wanted, f"no Fargate profile is for CoreDNS and the rest of kube-system: {selectors}"


@fails("is for all pods of the cluster", f"{TRUST} Condition")
@fails("the application role is for .*other", f"{TRUST} Principal", {"Federated": "arn:other"})
@fails("which is not the stack's", made("AWS::IAM::OIDCProvider"))
def test_the_application_role_is_for_one_service_account_of_this_cluster(stack: DeployedStack) -> None:
    role = stack.outputs["ApplicationRoleArn"].rpartition("/")[2]
    [statement] = stack.ask("iam.get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    provider = statement["Principal"].get("Federated", "")
    assert provider in stack.all("AWS::IAM::OIDCProvider"), (
        f"the application role is for {statement['Principal']}, which is not the stack's provider"
    )
    issuer = stack.outputs["OidcIssuer"]
    equals = statement.get("Condition", {}).get("StringEquals", {})
    account = equals.get(f"{issuer}:sub", "")
    assert account.endswith(":application"), f"the application role is for all pods of the cluster: {equals}"


@fails("has the policies .*Everything", ATTACHED, EVERYTHING)
@fails(r"may .* on \['\*'\]", f"{STATEMENTS} * Resource", "*")
@fails(r"may \['s3:GetObject'\]", f"{STATEMENTS} * Action", "s3:GetObject")
@fails("log group .* is not the stack's", made("AWS::Logs::LogGroup"))
def test_the_pod_execution_role_pulls_images_and_writes_to_one_log_group(stack: DeployedStack) -> None:
    arns = {profile["podExecutionRoleArn"] for profile in _profiles(stack)}
    group = stack.outputs["LogGroupName"]
    assert group in stack.all("AWS::Logs::LogGroup"), f"the log group {group} is not the stack's"
    for role in [arn.rpartition("/")[2] for arn in arns]:
        attached = policies_of(stack, role)
        assert attached == {"AmazonEKSFargatePodExecutionRolePolicy"}, f"the role has the policies {sorted(attached)}"
        for statement in inline_statements(stack, role):
            on = [arn.removesuffix(":*").rpartition(":log-group:")[2] for arn in listed(statement["Resource"])]
            actions = listed(statement["Action"])
            writes = on == [group] and all(action.startswith("logs:") for action in actions)
            assert writes, f"the role may {actions} on {listed(statement['Resource'])}"


@fails("the role is for other, not for", f"{TRUST} Condition ArnLike aws:SourceArn", "other")
@fails("the role is for every cluster", f"{TRUST} Condition")
def test_the_pod_execution_role_is_for_this_cluster(stack: DeployedStack) -> None:
    here = cluster_of(stack)["arn"].replace(":cluster/", ":fargateprofile/") + "/*"
    for profile in _profiles(stack):
        role = profile["podExecutionRoleArn"].rpartition("/")[2]
        document = stack.ask("iam.get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        for statement in document["Statement"]:
            source = statement.get("Condition", {}).get("ArnLike", {}).get("aws:SourceArn")
            assert source == here, f"the role is for {source or 'every cluster'}, not for {here}"


@fails(r"is DISABLED and rate\(1 minute\)", "scheduler.get_schedule State", "DISABLED")
@fails(r"is ENABLED and rate\(1 day\)", "scheduler.get_schedule ScheduleExpression", "rate(1 day)")
def test_pending_pods_are_counted_every_minute(stack: DeployedStack) -> None:
    schedule = stack.ask("scheduler.get_schedule", Name=stack.only("AWS::Scheduler::Schedule"))
    state, rate = schedule["State"], schedule["ScheduleExpression"]
    assert (state, rate) == ("ENABLED", "rate(1 minute)"), f"the schedule {schedule['Name']} is {state} and {rate}"


def _profiles(stack: DeployedStack) -> list[dict[str, Any]]:
    cluster = stack.only("AWS::EKS::Cluster")
    names = stack.ask("eks.list_fargate_profiles", clusterName=cluster)["fargateProfileNames"]
    assert names, "there is no Fargate profile"
    return [
        stack.ask("eks.describe_fargate_profile", clusterName=cluster, fargateProfileName=name)["fargateProfile"]
        for name in names
    ]
