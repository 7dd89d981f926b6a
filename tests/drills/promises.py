"""The promises of each pattern: which events ring, within how many minutes, and what to do then.

The minutes come from what a user needs, not from what the alarms do. An outage that clients notice has to be known
within five minutes. What costs only redundancy, or what nobody notices yet, has more time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.drills import (
    api_events,
    calm,
    cluster_events,
    database_events,
    edge_events,
    events,
    pipeline_events,
    stream_events,
    work_events,
    workflow_events,
)
from tests.drills.scenarios import Scenario


@dataclass(frozen=True)
class Promise:
    """An event, and the minutes within which people hear of it."""

    event: Scenario
    minutes: int
    remedy: str
    """The remedy, as a sentence or two of Markdown."""


@dataclass(frozen=True)
class Drill:
    """All that a pattern promises."""

    rings: Sequence[Promise]
    silent: Sequence[Scenario]


STOPPED: Final = "The events of the service and its stopped tasks give the reason."
LOGS: Final = "See the log group for errors of the application."
HEALTH_CHECK: Final = (
    "Compare the path and the port of the health check with the application. "
    "`aws elbv2 describe-target-health` gives the reason."
)
CAPACITY: Final = "The events of the service give the reason. Wait, or choose other capacity."
SLOW: Final = (
    "If CPU or memory on the dashboard is high, raise `max_tasks`, or `cpu` and `memory_mib`. If not, find what the "
    "application waits for."
)
ROLLED_BACK: Final = "The message has the reason. See the stopped tasks and their logs, repair, and deploy again."

DATABASE: Final = "The events of the cluster in the RDS console give the reason."

STREAM_LOG: Final = (
    "The error log of the stream has the reason. Repair the bucket, the role, the table or the key within 24 hours: "
    "Firehose loses older records."
)
TRANSFORM: Final = (
    "Read the error in the log group of the transform. Its records are below `errors/processing-failed/`."
)
FAILED: Final = (
    "The log group of the transform has the reason. Repair the producer or the transform, and "
    "[put the records again](#records-that-failed)."
)
UNDELIVERED: Final = (
    "Compare the role of the subscription with the template, and "
    "[put the messages into the stream](#messages-that-sns-could-not-deliver)."
)
RAISE_CONCURRENCY_OF_ACCOUNT: Final = "Ask AWS for a higher quota of concurrent executions, or find who uses it up."

ACCESS_LOG: Final = (
    "Find a failed request in the access log (output `AccessLogName`), and its `requestId` in the logs of the "
    "functions."
)
RAISE_RATES: Final = (
    "The access log has the clients. If they are welcome, raise `read_rate` and `read_burst`, or those for writes."
)
RAISE_UNITS: Final = (
    "Raise `max_read_request_units` or `max_write_request_units`, or find the caller who sends so much."
)
RAISE_CONCURRENCY: Final = "Raise `reserved_concurrency`, or ask AWS for a higher quota."
SLOW_CALLS: Final = "The traces of the functions show what takes the time. Raise `memory_mib` if it is their own code."
NEW_VERSION: Final = (
    "CodeDeploy has shifted the traffic back. See the logs of the new version, repair, and deploy again."
)
SIGN_INS: Final = (
    "CloudTrail has the sign-ins with their addresses. Turn on MFA, or threat protection with the plan PLUS."
)
REPAIR: Final = (
    "The log group of the function has the reason, and the id of the message. Repair it, if you can before the last "
    "attempt."
)
REDRIVE: Final = (
    "Find the reason in the log group by the id of the message. Repair, and start the redrive by the command in the "
    "outputs."
)
EDGE_LOGS: Final = (
    "Read the log group of the function (output `LogGroupNames`) in the Region nearest to the viewers, and go back to "
    "the last version."
)
EDGE_QUOTA: Final = (
    "`ConcurrentExecutions` of each Region shows where. Ask AWS for a higher quota there, or reserve concurrency for "
    "the function that uses most."
)
EDGE_ORIGIN: Final = "Compare the policy of the bucket with the template: `cdk drift` shows what differs. Restore it."
OPERATION: Final = (
    "The message and the log group `…/service` have the reason. The service still runs what it ran before. Repair, and "
    "deploy again."
)
APP_LOGS: Final = "`LogsCommand` shows the logs of the application."
UNDONE: Final = (
    "The cause is in the list of executions. `OrderUndone` means that all is undone: repair, and start the order under "
    "a new id. Otherwise, repair and continue by the command in the outputs (redrive)."
)
STOPPED_ORDER: Final = "Nothing was undone. The message has the command that continues the execution (redrive)."
FILES: Final = Promise(
    events.files_at_their_limit(),
    15,
    "Find what reads or writes so much. Cache, or write in larger pieces. AWS Support can raise the limit.",
)
ROLL_BACK: Final = Promise(events.roll_back(), 1, ROLLED_BACK)


def tasks_ring() -> list[Promise]:
    """The promises of any service about its tasks, whoever its clients are."""
    return [
        Promise(events.total_outage(requests=0), 15, STOPPED),
        Promise(events.crash_loop(requests=0), 20, STOPPED),
        Promise(events.one_crashes(), 20, STOPPED),
        Promise(events.no_room(), 20, CAPACITY),
    ]


def web_rings() -> list[Promise]:
    """The promises of a service behind an Application Load Balancer."""
    return [
        Promise(events.total_outage(requests=600), 5, STOPPED),
        Promise(events.total_outage(requests=5), 5, STOPPED),
        Promise(events.crash_loop(requests=600), 10, STOPPED),
        *tasks_ring(),
        Promise(events.failing(5, 5, "Every request fails (5 a minute)"), 10, LOGS),
        Promise(events.failing(600, 60, "One request in ten fails"), 10, LOGS),
        Promise(events.quiet_service_fails(), 30, LOGS),
        Promise(events.unanswered(), 10, SLOW),
        Promise(events.slow(), 10, SLOW),
        ROLL_BACK,
    ]


def targets_ring() -> list[Promise]:
    """The promises of a service behind any load balancer about its targets."""
    return [
        Promise(events.one_unhealthy(), 15, HEALTH_CHECK),
        Promise(events.all_unhealthy(), 10, HEALTH_CHECK),
    ]


def tasks_are_silent(*, start_minutes: int) -> list[Scenario]:
    """:param start_minutes: how long a task may take to start, with an instance for it where that has to boot."""
    return [
        calm.day(),
        calm.quiet_night(),
        calm.rolling_deployment(),
        calm.scale_out(start_minutes=2),
        calm.scale_out(start_minutes=start_minutes),
        calm.growth(start_minutes=start_minutes),
        calm.scale_in(),
        calm.scheduled_minimum(),
        calm.one_replaced(),
        calm.zone_rebalance(),
    ]


def web_is_silent(*, start_minutes: int) -> list[Scenario]:
    return [
        *tasks_are_silent(start_minutes=start_minutes),
        calm.one_error(),
        calm.rare_errors(),
        calm.one_error_at_night(),
        calm.one_slow_request(),
    ]


PENDING: Final = (
    "`kubectl get events --field-selector reason=FailedScheduling -A` says what the pod lacks: room, a toleration, or "
    "a node in the AZ of its volume."
)


def cluster_rings() -> list[Promise]:
    """The promises of any cluster."""
    return [
        Promise(cluster_events.pending_pod(), 20, PENDING),
        Promise(
            cluster_events.failing_api_server(),
            10,
            "Look into the log group `ControlPlaneLogGroupName`, and at the requests on the dashboard.",
        ),
        Promise(
            cluster_events.silent_webhook(),
            10,
            "`kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations` has the webhooks. Repair the "
            "one that does not answer, or delete its configuration.",
        ),
    ]


def nodes_ring() -> list[Promise]:
    """The promises of a cluster with nodes."""
    return [
        Promise(cluster_events.all_nodes_lost(), 30, "See the Auto Scaling groups of the nodes for their activities."),
        Promise(cluster_events.failed_node(), 10, "`kubectl describe node` has the reason. Replace the node."),
    ]


SPOT: Final = Promise(
    cluster_events.no_spot_capacity(),
    20,
    "Name more instance types, or let the pods tolerate other nodes. The activities of the Auto Scaling group have the "
    "reason.",
)
FSX: Final = Promise(
    cluster_events.full_file_system(),
    10,
    "Raise its capacity setting and deploy. AWS advises to keep 20 % free.",
)
CLUSTER_IS_SILENT: Final = (
    cluster_events.day(),
    cluster_events.night(),
    cluster_events.control_plane_update(),
    cluster_events.few_errors(),
)
NODES_ARE_SILENT: Final = (
    cluster_events.scale_out(),
    cluster_events.batch(),
    cluster_events.node_replacement(),
)

DRILLS: Final[Mapping[str, Drill]] = {
    "EksManagedNodesStack": Drill(
        [*cluster_rings(), *nodes_ring(), SPOT, FSX],
        [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT, cluster_events.filling_file_system()],
    ),
    "EksSelfManagedNodesStack": Drill(
        [
            *cluster_rings(),
            *nodes_ring(),
            SPOT,
            Promise(
                cluster_events.nobody_drains(),
                20,
                "See the pods and the log of the Deployment `aws-node-termination-handler` in `kube-system`.",
            ),
        ],
        [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT, cluster_events.slow_drain()],
    ),
    "EksFargateStack": Drill(cluster_rings(), CLUSTER_IS_SILENT),
    "EksAutoModeStack": Drill([*cluster_rings(), *nodes_ring()], [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT]),
    "FargateEfsStack": Drill(
        [
            *web_rings(),
            *targets_ring(),
            FILES,
        ],
        [*web_is_silent(start_minutes=2), calm.burst_on_files()],
    ),
    "FargatePrivateLinkStack": Drill(
        [
            Promise(events.total_outage(requests=600), 15, STOPPED),
            Promise(events.crash_loop(requests=600), 15, STOPPED),
            *tasks_ring(),
            *targets_ring(),
            Promise(events.resets(600), 10, LOGS),
            Promise(events.resets(5), 10, LOGS),
            Promise(events.idle_connections(), 15, "Let clients send TCP keepalives."),
            Promise(
                events.blocked(),
                15,
                "A client, or a consumer's VPC, is not in `allowed_cidrs`. The flow logs have its address.",
            ),
            Promise(events.no_ports(), 5, "Raise `min_tasks`: each task adds 55,000 connections."),
            ROLL_BACK,
        ],
        [*tasks_are_silent(start_minutes=2), calm.new_consumer()],
    ),
    "EcsEc2Stack": Drill(
        [
            *web_rings(),
            *targets_ring(),
            FILES,
            Promise(events.lost_instance(), 20, CAPACITY),
            Promise(events.no_room("worker"), 20, CAPACITY),
            Promise(events.roll_back("worker"), 1, ROLLED_BACK),
            Promise(events.worker_outage(), 15, STOPPED),
            Promise(events.idle_worker_outage(), 15, STOPPED),
            Promise(events.worker_crash_loop(), 20, STOPPED),
            Promise(events.one_crashes("worker"), 20, STOPPED),
            Promise(events.backlog(), 20, "Raise `max_workers`, or see in the log what the worker waits for."),
            Promise(
                events.poisoned(),
                20,
                "Read the message in the dead-letter queue, repair the worker, and start a redrive.",
            ),
        ],
        [
            *web_is_silent(start_minutes=5),
            calm.rolling_deployment("worker"),
            calm.scale_out("worker", start_minutes=5),
            calm.scale_in("worker"),
            calm.one_replaced("worker"),
            calm.batch_of_messages(),
            calm.burst_on_files(),
        ],
    ),
    "EcsManagedInstancesStack": Drill([*web_rings(), *targets_ring()], web_is_silent(start_minutes=5)),
    "EcsAnywhereStack": Drill(
        [
            *tasks_ring(),
            Promise(events.not_placed(), 1, "The message has the reason: no machine, no room, or a port in use."),
            Promise(
                events.silent_agents(),
                20,
                "Check that the machine runs and reaches AWS: `systemctl status ecs amazon-ssm-agent` there.",
            ),
            Promise(
                events.silent_agents(machines=1),
                20,
                "Check that the machine runs and reaches AWS: `systemctl status ecs amazon-ssm-agent` there.",
            ),
            ROLL_BACK,
        ],
        [calm.day(), calm.rolling_deployment(), calm.one_replaced(), calm.reconnecting_agents()],
    ),
    "EcsExpressStack": Drill([*web_rings(), *targets_ring()], web_is_silent(start_minutes=2)),
    "AuroraServerlessStack": Drill(
        [
            Promise(database_events.down(), 10, DATABASE),
            Promise(database_events.down_unnoticed(), 15, DATABASE),
            Promise(database_events.failover(), 1, "Look at the event of the old writer. Aurora repairs it by itself."),
            Promise(database_events.storage_low(), 1, "Delete data, or ask AWS Support."),
            Promise(database_events.key_lost(), 1, "Enable the key again at once: after some days, data is lost."),
            Promise(
                database_events.at_maximum(),
                20,
                "Find the heaviest statements in Database Insights, or raise `max_acu`.",
            ),
            Promise(database_events.memory_full(), 20, "Raise `max_acu`, or close sessions that need much memory."),
            Promise(
                database_events.connections_exhausted(),
                10,
                "`pg_stat_activity` names the clients. Let them close or share connections.",
            ),
            Promise(
                database_events.deadlocks(),
                20,
                "PostgreSQL's log has both statements. Let transactions lock rows in the same order.",
            ),
            Promise(database_events.reader_lags(), 20, "Look for long transactions on the reader."),
            Promise(
                database_events.login_refused(),
                10,
                "The log says why. A deployment with another migration, or a rotation, sets the password again.",
            ),
            Promise(database_events.rare_calls_fail(), 30, LOGS),
            Promise(database_events.calls_throttled(), 10, "Raise the concurrency quota of the account."),
            Promise(database_events.slow_statements(), 10, "Find the slow statements in Database Insights."),
            Promise(
                database_events.migration_fails(),
                1,
                "The message has the reason. CloudFormation rolls back. Repair the migration, and deploy again.",
            ),
            Promise(
                database_events.rotation_fails(),
                5,
                "The log has the reason. Secrets Manager tries again. The old password stays valid.",
            ),
        ],
        [
            database_events.day(),
            database_events.weekend(),
            database_events.resume(),
            database_events.backup(),
            database_events.upgrade(),
            database_events.burst(),
            database_events.one_failed_call(),
            database_events.one_deadlock(),
            database_events.migration(),
        ],
    ),
    "LambdaConcurrencyStack": Drill(
        [
            Promise(work_events.every_call_fails(600), 5, LOGS),
            Promise(work_events.every_call_fails(5), 10, LOGS),
            Promise(work_events.some_calls_fail(), 10, LOGS),
            Promise(work_events.rare_calls_fail(), 30, LOGS),
            Promise(work_events.throttled(), 10, RAISE_CONCURRENCY),
            Promise(work_events.slow_calls(), 10, SLOW_CALLS),
            Promise(
                work_events.late_events(),
                15,
                "Raise `reserved_concurrency`, or let fewer events arrive at the same time.",
            ),
            Promise(
                work_events.dropped_event(),
                5,
                "Read the event and its error in the queue `FailuresQueueUrl`. Repair, and start the redrive by the "
                "command in the outputs.",
            ),
            Promise(work_events.throttled_table(), 10, RAISE_UNITS),
            Promise(
                work_events.unreachable_table(),
                5,
                "The log group has the error of DynamoDB. Repair, and start the redrive by the command in the outputs.",
            ),
            Promise(
                work_events.lost_event(),
                5,
                "Compare the policies of the queue and of its key with the template. The log group has what is left.",
            ),
            Promise(
                work_events.spill_over(),
                15,
                "Raise `provisioned_concurrency`, or `max_provisioned_concurrency` if it scales.",
            ),
            Promise(work_events.new_version_fails(60), 4, NEW_VERSION),
            Promise(work_events.new_version_fails(1), 4, NEW_VERSION),
            Promise(work_events.new_version_is_slow(), 4, NEW_VERSION),
        ],
        [
            work_events.day(),
            work_events.night(),
            work_events.one_failed_call(),
            work_events.rare_failures(),
            work_events.burst(),
            work_events.brief_throttling_of_table(),
            work_events.deployment(),
            work_events.quiet_deployment(),
        ],
    ),
    "WebApiStack": Drill(
        [
            Promise(api_events.functions_crash(600), 5, ACCESS_LOG),
            Promise(api_events.functions_crash(5), 10, ACCESS_LOG),
            Promise(api_events.functions_answer_500(), 5, ACCESS_LOG),
            Promise(api_events.some_fail(), 10, ACCESS_LOG),
            Promise(api_events.quiet_api_fails(), 30, ACCESS_LOG),
            Promise(api_events.no_concurrency(), 10, RAISE_CONCURRENCY),
            Promise(api_events.slow_table(), 10, SLOW_CALLS),
            Promise(api_events.near_timeout(), 10, SLOW_CALLS),
            Promise(api_events.throttled_api(), 15, RAISE_RATES),
            Promise(api_events.throttled_table(), 15, RAISE_UNITS),
            Promise(api_events.new_version("crashes", crashes=60), 4, NEW_VERSION),
            Promise(api_events.new_version("answers with 500", faults=60), 4, NEW_VERSION),
            Promise(api_events.new_version("is slow", answered=60, timeout_share=0.9), 4, NEW_VERSION),
            Promise(api_events.sign_ins_fail(), 15, SIGN_INS),
            Promise(api_events.sign_ins_throttled(), 15, "Ask AWS for a higher quota of UserAuthentication requests."),
        ],
        [
            api_events.day(),
            api_events.night(),
            api_events.cold_starts(),
            api_events.one_failure(),
            api_events.rare_failures(),
            api_events.expired_tokens(),
            api_events.short_burst(),
            api_events.deployment(),
            api_events.mistyped_passwords(),
        ],
    ),
    "EventPipelineStack": Drill(
        [
            Promise(pipeline_events.poisoned_message(), 15, REPAIR),
            Promise(pipeline_events.dead_letters(1), 5, REDRIVE),
            Promise(pipeline_events.dead_letters(10_000), 5, REDRIVE),
            Promise(
                pipeline_events.forgotten_dead_letters(),
                5,
                "Start the redrive, or keep a copy: SQS deletes a message 14 days after it was sent first.",
            ),
            Promise(pipeline_events.every_message_fails(), 10, REPAIR),
            Promise(
                pipeline_events.stopped_consumer(),
                20,
                "See the state of the event source mapping: `aws lambda list-event-source-mappings`. If the consumer "
                "is only slow, raise `max_concurrency`.",
            ),
            Promise(
                pipeline_events.throttled_functions(), 10, "Raise `max_concurrency`, or ask AWS for a higher quota."
            ),
            Promise(pipeline_events.slow_functions(), 10, SLOW_CALLS),
            Promise(
                pipeline_events.undelivered_events(),
                5,
                "Compare the policies of the queues and of their key with the template. The events are in the "
                "dead-letter queue: start the redrive.",
            ),
        ],
        [
            pipeline_events.day(),
            pipeline_events.night(),
            pipeline_events.burst(),
            pipeline_events.one_failure(),
            pipeline_events.throttled_table(),
            pipeline_events.scaling_up(),
        ],
    ),
    "LambdaEdgeStack": Drill(
        [
            Promise(edge_events.viewer_function_fails(600), 5, EDGE_LOGS),
            Promise(edge_events.viewer_function_fails(5), 10, EDGE_LOGS),
            Promise(edge_events.origin_function_fails(), 10, EDGE_LOGS),
            Promise(edge_events.rare_function_failures(), 30, EDGE_LOGS),
            Promise(edge_events.invalid_responses(), 10, EDGE_LOGS),
            Promise(edge_events.functions_throttled(), 10, EDGE_QUOTA),
            Promise(edge_events.region_busy(), 10, EDGE_QUOTA),
            Promise(edge_events.origin_access_broken(0), 5, EDGE_ORIGIN),
            Promise(edge_events.origin_access_broken(580), 10, EDGE_ORIGIN),
            Promise(edge_events.bucket_down(), 5, "Look at the health of Amazon S3 in us-east-1."),
        ],
        [
            edge_events.visitors(),
            edge_events.nobody(),
            edge_events.crawler(),
            edge_events.one_failed_call(),
            edge_events.rare_timeouts(),
            edge_events.burst(),
        ],
    ),
    "AppRunnerStack": Drill(
        [
            Promise(edge_events.every_request_fails(600), 5, APP_LOGS),
            Promise(edge_events.every_request_fails(5), 10, APP_LOGS),
            Promise(edge_events.one_in_ten_fails(), 10, APP_LOGS),
            Promise(edge_events.quiet_service_fails(), 30, APP_LOGS),
            Promise(edge_events.slow_answers(), 10, "If CPU on the dashboard is high, raise `cpu` or `max_instances`."),
            Promise(edge_events.all_instances(), 20, "Raise `max_instances` or `max_concurrency`."),
            Promise(edge_events.update_rolled_back(), 1, OPERATION),
            Promise(edge_events.deployment_fails(), 1, OPERATION),
        ],
        [
            edge_events.requests_by_day(),
            edge_events.no_requests(),
            edge_events.an_update(),
            edge_events.one_failed_request(),
            edge_events.a_busy_quarter(),
        ],
    ),
    "EcrStack": Drill(
        [
            Promise(
                edge_events.critical_finding(),
                1,
                "The message names the image. Build it again from an updated base image, and deploy that.",
            )
        ],
        [edge_events.images_by_day(), edge_events.findings_elsewhere()],
    ),
    "DataStreamStack": Drill(
        [
            Promise(stream_events.refused_files(), 60, STREAM_LOG),
            Promise(stream_events.refused_backups(), 60, STREAM_LOG),
            Promise(stream_events.blocked(), 75, STREAM_LOG),
            Promise(stream_events.blocked_quiet(), 75, STREAM_LOG),
            Promise(stream_events.late(), 75, STREAM_LOG),
            Promise(stream_events.late_backups(), 75, STREAM_LOG),
            Promise(
                stream_events.unfit_rows(),
                30,
                "Compare the columns of the table with what the transform writes. The records are below `errors/`, and "
                "as they came below `raw/`.",
            ),
            Promise(stream_events.crashing_transform(), 15, TRANSFORM),
            Promise(stream_events.rarely_called_transform(), 45, TRANSFORM),
            Promise(stream_events.throttled_transform(), 15, RAISE_CONCURRENCY_OF_ACCOUNT),
            Promise(stream_events.slow_transform(), 15, "The traces show what takes the time."),
            Promise(stream_events.every_record_fails(), 10, FAILED),
            Promise(stream_events.some_records_fail(), 30, FAILED),
            Promise(
                stream_events.throttled_producers(),
                20,
                "Producers must retry. Ask AWS for a higher quota of the stream, or put records in batches.",
            ),
            Promise(
                stream_events.too_many_partitions(), 15, "Find out which days the transform names, and since when."
            ),
            Promise(
                stream_events.unusable_key(),
                15,
                "Enable the key, or cancel its deletion. Producers get errors meanwhile, and must retry.",
            ),
            Promise(stream_events.undelivered_messages(), 5, UNDELIVERED),
            Promise(stream_events.silence(), 45, "Look at the producers, and at the subscription of the topic."),
            Promise(
                stream_events.silence(zeros=True), 45, "Look at the producers, and at the subscription of the topic."
            ),
        ],
        [
            stream_events.day(),
            stream_events.night(),
            stream_events.never_used(),
            stream_events.burst(),
            stream_events.one_bad_record(),
            stream_events.deployment(),
            stream_events.one_throttled_call(),
            stream_events.one_refused_put(),
        ],
    ),
    "WorkflowStack": Drill(
        [
            Promise(workflow_events.one_failure(), 5, UNDONE),
            Promise(workflow_events.quiet_workflow_fails(), 10, UNDONE),
            Promise(workflow_events.every_order_fails(), 10, "The log group of the function has the error."),
            Promise(workflow_events.timed_out(), 1, STOPPED_ORDER),
            Promise(workflow_events.aborted(), 1, STOPPED_ORDER),
            Promise(
                workflow_events.throttled_steps(),
                15,
                "Find what starts so many executions, or ask AWS for a higher quota of state transitions.",
            ),
            Promise(
                workflow_events.undoing_fails(),
                5,
                "Read the message (output `AttentionCommand`). It has the order, the step, the error and the command "
                "that goes on.",
            ),
            Promise(
                workflow_events.forgotten_problem(), 5, "The same, before the workflow ends after two weeks of waiting."
            ),
            Promise(
                workflow_events.forgotten_approval(),
                5,
                "Read the message (output `ApprovalsCommand`), answer by the command in it, and delete it.",
            ),
            Promise(
                workflow_events.image_is_gone(),
                1,
                "The message has the reason. Repair the image, the network or the execution role. The workflow repeats "
                "the step for some minutes.",
            ),
            Promise(workflow_events.no_capacity(), 20, UNDONE),
            Promise(workflow_events.throttled_calls(), 10, "Ask AWS for a higher quota, or find who uses it up."),
            Promise(workflow_events.slow_calls(), 10, "The traces of the functions show what takes the time."),
            Promise(workflow_events.throttled_books(), 15, RAISE_UNITS),
            Promise(
                workflow_events.bad_version(),
                4,
                "In production, the deployment goes back by itself. Repair the definition, and deploy again.",
            ),
        ],
        [
            workflow_events.day(),
            workflow_events.night(),
            workflow_events.refused_order(),
            workflow_events.deployment(),
            workflow_events.repeated_step(),
            workflow_events.burst(),
            workflow_events.approval(),
        ],
    ),
}
