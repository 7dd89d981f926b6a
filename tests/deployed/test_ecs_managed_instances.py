"""Checks of a deployed ``EcsManagedInstancesStack``."""

import re
from typing import Any, ClassVar

import pytest

from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    BODY,
    CONTAINERS,
    EVERYTHING,
    PUBLIC_WAY,
    REACHES,
    SECURITY_GROUPS,
    SERVICES,
    STATEMENTS,
    SUBNET_ZONES,
    WAYS_OUT,
    allow,
    opened,
)
from tests.deployed.looking import (
    check_private_subnets,
    inline_statements,
    listed,
    page_with,
    policies_of,
    rules_of,
    service_of,
    shown,
    task_of,
)
from tests.deployed.proving import fails, skips
from tests.deployed.public_service import DEMONSTRATION, PublicService
from tests.deployed.service import HttpsOnly, RoleForNothing
from tests.deployed.stack import DeployedStack

STACK = "EcsManagedInstancesStack"

AGENT = {
    *("ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitTaskStateChange"),
    *("ecs:Poll", "ecs:StartTelemetrySession", "ecs:PutSystemLogEvents", "ecs:DiscoverPollEndpoint"),
}
INFRASTRUCTURE_POLICY = "AmazonECSInfrastructureRolePolicyForManagedInstances"
MANUFACTURERS = {"ARM64": {"amazon-web-services"}, "X86_64": {"intel", "amd"}}

DEADLINE_SECONDS = 600.0
PAGE = re.compile(r"<h1>Task \w+ in ([\w-]+)</h1>")

PROVIDER = "ecs.describe_capacity_providers capacityProviders 0 managedInstancesProvider"
LAUNCH = f"{PROVIDER} instanceLaunchTemplate"
TASK = "ecs.describe_task_definition taskDefinition"
PASS = allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})

# An emulated account runs no tasks.
BY_HAND = {"http.get": {"status": 200, "headers": {}, "body": "<h1>Task 0a1b in eu-west-1a</h1>"}}


class TestService(HttpsOnly, RoleForNothing, PublicService):
    """The checks of any public service that calls nothing."""

    WATCHED: ClassVar = {
        *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
        "RunningTaskCount",
    }


@fails("vCpuCount has no bounds on both sides", f"{LAUNCH} instanceRequirements vCpuCount", {"min": 1})
@fails("memoryMiB has no bounds on both sides", f"{LAUNCH} instanceRequirements memoryMiB max")
@fails(r"processors of \['x'\] for tasks on", f"{LAUNCH} instanceRequirements cpuManufacturers", ["x"])
@fails(r"processors of \[\] for tasks on", f"{LAUNCH} instanceRequirements cpuManufacturers", [])
@fails(r"services'\] for tasks on X86_64", f"{TASK} runtimePlatform cpuArchitecture", "X86_64", only="sandbox")
def test_instances_are_chosen_by_attributes_of_the_tasks_architecture(stack: DeployedStack) -> None:
    requirements = _launch(stack)["instanceRequirements"]
    for attribute in ("vCpuCount", "memoryMiB"):
        bounds = requirements[attribute]
        assert bounds.keys() == {"min", "max"}, f"{attribute} has no bounds on both sides: {bounds}"
    architecture = task_of(stack)["runtimePlatform"]["cpuArchitecture"]
    chosen = set(requirements.get("cpuManufacturers", []))
    assert chosen == MANUFACTURERS[architecture], f"processors of {sorted(chosen)} for tasks on {architecture}"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of instances", WAYS_OUT, PUBLIC_WAY)
@fails("not every subnet of instances", WAYS_OUT)
def test_instances_run_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    subnets = _launch(stack)["networkConfiguration"]["subnets"]
    check_private_subnets(stack, "instances", subnets)


@fails("instances admit .*tcp/22", ADMITS, opened(22, ANYWHERE))
@fails("reach more than HTTPS", REACHES, opened(80, ANYWHERE))
@fails("or not even that", f"{SECURITY_GROUPS} IpPermissionsEgress", [])
@fails("instances have no security group", f"{LAUNCH} networkConfiguration securityGroups", [])
def test_nobody_connects_to_an_instance(stack: DeployedStack) -> None:
    groups = _launch(stack)["networkConfiguration"]["securityGroups"]
    assert groups, "instances have no security group"
    admitted = rules_of(stack, groups)
    assert not admitted, f"instances admit {shown(admitted)}"
    reached = {rule[:3] for rule in rules_of(stack, groups, "IpPermissionsEgress")}
    assert reached == {("tcp", 443, 443)}, f"instances reach more than HTTPS, or not even that: {sorted(reached)}"


@fails(r"the cluster has \['FARGATE'\], not ", "ecs.describe_clusters clusters 0 capacityProviders", ["FARGATE"])
@fails(r"goes through \['FARGATE'\], not ", f"{SERVICES} 0 capacityProviderStrategy 0 capacityProvider", "FARGATE")
@fails(r"the tasks are for \['FARGATE'\]", f"{TASK} requiresCompatibilities", ["FARGATE"])
def test_the_service_goes_through_the_provider_of_its_cluster(stack: DeployedStack) -> None:
    name, cluster = stack.only("AWS::ECS::CapacityProvider"), stack.only("AWS::ECS::Cluster")
    [found] = stack.ask("ecs.describe_clusters", clusters=[cluster])["clusters"]
    assert name in found["capacityProviders"], f"the cluster has {found['capacityProviders']}, not {name}"
    service = service_of(stack)
    used = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", [])]
    assert used == [name], f"the service goes through {used or service.get('launchType')}, not {name}"
    needed = task_of(stack)["requiresCompatibilities"]
    assert needed == ["MANAGED_INSTANCES"], f"the tasks are for {needed}"


@fails("managed policies .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['iam:PassRole'\] on \['\*'\]", f"{STATEMENTS} * Resource", "*")
@fails(r"may \['iam:\*'\]", f"{STATEMENTS} * Action", "iam:*")
@fails("passes roles to None", f"{STATEMENTS} * Condition")
def test_the_infrastructure_role_passes_the_instance_role_only(stack: DeployedStack) -> None:
    role = _provider(stack)["infrastructureRoleArn"].rpartition("/")[2]
    attached = [
        policy["PolicyName"]
        for policy in stack.ask("iam.list_attached_role_policies", RoleName=role)["AttachedPolicies"]
    ]
    assert attached == [INFRASTRUCTURE_POLICY], f"the infrastructure role has the managed policies {attached}"
    passed = _instance_role(stack)["Arn"]
    for statement in inline_statements(stack, role):
        what = (listed(statement["Action"]), listed(statement["Resource"]))
        assert what == (["iam:PassRole"], [passed]), f"the infrastructure role may {what[0]} on {what[1]}"
        to = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
        assert to == "ec2.amazonaws.com", f"the infrastructure role passes roles to {to}"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"is for more than .*: \['ecs:Poll'\] on \*", f"{STATEMENTS} +", allow("ecs:Poll"))
@fails(r"may more, or less: \['ecr:Get'\]", f"{STATEMENTS} +", allow("ecr:Get", []))
@fails("may more, or less: .*DiscoverPollEndp", f"{STATEMENTS} Action=ecs:DiscoverPollEndpoint")
def test_the_instance_role_is_for_the_agent_of_one_cluster(stack: DeployedStack) -> None:
    role = _instance_role(stack)["RoleName"]
    attached = policies_of(stack, role)
    assert not attached, f"the instance role has managed policies: {attached}"
    cluster, granted = stack.only("AWS::ECS::Cluster"), set[str]()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        granted |= actions
        for resource in listed(statement["Resource"]):
            of_the_cluster = re.search(rf":(cluster|container-instance)/{re.escape(cluster)}(/\*)?$", resource)
            assert of_the_cluster or actions == {"ecs:DiscoverPollEndpoint"}, (
                f"the instance role is for more than {cluster}: {sorted(actions)} on {resource}"
            )
    assert granted == AGENT, f"the instance role may more, or less: {sorted(granted ^ AGENT)}"


@fails("shows no task, after .*It works", BODY, "<h1>It works!</h1>")
@skips("an image of its own", f"{CONTAINERS} 0 image", "example.com/own:1")
@pytest.mark.real_account
def test_the_page_comes_from_tasks_on_the_instances(stack: DeployedStack) -> None:
    if not task_of(stack)["containerDefinitions"][0]["image"].startswith(DEMONSTRATION):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    page = page_with(stack, PAGE.search, seconds=DEADLINE_SECONDS)
    assert PAGE.search(page), f"{stack.outputs['Url']} shows no task, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"


def _provider(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::ECS::CapacityProvider")
    found = stack.ask("ecs.describe_capacity_providers", capacityProviders=[name])["capacityProviders"]
    return found[0]["managedInstancesProvider"]


def _launch(stack: DeployedStack) -> dict[str, Any]:
    return _provider(stack)["instanceLaunchTemplate"]


def _instance_role(stack: DeployedStack) -> dict[str, Any]:
    arn = _launch(stack)["ec2InstanceProfileArn"]
    profile = stack.ask("iam.get_instance_profile", InstanceProfileName=arn.rpartition("/")[2])
    [role] = profile["InstanceProfile"]["Roles"]
    return role
