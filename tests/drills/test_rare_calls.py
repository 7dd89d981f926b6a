"""Alarms on metrics that are sent only for calls ring where there are few calls."""

from collections.abc import Iterator
from typing import Final

from patternbook.testing.drills.alarms import Alarm
from patternbook.testing.drills.drilling import Stack, readable
from tests.drills.book import Templates

EVERY_MINUTE: Final = {
    "NothingDelivered": "Its periods are half an hour long, so that a quiet stream has records in each of them.",
    "Silence": "It asks whether nothing arrived in all of the time that its owner allows.",
}
"""The alarms for which each of several periods has to breach, with the reason."""

SELDOM: Final = 4
"""Minutes between the calls of a function that is called seldom."""


def alarms(book: list[Templates]) -> Iterator[tuple[str, Alarm]]:
    """The alarms that notify people, with the name of their stack."""
    for templates in book:
        for stack, template in templates.items():
            for alarm in Stack(template).alarms:
                yield stack, alarm


def test_no_alarm_asks_for_each_of_several_minutes_without_a_reason(book: list[Templates]) -> None:
    """CloudWatch takes the minutes between calls for good ones, see
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    found = {
        readable(alarm.name) for _, alarm in alarms(book) if alarm.datapoints_to_alarm == alarm.evaluation_periods > 1
    }
    assert found == EVERY_MINUTE.keys()


def test_alarms_on_calls_of_functions_ring_with_a_call_every_four_minutes(book: list[Templates]) -> None:
    watched = 0
    for stack, alarm in alarms(book):
        if any(dict(metric.dimensions).keys() >= {"FunctionName", "Resource"} for metric in alarm.metrics):
            watched += 1
            if "SpillOver" not in alarm.name:  # provisioned environments are for functions with many calls
                lasts = SELDOM * (alarm.datapoints_to_alarm - 1) + 1
                assert lasts <= alarm.evaluation_periods * alarm.minutes, f"{stack} {alarm.name}"
    assert watched >= 30
