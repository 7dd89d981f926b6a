"""A drill fails if an alarm is changed so that it does not do what it is for."""

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from patternbook.testing.drills.drilling import Stack, findings, readable
from tests.drills.book import DRILLS, Templates

Properties = dict[str, Any]
Change = Callable[[Properties], None]


def missing_data_set_back(alarm: Properties) -> None:
    """A minute without data counts as good again, and nothing fills it."""
    alarm["TreatMissingData"] = "notBreaching"
    for query in alarm.get("Metrics", []):
        if "Expression" in query:
            query["Expression"] = re.sub(r"FILL\((\w+), *\w+\)", r"\1", query["Expression"])


def threshold(value: float) -> Change:
    return lambda alarm: alarm.update(Threshold=value)


def datapoints(needed: int, of: int) -> Change:
    return lambda alarm: alarm.update(DatapointsToAlarm=needed, EvaluationPeriods=of)


def periods_of_five_minutes(alarm: Properties) -> None:
    """As many of them as the alarm looks back on."""
    stats = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    alarm["EvaluationPeriods"] *= stats[0]["Period"] // 300
    for stat in stats:
        stat["Period"] = 300


def without(metric: str) -> Change:
    """A filled metric of an array is left out."""

    def change(alarm: Properties) -> None:
        for query in alarm["Metrics"]:
            if "Expression" in query:
                query["Expression"] = query["Expression"].replace(f", FILL({metric}, 0)", "")

    return change


def only_with_data(alarm: Properties) -> None:
    del alarm["InsufficientDataActions"]


def missing_data_breaches(alarm: Properties) -> None:
    alarm["TreatMissingData"] = "breaching"


def without_tolerance(alarm: Properties) -> None:
    """Each failure of many counts."""
    for query in alarm["Metrics"]:
        if "Expression" in query:
            query["Expression"] = query["Expression"].replace("0.05", "0")


def summed(alarm: Properties) -> None:
    """All functions count together, so that those that work hide one that fails."""
    for query in alarm["Metrics"]:
        if "Expression" in query:
            query["Expression"] = query["Expression"].replace("MAX([", "SUM([")


def other_dimensions(alarm: Properties) -> None:
    """Powertools adds the name of the service to the dimensions of its metrics."""
    alarm["Dimensions"] = [each for each in alarm["Dimensions"] if each["Name"] != "service"]


def other_event(rule: Properties) -> None:
    rule["EventPattern"]["detail"]["eventName"] = ["SERVICE_DEPLOYMENT_COMPLETED"]


def other_categories(rule: Properties) -> None:
    rule["EventPattern"]["detail"]["EventCategories"] = ["notification", "backup"]


def all_executions(alarm: Properties) -> None:
    """The alarm counts all executions of the version."""
    alarm["MetricName"] = "ExecutionsStarted"


def unfilled_late(alarm: Properties) -> None:
    """FILL stands for the newest minute, whose data arrive later, and so hides them from an alarm on one minute."""
    metric = {name: alarm.pop(name) for name in ("Dimensions", "MetricName", "Namespace")}
    stat = {"Metric": metric, "Period": alarm.pop("Period"), "Stat": alarm.pop("Statistic")}
    alarm["Metrics"] = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "filled", "Expression": "FILL(m1, 0)"},
    ]


def other_status(rule: Properties) -> None:
    rule["EventPattern"]["detail"]["status"] = ["SUCCEEDED", "TIMED_OUT", "ABORTED"]


def other_operation(rule: Properties) -> None:
    rule["EventPattern"]["detail"]["operationStatus"] = ["UpdateServiceCompletedSuccessfully"]


def other_repository(rule: Properties) -> None:
    for name in ("repository-name", "severity"):
        if name in rule["EventPattern"]["detail"]:
            rule["EventPattern"]["detail"][name] = ["other"]


def other_code(rule: Properties) -> None:
    rule["EventPattern"]["detail"]["stopCode"] = ["EssentialContainerExited", "TaskFailedToStart"]


def changed(template: Mapping[str, Any], name: str, change: Change) -> Stack:
    broken = copy.deepcopy(dict(template))
    [body] = [
        resource
        for logical_id, resource in broken["Resources"].items()
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::Events::Rule") and readable(logical_id) == name
    ]
    change(body["Properties"])
    return Stack(broken)


@pytest.mark.parametrize(
    ("pattern", "name", "change", "finding"),
    [
        ("EksManagedNodesStack", "PendingPods", threshold(1), "A pod finds no node: nothing rings within 20 minutes"),
        (
            "EksManagedNodesStack",
            "PendingPods",
            datapoints(5, 15),
            "jobs that wait for nodes, again and again: PendingPods rings",
        ),
        (
            "EksAutoModeStack",
            "PendingPods",
            datapoints(15, 15),
            "A pod finds no node, and is tried again every five minutes: nothing rings within 20 minutes",
        ),
        (
            "EksFargateStack",
            "ApiServerErrors",
            datapoints(5, 5),
            "An admission webhook does not answer, and something changes every three minutes: nothing rings within 20 "
            "minutes",
        ),
        (
            "EksFargateStack",
            "PendingFargatePods",
            missing_data_set_back,
            "The function that counts pending pods fails: nothing rings within 20 minutes",
        ),
        (
            "EksFargateStack",
            "PendingFargatePods",
            datapoints(15, 15),
            "A pod on Fargate does not start: nothing rings within 20 minutes",
        ),
        (
            "EksFargateStack",
            "PendingFargatePods",
            datapoints(7, 7),
            "A pod on Fargate does not start, and is replaced every ten minutes: nothing rings within 30 minutes",
        ),
        (
            "EksFargateStack",
            "PendingFargatePods",
            datapoints(3, 15),
            "a pod on Fargate with an image that takes ten minutes to pull: PendingFargatePods rings",
        ),
        (
            "EksManagedNodesStack",
            "FailedNodes",
            datapoints(5, 5),
            "A node is not ready in every other minute: nothing rings within 20 minutes",
        ),
        (
            "EksManagedNodesStack",
            "ApiServerErrors",
            threshold(50),
            "An admission webhook does not answer, in a quiet cluster: nothing rings within 10 minutes",
        ),
        (
            "EksFargateStack",
            "ApiServerErrors",
            datapoints(1, 5),
            "an update of the control plane: ApiServerErrors rings",
        ),
        ("EksAutoModeStack", "FailedNodes", datapoints(2, 5), "an update that replaces all nodes: FailedNodes rings"),
        ("EksManagedNodesStack", "LustreFull", threshold(99), "no event rings LustreFull"),
        (
            "EksManagedNodesStack",
            "OntapFull",
            threshold(70),
            "a file system of FSx that is three quarters full: OntapFull rings",
        ),
        (
            "EksSelfManagedNodesStack",
            "UnhandledNodes",
            threshold(1200),
            "Nobody handles the events of nodes that come or go: nothing rings within 20 minutes",
        ),
        ("EksSelfManagedNodesStack", "UnhandledNodes", threshold(300), "a drain of nine minutes: UnhandledNodes rings"),
        (
            "FargateEfsStack",
            "MissingTasks",
            missing_data_set_back,
            "No task runs, without requests: nothing rings within 15 minutes",
        ),
        (
            "FargateEfsStack",
            "TaskErrors",
            threshold(5),
            "Every request fails (5 a minute): nothing rings within 10 minutes",
        ),
        ("FargateEfsStack", "TaskErrors", datapoints(1, 1), "one failed request in a quiet hour: TaskErrors rings"),
        ("FargateEfsStack", "DeploymentFailed", other_event, "a rolling deployment: DeploymentFailed rings"),
        (
            "FargatePrivateLinkStack",
            "MissingTasks",
            missing_data_set_back,
            "No task runs, at 600 requests a minute: nothing rings within 15 minutes",
        ),
        (
            "FargatePrivateLinkStack",
            "TargetResets",
            threshold(100),
            "Tasks reset every connection (5 a minute): nothing rings within 10 minutes",
        ),
        (
            "EcsEc2Stack",
            "WorkerMissingTasks",
            missing_data_set_back,
            "No worker runs, and the queue is empty: nothing rings within 15 minutes",
        ),
        (
            "FargateEfsStack",
            "ResponseTime",
            threshold(0.01),
            "Every answer takes 3 seconds: ResponseTime rings before it begins",
        ),
        ("EcsEc2Stack", "OldMessages", threshold(6000), "no event rings OldMessages"),
        (
            "EcsManagedInstancesStack",
            "MissingTasks",
            missing_data_set_back,
            "No task runs, without requests: nothing rings within 15 minutes",
        ),
        (
            "EcsManagedInstancesStack",
            "ResponseTime",
            threshold(5),
            "Every answer takes 3 seconds: nothing rings within 10 minutes",
        ),
        (
            "EcsAnywhereStack",
            "SilentTasks",
            missing_data_set_back,
            "All machines are cut off from AWS: nothing rings within 20 minutes",
        ),
        (
            "EcsAnywhereStack",
            "SilentTasks",
            threshold(1),
            "One machine is cut off from AWS: nothing rings within 20 minutes",
        ),
        (
            "EcsExpressStack",
            "MissingTasks",
            missing_data_set_back,
            "No task runs, without requests: nothing rings within 15 minutes",
        ),
        (
            "EcsExpressStack",
            "LoadBalancerErrors",
            datapoints(15, 15),
            "No request is answered in time (30 a minute): nothing rings within 10 minutes",
        ),
        (
            "AuroraServerlessStack",
            "DatabaseDown",
            missing_data_set_back,
            "No instance of the database runs, and nobody calls: nothing rings within 15 minutes",
        ),
        (
            "AuroraServerlessStack",
            "DatabaseDown",
            datapoints(3, 15),
            "an upgrade to another minor version: DatabaseDown rings",
        ),
        (
            "AuroraServerlessStack",
            "MaximumCapacity",
            datapoints(5, 15),
            "five minutes at the maximum capacity: MaximumCapacity rings",
        ),
        (
            "AuroraServerlessStack",
            "FailedCalls",
            datapoints(5, 5),
            "A call every four minutes, and every one fails: nothing rings within 30 minutes",
        ),
        (
            "LambdaConcurrencyStack",
            "FailedCalls",
            datapoints(5, 5),
            "A call of the function every four minutes, and every one fails: nothing rings within 30 minutes",
        ),
        (
            "LambdaConcurrencyStack",
            "ThrottledCalls",
            datapoints(5, 15),
            "A call of the function every four minutes, and every one is throttled: nothing rings within 30 minutes",
        ),
        (
            "LambdaConcurrencyStack",
            "LateEvents",
            datapoints(5, 5),
            "An event every four minutes, and each waits for three quarters of its maximum age: nothing rings within "
            "30 minutes",
        ),
        (
            "DataStreamStack",
            "FailedCalls",
            datapoints(5, 5),
            "A call of the transform every four minutes, and every one fails: nothing rings within 45 minutes",
        ),
        (
            "LambdaConcurrencyStack",
            "ThrottledCalls",
            without_tolerance,
            "four minutes in which events arrive faster than Lambda adds environments: ThrottledCalls rings",
        ),
        (
            "LambdaConcurrencyStack",
            "TableThrottles",
            datapoints(1, 1),
            "two minutes in which the table throttles writes: TableThrottles rings",
        ),
        (
            "LambdaConcurrencyStack",
            "NewVersionErrors",
            datapoints(1, 1),
            "a deployment whose new version gets one call, which fails: NewVersionErrors rings",
        ),
        (
            "LambdaConcurrencyStack",
            "NewVersionErrors",
            datapoints(5, 5),
            "Every call of a new version fails during the shift (1 a minute): nothing rings within 4 minutes",
        ),
        (
            "AuroraServerlessStack",
            "SlowCalls",
            threshold(60_000),
            "Every call takes 55 seconds: nothing rings within 10 minutes",
        ),
        (
            "AuroraServerlessStack",
            "DatabaseEvent",
            other_categories,
            "A reader takes over from the writer: nothing rings within 1 minute",
        ),
        (
            "WebApiStack",
            "ServerErrors",
            datapoints(15, 15),
            "A request to the API every four minutes, and every one fails: nothing rings within 30 minutes",
        ),
        (
            "WebApiStack",
            "SlowResponses",
            threshold(6_000),
            "Every response of the API takes 5 seconds: nothing rings within 10 minutes",
        ),
        (
            "WebApiStack",
            "ThrottledRequests",
            datapoints(1, 1),
            "two minutes above the limits: ThrottledRequests rings",
        ),
        ("WebApiStack", "FailedSignIns", threshold(20), "mistyped passwords: FailedSignIns rings"),
        (
            "LambdaEdgeStack",
            "FunctionExecutionErrors",
            threshold(1),
            "A function at an origin event fails, and most pages are cached: nothing rings within 10 minutes",
        ),
        ("LambdaEdgeStack", "ErrorRate", datapoints(1, 1), "one failed request, by day or at night: ErrorRate rings"),
        (
            "LambdaEdgeStack",
            "RegionalConcurrency",
            datapoints(1, 1),
            "two busy minutes at the quota: RegionalConcurrency rings",
        ),
        (
            "AppRunnerStack",
            "ServiceErrors",
            datapoints(5, 5),
            "A request every four minutes, and every one fails: nothing rings within 30 minutes",
        ),
        (
            "AppRunnerStack",
            "FailedOperation",
            other_operation,
            "An update fails, and App Runner goes back: nothing rings within 1 minute",
        ),
        (
            "EcrStack",
            "Findings",
            other_repository,
            "A scan finds a CRITICAL vulnerability in an image: nothing rings within 1 minute",
        ),
        (
            "DataStreamStack",
            "Silence",
            only_with_data,
            "No record arrives any more: nothing rings within 45 minutes",
        ),
        (
            "DataStreamStack",
            "Silence",
            missing_data_breaches,
            "a stream that has never had a record: Silence rings",
        ),
        (
            "DataStreamStack",
            "NothingDelivered",
            missing_data_set_back,
            "Delivery is blocked, and nothing is reported of it: nothing rings within 75 minutes",
        ),
        ("DataStreamStack", "DeliveryFails", datapoints(1, 4), "a file that S3 refuses once: DeliveryFails rings"),
        (
            "DataStreamStack",
            "NothingDelivered",
            datapoints(1, 1),
            "a quiet night with a record every ten minutes: NothingDelivered rings",
        ),
        (
            "DataStreamStack",
            "NothingDelivered",
            periods_of_five_minutes,
            "Delivery is blocked, while a record arrives every ten minutes: nothing rings within 75 minutes",
        ),
        (
            "DataStreamStack",
            "LateRecords",
            without("backup"),
            "The backup falls behind: nothing rings within 75 minutes",
        ),
        ("DataStreamStack", "LateRecords", threshold(60), "an ordinary day: LateRecords rings"),
        (
            "DataStreamStack",
            "FailedRecords",
            other_dimensions,
            "The transform fails every record: nothing rings within 10 minutes",
        ),
        ("DataStreamStack", "FailedRecords", datapoints(1, 30), "one record that is no event: FailedRecords rings"),
        (
            "DataStreamStack",
            "ThrottledRecords",
            datapoints(2, 3),
            "a hundred times as many records for ten minutes: ThrottledRecords rings",
        ),
        (
            "EventPipelineStack",
            "ProcessFailedMessages",
            datapoints(15, 15),
            "no event rings ProcessFailedMessages",
        ),
        (
            "EventPipelineStack",
            "ProcessFailedMessages",
            datapoints(1, 1),
            "a message that fails once: ProcessFailedMessages rings",
        ),
        ("EventPipelineStack", "AuditOldMessages", threshold(6000), "no event rings AuditOldMessages"),
        (
            "EventPipelineStack",
            "ProcessOldMessages",
            threshold(60),
            "ten thousand uploads at once: ProcessOldMessages rings",
        ),
        (
            "EventPipelineStack",
            "Undelivered",
            threshold(100),
            "SNS cannot deliver events to a queue: nothing rings within 5 minutes",
        ),
        ("WorkflowStack", "NewVersionFails", all_executions, "an ordinary day: NewVersionFails rings"),
        ("WorkflowStack", "NewVersionFails", unfilled_late, "no event rings NewVersionFails"),
        ("WorkflowStack", "StoppedExecution", other_status, "an order that is refused: StoppedExecution rings"),
        ("WorkflowStack", "TaskFailedToStart", other_code, "the shift to a new version: TaskFailedToStart rings"),
        ("WorkflowStack", "ApprovalsWait", threshold(3_600), "orders that wait for hours: ApprovalsWait rings"),
        (
            "WorkflowStack",
            "FailedCalls",
            datapoints(1, 1),
            "one failed call, by day or at night: FailedCalls rings",
        ),
        (
            "WorkflowStack",
            "FailedCalls",
            summed,
            "A call of one function every four minutes, and every one fails, while the others are busy: nothing rings "
            "within 30 minutes",
        ),
        (
            "EventPipelineStack",
            "FormFailedCalls",
            datapoints(1, 1),
            "one failed call, by day or at night: FormFailedCalls rings",
        ),
        ("WorkflowStack", "ThrottledSteps", datapoints(1, 1), "a thousand orders at once: ThrottledSteps rings"),
        ("WorkflowStack", "FailedExecutions", threshold(100), "no event rings FailedExecutions"),
    ],
)
def test_a_broken_alarm_fails_its_drill(
    pattern: str, name: str, change: Change, finding: str, book: list[Templates]
) -> None:
    """Before the change, the drill has no finding at all, as the tests of the pattern's drill show."""
    assert finding in findings(changed(book[-1][pattern], name, change), DRILLS[pattern])
