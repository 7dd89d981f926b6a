"""The lines that a rehearsal prints."""

import io

import pytest

from rehearsal.account import RehearsalError
from rehearsal.report import Report


def test_each_step_is_one_line() -> None:
    stream = io.StringIO()
    with Report(stream).step("deploy") as details:
        details += ["80 resources", "fine"]
    assert stream.getvalue() == "  ✓ deploy                   0.0 s  80 resources, fine\n"


def test_a_failed_step_has_a_cross() -> None:
    stream = io.StringIO()
    with pytest.raises(RehearsalError), Report(stream).step("deploy"):
        raise RehearsalError("no")
    assert stream.getvalue() == "  ✗ deploy                   0.0 s\n"


def test_a_terminal_shows_a_running_step() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with Report(stream).step("deploy"):
        assert stream.getvalue() == "  … deploy"
    assert stream.getvalue() == "  … deploy\r\033[K  ✓ deploy                   0.0 s\n"


def test_a_stream_without_unicode_has_words_for_marks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with Report(stream).step("deploy"):
        pass
    assert raw.getvalue() == b"  ok deploy                   0.0 s\n"
