"""The plan for each pattern's rehearsal."""

from collections.abc import Mapping
from typing import Final

from rehearsal import (
    CERTIFICATE_ID,
    HOSTED_ZONE_ID,
    IMAGE,
    data_stream,
    event_pipeline,
    lambda_concurrency,
    readers,
    web_api,
    workflow,
)
from rehearsal.account import ACCOUNT_ID, REGION
from rehearsal.plan import ALARM_ADDRESS, Plan, Setting

CERTIFICATE: Final = {"certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/{CERTIFICATE_ID}"}
DOMAIN: Final = {"domain_name": "shop.example.com", "hosted_zone_id": HOSTED_ZONE_ID}
"""A name with a certificate and records that the stack makes."""

RETAINED_BY_CLUSTERS = (
    *("Key/Resource", "Network/FlowLogs/Resource", "Eks/SecretsKey/Resource", "Eks/Logs/Resource"),
    "Eks/KubectlLogs/Resource",
)
INSIGHTS_LOGS = [f"Eks/{kind}Logs/Resource" for kind in ("Application", "Dataplane", "Host", "Performance")]

METRICS = "metrics-server"
TEAM = f"arn:aws:iam::{ACCOUNT_ID}:role/team/developer"

PLANS: Mapping[str, Plan] = {
    "FargateEfsStack": Plan(
        settings={"memory_mib": Setting(1024, readers.task_memory("Fargate/Service/Service"))},
        changes={"Task/Definition/Resource": "Replace", "Fargate/Service/Service": "Modify"},
        production_settings={**ALARM_ADDRESS, **DOMAIN},
        retained_in_production=frozenset(
            {
                *("Files/FileSystem/Resource", "Front/AccessLogs/Resource", "Key/Resource"),
                *("Network/FlowLogs/Resource", "TaskLogs/Resource"),
            }
        ),
    ),
    "FargatePrivateLinkStack": Plan(
        settings={
            "acceptance_required": Setting(False, readers.acceptance_required),
            "memory_mib": Setting(1024, readers.task_memory("Fargate/Service/Service")),
        },
        changes={
            "EndpointService/Service/Service": "Modify",
            "Fargate/Service/Service": "Modify",
            "Task/Definition/Resource": "Replace",
        },
        production_settings={
            **ALARM_ADDRESS,
            **CERTIFICATE,
            "protocol": "TLS",
        },
        retained_in_production=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsEc2Stack": Plan(
        settings={
            "target_capacity_percent": Setting(90, readers.target_capacity),
            "memory_mib": Setting(512, readers.task_memory("Web/Service/Service")),
            "worker_memory_mib": Setting(768, readers.task_memory("Worker/Service/Service")),
        },
        changes={
            "Capacity/Provider/Provider": "Modify",
            "Web/Service/Service": "Modify",
            "WebTask/Definition/Resource": "Replace",
            "Worker/Service/Service": "Modify",
            "WorkerTask/Definition/Resource": "Replace",
        },
        production_settings={**ALARM_ADDRESS, **CERTIFICATE},
        retained_in_production=frozenset(
            {
                *("Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"),
                *("Work/Queue/Resource", "Work/DeadLetters/Resource"),
            }
        ),
    ),
    "EcsManagedInstancesStack": Plan(
        settings={
            "max_vcpus": Setting(8, readers.max_vcpus),
            "memory_mib": Setting(512, readers.task_memory("Web/Service/Service")),
        },
        changes={
            "Capacity/Provider/Provider": "Modify",
            "Web/Service/Service": "Modify",
            "WebTask/Definition/Resource": "Replace",
        },
        production_settings={**ALARM_ADDRESS, **CERTIFICATE},
        retained_in_production=frozenset(
            {"Front/AccessLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}
        ),
    ),
    "EcsExpressStack": Plan(
        settings={"max_tasks": Setting(8, readers.max_tasks)},
        changes={"Express/Service": "Modify"},
        retained_in_production=frozenset({"Key/Resource", "Network/FlowLogs/Resource", "TaskLogs/Resource"}),
    ),
    "EcsAnywhereStack": Plan(
        settings={"host_port": Setting(8080, readers.host_port)},
        changes={"Task/Definition/Resource": "Replace", "Anywhere/Service/Service": "Modify"},
        retained_in_production=frozenset({"Key/Resource", "TaskLogs/Resource"}),
    ),
    "EksManagedNodesStack": Plan(
        settings={
            "max_spot_nodes": Setting(8, readers.max_spot_nodes),
            "volume_gib": Setting(40, readers.volume_size("Spot/Template/Resource")),
        },
        changes={
            "Spot/Group/Resource": "Modify",
            "Spot/Template/Resource": "Modify",
            "System/Template/Resource": "Modify",
        },
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksSelfManagedNodesStack": Plan(
        settings={
            "max_nodes": Setting(8, readers.max_nodes),
            "volume_gib": Setting(40, readers.volume_size("Nodes/Template/Resource")),
        },
        changes={"Nodes/Group/ASG": "Modify", "Nodes/Template/Resource": "Modify"},
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksAutoModeStack": Plan(
        settings={
            "upgrade_policy": Setting("EXTENDED", readers.support_type),
            "access": Setting(
                [{"principal": TEAM, "level": "edit", "namespaces": ["team-*"]}], readers.access_of(TEAM)
            ),
        },
        changes={"Eks/Cluster/Resource": "Modify", "Eks/Accessdeveloper6cbfaf0e/Resource": "Add"},
        emulated_only=frozenset({"access"}),
        retained_in_production=frozenset({*RETAINED_BY_CLUSTERS, *INSIGHTS_LOGS}),
    ),
    "EksFargateStack": Plan(
        settings={
            "namespaces": Setting(["default", "team"], readers.fargate_namespaces),
            "add_ons": Setting({METRICS: {"version": "v0.8.0-eksbuild.2"}}, readers.version_of(METRICS)),
        },
        changes={"Eks/MetricsServer": "Add", "Pods/Own/Resource": "Replace"},
        emulated_only=frozenset({"add_ons"}),  # AWS offers a version of an add-on for some time only
        retained_in_production=frozenset(
            {
                *RETAINED_BY_CLUSTERS,
                *("Eks/PendingPodsLogs/Resource", "Files/FileSystem/Resource", "Pods/Logs/Resource"),
            }
        ),
    ),
    "EcrStack": Plan(
        settings={"untagged_days": Setting(7, readers.untagged_days)},
        changes={"Repository/Resource": "Modify"},
        retained_in_production=frozenset({"Repository/Resource", "Key/Resource"}),
    ),
    "AppRunnerStack": Plan(
        settings={"max_concurrency": Setting(50, readers.max_concurrency)},
        changes={"AppRunner/Scaling": "Replace", "AppRunner/Service": "Modify"},
        # The pattern requires only the address. With the others, the rehearsal includes the optional resources.
        production_settings={
            **ALARM_ADDRESS,
            "image": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/{':'.join(IMAGE)}",
            "automatic_deployments": True,
            "vpc_connector": True,
            "private_ingress": True,
            "web_acl_arn": f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/main/1a2b3c4d",
        },
        retained_in_production=frozenset({"Key/Resource", "Network/FlowLogs/Resource"}),
    ),
    "LambdaEdgeStack": Plan(
        settings={
            "price_class": Setting("200", readers.price_class),
            "variant_b_percent": Setting(30, readers.variant_b_percent),
        },
        changes={
            "Distribution/Resource": "Modify",
            "ViewerRequest/Function/Resource": "Replace",
            "ViewerRequest/Function/CurrentVersion/Resource": "Replace",
            "ViewerRequest/Logs/Resource": "Replace",
        },
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
        settings={"memory_mib": Setting(512, readers.alias_memory("Work/Function/Resource"))},
        # The alias changes, too. It refers to an attribute of the new version, so the change set cannot tell.
        changes={"Work/Function/Resource": "Modify", "Work/Function/CurrentVersion/Resource": "Replace"},
        retained_in_production=frozenset(
            {
                *("Failures/Queue/Resource", "Items/Table/Resource", "Key/Resource", "Logs/Resource"),
                "RedriveLogs/Resource",
            }
        ),
        use=lambda_concurrency.use,
        use_updated=lambda_concurrency.use_updated,
    ),
    "AuroraServerlessStack": Plan(
        settings={"max_acu": Setting(16, readers.max_acu)},
        changes={
            "Database/Cluster/Resource": "Modify",
            "Monitoring/Dashboard/Resource": "Modify",
            "Monitoring/DatabaseConnections/Resource": "Modify",
            "Monitoring/DatabaseMemory/Resource": "Modify",
            "Monitoring/MaximumCapacity/Resource": "Modify",
        },
        retained_in_production=frozenset(
            {"Database/Logs/Resource", "Key/Resource", "Logs/Resource", "Network/FlowLogs/Resource"}
        ),
    ),
    "WebApiStack": Plan(
        settings={
            "max_write_request_units": Setting(500, readers.max_write_request_units),
            "memory_mib": Setting(1024, readers.alias_memory("Read/Function/Resource", "Write/Function/Resource")),
            "read_rate": Setting(200, readers.read_rate),
        },
        changes={
            "Http/Stage/Resource": "Modify",
            "Items/Table/Resource": "Modify",
            "Read/Function/CurrentVersion/Resource": "Replace",
            "Read/Function/Resource": "Modify",
            "Write/Function/CurrentVersion/Resource": "Replace",
            "Write/Function/Resource": "Modify",
        },
        production_settings={**ALARM_ADDRESS, "callback_urls": ["https://app.example.org/callback"]},
        retained_in_production=frozenset(
            {
                *("AccessLog/Resource", "Items/Table/Resource", "Key/Resource", "ReadLogs/Resource"),
                *("SignIn/UserPool/Resource", "WriteLogs/Resource"),
            }
        ),
        use=web_api.use,
    ),
    "EventPipelineStack": Plan(
        settings={
            "content_types": Setting(event_pipeline.CONTENT_TYPES, readers.content_types),
        },
        changes={
            f"Functions/{name}/Function/{part}": action
            for name in ("Audit", "Form", "Process")
            for part, action in (("CurrentVersion/Resource", "Replace"), ("Resource", "Modify"))
        },
        retained_in_production=frozenset(
            {
                *("Functions/AuditLogs/Resource", "Functions/FormLogs/Resource", "Functions/ProcessLogs/Resource"),
                *("Key/Resource", "Results/Table/Resource", "Uploads/Bucket/Resource"),
                *(
                    f"{name}Work/{queue}/Resource"
                    for name in ("Audit", "Process")
                    for queue in ("DeadLetters", "Queue")
                ),
            }
        ),
        use=event_pipeline.use,
        use_updated=event_pipeline.use_updated,
    ),
    "DataStreamStack": Plan(
        settings={
            "buffer_seconds": Setting(300, readers.buffer_seconds),
            "retention_days": Setting(400, readers.retention_days),
        },
        # The stream changes, too. It refers to an attribute of the bucket, so the change set cannot tell.
        changes={
            "Events/Bucket/Resource": "Modify",
            "Monitoring/Dashboard/Resource": "Modify",
            "Monitoring/LateRecords/Resource": "Modify",
            "Table/Table/Table": "Modify",
        },
        production_settings={**ALARM_ADDRESS, "topic_arn": data_stream.TOPIC_ARN},
        retained_in_production=frozenset(
            {
                *("Events/Bucket/Resource", "Key/Resource", "StreamLogs/Resource", "TransformLogs/Resource"),
                *("StreamLogs/S3Backup/Resource", "StreamLogs/S3Destination/Resource"),
                "Subscription/Failures/Queue/Resource",
            }
        ),
        use=data_stream.use,
        use_updated=data_stream.use_updated,
    ),
    "WorkflowStack": Plan(
        settings={"approval_above": Setting(workflow.APPROVAL_ABOVE, readers.approval_above)},
        # Version and alias change, too. They refer to attributes of what changes, so the change set cannot tell.
        changes={"Workflow/StateMachine/Resource": "Modify"},
        # An execution of the old version can still be redriven.
        replaced_and_retained=frozenset({"Workflow/Version"}),
        retained_in_production=frozenset(
            {
                *("Approvals/Queue/Resource", "Attention/Queue/Resource", "Books/Table/Resource"),
                *("Documents/Bucket/Resource", "ExecutionLogs/Resource", "Key/Resource", "Network/FlowLogs/Resource"),
                *(f"Functions/{name}Logs/Resource" for name in ("Orders", "Payments", "Shipments", "Stock")),
                "PackLogs/Resource",
            }
        ),
        use=workflow.use,
        use_updated=workflow.use_updated,
    ),
    # The stack begins without a role. In production, it uses a provider that the account has already, because an
    # account has one only, and the sandbox of the rehearsal makes it.
    "DeployRoleStack": Plan(
        settings={"repository": Setting("octo-org/shop", readers.trusted_repository)},
        changes={
            f"Production{role}/{resource}": "Add"
            for role in ("Deploy", "Review")
            for resource in ("DefaultPolicy/Resource", "Resource")
        },
        # An account has one provider for GitHub. The one of the sandbox is for both stages.
        production_settings={"existing_provider": True, "repository": "octo-org/depot"},
        changes_in_production={"ProductionDeploy/Resource": "Modify", "ProductionReview/Resource": "Modify"},
    ),
}
