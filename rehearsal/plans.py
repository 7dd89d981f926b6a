"""The plan for each pattern's rehearsal: which setting to change, and which resources may change and remain."""

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
"""The stages of a rehearsal: the sandbox, whose stacks are directly in the app, and a stage in posture production."""

ALARM_ADDRESS: Final = {"alarm_email": "ops@example.com"}
"""The setting that every pattern with alarms requires in production."""

Action = Literal["Add", "Modify", "Replace", "Remove"]

PhysicalIds = Mapping[str, str]
"""The physical ids of the stack's resources, by construct path below the stack."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan for one pattern. It names resources by their construct paths below the stack."""

    setting: str
    """The setting that the update changes."""
    value: Any
    """The new value of the setting. It differs from the default."""
    changes: Mapping[str, Action]
    """The resources that the update changes. No other resource may change."""
    read_value: Callable[[boto3.Session, PhysicalIds], Any]
    """Reads the value of the setting from the account."""
    production_settings: Mapping[str, Any] = field(default_factory=lambda: ALARM_ADDRESS)
    """Settings that the pattern requires in production."""
    retained_in_production: frozenset[str] = frozenset()
    """The resources that remain after the deletion of the stack in production. In the sandbox none remain."""
    always_retained: frozenset[str] = frozenset()
    """The resources that remain in both postures, also after a failed creation. AWS does not allow to delete them in
    time, and they cost nothing."""


def _task_memory(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [service] = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids["Fargate/Service/Service"]])[
        "services"
    ]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return int(definition["memory"])


def _acceptance_required(session: boto3.Session, ids: PhysicalIds) -> bool:
    [service] = session.client("ec2").describe_vpc_endpoint_service_configurations(
        ServiceIds=[ids["EndpointService/Service/Service"]]
    )["ServiceConfigurations"]
    return service["AcceptanceRequired"]


def _untagged_days(session: boto3.Session, ids: PhysicalIds) -> int:
    answer = session.client("ecr").get_lifecycle_policy(repositoryName=ids["Repository/Resource"])
    [untagged] = [
        rule["selection"]
        for rule in json.loads(answer["lifecyclePolicyText"])["rules"]
        if rule["selection"]["tagStatus"] == "untagged"
    ]
    return untagged["countNumber"]


def _alias_memory(session: boto3.Session, ids: PhysicalIds) -> int:
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


def _max_vcpus(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [provider] = ecs.describe_capacity_providers(capacityProviders=[ids["Capacity/Provider/Provider"]])[
        "capacityProviders"
    ]
    launch = provider["managedInstancesProvider"]["instanceLaunchTemplate"]
    return launch["instanceRequirements"]["vCpuCount"]["max"]


def _max_tasks(session: boto3.Session, ids: PhysicalIds) -> int:
    arn = ids["Express/Service"]
    found = session.client("ecs").describe_express_gateway_service(serviceArn=arn)["service"]
    return found["activeConfigurations"][0]["scalingTarget"]["maxTaskCount"]


def _host_port(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    found = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids["Anywhere/Service/Service"]])
    [service] = found["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    [mapping] = definition["containerDefinitions"][0]["portMappings"]
    return int(mapping["hostPort"])


def _max_spot_nodes(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Spot/Group/Resource"].rpartition("/")[2]
    found = session.client("eks").describe_nodegroup(clusterName=ids["Eks/Cluster/Resource"], nodegroupName=name)
    return found["nodegroup"]["scalingConfig"]["maxSize"]


def _support_type(session: boto3.Session, ids: PhysicalIds) -> str:
    found = session.client("eks").describe_cluster(name=ids["Eks/Cluster/Resource"])
    return found["cluster"]["upgradePolicy"]["supportType"]


def _fargate_namespaces(session: boto3.Session, ids: PhysicalIds) -> list[str]:
    name, profile = ids["Pods/Own/Resource"].split("|")
    found = session.client("eks").describe_fargate_profile(clusterName=name, fargateProfileName=profile)
    return [selector["namespace"] for selector in found["fargateProfile"]["selectors"]]


def _max_nodes(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Nodes/Group/ASG"]
    [group] = session.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return group["MaxSize"]


def _price_class(session: boto3.Session, ids: PhysicalIds) -> str:
    distribution = session.client("cloudfront").get_distribution_config(Id=ids["Distribution/Resource"])
    return distribution["DistributionConfig"]["PriceClass"].removeprefix("PriceClass_")


def _max_concurrency(session: boto3.Session, ids: PhysicalIds) -> int:
    app_runner = session.client("apprunner")
    service = app_runner.describe_service(ServiceArn=ids["AppRunner/Service"])["Service"]
    used = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
    found = app_runner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=used)
    return found["AutoScalingConfiguration"]["MaxConcurrency"]


RETAINED_BY_CLUSTERS = (
    *("Key/Resource", "Network/FlowLogs/Resource", "Eks/SecretsKey/Resource", "Eks/Logs/Resource"),
    "Eks/Cluster/KubectlProvider/Handler/LogGroup/Resource",
    "Eks/Cluster/KubectlProvider/Provider/framework-onEvent/LogGroup/Resource",
)
INSIGHTS_LOGS = [f"Eks/{kind}Logs/Resource" for kind in ("Application", "Dataplane", "Host", "Performance")]

PLANS: Mapping[str, Plan] = {
    "FargateEfsStack": Plan(
        setting="memory_mib",
        value=1024,
        changes={"Task/Definition/Resource": "Replace", "Fargate/Service/Service": "Modify"},
        read_value=_task_memory,
        production_settings={
            **ALARM_ADDRESS,
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012",
        },
        retained_in_production=frozenset(
            {
                *("Files/FileSystem/Resource", "Front/AccessLogs/Resource", "Key/Resource"),
                *("Network/FlowLogs/Resource", "TaskLogs/Resource"),
            }
        ),
    ),
    "FargatePrivateLinkStack": Plan(
        setting="acceptance_required",
        value=False,
        changes={"EndpointService/Service/Service": "Modify"},
        read_value=_acceptance_required,
        production_settings={
            **ALARM_ADDRESS,
            "protocol": "TLS",
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012",
        },
        retained_in_production=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsEc2Stack": Plan(
        setting="target_capacity_percent",
        value=90,
        changes={"Capacity/Provider/Provider": "Modify"},
        read_value=_target_capacity,
        production_settings={
            **ALARM_ADDRESS,
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012",
        },
        retained_in_production=frozenset(
            {
                *("Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"),
                *("Work/Queue/Resource", "Work/DeadLetters/Resource"),
            }
        ),
    ),
    "EcsManagedInstancesStack": Plan(
        setting="max_vcpus",
        value=8,
        changes={"Capacity/Provider/Provider": "Modify"},
        read_value=_max_vcpus,
        production_settings={
            **ALARM_ADDRESS,
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/12345678-1234-1234-1234-123456789012",
        },
        retained_in_production=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsExpressStack": Plan(
        setting="max_tasks",
        value=8,
        changes={"Express/Service": "Modify"},
        read_value=_max_tasks,
        retained_in_production=frozenset({"Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}),
    ),
    "EcsAnywhereStack": Plan(
        setting="host_port",
        value=8080,
        changes={"Task/Definition/Resource": "Replace", "Anywhere/Service/Service": "Modify"},
        read_value=_host_port,
        retained_in_production=frozenset({"Key/Resource", "TaskLogs/Resource"}),
    ),
    "EksManagedNodesStack": Plan(
        setting="max_spot_nodes",
        value=8,
        changes={"Spot/Group/Resource": "Modify"},
        read_value=_max_spot_nodes,
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksSelfManagedNodesStack": Plan(
        setting="max_nodes",
        value=8,
        changes={"Nodes/Group/ASG": "Modify"},
        read_value=_max_nodes,
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksAutoModeStack": Plan(
        setting="upgrade_policy",
        value="EXTENDED",
        changes={"Eks/Cluster/Resource": "Modify"},
        read_value=_support_type,
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksFargateStack": Plan(
        setting="namespaces",
        value=["default", "team"],
        changes={"Pods/Own/Resource": "Replace"},
        read_value=_fargate_namespaces,
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, "Pods/Logs/Resource", "Files/FileSystem/Resource"}),
    ),
    "EcrStack": Plan(
        setting="untagged_days",
        value=7,
        changes={"Repository/Resource": "Modify"},
        read_value=_untagged_days,
        retained_in_production=frozenset({"Repository/Resource", "Key/Resource"}),
    ),
    "AppRunnerStack": Plan(
        setting="max_concurrency",
        value=50,
        changes={"AppRunner/Scaling": "Replace", "AppRunner/Service": "Modify"},
        read_value=_max_concurrency,
        # The pattern requires only the address. With the others, the rehearsal includes the optional resources.
        production_settings={
            **ALARM_ADDRESS,
            "image": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/team/app:v1",
            "automatic_deployments": True,
            "vpc_connector": True,
            "private_ingress": True,
            "web_acl_arn": f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/main/1a2b3c4d",
        },
        retained_in_production=frozenset({"Key/Resource", "Network/FlowLogs/Resource"}),
    ),
    "LambdaEdgeStack": Plan(
        setting="price_class",
        value="200",
        changes={"Distribution/Resource": "Modify"},
        read_value=_price_class,
        retained_in_production=frozenset(
            {"AccessLogs/Bucket/Resource", "Bucket/Resource", "Key/Resource", "Site/Logs/Resource"}
        ),
        always_retained=frozenset(
            f"{event}{side}/Function/{part}"
            for event in ("Viewer", "Origin")
            for side in ("Request", "Response")
            for part in ("Resource", "CurrentVersion/Resource")
        ),
    ),
    "LambdaConcurrencyStack": Plan(
        setting="memory_mib",
        value=512,
        # The alias changes, too. It refers to an attribute of the new version, so the change set cannot tell.
        changes={"Work/Function/Resource": "Modify", "Work/Function/CurrentVersion/Resource": "Replace"},
        read_value=_alias_memory,
        retained_in_production=frozenset({"Failures/Queue/Resource", "Key/Resource", "Logs/Resource"}),
    ),
}
