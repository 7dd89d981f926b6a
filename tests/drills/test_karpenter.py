"""The alarms of the recipe for Karpenter, drilled like those of a pattern."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from aws_cdk.assertions import Template

from patternbook.monitoring.monitoring import Monitoring
from patternbook.posture import SANDBOX
from patternbook.testing.drills.drilling import Stack, findings
from patternbook.testing.drills.events import cluster
from patternbook.testing.drills.promises import (
    CLUSTER_IS_SILENT,
    NODES_ARE_SILENT,
    Drill,
    Promise,
    cluster_rings,
    nodes_ring,
)
from tests.karpenter import karpenter_stack

DRILL: Final = Drill(
    [
        *cluster_rings(),
        *nodes_ring(),
        Promise(cluster.nobody_drains(), 20, "See the log of the Deployment `karpenter` in `kube-system`."),
    ],
    [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT, cluster.slow_drain()],
)


@pytest.fixture(scope="module")
def template() -> Mapping[str, Any]:
    stack = karpenter_stack(SANDBOX)
    monitoring = Monitoring(stack, "Monitoring", posture=SANDBOX)
    monitoring.watch_kubernetes(stack.cluster.name, container_insights=False)
    monitoring.watch_node_events(stack.karpenter)
    return dict(Template.from_stack(stack).to_json())


def test_each_event_rings_and_each_alarm_is_rung_and_calm_is_silent(template: Mapping[str, Any]) -> None:
    assert "UnhandledNodes" in Stack(template).names
    assert list(findings(Stack(template), DRILL)) == []


def test_a_queue_that_forgets_events_early_would_silence_the_alarm(template: Mapping[str, Any]) -> None:
    """The retention of Karpenter's own document, 300 seconds, is below the threshold of 900 seconds."""
    [queue] = [each for each in template["Resources"].values() if each["Type"] == "AWS::SQS::Queue"]
    [alarm] = [each for name, each in template["Resources"].items() if name.startswith("MonitoringUnhandledNodes")]
    assert alarm["Properties"]["Threshold"] < queue["Properties"]["MessageRetentionPeriod"]
