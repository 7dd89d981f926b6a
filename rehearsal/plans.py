"""What the rehearsal of each pattern changes, and what may change with it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import boto3

from rehearsal.account import ACCOUNT_ID, REGION

AS_CONFIGURED: Final = "configured"
"""The folder of the app as cdk.json configures it."""
CHANGED: Final = "changed"
"""The folder of the app with the changed setting of each pattern."""
SANDBOX: Final = "sandbox"
STAGES: Final = (SANDBOX, "production")
"""The stages that are rehearsed: the sandbox, whose stacks stand in the app, and a stage in the posture production."""

Touch = Literal["Add", "Modify", "Replace", "Remove"]

PhysicalIds = Mapping[str, str]
"""The stack's resources: physical ids by construct path below the stack."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One pattern's part of a rehearsal."""

    setting: str
    """The setting that an update changes."""
    value: Any
    """Its new value, another than the default."""
    touches: Mapping[str, Touch]
    """What becomes of which resources with it, by construct path below the stack; no other may change."""
    in_effect: Callable[[boto3.Session, PhysicalIds], Any]
    """Asks the account which value is in effect."""
    production: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the pattern requires in production."""
    keeps: frozenset[str] = frozenset()
    """What production keeps when the stack is destroyed, by construct path below the stack; sandbox keeps nothing."""
    outlives: frozenset[str] = frozenset()
    """What either posture keeps, also of a creation that fails, for it cannot be deleted yet and costs nothing."""


def _memory_of_new_tasks(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [service] = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids["Fargate/Service/Service"]])[
        "services"
    ]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return int(definition["memory"])


def _acceptance_of_connections(session: boto3.Session, ids: PhysicalIds) -> bool:
    [service] = session.client("ec2").describe_vpc_endpoint_service_configurations(
        ServiceIds=[ids["EndpointService/Service/Service"]]
    )["ServiceConfigurations"]
    return service["AcceptanceRequired"]


def _age_of_untagged_images(session: boto3.Session, ids: PhysicalIds) -> int:
    answer = session.client("ecr").get_lifecycle_policy(repositoryName=ids["Repository/Resource"])
    [untagged] = [
        rule["selection"]
        for rule in json.loads(answer["lifecyclePolicyText"])["rules"]
        if rule["selection"]["tagStatus"] == "untagged"
    ]
    return untagged["countNumber"]


def _memory_by_the_alias(session: boto3.Session, ids: PhysicalIds) -> int:
    answer = session.client("lambda").get_function_configuration(
        FunctionName=ids["Work/Function/Resource"], Qualifier="live"
    )
    return answer["MemorySize"]


def _target_capacity(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [provider] = ecs.describe_capacity_providers(capacityProviders=[ids["Capacity/Provider/Provider"]])[
        "capacityProviders"
    ]
    return provider["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"]


def _most_vcpus(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [provider] = ecs.describe_capacity_providers(capacityProviders=[ids["Capacity/Provider/Provider"]])[
        "capacityProviders"
    ]
    launch = provider["managedInstancesProvider"]["instanceLaunchTemplate"]
    return launch["instanceRequirements"]["vCpuCount"]["max"]


def _most_tasks(session: boto3.Session, ids: PhysicalIds) -> int:
    arn = ids["Express/Service"]
    found = session.client("ecs").describe_express_gateway_service(serviceArn=arn)["service"]
    return found["activeConfigurations"][0]["scalingTarget"]["maxTaskCount"]


def _port_of_machines(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    found = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids["Anywhere/Service/Service"]])
    [service] = found["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    [mapping] = definition["containerDefinitions"][0]["portMappings"]
    return int(mapping["hostPort"])


def _most_nodes_on_spot(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Spot/Group/Resource"].rpartition("/")[2]
    found = session.client("eks").describe_nodegroup(clusterName=ids["Eks/Cluster/Resource"], nodegroupName=name)
    return found["nodegroup"]["scalingConfig"]["maxSize"]


def _support_at_the_end(session: boto3.Session, ids: PhysicalIds) -> str:
    found = session.client("eks").describe_cluster(name=ids["Eks/Cluster/Resource"])
    return found["cluster"]["upgradePolicy"]["supportType"]


def _namespaces_on_fargate(session: boto3.Session, ids: PhysicalIds) -> list[str]:
    name, profile = ids["Pods/Own/Resource"].split("|")
    found = session.client("eks").describe_fargate_profile(clusterName=name, fargateProfileName=profile)
    return [selector["namespace"] for selector in found["fargateProfile"]["selectors"]]


def _most_nodes(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Nodes/Group/ASG"]
    [group] = session.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return group["MaxSize"]


def _price_class(session: boto3.Session, ids: PhysicalIds) -> str:
    distribution = session.client("cloudfront").get_distribution_config(Id=ids["Distribution/Resource"])
    return distribution["DistributionConfig"]["PriceClass"].removeprefix("PriceClass_")


def _requests_at_once(session: boto3.Session, ids: PhysicalIds) -> int:
    app_runner = session.client("apprunner")
    service = app_runner.describe_service(ServiceArn=ids["AppRunner/Service"])["Service"]
    used = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
    found = app_runner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=used)
    return found["AutoScalingConfiguration"]["MaxConcurrency"]


KEPT_OF_A_CLUSTER = (
    *("Key/Resource", "Network/FlowLogs/Resource", "Eks/SecretsKey/Resource", "Eks/Logs/Resource"),
    "Eks/Cluster/KubectlProvider/Handler/LogGroup/Resource",
    "Eks/Cluster/KubectlProvider/Provider/framework-onEvent/LogGroup/Resource",
)
INSIGHTS_LOGS = [f"Eks/{kind}Logs/Resource" for kind in ("Application", "Dataplane", "Host", "Performance")]

PLANS: Mapping[str, Plan] = {
    "FargateEfsStack": Plan(
        setting="memory_mib",
        value=1024,
        touches={"Task/Definition/Resource": "Replace", "Fargate/Service/Service": "Modify"},
        in_effect=_memory_of_new_tasks,
        production={
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012"
        },
        keeps=frozenset(
            {
                *("Files/FileSystem/Resource", "Front/AccessLogs/Resource", "Key/Resource"),
                *("Network/FlowLogs/Resource", "TaskLogs/Resource"),
            }
        ),
    ),
    "FargatePrivateLinkStack": Plan(
        setting="acceptance_required",
        value=False,
        touches={"EndpointService/Service/Service": "Modify"},
        in_effect=_acceptance_of_connections,
        production={
            "protocol": "TLS",
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012",
        },
        keeps=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsEc2Stack": Plan(
        setting="target_capacity_percent",
        value=90,
        touches={"Capacity/Provider/Provider": "Modify"},
        in_effect=_target_capacity,
        production={
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012"
        },
        keeps=frozenset(
            {
                *("Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"),
                *("Work/Queue/Resource", "Work/DeadLetters/Resource"),
            }
        ),
    ),
    "EcsManagedInstancesStack": Plan(
        setting="max_vcpus",
        value=8,
        touches={"Capacity/Provider/Provider": "Modify"},
        in_effect=_most_vcpus,
        production={
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012"
        },
        keeps=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsExpressStack": Plan(
        setting="max_tasks",
        value=8,
        touches={"Express/Service": "Modify"},
        in_effect=_most_tasks,
        keeps=frozenset({"Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}),
    ),
    "EcsAnywhereStack": Plan(
        setting="host_port",
        value=8080,
        touches={"Task/Definition/Resource": "Replace", "Anywhere/Service/Service": "Modify"},
        in_effect=_port_of_machines,
        keeps=frozenset({"Key/Resource", "TaskLogs/Resource"}),
    ),
    "EksManagedNodesStack": Plan(
        setting="max_spot_nodes",
        value=8,
        touches={"Spot/Group/Resource": "Modify"},
        in_effect=_most_nodes_on_spot,
        keeps=frozenset({*KEPT_OF_A_CLUSTER, *INSIGHTS_LOGS}),
    ),
    "EksSelfManagedNodesStack": Plan(
        setting="max_nodes",
        value=8,
        touches={"Nodes/Group/ASG": "Modify"},
        in_effect=_most_nodes,
        keeps=frozenset({*KEPT_OF_A_CLUSTER, *INSIGHTS_LOGS}),
    ),
    "EksAutoModeStack": Plan(
        setting="upgrade_policy",
        value="EXTENDED",
        touches={"Eks/Cluster/Resource": "Modify"},
        in_effect=_support_at_the_end,
        keeps=frozenset({*KEPT_OF_A_CLUSTER, *INSIGHTS_LOGS}),
    ),
    "EksFargateStack": Plan(
        setting="namespaces",
        value=["default", "team"],
        touches={"Pods/Own/Resource": "Replace"},
        in_effect=_namespaces_on_fargate,
        keeps=frozenset({*KEPT_OF_A_CLUSTER, "Pods/Logs/Resource", "Files/FileSystem/Resource"}),
    ),
    "EcrStack": Plan(
        setting="untagged_days",
        value=7,
        touches={"Repository/Resource": "Modify"},
        in_effect=_age_of_untagged_images,
        keeps=frozenset({"Repository/Resource", "Key/Resource"}),
    ),
    "AppRunnerStack": Plan(
        setting="max_concurrency",
        value=50,
        touches={"AppRunner/Scaling": "Replace", "AppRunner/Service": "Modify"},
        in_effect=_requests_at_once,
        # None of them is required: with them, the optional parts are rehearsed too.
        production={
            "image": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/team/app:v1",
            "automatic_deployments": True,
            "vpc_connector": True,
            "private_ingress": True,
            "web_acl_arn": f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/main/1a2b3c4d",
        },
        keeps=frozenset({"Key/Resource", "Network/FlowLogs/Resource"}),
    ),
    "LambdaEdgeStack": Plan(
        setting="price_class",
        value="200",
        touches={"Distribution/Resource": "Modify"},
        in_effect=_price_class,
        keeps=frozenset({"AccessLogs/Bucket/Resource", "Bucket/Resource", "Key/Resource", "Site/Logs/Resource"}),
        outlives=frozenset(
            f"{event}{side}/Function/{part}"
            for event in ("Viewer", "Origin")
            for side in ("Request", "Response")
            for part in ("Resource", "CurrentVersion/Resource")
        ),
    ),
    "LambdaConcurrencyStack": Plan(
        setting="memory_mib",
        value=512,
        # The alias moves with it; its version is an attribute of the new one, so the change set leaves it open.
        touches={"Work/Function/Resource": "Modify", "Work/Function/CurrentVersion/Resource": "Replace"},
        in_effect=_memory_by_the_alias,
        keeps=frozenset({"Failures/Queue/Resource", "Key/Resource", "Logs/Resource"}),
    ),
}
