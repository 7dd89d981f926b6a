"""The evaluator agrees with every example that the documentation of CloudWatch works through."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from patternbook.testing.drills import metric_math
from patternbook.testing.drills.alarms import Alarm, Metric, MetricStat, Missing, Samples, State, next_state, statistic

METRIC = Metric("Test", "Value", frozenset())
POINTS = {"0": False, "X": True, "-": None}

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: the two tables, and the
# text on premature transitions. RETAIN means that the current state is retained.
OK, ALARM, INSUFFICIENT, RETAIN = State.OK, State.ALARM, State.INSUFFICIENT_DATA, None
TREATMENTS: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")
THREE_OF_THREE = [
    ("0 - X - X", OK, OK, OK, OK),
    ("0 - - - -", OK, OK, OK, OK),
    ("- - - - -", INSUFFICIENT, RETAIN, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
    ("- - X - -", ALARM, RETAIN, ALARM, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
    ("0 - X - -", OK, OK, ALARM, OK),
    ("- - - - 0", OK, OK, ALARM, OK),
    ("- - - X -", ALARM, RETAIN, ALARM, OK),
]
TABLES = [(3, *row) for row in THREE_OF_THREE] + [(2, *row) for row in TWO_OF_THREE]


@pytest.mark.parametrize("before", [State.OK, State.ALARM])
@pytest.mark.parametrize(
    ("datapoints", "points", "treatment", "expected"),
    [
        (datapoints, points, treatment, state)
        for datapoints, points, *states in TABLES
        for treatment, state in zip(TREATMENTS, states, strict=True)
    ],
)
def test_missing_data(datapoints: int, points: str, treatment: Missing, expected: State | None, before: State) -> None:
    state = next_state(
        [POINTS[point] for point in points.split()],
        before=before,
        evaluation_periods=3,
        datapoints_to_alarm=datapoints,
        missing=treatment,
    )
    assert state == (before if expected is None else expected)


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -", "- - - X 0", "- - X - 0"])
def test_an_alarm_does_not_ring_prematurely(points: str) -> None:
    state = next_state(
        [POINTS[point] for point in points.split()],
        before=State.OK,
        evaluation_periods=3,
        datapoints_to_alarm=3,
        missing="missing",
    )
    assert state == State.OK


def alarm(**changes: object) -> Alarm:
    """An alarm that rings while three values in a row are above 3."""
    base = Alarm(
        name="Alarm",
        description="",
        notifies=True,
        queries={"m1": MetricStat(METRIC, "Average", 1)},
        returned="m1",
        comparison="GreaterThanThreshold",
        threshold=3,
        evaluation_periods=3,
        datapoints_to_alarm=3,
        missing="missing",
    )
    return replace(base, **changes)


def states(tested: Alarm, values: Sequence[float | None], *, delay: int = 0) -> list[State]:
    telemetry = {METRIC: {minute: ((value, 1),) for minute, value in enumerate(values) if value is not None}}
    return [state for _, state in tested.states(telemetry, range(len(values)), delay=delay)]


def test_consecutive_periods() -> None:
    """The figure of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html: the third to
    fifth value are above the threshold of 3, the sixth is below, and the ninth breaches alone.
    """
    ringing = [state == State.ALARM for state in states(alarm(), [2, 2, 4, 5, 4, 2, 2, 2, 4, 2])]
    assert ringing == [False] * 4 + [True] + [False] * 5


def test_four_of_five_need_not_be_consecutive() -> None:
    tested = alarm(evaluation_periods=5, datapoints_to_alarm=4)
    ringing = [state == State.ALARM for state in states(tested, [9, 9, 0, 9, 9, 0, 0])]
    assert ringing == [False, False, False, False, True, False, False]


def test_a_period_of_five_minutes_slides_by_one_minute() -> None:
    """The example of the same page: minutes 1 to 5 at the end of minute 5, and 2 to 6 at the end of minute 6."""
    five = MetricStat(METRIC, "Sum", 5)
    telemetry = {METRIC: {minute: ((float(minute), 1),) for minute in range(1, 7)}}
    assert five.value(telemetry, 5, hidden=0) == 1 + 2 + 3 + 4 + 5
    assert five.value(telemetry, 6, hidden=0) == 2 + 3 + 4 + 5 + 6
    tested = alarm(queries={"m1": five}, threshold=15, evaluation_periods=1, datapoints_to_alarm=1)
    assert [state for _, state in tested.states(telemetry, range(5, 7))] == [State.OK, State.ALARM]


def test_an_alarm_starts_with_insufficient_data() -> None:
    assert states(alarm(), [None, None, 1])[:2] == [State.INSUFFICIENT_DATA, State.INSUFFICIENT_DATA]


def test_a_silent_metric_rings_once_no_data_point_is_in_the_evaluation_range_to_prevent_it() -> None:
    """AWS says of the second row of the first table that the next evaluation rings if the data is still missing."""
    tested = alarm(missing="breaching")
    assert states(tested, [0, None, None, None, None, None])[3:] == [State.OK, State.OK, State.ALARM]


def test_a_late_metric_is_not_a_missing_one() -> None:
    values = [0.0] * 20
    assert set(states(alarm(missing="breaching"), values, delay=2)[5:]) == {State.OK}


def test_fill_takes_a_late_metric_for_a_missing_one() -> None:
    """AWS's warning about FILL: the most recent minute of a metric that is published late never has data."""
    tested = alarm(
        queries={"m1": MetricStat(METRIC, "Average", 1), "e1": "FILL(m1, 0)"},
        returned="e1",
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )
    assert set(states(tested, [9.0] * 10)) == {State.ALARM}
    assert set(states(tested, [9.0] * 10, delay=1)) == {State.OK}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 112.0),
        ("Average", 11.2),
        ("Minimum", 1.0),
        ("Maximum", 100.0),
        ("SampleCount", 10),
        ("p50", 1.0),
        ("p80", 1.0),
        ("p90", 4.0),
        ("p99", 100.0),
        ("p100", 100.0),
    ],
)
def test_statistics(name: str, expected: float) -> None:
    samples: Samples = ((1.0, 8), (100.0, 1), (4.0, 1))
    assert statistic(samples, name) == pytest.approx(expected)
    assert statistic((), name) is None


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="tm90"):
        statistic(((1.0, 1),), "tm90")


def test_a_percentile_of_few_samples_can_be_ignored() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html: "this setting
    would be used if there were fewer than 1000 samples for an alarm on a p99 percentile".
    """
    for samples, expected in ((999, State.INSUFFICIENT_DATA), (1000, State.ALARM)):
        tested = alarm(
            queries={"m1": MetricStat(METRIC, "p99", 1)},
            evaluation_periods=1,
            datapoints_to_alarm=1,
            few_samples="ignore",
        )
        [(_, state)] = tested.states({METRIC: {0: ((9.0, samples),)}}, range(1))
        assert state == expected


def series(expression: str, **metrics: Sequence[float | None]) -> list[float | None]:
    return [
        metric_math.evaluate(expression, dict(zip(metrics, point, strict=True)), metrics=list(metrics), period=60)
        for point in zip(*metrics.values(), strict=True)
    ]


# The examples of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
COMPARED = {"metric1": [30, 20, 0, 0], "metric2": [20, None, 20, None]}
CHOSEN = {"metric1": [1, 1, 0, 0, None], "metric2": [30, None, 0, 0, 30], "metric3": [0, 0, 20, None, 20]}


@pytest.mark.parametrize(
    ("expression", "metrics", "expected"),
    [
        ("(metric1 < metric2)", COMPARED, [0, 0, 1, 0]),
        ("(metric1 >= 30)", COMPARED, [1, 0, 0, 0]),
        ("(metric1 > 15 AND metric2 > 15)", COMPARED, [1, 0, 0, 0]),
        ("IF(metric1, metric2, metric3)", CHOSEN, [30, 0, 20, None, None]),
        ("IF(metric1, 5, metric3)", CHOSEN, [5, 5, 20, None, None]),
        ("IF(metric1, metric2, 5)", CHOSEN, [30, 0, 5, 5, None]),
        ("IF(metric1<400, metric1)", {"metric1": [500, 300, None]}, [None, 300, None]),
        ("IF(metric1<400, 10, 2)", {"metric1": [500, 300, None]}, [2, 10, None]),
        ("FILL(m1,10)", {"m1": [1, None, 3]}, [1, 10, 3]),
        ("FILL(m1, m2)", {"m1": [1, None, None], "m2": [7, 8, None]}, [1, 8, None]),
        ("m1 - m2", {"m1": [5, None, 5, None], "m2": [2, 2, None, None]}, [3, -2, 5, None]),
        ("m1 / m2", {"m1": [6, 6, None], "m2": [2, 0, 2]}, [3, None, 0]),
        ("2 - m1", {"m1": [1, None]}, [1, None]),
        ("m1^2 || 0 > 1", {"m1": [2, 0, None]}, [1, 0, None]),
        ("PERIOD(m1)/60 * -m1", {"m1": [2]}, [-2]),
        ("SUM([m1, m2])", {"m1": [1, None, None], "m2": [2, 2, None]}, [3, 2, None]),
        ("MAX(METRICS())", {"m1": [1, None], "m2": [2, 2]}, [2, 2]),
        ('SUM(METRICS("errors"))', {"errors1": [1], "requests": [5], "errors2": [2]}, [3]),
        ("AVG(METRICS())", {"m1": [4, 4], "m2": [2, None]}, [3, 2]),
        ("TIME_SERIES(10) + ABS(m1)", {"m1": [-1, None]}, [11, 10]),
    ],
)
def test_metric_math(expression: str, metrics: dict[str, list[float | None]], expected: list[float | None]) -> None:
    assert series(expression, **metrics) == expected


def test_diff_is_the_difference_from_the_preceding_value() -> None:
    tested = alarm(queries={"m1": MetricStat(METRIC, "Average", 1), "e1": "DIFF(m1)"}, returned="e1")
    telemetry = {METRIC: {minute: ((value, 1),) for minute, value in {0: 5.0, 1: 3.0, 4: 4.0}.items()}}
    assert [tested.value(telemetry, minute) for minute in range(6)] == [None, -2, None, None, 1, None]


@pytest.mark.parametrize(
    "expression", ["RATE(m1)", "DIFF(m1 + 1)", "m1 - MAX(m1)", "FILL(m1, REPEAT)", "m1[0]", "unknown + 1", "5"]
)
def test_what_the_evaluator_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(NotImplementedError):
        series(expression, m1=[1.0])
