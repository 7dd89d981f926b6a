"""The pages and the README say what the records of ``make prove`` say, and nothing else."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from patternbook.leftovers.stacks import EXPIRES
from proving import assemblies
from proving import record as recording
from proving.assemblies import synthesize
from proving.fingerprint import FILE
from proving.record import FAILED, INTERRUPTED, PROVEN, STEPS, Record, RecordError, Step, read, records
from rehearsal.plan import AS_CONFIGURED, CHANGED
from tools import proven
from tools.assembly import template_files
from tools.proven import NEVER, cell, pages, statement, with_cells, with_statement

PAGE = "# Title\n\n> **This costs nothing**: IAM is free.\n\nMore.\n"


def made(**other: Any) -> Record:
    steps = [Step(name, "2026-12-01T10:00:00Z", 1.5, PROVEN) for name in STEPS]
    versions = {"patternbook": "0.1.0", "commit": "abc123", "fingerprint": "new"}
    alarm = {"name": "MissingTasks", "promised_minutes": 20, "rang_after_minutes": 8.5}
    record = Record("EcrStack", "sandbox", "sandbox", "eu-west-1", versions, "2026-12-01T10:00:00Z")
    return replace(record, **{"outcome": PROVEN, "steps": steps, "alarm": alarm, **other})


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    return lambda **other: made(**other).write(tmp_path)


def test_the_pages_and_the_readme_are_up_to_date() -> None:
    for path, text in pages().items():
        assert path.read_text(encoding="utf-8") == text, "Write them again: python -m tools.proven"


def test_a_page_that_claims_a_run_without_a_record_is_refused() -> None:
    claims = with_statement(PAGE, "**Run on AWS** on 2026-12-01.")
    assert with_statement(claims, statement([], lambda *_: "")) == with_statement(PAGE, NEVER) != claims
    readme = "| Stack | On AWS | Page |\n|---|---|---|\n| `EcrStack` | 2026-12-01 | [ecr](docs/ecr.md) |\n"
    assert "| `EcrStack` | never run | [ecr]" in with_cells(readme, lambda _: cell([]))


def test_a_page_or_a_readme_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="This costs nothing"):
        with_statement("# Title\n", NEVER)
    with pytest.raises(ValueError, match='the column "On AWS"'):
        with_cells("| Stack | Page |\n", lambda _: "")


def test_a_proven_pattern_names_the_date_the_version_and_the_alarm() -> None:
    said = statement([made()], lambda *_: "new")
    assert said == (
        "**Run on AWS** on 2026-12-01 in eu-west-1 (sandbox), version 0.1.0 (commit abc123): every step succeeded. "
        "`MissingTasks` rang after 8.5 minutes. [Record](proven/EcrStack-sandbox-20261201T100000Z.json)."
    )
    assert cell([made()]) == "[2026-12-01](docs/proven/EcrStack-sandbox-20261201T100000Z.json)"
    changed = statement([made()], lambda *_: "newer")
    assert "minutes. **The template has changed since.** [Record]" in changed


def test_the_last_success_of_each_posture_counts() -> None:
    old, failed = made(began="2026-11-01T10:00:00Z"), made(began="2026-12-24T10:00:00Z", outcome=FAILED)
    production = made(posture="production", stage="live")
    said = statement([old, made(), production, failed], lambda *_: "new")
    assert "2026-11-01" not in said
    assert said.count("**Run on AWS** on 2026-12-01") == 2


@pytest.mark.parametrize("outcome", [FAILED, INTERRUPTED])
def test_an_attempt_is_no_proof(outcome: str) -> None:
    steps = [Step("preflight", "", outcome=PROVEN), Step("deploy", "", outcome=outcome)]
    tried = made(outcome=outcome, steps=steps)
    said = statement([tried], lambda *_: "new")
    assert said.startswith("**Not proven on AWS.** The last attempt, of 2026-12-01 in eu-west-1 (sandbox)")
    assert f"was {outcome} at the step *deploy*. [Record](proven/EcrStack-sandbox-" in said
    assert cell([tried]) == "never proven"
    assert cell([]) == "never run"


def test_a_record_is_read_as_it_was_written(written: Callable[..., Path], tmp_path: Path) -> None:
    path = written()
    assert asdict(read(path)) == asdict(made())
    assert [each.began for each in records(tmp_path)] == ["2026-12-01T10:00:00Z"]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"emulated": True}, "an emulated account proves nothing about AWS"),
        ({"outcome": "great"}, "its outcome must be one of proven, failed, interrupted, got 'great'"),
        ({"format": 2}, "its format must be 1, got 2"),
        ({"steps": []}, "it says proven, but these steps are not: preflight, deploy, verify, break"),
        ({"steps": [Step("dance", "")]}, "it has unknown steps: dance"),
    ],
)
def test_a_record_that_proves_nothing_is_refused(
    wrong: dict[str, Any], message: str, written: Callable[..., Path]
) -> None:
    with pytest.raises(RecordError, match=message):
        read(written(**wrong))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": 5}', '{"steps": [{}]}'])
def test_a_file_that_is_no_record_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"^x\.json is no record of make prove"):
        records(tmp_path)


def test_a_record_that_was_renamed_is_refused(written: Callable[..., Path]) -> None:
    path = written()
    with pytest.raises(RecordError, match=r"its name must be EcrStack-sandbox-20261201T100000Z\.json"):
        read(path.rename(path.with_name("WebApiStack-sandbox-20261201T100000Z.json")))


def test_a_record_is_never_half_written(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    before = written().read_text(encoding="utf-8")

    def full(path: Path, text: str, **_: Any) -> None:
        path.write_bytes(text[:5].encode())
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(recording.Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            written(outcome=FAILED)
    path = written()
    assert path.read_text(encoding="utf-8") == before


def test_a_record_has_no_id_of_an_account(written: Callable[..., Path]) -> None:
    path = written(left=["arn:aws:iam::111122223333:role/x: It stays."])
    assert json.loads(path.read_text(encoding="utf-8"))["left"] == ["arn:aws:iam::<account>:role/x: It stays."]


def test_a_record_does_not_name_the_caller(written: Callable[..., Path]) -> None:
    said = "User: arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/me@example.com is not authorized"
    said += " to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/x"
    path = written(left=[said, '"arn:aws-cn:iam::111122223333:user/team/me"'])
    expected = "User: <caller> is not authorized to perform: iam:PassRole on resource: arn:aws:iam::<account>:role/x"
    assert json.loads(path.read_text(encoding="utf-8"))["left"] == [expected, '"<caller>"']


def test_the_fingerprint_is_that_of_the_template() -> None:
    found = proven.current_fingerprint("EcrStack", "sandbox")
    assert found == proven.current_fingerprint("EcrStack", "sandbox")
    assert found != proven.current_fingerprint("EcrStack", "production")


@pytest.mark.parametrize(("stage", "name"), [("", "EcrStack"), ("production", "production/EcrStack")])
def test_what_a_proof_deploys_expires(stage: str, name: str, tmp_path: Path) -> None:
    synthesize(tmp_path, "EcrStack", stage, "2026-12-02")
    described = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert described == {"posture": stage or "sandbox", "fingerprint": described["fingerprint"]}
    for app in (AS_CONFIGURED, CHANGED):
        template = template_files(tmp_path / app)[name]
        manifest = json.loads(template.with_name("manifest.json").read_text(encoding="utf-8"))
        [stack] = [each for each in manifest["artifacts"].values() if each.get("displayName") == name]
        assert stack["properties"]["tags"] == {EXPIRES: "2026-12-02"}
    before, after = (
        template_files(tmp_path / app)[name].read_text(encoding="utf-8") for app in (AS_CONFIGURED, CHANGED)
    )
    assert before != after


def test_a_stack_that_the_app_does_not_have_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemblies, "template_files", lambda _: {"EcrStack-eu-west-1": tmp_path})
    with pytest.raises(SystemExit, match=r"There is no stack EcrStack\. make prove takes one stack: leave the setting"):
        synthesize(tmp_path, "EcrStack", "", "2026-12-02")
