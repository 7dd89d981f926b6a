"""Checks of a deployed ``EcsEc2Stack``."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    BODY,
    CONTAINERS,
    EVERYTHING,
    OTHER_KEY,
    PUBLIC_WAY,
    REACHES,
    SECURITY_GROUPS,
    SERVICES,
    STATEMENTS,
    SUBNET_ZONES,
    WAYS_OUT,
    allow,
    but,
    may,
    opened,
)
from tests.deployed.looking import (
    Rule,
    check_private_subnets,
    inline_statements,
    listed,
    load_balancer_of,
    page_with,
    rules_of,
    services_of,
    shown,
    task_of,
)
from tests.deployed.proving import fails, skips
from tests.deployed.public_service import PublicListeners
from tests.deployed.service import EXEC_CHANNEL, AnyTasks, RollingDeployments
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
BACKLOG_PER_TASK = "messages / IF(FILL(running, REPEAT) > 0, FILL(running, REPEAT), 1)"

DEADLINE_SECONDS = 600.0
PAGE = re.compile(r"<h1>Task \w+ in ([\w-]+)</h1>")
RECEIVED = "work: received: A web task has started"


# Instances

LAUNCH = "ec2.describe_launch_template_versions LaunchTemplateVersions 0 LaunchTemplateData"
INTERFACE = f"{LAUNCH} NetworkInterfaces 0"
GROUP = "autoscaling.describe_auto_scaling_groups AutoScalingGroups 0"
PROVIDER = "ecs.describe_capacity_providers capacityProviders 0 autoScalingGroupProvider"
CPU_TARGET = "autoscaling.describe_policies ScalingPolicies"
CPU_POLICY = {
    "TargetTrackingConfiguration": {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 50.0,
    }
}
CPU = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    "TargetValue": 50.0,
}
CAPACITY = "ecs.describe_clusters clusters 0 capacityProviders"
STRATEGY = f"{SERVICES} 0 capacityProviderStrategy"
DEPLOYMENT = f"{SERVICES} 0 deploymentConfiguration"
QUEUE = "sqs.get_queue_attributes Attributes"
SCALING = "application-autoscaling.describe_scaling_policies"


def written(text: str) -> str:
    """User data of the launch template."""
    return base64.b64encode(text.encode()).decode()


# An emulated account has no AMIs, no instances and no tasks.
BY_HAND = {
    "ec2.describe_images": {"Images": [{"Architecture": "arm64"}]},
    "ec2.describe_images@everything": {"Images": [{"Architecture": "x86_64"}]},
    "ec2.describe_instance_types": {
        "InstanceTypes": [{"InstanceType": "t4g.small", "ProcessorInfo": {"SupportedArchitectures": ["arm64"]}}]
    },
    "ec2.describe_instance_types@everything": {
        "InstanceTypes": [{"InstanceType": "m6i.large", "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}}]
    },
    "http.get": {"status": 200, "headers": {}, "body": "<h1>Task 0a1b in eu-west-1a</h1>"},
    "logs.filter_log_events": {"events": [{"message": RECEIVED}]},
}


def on_ec2(service: dict[str, Any]) -> dict[str, Any]:
    return {**service, "capacityProviderStrategy": [], "launchType": "EC2"}


def also(action: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Adds an action to each statement about a queue."""
    return lambda statements: [
        {**each, "Action": [*listed(each["Action"]), action]} if "sqs:" in str(each["Action"]) else each
        for each in statements
    ]


class TestService(RollingDeployments, PublicListeners, AnyTasks):
    """The checks of any public services."""

    WATCHED: ClassVar = {
        *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
        *("RunningTaskCount", "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
    }


@fails("answer without IMDSv2", f"{LAUNCH} MetadataOptions HttpTokens", "optional")
@fails("answer without IMDSv2", f"{LAUNCH} MetadataOptions")
@fails("travels 2 hops, so into containers", f"{LAUNCH} MetadataOptions HttpPutResponseHopLimit", 2)
@fails("does not cut tasks off", f"{LAUNCH} UserData", written("#!/bin/bash\necho ECS_CLUSTER=cluster >> config\n"))
@fails("does not cut tasks off", f"{LAUNCH} UserData", written("[settings.ecs]\nawsvpc-block-imds = false\n"))
def test_metadata_is_for_the_instance_alone(stack: DeployedStack) -> None:
    options = _template(stack).get("MetadataOptions", {})
    assert options.get("HttpTokens") == "required", f"instances answer without IMDSv2: {options}"
    hops = options.get("HttpPutResponseHopLimit")
    assert hops == 1, f"metadata travels {hops} hops, so into containers"
    written = base64.b64decode(_template(stack)["UserData"]).decode()
    assert re.search(
        r"^(awsvpc-block-imds = true|echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config)$", written, re.M
    ), f"the agent does not cut tasks off the metadata: {written!r}"


@fails("do not join ", f"{LAUNCH} UserData", written("echo ECS_CLUSTER=clusters-of-others >> config"))
def test_instances_join_the_cluster(stack: DeployedStack) -> None:
    cluster = stack.only("AWS::ECS::Cluster")
    written = base64.b64decode(_template(stack)["UserData"]).decode()
    assert re.search(rf'(ECS_CLUSTER=|cluster = "){re.escape(cluster)}\b', written), (
        f"instances do not join {cluster}: {written!r}"
    )


@fails("the volume .* is not encrypted", f"{LAUNCH} BlockDeviceMappings 0 Ebs Encrypted", False)
@fails("is of type gp2", f"{LAUNCH} BlockDeviceMappings 0 Ebs VolumeType", "gp2")
def test_volumes_are_encrypted_gp3(stack: DeployedStack) -> None:
    for mapping in _template(stack)["BlockDeviceMappings"]:
        name, volume = mapping["DeviceName"], mapping["Ebs"]
        assert volume.get("Encrypted"), f"the volume {name} is not encrypted"
        assert volume["VolumeType"] == "gp3", f"the volume {name} is of type {volume['VolumeType']}"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of instances .*igw-", WAYS_OUT, PUBLIC_WAY)
def test_instances_run_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    subnets = _group(stack)["VPCZoneIdentifier"].split(",")
    check_private_subnets(stack, "instances", subnets)


@fails("take the SSH key mine", f"{LAUNCH} KeyName", "mine")
@fails("have public addresses", f"{INTERFACE} AssociatePublicIpAddress", True)
@fails(r"instances admit \['tcp/22 10", ADMITS, opened(22, "10.0.0.0/16"))
@fails("reach more than HTTPS", REACHES, opened(80, ANYWHERE))
@fails("or not even that", f"{SECURITY_GROUPS} IpPermissionsEgress", [])
def test_nobody_connects_to_an_instance(stack: DeployedStack) -> None:
    template = _template(stack)
    assert not template.get("KeyName"), f"instances take the SSH key {template.get('KeyName')}"
    [interface] = template["NetworkInterfaces"]
    assert interface.get("AssociatePublicIpAddress") is False, "instances have public addresses"
    admitted = rules_of(stack, interface["Groups"])
    assert not admitted, f"instances admit {shown(admitted)}"
    reached = {rule[:3] for rule in rules_of(stack, interface["Groups"], "IpPermissionsEgress")}
    assert reached == {("tcp", 443, 443)}, f"instances reach more than HTTPS, or not even that: {sorted(reached)}"


@fails("has managed policies", ATTACHED, EVERYTHING)
@fails(r"\['ecr:GetAuthorizationToken'\] on everything", f"{STATEMENTS} +", allow("ecr:GetAuthorizationToken"))
@fails("is for more than ", f"{STATEMENTS} +", allow("ecs:Poll", "arn:aws:ecs:us-east-1:1:cluster/others"))
@fails("may more, or less: .*RegisterContainerInstance", may(allow(sorted(SESSION_MANAGER), "arn:aws:ssm")))
@fails(r"more, or less: \['ecs:UpdateCluster'\]", f"{STATEMENTS} +", allow("ecs:UpdateCluster", []))
def test_the_instance_role_is_for_the_agent_and_session_manager(stack: DeployedStack) -> None:
    arn = _template(stack)["IamInstanceProfile"]["Arn"]
    profile = stack.ask("iam.get_instance_profile", InstanceProfileName=arn.rpartition("/")[2])["InstanceProfile"]
    [role] = [role["RoleName"] for role in profile["Roles"]]
    attached = stack.ask("iam.list_attached_role_policies", RoleName=role)["AttachedPolicies"]
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


@fails("live for None seconds in production, not for 2592000", f"{GROUP} MaxInstanceLifetime", only="production")
@fails("live for 86400 seconds in sandbox", f"{GROUP} MaxInstanceLifetime", 86400, only="sandbox")
def test_instances_are_replaced_by_age_in_production_only(stack: DeployedStack) -> None:
    lifetime = _group(stack).get("MaxInstanceLifetime")
    expected = 30 * 24 * 60 * 60 if stack.production else None
    assert lifetime == expected, f"instances live for {lifetime} seconds in {stack.posture}, not for {expected}"


# Capacity


@fails("of-others, not the stack's group", f"{PROVIDER} autoScalingGroupArn", "of-others", only="default")
@fails("managed scaling is DISABLED", f"{PROVIDER} managedScaling status", "DISABLED", only="default")
@fails("without being drained", f"{PROVIDER} managedDraining", "DISABLED", only="default")
@fails(r"by CPU besides the capacity provider: \[50", f"{CPU_TARGET} +", CPU_POLICY, only="default")
@fails(r"nothing scales the group: .*CPU targets are \[\]", f"{CPU_TARGET} *", only="otherwise")
@fails(r"CPU targets are \[.*50", f"{CPU_TARGET} +", CPU_POLICY, only="otherwise")
def test_the_capacity_provider_or_the_cpu_scales_the_group(stack: DeployedStack) -> None:
    """A group scales in one way: by its capacity provider, or by CPU if the stack has none."""
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


@fails("True of the cap.*False of the gr", f"{PROVIDER} managedTerminationProtection", "ENABLED", only="sandbox")
@fails("True of the cap.*, False of the gr", f"{GROUP} NewInstancesProtectedFromScaleIn", False, only="everything")
@fails("False of the cap.*, True of the gr", f"{GROUP} NewInstancesProtectedFromScaleIn", True, only="otherwise")
def test_busy_instances_are_protected_by_both_or_none(stack: DeployedStack) -> None:
    """ECS protects busy instances only in a group that protects new instances. ECS lifts that protection."""
    by_ecs = _provider(stack).get("managedTerminationProtection") == "ENABLED"
    by_group = _group(stack)["NewInstancesProtectedFromScaleIn"]
    assert by_ecs == by_group, f"protection from scale-in: {by_ecs} of the capacity provider, {by_group} of the group"


@fails("the cluster has .*FARGATE", f"{CAPACITY} +", "FARGATE", only="default")
@fails("there are 1 services", f"{SERVICES} 1")
@fails(r"uses \['EC2'\], not ", f"{SERVICES} 0", on_ec2, only="default")
@fails(r"the cluster has \['FARGATE'\], not \[\]", CAPACITY, ["FARGATE"], only="otherwise")
@fails(r"uses \['FARGATE'\], not \['EC2'\]", STRATEGY, [{"capacityProvider": "FARGATE"}], only="otherwise")
def test_the_cluster_and_its_services_use_the_capacity_provider(stack: DeployedStack) -> None:
    """Services name the provider in their strategy. If there is no provider, they have a launch type."""
    names, cluster = list(stack.all("AWS::ECS::CapacityProvider")), stack.only("AWS::ECS::Cluster")
    [found] = stack.ask("ecs.describe_clusters", clusters=[cluster])["clusters"]
    offered = found.get("capacityProviders", [])
    assert offered == names, f"the cluster has {offered}, not {names}"
    services = services_of(stack)
    assert len(services) == 2, f"there are {len(services)} services"
    for service in services:
        used = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", [])]
        used = used or [service.get("launchType")]
        assert used == (names or ["EC2"]), f"{service['serviceName']} uses {used}, not {names or ['EC2']}"


@fails("are placed by", f"{SERVICES} 1 placementStrategy", lambda placed: placed[::-1])
@fails(r"are placed by \[\]", f"{SERVICES} 0 placementStrategy", [])
def test_tasks_are_spread_over_azs_and_then_packed(stack: DeployedStack) -> None:
    for service in services_of(stack):
        strategies = [(item["type"], item["field"].lower()) for item in service.get("placementStrategy", [])]
        assert strategies == [("spread", "attribute:ecs.availability-zone"), ("binpack", "memory")], (
            f"tasks of {service['serviceName']} are placed by {strategies}"
        )


# Services


@fails("both services act as one", "ecs.describe_task_definition taskDefinition taskRoleArn", "one")
@fails("role of the worker has managed policies", ATTACHED.replace(" ", "#2 ", 1), EVERYTHING)
@fails(r"web may .*'sqs:ReceiveMessage'.* on the queue", STATEMENTS, also("sqs:ReceiveMessage"))
@fails(r"may \['sqs:SendMessage'\] on \['\*'\]", f"{STATEMENTS} +", allow("sqs:SendMessage"))
@fails(r"web may \[\] on the queue", may(allow(sorted(EXEC_CHANNEL))), only="sandbox")
@fails("may .*KeyPair.* on .'", f"{STATEMENTS} +", allow("kms:GenerateDataKeyPair", "arn:key"), only="production")
@fails("web may .*CreateControlChannel", f"{STATEMENTS} +", allow(sorted(EXEC_CHANNEL)), only="production")
@fails(r"may \['kms:Decrypt'\] on everything", f"{STATEMENTS} +", allow("kms:Decrypt"))
def test_web_sends_and_the_worker_receives(stack: DeployedStack) -> None:
    """Each service has a task role of its own, so that it has no permissions of the other one."""
    roles = [task_of(stack, service)["taskRoleArn"] for service in (_web(stack), _worker(stack))]
    assert roles[0] != roles[1], f"both services act as {roles[0]}"
    queue = _queue(stack)["QueueArn"]
    for role, what, wanted in ((roles[0], "web", SEND), (roles[1], "the worker", WORK_OFF)):
        name, on_queue = role.rpartition("/")[2], set[str]()
        attached = stack.ask("iam.list_attached_role_policies", RoleName=name)["AttachedPolicies"]
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


@fails("the queue is not encrypted", f"{QUEUE} SqsManagedSseEnabled", "false", only="sandbox")
@fails("not with the stack's key", f"{QUEUE} KmsMasterKeyId", OTHER_KEY, only="production")
@fails("tried again for ever", f"{QUEUE} RedrivePolicy")
@fails("takes messages without TLS", f"{QUEUE} Policy")
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


@fails("web tasks admit .*tcp/9000", ADMITS, opened(9000, "sg-1"))
@fails("worker tasks admit .*tcp/8080", ADMITS.replace(" ", "#2 ", 1), opened(8080, "sg-1"))
def test_web_admits_the_load_balancer_and_the_worker_nobody(stack: DeployedStack) -> None:
    web = _web(stack)
    ports = {balancer["containerPort"] for balancer in web["loadBalancers"]}
    expected = {Rule("tcp", port, port, group) for port in ports for group in load_balancer_of(stack)["SecurityGroups"]}
    admitted = rules_of(stack, _groups_of(web))
    assert admitted == expected, f"web tasks admit {shown(admitted)}, not {shown(expected)}"
    admitted = rules_of(stack, _groups_of(_worker(stack)))
    assert not admitted, f"worker tasks admit {shown(admitted)}"


@fails(r"web does not scale by \['ECSServiceAverageMemoryUtilization'\]", f"{SCALING} ScalingPolicies", but("Memory"))
@fails(r"the worker scales by \[\], not by the backlog", f"{SCALING}#2 ScalingPolicies", [])
@fails("the worker scales by .*CPU", f"{SCALING}#2 ScalingPolicies 0 TargetTrackingScalingPolicyConfiguration", CPU)
def test_services_scale(stack: DeployedStack) -> None:
    of_web, of_worker = (_policies(stack, service) for service in (_web(stack), _worker(stack)))
    tracked = {_tracked(policy) for policy in of_web if policy["PolicyType"] == "TargetTrackingScaling"}
    # Step policies bring a policy on an expression, which keeps tasks.
    tracked = {each for each in tracked if not each.startswith("IF(")}
    assert tracked == WEB_METRICS, f"web does not scale by {sorted(WEB_METRICS - tracked)}"
    tracked = {_tracked(policy) for policy in of_worker}
    assert tracked == {BACKLOG_PER_TASK}, f"the worker scales by {sorted(tracked)}, not by the backlog per task alone"


# These checks need AMIs, instances and tasks, which only a real account has.


@fails(r"runs \['arm64'\], but .* is x86_64", "ec2.describe_images Images 0 Architecture", "x86_64", only="sandbox")
@fails(r"runs \['x86_64'\], but .* is arm64", "ec2.describe_images Images 0 Architecture", "arm64", only="everything")
@pytest.mark.real_account
def test_ami_and_instance_types_are_of_one_architecture(stack: DeployedStack) -> None:
    image = _template(stack)["ImageId"]
    [ami] = stack.ask("ec2.describe_images", ImageIds=[image])["Images"]
    overrides = _group(stack)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    names = [override["InstanceType"] for override in overrides]
    for each in stack.ask("ec2.describe_instance_types", InstanceTypes=names)["InstanceTypes"]:
        offered = each["ProcessorInfo"]["SupportedArchitectures"]
        assert ami["Architecture"] in offered, (
            f"{each['InstanceType']} runs {offered}, but {image} is {ami['Architecture']}"
        )


@fails("shows no task, after 600 seconds: It works!", BODY, "It works!")
@skips("an image of its own", f"{CONTAINERS} name=announce")
@pytest.mark.real_account
def test_the_page_comes_from_tasks_on_the_instances(stack: DeployedStack) -> None:
    if not _is_demonstration(stack):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    page = page_with(stack, PAGE.search, seconds=DEADLINE_SECONDS)
    assert PAGE.search(page), f"{stack.outputs['Url']} shows no task, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"


@fails("no worker printed 'work: received: A web task has started', after", "logs.filter_log_events events", [])
@skips("an image of its own", f"{CONTAINERS} name=announce")
@pytest.mark.real_account
def test_the_worker_has_received_what_web_sent(stack: DeployedStack) -> None:
    if not _is_demonstration(stack):
        pytest.skip("the message is the demonstration's; this stack runs an image of its own")
    asked = {"logGroupName": stack.outputs["LogGroupName"], "filterPattern": f'"{RECEIVED}"'}
    found = stack.eventually(
        lambda: stack.ask("logs.filter_log_events", **asked)["events"], bool, seconds=DEADLINE_SECONDS
    )
    assert found, f"no worker printed {RECEIVED!r}, after {DEADLINE_SECONDS:g} seconds"


def _group(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::AutoScaling::AutoScalingGroup")
    found = stack.ask("autoscaling.describe_auto_scaling_groups", AutoScalingGroupNames=[name])
    return found["AutoScalingGroups"][0]


def _template(stack: DeployedStack) -> dict[str, Any]:
    """The version of the launch template that the group uses."""
    wanted = _group(stack)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    found = stack.ask(
        "ec2.describe_launch_template_versions",
        LaunchTemplateId=wanted["LaunchTemplateId"],
        Versions=[wanted["Version"]],
    )
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def _provider(stack: DeployedStack) -> dict[str, Any]:
    """The capacity provider, or an empty answer if the stack has none."""
    if not stack.all("AWS::ECS::CapacityProvider"):
        return {}
    name = stack.only("AWS::ECS::CapacityProvider")
    found = stack.ask("ecs.describe_capacity_providers", capacityProviders=[name])["capacityProviders"]
    return found[0]["autoScalingGroupProvider"]


def _cpu_targets(stack: DeployedStack) -> list[float]:
    """The CPU targets of the group's scaling policies. The policy of a capacity provider tracks another metric."""
    group = stack.only("AWS::AutoScaling::AutoScalingGroup")
    policies = stack.ask("autoscaling.describe_policies", AutoScalingGroupName=group)["ScalingPolicies"]
    tracked = [policy["TargetTrackingConfiguration"] for policy in policies if "TargetTrackingConfiguration" in policy]
    return [
        each["TargetValue"]
        for each in tracked
        if each.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") == "ASGAverageCPUUtilization"
    ]


def _web(stack: DeployedStack) -> dict[str, Any]:
    [service] = [service for service in services_of(stack) if service["loadBalancers"]]
    return service


def _worker(stack: DeployedStack) -> dict[str, Any]:
    [service] = [service for service in services_of(stack) if not service["loadBalancers"]]
    return service


def _is_demonstration(stack: DeployedStack) -> bool:
    names = {container["name"] for container in task_of(stack, _web(stack))["containerDefinitions"]}
    return "announce" in names


def _groups_of(service: dict[str, Any]) -> list[str]:
    return service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]


def _queue(stack: DeployedStack) -> dict[str, str]:
    """The queue of the worker, which is not the dead-letter queue."""
    answer = stack.ask("sqs.get_queue_attributes", QueueUrl=stack.outputs["QueueUrl"], AttributeNames=["All"])
    return answer["Attributes"]


def _policies(stack: DeployedStack, service: dict[str, Any]) -> list[dict[str, Any]]:
    resource = f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"
    return stack.ask("application-autoscaling.describe_scaling_policies", ServiceNamespace="ecs", ResourceId=resource)[
        "ScalingPolicies"
    ]


def _tracked(policy: dict[str, Any]) -> str:
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    if "CustomizedMetricSpecification" in configuration:
        return configuration["CustomizedMetricSpecification"]["Metrics"][-1]["Expression"]
    return configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
