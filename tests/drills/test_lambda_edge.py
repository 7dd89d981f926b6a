"""What rings in `LambdaEdgeStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import edge
from patternbook.testing.drills.promises import Drill, Promise
from stacks.lambda_edge import LambdaEdgeStack

PATTERN = LambdaEdgeStack

EDGE_LOGS: Final = (
    "Read the log group of the function (output `LogGroupNames`) in the Region nearest to the viewers, and go back to "
    "the last version."
)
EDGE_QUOTA: Final = (
    "`ConcurrentExecutions` of each Region shows where. Ask AWS for a higher quota there, or reserve concurrency for "
    "the function that uses most."
)
EDGE_ORIGIN: Final = "Compare the policy of the bucket with the template: `cdk drift` shows what differs. Restore it."

DRILL = Drill(
    [
        Promise(edge.viewer_function_fails(600), 5, EDGE_LOGS),
        Promise(edge.viewer_function_fails(5), 10, EDGE_LOGS),
        Promise(edge.some_calls_fail(), 5, EDGE_LOGS),
        Promise(edge.origin_function_fails(), 10, EDGE_LOGS),
        Promise(edge.rare_function_failures(), 30, EDGE_LOGS),
        Promise(edge.invalid_responses(), 10, EDGE_LOGS),
        Promise(edge.functions_throttled(), 10, EDGE_QUOTA),
        Promise(edge.region_busy(), 10, EDGE_QUOTA),
        Promise(edge.origin_access_broken(0), 5, EDGE_ORIGIN),
        Promise(edge.origin_access_broken(580), 10, EDGE_ORIGIN),
        Promise(edge.bucket_down(), 5, "Look at the health of Amazon S3 in us-east-1."),
    ],
    [
        edge.visitors(),
        edge.nobody(),
        edge.crawler(),
        edge.one_failed_call(),
        edge.rare_timeouts(),
        edge.burst(),
    ],
)


class TestDrills(Drilled):
    pass
