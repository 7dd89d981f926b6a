"""Emitters leave out what AWS documents as not sent."""

from collections.abc import Mapping

from patternbook.testing.drills.alarms import statistic
from patternbook.testing.drills.emitters.app_runner import AppRequests, AppRunnerService
from patternbook.testing.drills.emitters.asynchronous import AsynchronousFunction, Work
from patternbook.testing.drills.emitters.aurora import AuroraCluster, Load
from patternbook.testing.drills.emitters.aws_lambda import Calls
from patternbook.testing.drills.emitters.aws_lambda import Function as AliasedFunction
from patternbook.testing.drills.emitters.cloudfront import Distribution, Views
from patternbook.testing.drills.emitters.ecr import Repository
from patternbook.testing.drills.emitters.ecs import EcsService, Tasks
from patternbook.testing.drills.emitters.efs import Files, FileSystem
from patternbook.testing.drills.emitters.eks import Kubernetes, PodCounter
from patternbook.testing.drills.emitters.load_balancers import ApplicationLoadBalancer, NetworkLoadBalancer
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.emitters.sqs import Messages, Queue
from patternbook.testing.drills.emitters.step_functions import Executions, StateMachine
from patternbook.testing.drills.emitters.traffic import Traffic
from patternbook.testing.drills.emitters.web_api import (
    Capacity,
    Function,
    HttpApi,
    Outcome,
    Requests,
    SignIns,
    Table,
    ThrottleFilter,
    UserPool,
)

SERVICE = EcsService("cluster", "web", "arn:aws:ecs:eu-west-1:111122223333:service/cluster/web")
ALB = ApplicationLoadBalancer("app/front/1", "targetgroup/web/1")
NLB = NetworkLoadBalancer("net/front/1", "targetgroup/web/1")
HOSTS = {"HealthyHostCount", "UnHealthyHostCount"}


def names(report: Report, namespace: str | None = None) -> set[str]:
    return {metric.name for metric in report if namespace in (None, metric.namespace)}


def value(report: Report, name: str, wanted: str, **dimensions: str) -> float | None:
    [found] = [
        samples
        for metric, samples in report.items()
        if metric.name == name and metric.dimensions == frozenset(dimensions.items())
    ]
    return statistic(found, wanted)


def test_a_service_without_running_tasks_sends_nothing() -> None:
    assert SERVICE.metrics(Tasks(desired=2, running=0, pending=2)) == {}


def test_utilization_has_a_sample_per_task() -> None:
    sent = SERVICE.metrics(Tasks(desired=3, running=3))
    assert value(sent, "CPUUtilization", "SampleCount", ClusterName="cluster", ServiceName="web") == 3


def test_ecs_counts_a_task_that_no_agent_reports() -> None:
    sent = SERVICE.metrics(Tasks(desired=2, running=2, silent=1))
    assert value(sent, "CPUUtilization", "SampleCount", ClusterName="cluster", ServiceName="web") == 1
    assert value(sent, "RunningTaskCount", "Minimum", ClusterName="cluster", ServiceName="web") == 2
    assert names(SERVICE.metrics(Tasks(desired=2, running=2, silent=2)), "AWS/ECS") == set()


def test_events_name_the_service_as_their_resource() -> None:
    for event in (SERVICE.deployment_failed(), SERVICE.placement_failed(), SERVICE.steady()):
        assert event["source"] == "aws.ecs"
        assert event["resources"] == [SERVICE.arn]


def test_a_load_balancer_without_requests_sends_host_counts_only() -> None:
    assert names(ALB.metrics(Traffic(healthy=2))) == HOSTS | {"ConsumedLCUs"}


def test_host_counts_need_registered_targets() -> None:
    for balancer in (ALB, NLB):
        assert names(balancer.metrics(Traffic(healthy=0, unhealthy=1))) >= HOSTS
        assert not names(balancer.metrics(Traffic(healthy=0, without_target=10))) & HOSTS


def test_requests_without_a_target_are_errors_but_not_requests() -> None:
    sent = ALB.metrics(Traffic(healthy=0, without_target=10))
    assert value(sent, "HTTPCode_ELB_5XX_Count", "Sum", LoadBalancer=ALB.name) == 10
    assert not names(sent) & {"RequestCount", "TargetResponseTime"}


def test_response_codes_are_counted_only_while_there_are_such_responses() -> None:
    assert "HTTPCode_Target_5XX_Count" not in names(ALB.metrics(Traffic(answered=100)))
    sent = ALB.metrics(Traffic(answered=95, failed=5, unanswered=2))
    for dimensions in ({"LoadBalancer": ALB.name}, {"LoadBalancer": ALB.name, "TargetGroup": ALB.target_group}):
        assert value(sent, "HTTPCode_Target_5XX_Count", "Sum", **dimensions) == 5
        assert value(sent, "RequestCount", "Sum", **dimensions) == 102
    assert value(sent, "HTTPCode_ELB_504_Count", "Sum", LoadBalancer=ALB.name) == 2
    assert "HTTPCode_ELB_502_Count" not in names(sent)


def test_a_network_load_balancer_sees_no_response_codes() -> None:
    sent = NLB.metrics(Traffic(failed=5, reset=3, blocked=2))
    assert value(sent, "TCP_Target_Reset_Count", "Sum", LoadBalancer=NLB.name) == 3
    assert value(sent, "SecurityGroupBlockedFlowCount_Inbound_TCP", "Sum", LoadBalancer=NLB.name) == 2
    assert not [name for name in names(sent) if name.startswith("HTTPCode")]
    assert "SecurityGroupBlockedFlowCount_Inbound_TCP" not in names(NLB.metrics(Traffic(answered=1)))


def test_an_inactive_queue_sends_nothing_and_an_empty_one_no_age() -> None:
    assert Queue("work").metrics(Messages(active=False, visible=1)) == {}
    assert "ApproximateAgeOfOldestMessage" not in names(Queue("work").metrics(Messages()))
    assert "ApproximateNumberOfMessagesVisible" in names(Queue("work").metrics(Messages()))


def test_a_file_system_that_nobody_uses_meters_nothing() -> None:
    assert names(FileSystem("fs").metrics(Files(throughput_percent=0, clients=0))) >= {"PermittedThroughput"}
    assert "MeteredIOBytes" not in names(FileSystem("fs").metrics(Files(throughput_percent=0)))


def test_a_paused_database_sends_three_zeros() -> None:
    cluster = AuroraCluster("notes", ["writer"], max_acu=8)
    sent = cluster.metrics(Load(paused=True))
    assert names(sent) == {"CPUUtilization", "ACUUtilization", "ServerlessDatabaseCapacity"}
    assert {value(sent, name, "Maximum", DBClusterIdentifier="notes") for name in names(sent)} == {0}


def test_a_database_without_instances_sends_nothing() -> None:
    assert AuroraCluster("notes", ["writer"], max_acu=8).metrics(Load(instances=0)) == {}


def test_free_memory_counts_what_further_scaling_adds() -> None:
    sent = AuroraCluster("notes", ["writer"], max_acu=8).metrics(Load(acu=0.5, memory_percent=0))
    assert value(sent, "FreeableMemory", "Minimum", DBClusterIdentifier="notes") == 16 * 1024**3


def test_only_a_reader_has_a_lag() -> None:
    assert "AuroraReplicaLagMaximum" not in names(AuroraCluster("notes", ["a"], max_acu=8).metrics(Load()))
    assert "AuroraReplicaLagMaximum" in names(AuroraCluster("notes", ["a", "b"], max_acu=8).metrics(Load(instances=2)))


def test_a_function_that_nobody_calls_sends_nothing() -> None:
    assert AliasedFunction("work", "live").metrics(Calls()) == {}


def test_errors_have_a_sample_for_each_call() -> None:
    sent = AliasedFunction("work", "live").metrics(Calls(done=3, failed=1))
    assert value(sent, "Errors", "SampleCount", FunctionName="work", Resource="work:live") == 4
    assert value(sent, "Errors", "Sum", FunctionName="work") == 1


class TestAsynchronousFunction:
    WORK = AsynchronousFunction("work", "live", "2", 10, 600)
    LIVE: Mapping[str, str] = {"FunctionName": "work", "Resource": "work:live"}

    def test_without_calls_and_events_it_sends_nothing(self) -> None:
        assert self.WORK.metrics(Work(live=Calls())) == {}

    def test_failures_of_events_are_sent_only_when_there_are_some(self) -> None:
        failures = {"AsyncEventsDropped", "DestinationDeliveryFailures", "ProvisionedConcurrencySpilloverInvocations"}
        assert not failures & names(self.WORK.metrics(Work()))
        assert failures <= names(self.WORK.metrics(Work(dropped=1, lost=1, spilled=1)))

    def test_the_age_of_an_event_is_in_milliseconds(self) -> None:
        sent = self.WORK.metrics(Work(event_age_share=0.5))
        assert value(sent, "AsyncEventAge", "Maximum", **self.LIVE) == 300_000

    def test_versions_are_told_apart_only_while_traffic_shifts(self) -> None:
        assert not any("ExecutedVersion" in dict(metric.dimensions) for metric in self.WORK.metrics(Work()))
        sent = self.WORK.metrics(Work(live=Calls(done=9), new=Calls(failed=1)))
        assert value(sent, "Errors", "Sum", **self.LIVE, ExecutedVersion="2") == 1
        assert value(sent, "Errors", "Sum", **self.LIVE, ExecutedVersion="1") == 0
        assert value(sent, "Invocations", "Sum", **self.LIVE) == 10


WORK = Function("work", "live", "2", 10, "Own", "web-api")
API = HttpApi("api", "$default", (WORK,))
OF_ALIAS = {"FunctionName": "work", "Resource": "work:live"}


def test_an_api_without_requests_sends_nothing() -> None:
    assert API.metrics(Requests()) == WORK.metrics(Requests()) == {}


def test_an_api_counts_errors_of_each_request() -> None:
    sent = API.metrics(Requests(Outcome(answered=5, faults=2, crashes=1), unauthorized=1, throttled=1))
    of = {"ApiId": "api", "Stage": "$default"}
    assert (value(sent, "Count", "Sum", **of), value(sent, "4xx", "Sum", **of)) == (10, 2)
    assert (value(sent, "5xx", "Sum", **of), value(sent, "5xx", "SampleCount", **of)) == (3, 10)


def test_refused_requests_reach_no_function() -> None:
    assert WORK.metrics(Requests(unauthorized=5, throttled=5)) == {}


def test_a_function_that_answers_500_has_no_errors() -> None:
    sent = WORK.metrics(Requests(Outcome(faults=3)))
    assert value(sent, "Errors", "Sum", **OF_ALIAS) == 0
    assert value(sent, "Faults", "Sum", service="web-api", function_name="work", function_version="2") == 3


def test_the_version_is_known_only_while_traffic_shifts() -> None:
    alone = WORK.metrics(Requests(Outcome(crashes=3)))
    assert not [metric for metric in alone if dict(metric.dimensions).get("ExecutedVersion")]
    both = WORK.metrics(Requests(Outcome(answered=9), new=Outcome(crashes=1)))
    assert value(both, "Errors", "Sum", **OF_ALIAS, ExecutedVersion="2") == 1
    assert value(both, "Errors", "Sum", **OF_ALIAS, ExecutedVersion="1") == 0


def test_throttles_are_sent_only_when_there_are_some() -> None:
    assert not names(Table("items").metrics(Capacity())) & {"ReadThrottleEvents", "WriteThrottleEvents"}
    assert (
        value(Table("items").metrics(Capacity(throttled_reads=4)), "ReadThrottleEvents", "Sum", TableName="items") == 4
    )
    assert ThrottleFilter("Own", "Throttled").metrics(Requests(Outcome(answered=1))) == {}


def test_failed_and_throttled_sign_ins_are_zeros() -> None:
    sent = UserPool("pool", "client").metrics(SignIns(successes=1, failures=2, throttled=1))
    of = {"UserPool": "pool", "UserPoolClient": "client"}
    assert value(sent, "SignInSuccesses", "SampleCount", **of) == 4
    assert value(sent, "SignInSuccesses", "Sum", **of) == 1
    assert names(UserPool("pool", "client").metrics(SignIns())) == set()


SITE = {"DistributionId": "E1", "Region": "Global"}


def test_a_distribution_without_requests_sends_nothing() -> None:
    assert names(Distribution("E1").metrics(Views(0)), "AWS/CloudFront") == set()


def test_error_rates_of_a_distribution_are_shares_of_all_requests() -> None:
    sent = Distribution("E1").metrics(Views(70, missing=10, unavailable=5, crashes=5, refused=5, throttled=5))
    rates = ("4xxErrorRate", "5xxErrorRate", "TotalErrorRate")
    assert [value(sent, name, "Average", **SITE) for name in rates] == [10, 20, 30]
    assert value(sent, "LambdaExecutionError", "Sum", **SITE) == 5
    assert "LambdaExecutionError" not in names(Distribution("E1").metrics(Views(70)))


def test_a_service_of_app_runner_counts_responses_only_while_there_are_such() -> None:
    service = AppRunnerService("web", "1", "arn:aws:apprunner:eu-west-1:111122223333:service/web/1")
    of = {"ServiceName": "web", "ServiceID": "1"}
    sent = service.metrics(AppRequests(8, failed=2))
    assert (value(sent, "Requests", "Sum", **of), value(sent, "5xxStatusResponses", "Sum", **of)) == (10, 2)
    assert names(service.metrics(AppRequests(0, active=0))) == {"ActiveInstances"}
    assert service.update_failed()["resources"] == [service.arn]


def test_each_kind_of_scanning_sends_its_own_events() -> None:
    arn = "arn:aws:ecr:eu-west-1:111122223333:repository/app"
    sources = {Repository("app", arn, enhanced).critical_finding()["source"] for enhanced in (False, True)}
    assert sources == {"aws.ecr", "aws.inspector2"}


MACHINE = StateMachine("arn:aws:states:eu-west-1:111122223333:stateMachine:orders", "live", "7")


def test_executions_are_counted_by_state_machine_alias_and_version() -> None:
    sent = MACHINE.metrics(Executions(started=10, failed=1), Executions(started=2))
    arn = {"StateMachineArn": MACHINE.arn}
    assert value(sent, "ExecutionsStarted", "Sum", **arn) == 10
    assert value(sent, "ExecutionsStarted", "Sum", **arn, Alias="live") == 10
    assert value(sent, "ExecutionsStarted", "Sum", **arn, Version="7") == 2
    failed = {metric.dimensions for metric in sent if metric.name == "ExecutionsFailed"}
    assert frozenset({*arn.items(), ("Version", "7")}) not in failed


def test_a_workflow_without_executions_sends_nothing() -> None:
    assert MACHINE.metrics(Executions(), None) == {}


def test_the_event_of_an_encrypted_execution_has_no_data() -> None:
    detail = MACHINE.aborted()["detail"]
    assert (detail["status"], detail["name"], detail["input"]) == ("ABORTED", "order-1", None)
    assert detail["executionArn"] == "arn:aws:states:eu-west-1:111122223333:execution:orders:order-1"


def test_a_function_counts_only_pods_that_have_waited_for_too_long() -> None:
    counter = PodCounter("count", "live", "cluster", "Patternbook/Eks", "PendingFargatePods", late_minutes=5)
    sent = counter.metrics(Kubernetes(waiting=(0, 5, 6, 90)))
    assert value(sent, "PendingFargatePods", "Maximum", ClusterName="cluster") == 2
    assert value(counter.metrics(Kubernetes()), "PendingFargatePods", "Maximum", ClusterName="cluster") == 0


def test_a_call_that_fails_counts_nothing_and_a_function_that_nobody_calls_sends_nothing() -> None:
    counter = PodCounter("count", "live", "cluster", "Patternbook/Eks", "PendingFargatePods", late_minutes=5)
    assert names(counter.metrics(Kubernetes(waiting=(9,), counting="fails"))) == {"Invocations", "Errors", "Duration"}
    assert counter.metrics(Kubernetes(waiting=(9,), counting="stopped")) == {}
