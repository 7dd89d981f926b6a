"""What a person would look at once ``EcsEc2Stack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_ecs_ec2.py.
"""

import base64
import json
import re
import time
from typing import Any

import pytest

from tests.deployed import public_service
from tests.deployed.public_service import page_once
from tests.deployed.service import (
    EXEC_CHANNEL,
    Rule,
    default_routes,
    heard_by_the_topic,
    inline_statements,
    listed,
    load_balancer_of,
    rules_of,
    shown,
)
from tests.deployed.stack import DeployedStack

STACK = "EcsEc2Stack"

AGENT = {
    *(f"ecs:{verb}ContainerInstance" for verb in ("Register", "Deregister")),
    *(f"ecs:Submit{what}" for what in ("AttachmentStateChanges", "ContainerStateChange", "TaskStateChange")),
    *("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState", "ecs:DiscoverPollEndpoint"),
}
SESSION_MANAGER = {"ssm:UpdateInstanceInformation", *EXEC_CHANNEL}
SEND = {"sqs:SendMessage"}
WORK_OFF = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
MOUNT_AND_WRITE = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
WEB_METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"}
WATCHED = {
    *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
    *("RunningTaskCount", "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
}

# How long the first tasks may take to be there, and the pause between two looks.
DEADLINE_SECONDS = 600.0
PAUSE_SECONDS = 5.0
PAGE = re.compile(r"<h1>Task \w+ in ([\w-]+)</h1>")
RECEIVED = "work: received: A web task has started"


# Instances


def test_metadata_is_for_the_instance_alone(stack: DeployedStack) -> None:
    options = _template(stack).get("MetadataOptions", {})
    assert options.get("HttpTokens") == "required", f"instances answer without IMDSv2: {options}"
    hops = options.get("HttpPutResponseHopLimit")
    assert hops == 1, f"metadata travels {hops} hops, so into containers"
    written = base64.b64decode(_template(stack)["UserData"]).decode()
    assert re.search(
        r"^(awsvpc-block-imds = true|echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config)$", written, re.M
    ), f"the agent does not cut tasks off the metadata: {written!r}"


def test_instances_join_the_cluster(stack: DeployedStack) -> None:
    cluster = stack.only("AWS::ECS::Cluster")
    written = base64.b64decode(_template(stack)["UserData"]).decode()
    assert re.search(rf'(ECS_CLUSTER=|cluster = "){re.escape(cluster)}\b', written), (
        f"instances do not join {cluster}: {written!r}"
    )


def test_volumes_are_encrypted_gp3(stack: DeployedStack) -> None:
    for mapping in _template(stack)["BlockDeviceMappings"]:
        name, volume = mapping["DeviceName"], mapping["Ebs"]
        assert volume.get("Encrypted"), f"the volume {name} is not encrypted"
        assert volume["VolumeType"] == "gp3", f"the volume {name} is of type {volume['VolumeType']}"


def test_instances_run_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    subnets = _group(stack)["VPCZoneIdentifier"].split(",")
    found = stack.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in found})
    assert len(zones) == 3, f"instances run in {zones}, not in three AZs"
    ways = {subnet: default_routes(stack, subnet) for subnet in subnets}
    assert all(len(out) == 1 and out[0].startswith("nat-") for out in ways.values()), (
        f"not every subnet of the instances has its one way out through a NAT gateway: {ways}"
    )


def test_nobody_connects_to_an_instance(stack: DeployedStack) -> None:
    template = _template(stack)
    assert not template.get("KeyName"), f"instances take the SSH key {template.get('KeyName')}"
    [interface] = template["NetworkInterfaces"]
    assert interface.get("AssociatePublicIpAddress") is False, "instances have public addresses"
    admitted = rules_of(stack, interface["Groups"])
    assert not admitted, f"instances admit {shown(admitted)}"
    reached = {rule[:3] for rule in rules_of(stack, interface["Groups"], "IpPermissionsEgress")}
    assert reached == {("tcp", 443, 443)}, f"instances reach more than HTTPS, or not even that: {sorted(reached)}"


def test_the_instance_role_is_for_the_agent_and_session_manager(stack: DeployedStack) -> None:
    iam, arn = stack.client("iam"), _template(stack)["IamInstanceProfile"]["Arn"]
    profile = iam.get_instance_profile(InstanceProfileName=arn.rpartition("/")[2])["InstanceProfile"]
    [role] = [role["RoleName"] for role in profile["Roles"]]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert not attached, f"the instance role has managed policies: {attached}"
    cluster, granted = stack.only("AWS::ECS::Cluster"), set[str]()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        granted |= actions
        for resource in listed(statement["Resource"]):
            if resource == "*":
                assert actions <= {"ecs:DiscoverPollEndpoint", *EXEC_CHANNEL}, f"{sorted(actions)} on everything"
            elif not actions <= SESSION_MANAGER:
                assert re.search(rf":(cluster|container-instance)/{re.escape(cluster)}(/\*)?$", resource), (
                    f"the instance role is for more than {cluster}: {sorted(actions)} on {resource}"
                )
    assert granted == AGENT | SESSION_MANAGER, (
        f"the instance role may more, or less: {sorted(granted ^ (AGENT | SESSION_MANAGER))}"
    )


def test_instances_are_replaced_by_age_in_production_only(stack: DeployedStack) -> None:
    lifetime = _group(stack).get("MaxInstanceLifetime")
    expected = 30 * 24 * 60 * 60 if stack.production else None
    assert lifetime == expected, f"instances live for {lifetime} seconds in {stack.posture}, not for {expected}"


# Capacity


def test_the_capacity_provider_or_the_cpu_scales_the_group(stack: DeployedStack) -> None:
    """One of them: the capacity provider, unless the stack has none."""
    provider, group = _provider(stack), _group(stack)
    by_cpu = _cpu_targets(stack)
    if not provider:
        assert len(by_cpu) == 1, (
            f"nothing scales the group: there is no capacity provider, and CPU targets are {by_cpu}"
        )
        return
    assert not by_cpu, f"the group scales by CPU besides the capacity provider: {by_cpu}"
    assert provider["autoScalingGroupArn"] == group["AutoScalingGroupARN"], (
        f"the capacity provider scales {provider['autoScalingGroupArn']}, not the stack's group"
    )
    scaling = provider["managedScaling"]
    assert scaling["status"] == "ENABLED", f"managed scaling is {scaling['status']}"
    assert 1 <= scaling["targetCapacity"] <= 100, f"the target capacity is {scaling['targetCapacity']} %"
    assert provider.get("managedDraining") == "ENABLED", "instances go without being drained"


def test_busy_instances_are_protected_by_both_or_none(stack: DeployedStack) -> None:
    """ECS can protect instances of a group only where the group protects new ones, and lifts that again."""
    by_ecs = _provider(stack).get("managedTerminationProtection") == "ENABLED"
    by_group = _group(stack)["NewInstancesProtectedFromScaleIn"]
    assert by_ecs == by_group, f"protection from scale-in: {by_ecs} of the capacity provider, {by_group} of the group"


def test_the_cluster_and_its_services_use_the_capacity_provider(stack: DeployedStack) -> None:
    """By a strategy, and without a provider by the launch type."""
    names, cluster = list(stack.all("AWS::ECS::CapacityProvider")), stack.only("AWS::ECS::Cluster")
    [found] = stack.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
    offered = found.get("capacityProviders", [])
    assert offered == names, f"the cluster has {offered}, not {names}"
    services = _services(stack)
    assert len(services) == 2, f"there are {len(services)} services"
    for service in services:
        used = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", [])]
        used = used or [service.get("launchType")]
        assert used == (names or ["EC2"]), f"{service['serviceName']} uses {used}, not {names or ['EC2']}"


def test_tasks_are_spread_over_azs_and_then_packed(stack: DeployedStack) -> None:
    for service in _services(stack):
        strategies = [(item["type"], item["field"].lower()) for item in service.get("placementStrategy", [])]
        assert strategies == [("spread", "attribute:ecs.availability-zone"), ("binpack", "memory")], (
            f"tasks of {service['serviceName']} are placed by {strategies}"
        )


# Services


def test_deployments_keep_tasks_running_and_roll_back(stack: DeployedStack) -> None:
    for service in _services(stack):
        name, configuration = service["serviceName"], service["deploymentConfiguration"]
        breaker = configuration.get("deploymentCircuitBreaker", {})
        rolls_back = breaker.get("enable") and breaker.get("rollback")
        assert rolls_back, f"a failed deployment of {name} is not rolled back: {breaker}"
        least, most = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
        assert (least, most) == (100, 200), f"a deployment of {name} runs {least} to {most} % of the tasks"


def test_containers_are_neither_root_nor_able_to_change_their_image(stack: DeployedStack) -> None:
    for service in _services(stack):
        for container in _task(stack, service)["containerDefinitions"]:
            name, user = container["name"], container.get("user", "")
            assert not {"", "0", "root"} & set(user.split(":")), f"the container {name} runs as root ({user!r})"
            assert container.get("readonlyRootFilesystem"), f"the container {name} can write to its root file system"


def test_web_sends_and_the_worker_receives(stack: DeployedStack) -> None:
    """Each has a task role of its own, which is what a task role is for."""
    roles = [_task(stack, service)["taskRoleArn"] for service in (_web(stack), _worker(stack))]
    assert roles[0] != roles[1], f"both services act as {roles[0]}"
    queue = _queue(stack)["QueueArn"]
    for role, what, wanted in ((roles[0], "web", SEND), (roles[1], "the worker", WORK_OFF)):
        name, on_queue = role.rpartition("/")[2], set[str]()
        attached = stack.client("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert not attached, f"the task role of {what} has managed policies: {attached}"
        for statement in inline_statements(stack, name):
            actions, resources = set(listed(statement["Action"])), listed(statement["Resource"])
            if actions == EXEC_CHANNEL and not stack.production:
                continue
            if resources == [queue]:
                on_queue |= actions
                continue
            on_key = {"kms:Decrypt", "kms:GenerateDataKey"} if wanted == SEND else {"kms:Decrypt"}
            assert actions <= on_key | MOUNT_AND_WRITE, f"{what} may {sorted(actions)} on {resources}"
            assert "*" not in resources, f"{what} may {sorted(actions)} on everything"
        assert on_queue == wanted, f"{what} may {sorted(on_queue)} on the queue, not {sorted(wanted)}"


def test_the_queue_is_encrypted_and_keeps_what_fails(stack: DeployedStack) -> None:
    queue = _queue(stack)
    if stack.production:
        key, used = stack.only("AWS::KMS::Key"), queue.get("KmsMasterKeyId", "no key")
        assert used.endswith(key), f"the queue is encrypted with {used}, not with the stack's key {key}"
    else:
        assert queue.get("SqsManagedSseEnabled") == "true", "the queue is not encrypted"
    redrive = json.loads(queue.get("RedrivePolicy", "{}"))
    assert int(redrive.get("maxReceiveCount", 0)) == 5, f"a message that fails is tried again for ever: {redrive}"
    statements = json.loads(queue.get("Policy", '{"Statement": []}'))["Statement"]
    refused = [item for item in statements if item.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}]
    assert [item["Effect"] for item in refused] == ["Deny"], "the queue takes messages without TLS"


test_only_the_listeners_are_open_to_the_outside = public_service.test_only_the_listeners_are_open_to_the_outside


def test_web_admits_the_load_balancer_and_the_worker_nobody(stack: DeployedStack) -> None:
    web = _web(stack)
    ports = {balancer["containerPort"] for balancer in web["loadBalancers"]}
    expected = {Rule("tcp", port, port, group) for port in ports for group in load_balancer_of(stack)["SecurityGroups"]}
    admitted = rules_of(stack, _groups_of(web))
    assert admitted == expected, f"web tasks admit {shown(admitted)}, not {shown(expected)}"
    admitted = rules_of(stack, _groups_of(_worker(stack)))
    assert not admitted, f"worker tasks admit {shown(admitted)}"


def test_services_scale(stack: DeployedStack) -> None:
    of_web, of_worker = (_policies(stack, service) for service in (_web(stack), _worker(stack)))
    tracked = {_tracked(policy) for policy in of_web if policy["PolicyType"] == "TargetTrackingScaling"}
    assert tracked == WEB_METRICS, f"web does not scale by {sorted(WEB_METRICS - tracked)}"
    kinds = {policy["PolicyType"] for policy in of_worker}
    assert kinds == {"TargetTrackingScaling", "StepScaling"}, f"the worker scales by {sorted(kinds)} only"


def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        [group] = [group for page in pages for group in page["logGroups"] if group["logGroupName"] == name]
        assert group.get("retentionInDays"), f"the log group {name} keeps everything for ever"
        if stack.production:
            used, key = group.get("kmsKeyId", "no key"), stack.only("AWS::KMS::Key")
            assert used.endswith(key), f"the log group {name} is encrypted with {used}, not with the stack's key {key}"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


# What only a real account has: AMIs, instances and tasks


@pytest.mark.real_account
def test_ami_and_instance_types_are_of_one_architecture(stack: DeployedStack) -> None:
    ec2, image = stack.client("ec2"), _template(stack)["ImageId"]
    [ami] = ec2.describe_images(ImageIds=[image])["Images"]
    overrides = _group(stack)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    names = [override["InstanceType"] for override in overrides]
    for each in ec2.describe_instance_types(InstanceTypes=names)["InstanceTypes"]:
        offered = each["ProcessorInfo"]["SupportedArchitectures"]
        assert ami["Architecture"] in offered, (
            f"{each['InstanceType']} runs {offered}, but {image} is {ami['Architecture']}"
        )


@pytest.mark.real_account
def test_the_page_comes_from_tasks_on_the_instances(stack: DeployedStack) -> None:
    if not _is_demonstration(stack):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    url = stack.outputs["Url"]
    page = page_once(url, PAGE.search, deadline_seconds=DEADLINE_SECONDS, pause_seconds=PAUSE_SECONDS)
    assert PAGE.search(page), f"{url} shows no task, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"


@pytest.mark.real_account
def test_the_worker_has_received_what_web_sent(stack: DeployedStack) -> None:
    if not _is_demonstration(stack):
        pytest.skip("the message is the demonstration's; this stack runs an image of its own")
    logs, deadline = stack.client("logs"), time.monotonic() + DEADLINE_SECONDS
    while True:
        found = logs.filter_log_events(logGroupName=stack.outputs["LogGroupName"], filterPattern=f'"{RECEIVED}"')
        if found["events"] or time.monotonic() >= deadline:
            break
        time.sleep(PAUSE_SECONDS)
    assert found["events"], f"no worker printed {RECEIVED!r}, after {DEADLINE_SECONDS:g} seconds"


def _group(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::AutoScaling::AutoScalingGroup")
    found = stack.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return found["AutoScalingGroups"][0]


def _template(stack: DeployedStack) -> dict[str, Any]:
    """The version of the launch template that the group uses."""
    wanted = _group(stack)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    found = stack.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=wanted["LaunchTemplateId"], Versions=[wanted["Version"]]
    )
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def _provider(stack: DeployedStack) -> dict[str, Any]:
    """Empty, where the stack has none."""
    if not stack.all("AWS::ECS::CapacityProvider"):
        return {}
    name = stack.only("AWS::ECS::CapacityProvider")
    found = stack.client("ecs").describe_capacity_providers(capacityProviders=[name])["capacityProviders"]
    return found[0]["autoScalingGroupProvider"]


def _cpu_targets(stack: DeployedStack) -> list[float]:
    """Which average CPU scaling policies of the group keep; that of a capacity provider tracks another metric."""
    group = stack.only("AWS::AutoScaling::AutoScalingGroup")
    policies = stack.client("autoscaling").describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    tracked = [policy["TargetTrackingConfiguration"] for policy in policies if "TargetTrackingConfiguration" in policy]
    return [
        each["TargetValue"]
        for each in tracked
        if each.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") == "ASGAverageCPUUtilization"
    ]


def _services(stack: DeployedStack) -> list[dict[str, Any]]:
    return stack.client("ecs").describe_services(
        cluster=stack.only("AWS::ECS::Cluster"), services=list(stack.all("AWS::ECS::Service"))
    )["services"]


def _web(stack: DeployedStack) -> dict[str, Any]:
    [service] = [service for service in _services(stack) if service["loadBalancers"]]
    return service


def _worker(stack: DeployedStack) -> dict[str, Any]:
    [service] = [service for service in _services(stack) if not service["loadBalancers"]]
    return service


def _task(stack: DeployedStack, service: dict[str, Any]) -> dict[str, Any]:
    """The definition that a service runs."""
    arn = service["taskDefinition"]
    return stack.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _is_demonstration(stack: DeployedStack) -> bool:
    names = {container["name"] for container in _task(stack, _web(stack))["containerDefinitions"]}
    return "announce" in names


def _groups_of(service: dict[str, Any]) -> list[str]:
    return service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]


def _queue(stack: DeployedStack) -> dict[str, str]:
    """The one for work, not the one for what could not be worked off."""
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=["All"])
    return answer["Attributes"]


def _policies(stack: DeployedStack, service: dict[str, Any]) -> list[dict[str, Any]]:
    resource = f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"
    pages = stack.client("application-autoscaling").get_paginator("describe_scaling_policies")
    return [
        policy
        for page in pages.paginate(ServiceNamespace="ecs", ResourceId=resource)
        for policy in page["ScalingPolicies"]
    ]


def _tracked(policy: dict[str, Any]) -> str:
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    return configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
