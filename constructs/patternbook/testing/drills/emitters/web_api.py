"""The services behind an HTTP API: API Gateway, Lambda, DynamoDB, Cognito, and CloudWatch Logs as it counts log events.

- https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html: the metrics of an HTTP API. They
  are sent for requests only. 4xx and 5xx are 1 or 0 for each request. There is no metric of throttled requests, which
  are 4xx.
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
  https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: the metrics of calls by an alias. Those
  with the dimension ExecutedVersion exist only while the alias has two versions. A throttled call is no invocation.
- https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html: throttle events are sent
  only when there are some.
- https://docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html: a sign-in is 1 if it
  succeeds and 0 if it fails. A throttled sign-in is one that fails, and counts as throttled, too.
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html: a metric filter without a
  default value sends nothing for log events that do not match.
- https://docs.aws.amazon.com/powertools/python/latest/core/metrics/: the functions send the metric Faults for each
  answer with a 5xx status, and nothing otherwise.
"""

from dataclasses import dataclass

from patternbook.testing.drills.alarms import Samples
from patternbook.testing.drills.emitters.reports import Report, nonzero, ones, report


@dataclass(frozen=True)
class Outcome:
    """What calls of a function come to in one minute."""

    answered: int = 0
    """Answers below 500."""
    faults: int = 0
    """Answers of the function with a 5xx status, which Lambda takes for successes."""
    crashes: int = 0
    """Calls that end with an error of Lambda, or with the timeout. API Gateway answers 500 or 503."""
    seconds: float = 0.1
    timeout_share: float | None = None
    """Duration as a share of the timeout, instead of seconds."""

    @property
    def calls(self) -> int:
        return self.answered + self.faults + self.crashes


@dataclass(frozen=True)
class Requests:
    """The requests to an API in one minute. Each of its functions gets all of them, so that an event concerns all."""

    live: Outcome = Outcome()
    """The version that has the traffic, or the old one during a deployment."""
    new: Outcome | None = None
    """The version to which traffic shifts."""
    unauthorized: int = 0
    """Requests without a valid token, which reach no function."""
    throttled: int = 0
    """Requests above the limit of a route, which reach no function."""
    throttled_calls: int = 0
    """Requests whose function has no concurrency left. API Gateway answers 503."""


@dataclass(frozen=True)
class Capacity:
    """What a table does in one minute."""

    reads: int = 100
    writes: int = 50
    throttled_reads: int = 0
    throttled_writes: int = 0


@dataclass(frozen=True)
class SignIns:
    successes: int = 0
    failures: int = 0
    throttled: int = 0


@dataclass(frozen=True)
class Function:
    """A function behind an alias, which sends metrics of its own by Powertools."""

    name: str
    alias: str
    version: str
    """The version of the template: the new one during a deployment, and the one with the traffic otherwise."""
    timeout_seconds: int
    namespace: str
    service: str

    def metrics(self, requests: Requests) -> Report:
        of_alias = {"FunctionName": self.name, "Resource": f"{self.name}:{self.alias}"}
        new = requests.new
        outcomes = [requests.live, *([new] if new else [])]
        throttles = {"Throttles": ones(requests.throttled_calls)}
        sent = report("AWS/Lambda", of_alias, {**self._calls(*outcomes), **throttles})
        sent |= self._faults(requests.live, "1" if new else self.version)
        if new:
            sent |= report("AWS/Lambda", {**of_alias, "ExecutedVersion": "1"}, self._calls(requests.live))
            sent |= report("AWS/Lambda", {**of_alias, "ExecutedVersion": self.version}, self._calls(new))
            sent |= self._faults(new, self.version)
        return sent

    def seconds(self, outcome: Outcome) -> float:
        share = outcome.timeout_share
        return outcome.seconds if share is None else share * self.timeout_seconds

    def _calls(self, *outcomes: Outcome) -> dict[str, float | Samples | None]:
        calls, crashes = sum(each.calls for each in outcomes), sum(each.crashes for each in outcomes)
        if not calls:
            return {}
        return {
            "Invocations": ones(calls),
            "Errors": some_of(calls, crashes),
            "Duration": tuple((1000 * self.seconds(each), each.calls) for each in outcomes if each.calls),
            "ConcurrentExecutions": 1,
        }

    def _faults(self, outcome: Outcome, version: str) -> Report:
        names = {"service": self.service, "function_name": self.name, "function_version": version}
        return report(self.namespace, names, {"Faults": ones(outcome.faults)})


@dataclass(frozen=True)
class HttpApi:
    api_id: str
    stage: str
    functions: tuple[Function, ...]

    def metrics(self, requests: Requests) -> Report:
        outcomes = [requests.live, *([requests.new] if requests.new else [])]
        refused = requests.unauthorized + requests.throttled
        failed = sum(each.faults + each.crashes for each in outcomes) + requests.throttled_calls
        total = sum(each.calls for each in outcomes) + refused + requests.throttled_calls
        if not total:
            return {}
        longest = max(self.functions, key=lambda each: each.timeout_seconds)
        times = [(1000 * longest.seconds(each), each.calls) for each in outcomes if each.calls]
        at_once = refused + requests.throttled_calls
        values = {
            "Count": ones(total),
            "4xx": some_of(total, refused),
            "5xx": some_of(total, failed),
            "Latency": (*times, *(((5.0, at_once),) if at_once else ())),
            "IntegrationLatency": tuple(times) or None,
        }
        return report("AWS/ApiGateway", {"ApiId": self.api_id, "Stage": self.stage}, values)


@dataclass(frozen=True)
class ThrottleFilter:
    """A metric filter that counts requests with the status 429 in an access log."""

    namespace: str
    name: str

    def metrics(self, requests: Requests) -> Report:
        return report(self.namespace, {}, {self.name: ones(requests.throttled)})


@dataclass(frozen=True)
class Table:
    name: str

    def metrics(self, capacity: Capacity) -> Report:
        values = {
            "ConsumedReadCapacityUnits": nonzero(capacity.reads),
            "ConsumedWriteCapacityUnits": nonzero(capacity.writes),
            "ReadThrottleEvents": ones(capacity.throttled_reads),
            "WriteThrottleEvents": ones(capacity.throttled_writes),
        }
        return report("AWS/DynamoDB", {"TableName": self.name}, values)


@dataclass(frozen=True)
class UserPool:
    pool: str
    client: str

    def metrics(self, sign_ins: SignIns) -> Report:
        attempts = sign_ins.successes + sign_ins.failures + sign_ins.throttled
        values = {
            "SignInSuccesses": some_of(attempts, sign_ins.successes),
            "SignInThrottles": ones(sign_ins.throttled),
        }
        return report("AWS/Cognito", {"UserPool": self.pool, "UserPoolClient": self.client}, values)


def some_of(total: int, number: int) -> Samples | None:
    """Samples of 1 for some of a total, and of 0 for the others; none without any."""
    samples = ((1.0, number), (0.0, total - number))
    return tuple(each for each in samples if each[1]) or None
