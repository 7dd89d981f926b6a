"""Every pattern with an alarm has a drill."""

import app
from patternbook.testing.drills.drilling import Stack
from tests.drills.book import DRILLS, Templates


def test_every_pattern_with_an_alarm_has_a_drill(book: list[Templates]) -> None:
    watched = {name for templates in book for name, template in templates.items() if Stack(template).names}
    assert watched <= DRILLS.keys()


def test_every_pattern_is_in_both_postures_of_the_drills(book: list[Templates]) -> None:
    for templates in book:
        assert templates.keys() == {pattern.__name__ for pattern in app.PATTERNS}
