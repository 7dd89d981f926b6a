"""What rings in `EcrStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import edge
from patternbook.testing.drills.promises import Drill, Promise
from stacks.ecr import EcrStack

PATTERN = EcrStack

DRILL = Drill(
    [
        Promise(
            edge.critical_finding(),
            1,
            "The message names the image. Build it again from an updated base image, and deploy that.",
        )
    ],
    [edge.images_by_day(), edge.findings_elsewhere()],
)


class TestDrills(Drilled):
    pass
