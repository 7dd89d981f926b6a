"""Every pattern of the book has a plan, and the rehearsal deploys the templates that ``cdk synth`` writes."""

import json
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import app
from patternbook import PatternStack
from rehearsal.account import BIN, ROOT, isolated_environment
from rehearsal.plans import AS_CONFIGURED, PLANS
from tests.deployed.recording import recordings_of

PATTERNS = {pattern.__name__: pattern for pattern in app.PATTERNS}


def test_every_pattern_has_a_plan() -> None:
    assert PLANS.keys() == PATTERNS.keys()


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_every_pattern_has_checks_and_recordings_of_both_postures(pattern: type[PatternStack]) -> None:
    module = import_module(f"tests.deployed.test_{pattern.__module__.split('.')[1]}")
    assert pattern.__name__ == module.STACK
    assert {"sandbox", "production"} <= set(recordings_of(module))


@pytest.mark.parametrize("name", PLANS)
def test_the_changed_settings_differ_from_their_defaults(name: str) -> None:
    fields = PATTERNS[name].settings_type.model_fields
    for setting, value in PLANS[name].values.items():
        assert fields[setting].get_default() != value


def test_the_rehearsal_deploys_the_templates_of_cdk_synth(assemblies: Path, tmp_path: Path) -> None:
    subprocess.run(
        [BIN / "cdk", "synth", "--quiet", "--output", str(tmp_path)],
        cwd=ROOT,
        env={**isolated_environment(Path.home()), "CDK_VALIDATION": "false"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    for name in PATTERNS:
        rehearsed, written = (
            json.loads((folder / f"{name}.template.json").read_text(encoding="utf-8"))
            for folder in (assemblies / AS_CONFIGURED, tmp_path)
        )
        assert rehearsed == written


def test_only_checks_of_deployed_stacks_are_skipped_without_an_account(request: pytest.FixtureRequest) -> None:
    """The hook that skips these checks also sees the other tests of a run, which it must not skip."""
    left_out = {
        item.path.parent.name
        for item in request.session.items
        if any("make verify" in mark.kwargs.get("reason", "") for mark in item.iter_markers("skip"))
    }
    assert left_out <= {"deployed"}
