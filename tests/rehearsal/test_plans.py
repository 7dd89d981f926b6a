"""Every pattern of the book has a plan, and the rehearsal deploys the templates that ``cdk synth`` writes."""

import json
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import app
from patternbook import PatternStack
from rehearsal.account import BIN, ROOT, isolated_environment
from rehearsal.assemblies import CLI_CONTEXT, context
from rehearsal.plan import AS_CONFIGURED, STAGES
from rehearsal.plans import PLANS
from tests.deployed.recording import recordings_of
from tests.rehearsal.conftest import DEPLOYED

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
    """With the settings of cdk.json, as the next test shows for every pattern."""
    subprocess.run(
        [BIN / "cdk", "synth", "--quiet", "-c", f"patterns={','.join(DEPLOYED)}", "--output", str(tmp_path)],
        cwd=ROOT,
        env={**isolated_environment(Path.home()), "CDK_VALIDATION": "false"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    for name in DEPLOYED:
        rehearsed, written = (
            json.loads((folder / f"{name}.template.json").read_text(encoding="utf-8"))
            for folder in (assemblies / AS_CONFIGURED, tmp_path)
        )
        assert rehearsed == written


@pytest.mark.parametrize("name", PLANS)
def test_the_rehearsal_of_the_sandbox_begins_with_the_settings_of_cdk_json(name: str) -> None:
    """The context has no setting, but for the stage in production, and what the CLI adds to every synthesis."""
    given = context([name], STAGES, changed=False)
    production = {"settings": {name: dict(PLANS[name].production_settings)}}
    assert given == {**CLI_CONTEXT, "patterns": name, "stages": {"production": production}}


def test_only_checks_of_deployed_stacks_are_skipped_without_an_account(request: pytest.FixtureRequest) -> None:
    """The hook that skips these checks also sees the other tests of a run, which it must not skip."""
    left_out = {
        item.path.parent.name
        for item in request.session.items
        if any("make verify" in mark.kwargs.get("reason", "") for mark in item.iter_markers("skip"))
    }
    assert left_out <= {"deployed"}
