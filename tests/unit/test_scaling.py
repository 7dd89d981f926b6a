"""Scaling over time: the synthesized policies in a simulation of what Application Auto Scaling documents.

Target tracking scales out if any policy is ready for it, and in only if all of them are. Missing data scales nothing:
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from patternbook.testing.reading import Reading
from stacks.ecs_ec2 import EcsEc2Stack

PATTERN = EcsEc2Stack
VARIANTS = {
    "steps": {
        "response_time_steps": [{"above_seconds": 0.5, "add_tasks": 1}, {"above_seconds": 2, "add_tasks": 4}],
        "max_tasks": 8,
        "max_instances": 10,
        "max_workers": 4,
        "seconds_per_message": 3,
        "acceptable_delay_seconds": 300,
    }
}
# Target tracking makes one alarm above the target, and one some 10 % below it.
MINUTES_OUT, MINUTES_IN, LOW = 3, 15, 0.9
MESSAGES_A_MINUTE = 20
"""The number of messages that a task consumes in a minute, at 3 seconds per message."""

Values = Mapping[str, float | None]
"""The datapoint of each metric in one minute, by its name."""


class Simulation:
    """The tasks of a service, minute by minute."""

    def __init__(self, stack: Reading, name: str, *, without: str = "nothing") -> None:
        """:param name: ``Web`` or ``Worker``.
        :param without: part of the logical ids of policies to leave out.
        """
        [target] = [
            each
            for each in stack.all("AWS::ApplicationAutoScaling::ScalableTarget")
            if each.id.startswith(f"{name}Service")
        ]
        self.minimum, self.maximum = target["MinCapacity"], target["MaxCapacity"]
        policies = [
            each
            for each in stack.all("AWS::ApplicationAutoScaling::ScalingPolicy")
            if stack.to(each["ScalingTargetId"]) == target and without not in each.id
        ]
        self.tracking = [
            each["TargetTrackingScalingPolicyConfiguration"]
            for each in policies
            if each["PolicyType"] == "TargetTrackingScaling"
        ]
        self.steps = [
            (alarm, policy["StepScalingPolicyConfiguration"])
            for policy in policies
            if policy["PolicyType"] == "StepScaling"
            for alarm in stack.all("AWS::CloudWatch::Alarm")
            if [stack.to(action) for action in alarm["AlarmActions"]] == [policy]
        ]
        self.tasks = self.minimum
        self._minute = self._last_in = 0
        self._seen: list[Values] = []
        self._tracked: list[list[float | None]] = [[] for _ in self.tracking]

    def run(self, minutes: int, values: Callable[[int], Values]) -> list[int]:
        """The number of tasks after each minute, in which ``values`` gives the metrics from the number before."""
        return [self._pass(values(self.tasks)) for _ in range(minutes)]

    def _pass(self, values: Values) -> int:
        self._minute += 1
        self._seen.append(values)
        for configuration, series in zip(self.tracking, self._tracked, strict=True):
            series.append(self._value(configuration))
        wanted = max([self.tasks, *self._wanted_out(), *self._wanted_by_steps(values)])
        out = min(wanted, self.maximum)
        # The alarms of two policies ring at different seconds, and nothing documents that adding tasks by a step keeps
        # target tracking from removing them.
        if self._all_low() and self._minute - self._last_in >= 5:
            self._last_in = self._minute
            self.tasks = min(out, max(self.minimum, *self._proportional()))
        else:
            self.tasks = out
        return self.tasks

    def _wanted_out(self) -> list[int]:
        recent = [series[-MINUTES_OUT:] for series in self._tracked]
        high = [
            len(series) == MINUTES_OUT and all(value is not None and value > each["TargetValue"] for value in series)
            for each, series in zip(self.tracking, recent, strict=True)
        ]
        return [number for number, ready in zip(self._proportional(), high, strict=True) if ready]

    def _all_low(self) -> bool:
        return all(
            len(series) >= MINUTES_IN
            and all(value is not None and value < LOW * each["TargetValue"] for value in series[-MINUTES_IN:])
            for each, series in zip(self.tracking, self._tracked, strict=True)
        )

    def _proportional(self) -> list[int]:
        return [
            math.ceil(self.tasks * (series[-1] or 0) / each["TargetValue"])
            for each, series in zip(self.tracking, self._tracked, strict=True)
        ]

    def _wanted_by_steps(self, values: Values) -> list[int]:
        wanted = []
        for alarm, configuration in self.steps:
            value = values[alarm["MetricName"]]
            if value is not None and value >= alarm["Threshold"]:
                above = value - alarm["Threshold"]
                wanted += [
                    self.tasks + step["ScalingAdjustment"]
                    for step in configuration["StepAdjustments"]
                    if step["MetricIntervalLowerBound"] <= above < step.get("MetricIntervalUpperBound", math.inf)
                ]
        return wanted

    def _value(self, configuration: dict[str, Any]) -> float | None:
        if "PredefinedMetricSpecification" in configuration:
            return self._seen[-1][configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]]
        *metrics, last = configuration["CustomizedMetricSpecification"]["Metrics"]
        assert [each["ReturnData"] for each in (*metrics, last)] == [False] * len(metrics) + [True]
        names = {each["Id"]: each["MetricStat"]["Metric"]["MetricName"] for each in metrics}
        return self._evaluate(last["Expression"], names)

    def _evaluate(self, expression: str, names: Mapping[str, str]) -> float | None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html"""
        now = self._seen[-1]

        def filled(metric_id: str, value: str) -> float | None:
            if now[names[metric_id]] is not None or value != "REPEAT":
                return float(value) if now[names[metric_id]] is None else now[names[metric_id]]
            return next((each[names[metric_id]] for each in reversed(self._seen) if each[names[metric_id]]), None)

        text = re.sub(r"FILL\((\w+), (\w+)\)", lambda found: repr(filled(found[1], found[2])), expression)
        known: dict[str, Any] = {metric_id: now[name] for metric_id, name in names.items()}
        try:
            return eval(text, {"IF": lambda condition, yes, no: yes if condition else no}, known)
        except TypeError:  # a metric without a datapoint
            return None


def shrinks(tasks: list[int]) -> bool:
    return any(later < earlier for earlier, later in pairwise(tasks))


class Queue:
    """A queue whose workers wait for something else: however much they do, their CPU is idle."""

    def __init__(self, *, arriving: int) -> None:
        self.messages = 0
        self.arriving = arriving
        self.silent = False

    def values(self, tasks: int) -> Values:
        working = 0 if self.silent else tasks
        self.messages = max(0, self.messages + self.arriving - working * MESSAGES_A_MINUTE)
        return {
            "ApproximateNumberOfMessagesVisible": self.messages,
            "RunningTaskCount": None if self.silent else tasks,
            "ECSServiceAverageCPUUtilization": 5,
        }


class TestWorker:
    @pytest.fixture
    def worker(self, read: Callable[[str], Reading]) -> Simulation:
        return Simulation(read("steps"), "Worker")

    def test_it_scales_out_while_the_backlog_grows_and_never_in(self, worker: Simulation) -> None:
        queue = Queue(arriving=200)
        tasks = worker.run(180, queue.values)
        assert not shrinks(tasks)
        assert tasks[-1] == worker.maximum == 4

    def test_the_backlog_of_a_task_stays_near_the_acceptable_delay(self, worker: Simulation) -> None:
        queue = Queue(arriving=50)
        worker.run(180, queue.values)
        assert worker.tasks in (3, 4)
        assert queue.messages / worker.tasks <= 120

    def test_it_scales_in_once_the_backlog_is_done(self, worker: Simulation) -> None:
        queue = Queue(arriving=200)
        worker.run(60, queue.values)
        queue.arriving = 0
        worker.run(600, queue.values)
        assert worker.tasks == worker.minimum == 1

    def test_no_running_task_scales_nothing_in(self, worker: Simulation) -> None:
        """Container Insights sends nothing then."""
        queue = Queue(arriving=200)
        worker.run(30, queue.values)
        queue.silent = True
        assert not shrinks([worker.tasks, *worker.run(120, queue.values)])

    def test_minutes_without_container_insights_scale_nothing(self, worker: Simulation) -> None:
        values: Values = {"ApproximateNumberOfMessagesVisible": 285, "RunningTaskCount": 3}
        worker.tasks = 3
        assert worker.run(30, lambda _: values) == [3] * 30
        assert worker.run(10, lambda _: {**values, "RunningTaskCount": None}) == [3] * 10

    def test_without_any_data_it_scales_nothing(self, worker: Simulation) -> None:
        queue = Queue(arriving=200)
        queue.silent = True
        assert worker.run(60, queue.values) == [worker.minimum] * 60

    def test_no_task_counts_as_one(self, worker: Simulation) -> None:
        values: Values = {"ApproximateNumberOfMessagesVisible": 350, "RunningTaskCount": 0}
        assert worker.run(3, lambda _: values)[-1] == 4


class TestWeb:
    """A slow dependency: responses are slow, and the tasks are idle."""

    @staticmethod
    def answering(seconds: float | None) -> Callable[[int], Values]:
        return lambda _: {
            "ECSServiceAverageCPUUtilization": 5,
            "ECSServiceAverageMemoryUtilization": 20,
            "ALBRequestCountPerTarget": 10,
            "TargetResponseTime": seconds,
        }

    @pytest.mark.parametrize("seconds", [0.5, 1, 5])
    def test_no_task_goes_while_responses_are_slow(self, read: Callable[[str], Reading], seconds: float) -> None:
        web = Simulation(read("steps"), "Web")
        tasks = web.run(180, self.answering(seconds))
        assert not shrinks(tasks)
        assert tasks[-1] == web.maximum == 8

    @pytest.mark.parametrize("seconds", [0.4, None])
    def test_tasks_go_afterwards(self, read: Callable[[str], Reading], seconds: float | None) -> None:
        """Also at night, when nobody asks for anything."""
        web = Simulation(read("steps"), "Web")
        web.run(60, self.answering(1))
        web.run(60, self.answering(seconds))
        assert web.tasks == web.minimum == 2

    def test_without_the_hold_tasks_would_come_and_go(self, read: Callable[[str], Reading]) -> None:
        """The simulation sees the fight that the hold prevents."""
        web = Simulation(read("steps"), "Web", without="Hold")
        assert len(web.tracking) == 3
        assert shrinks(web.run(180, self.answering(1)))
