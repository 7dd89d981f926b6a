"""What a person would look at once ``EcsManagedInstancesStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_ecs_managed_instances.py.
"""

import re
from typing import Any

import pytest

from tests.deployed import public_service
from tests.deployed import service as any_service
from tests.deployed.public_service import DEMONSTRATION, page_once
from tests.deployed.service import (
    default_routes,
    heard_by_the_topic,
    inline_statements,
    listed,
    rules_of,
    service_of,
    shown,
    task_of,
)
from tests.deployed.stack import DeployedStack

STACK = "EcsManagedInstancesStack"

AGENT = {
    *("ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitTaskStateChange"),
    *("ecs:Poll", "ecs:StartTelemetrySession", "ecs:PutSystemLogEvents", "ecs:DiscoverPollEndpoint"),
}
INFRASTRUCTURE_POLICY = "AmazonECSInfrastructureRolePolicyForManagedInstances"
MANUFACTURERS = {"ARM64": {"amazon-web-services"}, "X86_64": {"intel", "amd"}}
WATCHED = {
    *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
    "RunningTaskCount",
}

# How long the first tasks may take to be there, and the pause between two looks.
DEADLINE_SECONDS = 600.0
PAUSE_SECONDS = 5.0
PAGE = re.compile(r"<h1>Task \w+ in ([\w-]+)</h1>")

# The same of any service.
test_a_shell_opens_in_sandbox_only = any_service.test_a_shell_opens_in_sandbox_only
test_containers_are_neither_root_nor_able_to_change_their_image = (
    any_service.test_containers_are_neither_root_nor_able_to_change_their_image
)
test_deployments_keep_tasks_running_and_roll_back = any_service.test_deployments_keep_tasks_running_and_roll_back
test_logs_are_kept_for_a_set_time = any_service.test_logs_are_kept_for_a_set_time
test_tasks_admit_the_load_balancer_only = any_service.test_tasks_admit_the_load_balancer_only
test_tasks_are_spread_again_over_the_azs = any_service.test_tasks_are_spread_again_over_the_azs
test_tasks_reach_https_only = any_service.test_tasks_reach_https_only
test_tasks_run_in_private_subnets_of_three_azs = any_service.test_tasks_run_in_private_subnets_of_three_azs
test_the_task_role_may_do_nothing = any_service.test_the_task_role_may_do_nothing
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms

# The same of any service behind a public load balancer.
test_only_the_listeners_are_open_to_the_outside = public_service.test_only_the_listeners_are_open_to_the_outside
test_requests_go_to_tasks_that_answer_the_health_check = (
    public_service.test_requests_go_to_tasks_that_answer_the_health_check
)
test_the_load_balancer_drops_invalid_headers = public_service.test_the_load_balancer_drops_invalid_headers
test_the_load_balancer_is_logged_and_protected_in_production_only = (
    public_service.test_the_load_balancer_is_logged_and_protected_in_production_only
)
test_the_load_balancer_serves_https_where_it_has_a_certificate = (
    public_service.test_the_load_balancer_serves_https_where_it_has_a_certificate
)
test_the_service_scales_by_cpu_memory_and_requests = public_service.test_the_service_scales_by_cpu_memory_and_requests


def test_instances_are_chosen_by_attributes_of_the_tasks_architecture(stack: DeployedStack) -> None:
    requirements = _launch(stack)["instanceRequirements"]
    for attribute in ("vCpuCount", "memoryMiB"):
        bounds = requirements[attribute]
        assert bounds.keys() == {"min", "max"}, f"{attribute} has no bounds on both sides: {bounds}"
    architecture = task_of(stack)["runtimePlatform"]["cpuArchitecture"]
    chosen = set(requirements.get("cpuManufacturers", []))
    assert chosen == MANUFACTURERS[architecture], f"processors of {sorted(chosen)} for tasks on {architecture}"


def test_instances_run_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    subnets = _launch(stack)["networkConfiguration"]["subnets"]
    found = stack.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in found})
    assert len(zones) == 3, f"instances run in {zones}, not in three AZs"
    ways = {subnet: default_routes(stack, subnet) for subnet in subnets}
    assert all(len(out) == 1 and out[0].startswith("nat-") for out in ways.values()), (
        f"not every subnet of the instances has its one way out through a NAT gateway: {ways}"
    )


def test_nobody_connects_to_an_instance(stack: DeployedStack) -> None:
    groups = _launch(stack)["networkConfiguration"]["securityGroups"]
    assert groups, "instances have no security group"
    admitted = rules_of(stack, groups)
    assert not admitted, f"instances admit {shown(admitted)}"
    reached = {rule[:3] for rule in rules_of(stack, groups, "IpPermissionsEgress")}
    assert reached == {("tcp", 443, 443)}, f"instances reach more than HTTPS, or not even that: {sorted(reached)}"


def test_the_service_goes_through_the_provider_of_its_cluster(stack: DeployedStack) -> None:
    name, cluster = stack.only("AWS::ECS::CapacityProvider"), stack.only("AWS::ECS::Cluster")
    [found] = stack.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
    assert name in found["capacityProviders"], f"the cluster has {found['capacityProviders']}, not {name}"
    service = service_of(stack)
    used = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", [])]
    assert used == [name], f"the service goes through {used or service.get('launchType')}, not {name}"
    needed = task_of(stack)["requiresCompatibilities"]
    assert needed == ["MANAGED_INSTANCES"], f"the tasks are for {needed}"


def test_the_infrastructure_role_passes_the_instance_role_only(stack: DeployedStack) -> None:
    iam, role = stack.client("iam"), _provider(stack)["infrastructureRoleArn"].rpartition("/")[2]
    attached = [policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    assert attached == [INFRASTRUCTURE_POLICY], f"the infrastructure role has the managed policies {attached}"
    passed = _instance_role(stack)["Arn"]
    for statement in inline_statements(stack, role):
        what = (listed(statement["Action"]), listed(statement["Resource"]))
        assert what == (["iam:PassRole"], [passed]), f"the infrastructure role may {what[0]} on {what[1]}"
        to = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
        assert to == "ec2.amazonaws.com", f"the infrastructure role passes roles to {to}"


def test_the_instance_role_is_for_the_agent_of_one_cluster(stack: DeployedStack) -> None:
    iam, role = stack.client("iam"), _instance_role(stack)["RoleName"]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
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


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


@pytest.mark.real_account
def test_the_page_comes_from_tasks_on_the_instances(stack: DeployedStack) -> None:
    if not task_of(stack)["containerDefinitions"][0]["image"].startswith(DEMONSTRATION):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    url = stack.outputs["Url"]
    page = page_once(url, PAGE.search, deadline_seconds=DEADLINE_SECONDS, pause_seconds=PAUSE_SECONDS)
    assert PAGE.search(page), f"{url} shows no task, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"


def _provider(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::ECS::CapacityProvider")
    found = stack.client("ecs").describe_capacity_providers(capacityProviders=[name])["capacityProviders"]
    return found[0]["managedInstancesProvider"]


def _launch(stack: DeployedStack) -> dict[str, Any]:
    return _provider(stack)["instanceLaunchTemplate"]


def _instance_role(stack: DeployedStack) -> dict[str, Any]:
    arn = _launch(stack)["ec2InstanceProfileArn"]
    profile = stack.client("iam").get_instance_profile(InstanceProfileName=arn.rpartition("/")[2])
    [role] = profile["InstanceProfile"]["Roles"]
    return role
