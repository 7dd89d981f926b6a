"""The alarms of a new service, and the alarms that roll a deployment back, have the time that they need."""

from collections.abc import Iterator, Mapping
from typing import Any

from patternbook.testing.drills.templates import alarms_of
from tests.drills.book import Templates


def alarms(book: list[Templates]) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Each alarm of the book: its place, its properties, and how many minutes it looks back."""
    for templates in book:
        for stack, template in templates.items():
            for each in alarms_of(template):
                properties = template["Resources"][each.name]["Properties"]
                yield f"{stack} {each.name}", properties, each.minutes * each.evaluation_periods


def test_an_alarm_on_missing_data_does_not_ring_at_its_birth(book: list[Templates]) -> None:
    """The minutes before its metric began would breach, see
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html
    """
    breaching = [each for each in alarms(book) if each[1].get("TreatMissingData") == "breaching"]
    assert breaching
    for place, properties, minutes in breaching:
        warm_up = properties["WarmUpConfiguration"]
        assert warm_up["OnlyStartEvaluatingAfterWarmUpPeriodEnds"] is True, place
        assert warm_up["WarmUpPeriodDurationInMinutes"] > minutes, place


def test_a_deployment_bakes_until_its_slowest_alarm_has_looked_back(book: list[Templates]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html"""
    # The alarm of a workflow's version has a name that refers to the version. No service watches it.
    windows = {
        name: minutes for _, properties, minutes in alarms(book) if isinstance(name := properties.get("AlarmName"), str)
    }
    watched = 0
    for templates in book:
        for stack, template in templates.items():
            for body in template["Resources"].values():
                deployment = body.get("Properties", {}).get("DeploymentConfiguration", {})
                if body["Type"] == "AWS::ECS::Service" and deployment.get("Alarms", {}).get("Enable"):
                    watched += 1
                    for name in deployment["Alarms"]["AlarmNames"]:
                        assert deployment["BakeTimeInMinutes"] >= windows[name], (stack, name)
    assert watched >= 6
