"""What ``make prove`` breaks of each pattern, and which alarm must ring then.

The promised minutes are those of the drill of the same event, see :func:`promise_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from patternbook.testing.drills.events import api, cluster, database, edge, pipeline, services, stream, work, workflow
from patternbook.testing.drills.promises import Promise
from patternbook.testing.drills.scenarios import Scenario
from proving import breaking
from proving.breaking import Do, nothing


@dataclass(frozen=True, kw_only=True)
class Break:
    """Something that is broken on purpose, and put right again."""

    says: str
    """What is done, as a sentence for the question before it."""
    event: Scenario
    """The event of the drill that this is."""
    rings: str
    """The alarm, or the rule of EventBridge, that must ring."""
    do: Do
    """Breaks it. It is called again and again until the alarm rings, and must bear that."""
    undo: Do = nothing
    """Puts it right. It must bear that nothing was broken."""
    begins_after: int = 0
    """Minutes that AWS itself may take until the event happens. The promise counts from there."""


@dataclass(frozen=True)
class Unbroken:
    """A pattern that nothing can be broken of."""

    reason: str


CRASHES: Final = "It stops every task of the service, again and again."
CRASH_LOOP: Final = services.crash_loop(requests=0)


def _crash_loop(service: str, rings: str) -> Break:
    return Break(says=CRASHES, event=CRASH_LOOP, rings=rings, do=breaking.stop_tasks(service))


PENDING_POD: Final = Break(
    says="It creates a pod in the namespace default that fits no node, by the kubectl function of the stack.",
    event=cluster.pending_pod(),
    rings="PendingPods",
    do=breaking.kubectl("Create", breaking.unschedulable_pod("default")),
    undo=breaking.kubectl("Delete", breaking.unschedulable_pod("default")),
)


def _throttle(function: str, event: Scenario, rings: str) -> Break:
    return Break(
        says=f"It sets the reserved concurrency of the function {function.partition('/')[0]} to 0, and calls it.",
        event=event,
        rings=rings,
        do=breaking.throttle(function),
        undo=breaking.restore_concurrency(function),
    )


BREAKS: Final[Mapping[str, Break | Unbroken]] = {
    "FargateEfsStack": _crash_loop("Fargate/Service/Service", "MissingTasks"),
    "FargatePrivateLinkStack": _crash_loop("Fargate/Service/Service", "MissingTasks"),
    "EcsEc2Stack": _crash_loop("Web/Service/Service", "WebMissingTasks"),
    "EcsManagedInstancesStack": _crash_loop("Web/Service/Service", "MissingTasks"),
    "EcsExpressStack": _crash_loop("Express/Service", "MissingTasks"),
    "EcsAnywhereStack": Break(
        says="It asks for a task, which no machine can run unless you have registered one.",
        event=services.not_placed(),
        rings="NoMachine",
        do=breaking.ask_for_a_task("Anywhere/Service/Service"),
        undo=breaking.restore_tasks("Anywhere/Service/Service"),
        begins_after=5,
    ),
    "EksManagedNodesStack": PENDING_POD,
    "EksSelfManagedNodesStack": PENDING_POD,
    "EksAutoModeStack": PENDING_POD,
    "EksFargateStack": Break(
        says="It creates a pod in the namespace default that claims a volume which does not exist, by the kubectl "
        "function of the stack.",
        event=cluster.waiting_pod(),
        rings="PendingFargatePods",
        do=breaking.kubectl("Create", breaking.unmountable_pod("default")),
        undo=breaking.kubectl("Delete", breaking.unmountable_pod("default")),
    ),
    "EcrStack": Unbroken("Its only rule rings for an image with a CRITICAL vulnerability, which nobody should push."),
    "DeployRoleStack": Unbroken("It has no alarm. Nothing of it runs until a pipeline takes one of its roles."),
    "AppRunnerStack": Break(
        says="It updates the service to a health check that fails, so App Runner goes back.",
        event=edge.update_rolled_back(),
        rings="FailedOperation",
        do=breaking.fail_app_runner_update("AppRunner/Service"),
        begins_after=45,
    ),
    "LambdaConcurrencyStack": Break(
        says="It sends events that the function refuses, and empties the failure queue afterwards.",
        event=work.every_call_fails(5),
        rings="FailedCalls",
        do=breaking.send_wrong_events("Work/Function/Resource"),
        undo=breaking.purge("FailuresQueueUrl"),
    ),
    "LambdaEdgeStack": Break(
        says="It takes away the bucket policy that admits the distribution, and asks for pages.",
        event=edge.origin_access_broken(0),
        rings="ErrorRate",
        do=breaking.lock_out_distribution("Bucket/Resource"),
        undo=breaking.restore_bucket_policy("Bucket/Resource"),
    ),
    "AuroraServerlessStack": _throttle("Service/Function/Resource", database.calls_throttled(), "ThrottledCalls"),
    "WebApiStack": _throttle("Read/Function/Resource", api.no_concurrency(), "ReadThrottledCalls"),
    "EventPipelineStack": Break(
        says="It uploads an object of a type that the processing refuses, and deletes it afterwards.",
        event=pipeline.poisoned_message(),
        rings="ProcessFailedMessages",
        do=breaking.upload_poison("BucketName"),
        undo=breaking.delete_poison("BucketName"),
    ),
    "DataStreamStack": Break(
        says="It puts records that the transform fails.",
        event=stream.every_record_fails(),
        rings="FailedRecords",
        do=breaking.put_bad_records("Stream"),
    ),
    "WorkflowStack": Break(
        says="It starts executions, and stops them.",
        event=workflow.aborted(),
        rings="StoppedExecution",
        do=breaking.stop_execution("WorkflowArn"),
    ),
}
"""The break of each pattern, by the name of its stack."""


def promise_of(pattern: str, broken: Break) -> Promise:
    """The promise of the pattern's drill about the event."""
    from tests.drills.book import DRILLS

    return next(each for each in DRILLS[pattern].rings if each.event.title == broken.event.title)
