"""A dry run of ``make prove`` in an emulated account, which evaluates no alarms. It says nothing about AWS."""

import io
import json
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest

from patternbook.leftovers.stacks import EXPIRES
from patternbook.preflight.access import Identity
from patternbook.preflight.stack import assembly_of
from proving import command, proof, question
from proving.account import UserAccount
from proving.bells import ALARM, RULE, Bell
from proving.breaking import Scene
from proving.breaks import BREAKS, Break
from proving.candidate import Candidate, RefusedError, left_by_earlier_proof, pin_account
from proving.proof import Proof, RecordedReport
from proving.record import FAILED, INTERRUPTED, PROVEN, STEPS, Record
from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.plan import AS_CONFIGURED, CHANGED, SANDBOX
from rehearsal.running import EMULATED, RehearsalError
from rehearsal.stack import Resource
from tests.clock import Clock
from tools.assembly import copy_assembly, template_files

Proves = Callable[[str], Proof]


def record_of(pattern: str) -> Record:
    versions = {"patternbook": "0.1.0", "commit": "abc", "fingerprint": "abc"}
    return Record(pattern, SANDBOX, SANDBOX, REGION, versions, "2026-11-29T10:00:00Z", emulated=True)


@pytest.fixture
def interruption() -> Interruption:
    return Interruption()


@pytest.fixture
def user(account: EmulatedAccount, interruption: Interruption) -> UserAccount:
    """The emulated account, as that of a user."""
    identity = Identity(ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:user/me")
    found = UserAccount(
        account.session, identity, region=REGION, folder=account.folder, interruption=interruption, limits=EMULATED
    )
    found.environment = {**account.environment, "CONFIRM": ACCOUNT_ID}
    return found


@pytest.fixture
def tagged(assemblies: Path, tmp_path: Path) -> Path:
    """The assemblies with the tag of make prove."""
    copied = tmp_path / "tagged"
    copy_assembly(assemblies, copied)
    for name in (AS_CONFIGURED, CHANGED):
        manifest = copied / name / "manifest.json"
        document = json.loads(manifest.read_text(encoding="utf-8"))
        for artifact in document["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                artifact["properties"]["tags"] = {EXPIRES: "2026-11-30"}
        manifest.write_text(json.dumps(document), encoding="utf-8")
    return copied


@pytest.fixture
def proves(user: UserAccount, tagged: Path) -> Proves:
    def make(pattern: str) -> Proof:
        report = RecordedReport(record_of(pattern), io.StringIO())
        return Proof(user, tagged, SANDBOX, pattern, report, production=False)

    return make


def test_a_pattern_goes_through_its_whole_life(proves: Proves, user: UserAccount) -> None:
    pattern = proves("LambdaConcurrencyStack")
    pattern.report.record.steps.append(proof.Step("preflight", "", outcome=PROVEN))
    pattern.prove()
    record = pattern.record
    assert [(step.name, step.outcome) for step in record.steps] == [(name, PROVEN) for name in STEPS]
    details = {step.name: " ".join(step.details) for step in record.steps}
    assert "an emulated account evaluates no alarms, so none was waited for" in details["break"]
    assert details["deploy the change"] == "memory_mib = 512"
    assert record.alarm == {"name": "FailedCalls", "promised_minutes": 10}
    assert record.left == []
    assert user.is_emulated


@pytest.mark.parametrize("name", ["FargateEfsStack", "WebApiStack"])
def test_a_break_is_put_right(name: str, proves: Proves, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes: list[Scene] = []
    monkeypatch.setattr(proof, "Scene", lambda *given: scenes.append(Scene(*given)) or scenes[-1])
    pattern = proves(name)
    pattern.deploy()
    pattern.break_and_put_right()
    assert [step.outcome for step in pattern.record.steps] == [PROVEN] * 3
    assert scenes[0].kept == {}
    tags = pattern.stack.describe()["Tags"]
    assert tags == [{"Key": EXPIRES, "Value": "2026-11-30"}]
    pattern.remove()
    assert pattern.record.left == []


def test_the_apps_are_tied_to_the_account_that_is_confirmed(tagged: Path) -> None:
    path = "EcrStack"
    pin_account(tagged, path, ACCOUNT_ID, "eu-west-1")
    for name in (AS_CONFIGURED, CHANGED):
        found = assembly_of(str(template_files(tagged / name)[path]))
        assert (found.account_id, found.region) == (ACCOUNT_ID, "eu-west-1")
    with pytest.raises(RefusedError, match=f"EcrStack must be proven in the account {ACCOUNT_ID}, which its stage"):
        pin_account(tagged, path, "999999999999", "eu-west-1")


@pytest.mark.parametrize(
    ("endpoint", "is_emulated"),
    [
        ("http://127.0.0.1:4566", True),
        ("https://amazonaws.com.example.org", True),
        ("https://vpce-1.cloudformation.us-east-1.vpce.amazonaws.com", False),
        ("https://cloudformation.us-east-1.api.aws", False),
        ("https://cloudformation.cn-north-1.amazonaws.com.cn", False),
        ("https://cloudformation.us-gov-west-1.amazonaws.com", False),
        ("https://cloudformation.us-iso-east-1.c2s.ic.gov", False),
        ("https://cloudformation.eusc-de-east-1.amazonaws.eu", False),
    ],
)
def test_an_endpoint_of_aws_is_no_emulated_account(
    endpoint: str, is_emulated: bool, tmp_path: Path, interruption: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    session = boto3.Session("x", "x")
    user = UserAccount(session, Identity("", ""), region=REGION, folder=tmp_path, interruption=interruption)
    assert user.is_emulated == is_emulated


class TestCommand:
    """The command itself, with a small pattern that is synthesized already."""

    @pytest.fixture
    def candidate(self, user: UserAccount, tagged: Path) -> Candidate:
        found = Candidate(user, tagged, "EcrStack", "")
        found.__dict__["described"] = {"posture": SANDBOX, "fingerprint": "abc"}
        return found

    @pytest.fixture
    def prove(
        self, candidate: Candidate, interruption: Interruption, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], int]:
        monkeypatch.setattr(command, "session_of", lambda _: candidate.account.session)
        monkeypatch.setattr(command, "synthesized", lambda *_: candidate)
        monkeypatch.setattr(command, "preflight", lambda *_: None)
        monkeypatch.setattr(Proof, "check", lambda *_: None)
        return lambda: command.main(["EcrStack", ""], interruption)

    @pytest.fixture
    def written(self, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
        """The records that were written, and are in no file."""
        records: list[Record] = []
        monkeypatch.setattr(Record, "write", lambda self, _: records.append(self) or Path("record.json"))
        return records

    @pytest.mark.parametrize("given", ["", "y", "999999999999"])
    def test_without_the_id_of_the_account_nothing_is_deployed(
        self, given: str, candidate: Candidate, prove: Callable[[], int], capsys: pytest.CaptureFixture[str]
    ) -> None:
        candidate.account.environment["CONFIRM"] = given
        assert prove() == 1
        said = capsys.readouterr()
        assert f"make prove deploys EcrStack (sandbox) into {REGION} of account\n{ACCOUNT_ID}" in said.out
        assert "USD" in said.out
        assert f"Nothing was deployed: the answer must be CONFIRM={ACCOUNT_ID} make prove …, got {given!r}." in said.err
        assert candidate.state() is None

    @pytest.mark.parametrize(("description", "tag"), [("", EXPIRES), ("Patternbook (sandbox): x", "other")])
    def test_a_stack_of_somebody_else_is_left_alone(
        self,
        description: str,
        tag: str,
        candidate: Candidate,
        prove: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        client = candidate.account.client("cloudformation")
        template = json.dumps({"Description": description, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        tags = [{"Key": tag, "Value": "2026-11-30"}]

        def make(*_: Any, **__: Any) -> None:
            client.create_stack(StackName="EcrStack", TemplateBody=template, Tags=tags)
            client.get_waiter("stack_create_complete").wait(StackName="EcrStack", WaiterConfig={"Delay": 1})

        # It is made while the question is on the terminal, and then it is there before the next start.
        with monkeypatch.context() as patched:
            patched.setattr(command, "confirm", make)
            assert prove() == 1
        assert "EcrStack exists already in us-east-1 (CREATE_COMPLETE), and make prove" in capsys.readouterr().err
        assert prove() == 1
        assert "EcrStack exists already in us-east-1 (CREATE_COMPLETE), and make prove" in capsys.readouterr().err
        assert client.describe_stacks(StackName="EcrStack")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        client.delete_stack(StackName="EcrStack")
        client.get_waiter("stack_delete_complete").wait(StackName="EcrStack", WaiterConfig={"Delay": 1})

    def test_a_failed_proof_does_not_destroy_a_stack_of_somebody_else(
        self, candidate: Candidate, proves: Proves
    ) -> None:
        client = candidate.account.client("cloudformation")
        template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        client.create_stack(StackName="EcrStack", TemplateBody=template)
        client.get_waiter("stack_create_complete").wait(StackName="EcrStack", WaiterConfig={"Delay": 1})
        with pytest.raises(RehearsalError, match="EcrStack is not a stack of make prove, so it is not destroyed"):
            proves("EcrStack").remove()
        assert client.describe_stacks(StackName="EcrStack")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        client.delete_stack(StackName="EcrStack")
        client.get_waiter("stack_delete_complete").wait(StackName="EcrStack", WaiterConfig={"Delay": 1})

    def test_a_stack_that_is_changing_is_left_to_who_changes_it(
        self, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = {
            "StackStatus": "UPDATE_IN_PROGRESS",
            "Description": "Patternbook (sandbox): x",
            "Tags": [{"Key": EXPIRES, "Value": "x"}],
        }
        monkeypatch.setattr(Candidate, "state", lambda _: state)
        with pytest.raises(RefusedError, match="Another make prove may be at work"):
            left_by_earlier_proof(candidate)

    def test_on_a_terminal_the_id_has_to_be_typed(
        self, prove: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(question, "ask", lambda *_: "")
        monkeypatch.setattr(question.sys.stdin, "isatty", lambda: True, raising=False)
        assert prove() == 1
        assert "Nothing was deployed: the answer must be the id of the account, got ''." in capsys.readouterr().err

    def test_without_a_place_for_the_record_nothing_is_deployed(
        self,
        candidate: Candidate,
        prove: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def fail(*_: Any) -> Path:
            raise OSError("No space left on device")

        monkeypatch.setattr(Record, "write", fail)
        assert prove() == 1
        assert "Nothing was deployed: the record cannot be written: No space" in capsys.readouterr().err
        assert candidate.state() is None

    @pytest.mark.parametrize("error", [RehearsalError("The check failed."), KeyError("x"), OSError("No space left")])
    def test_whatever_happens_the_stack_is_destroyed_and_nothing_is_proven(
        self,
        error: Exception,
        candidate: Candidate,
        prove: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The error is not in a step, so that all steps of the record have succeeded."""
        written: list[Record] = []

        def write(self: Record, _: Path) -> Path:
            written.append(self)
            if self.steps and isinstance(error, OSError):
                raise error
            return Path("record.json")

        def fail(*_: Any) -> None:
            raise error

        monkeypatch.setattr(Record, "write", write)
        monkeypatch.setattr(Proof, "check", fail)
        assert prove() == 1
        assert str(error) in capsys.readouterr().err
        assert candidate.state() is None
        assert written[-1].outcome == FAILED

    def test_ctrl_c_says_what_exists_and_the_next_run_removes_it(
        self,
        candidate: Candidate,
        prove: Callable[[], int],
        interruption: Interruption,
        written: list[Record],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def stop(self: Proof, _: str) -> None:
            interruption.signal = signal.SIGINT
            with self.report.step("verify"):
                self.account.check_running()

        with monkeypatch.context() as patched:
            patched.setattr(Proof, "check", stop)
            assert prove() == 130
        said = capsys.readouterr().err
        assert "Stopped. EcrStack exists, and costs money: it is CREATE_COMPLETE. Remove it in us-east-1" in said
        assert "\n    aws cloudformation delete-stack --stack-name EcrStack --region us-east-1\n" in said
        assert written[-1].outcome == INTERRUPTED
        assert [(step.name, step.outcome) for step in written[-1].steps] == [
            ("deploy", PROVEN),
            ("verify", INTERRUPTED),
        ]

        interruption.signal = None
        assert prove() == 0
        assert "First:   it destroys the stack that an earlier proof has left." in capsys.readouterr().out
        assert candidate.state() is None

    def test_what_a_failed_step_leaves_is_destroyed(
        self,
        candidate: Candidate,
        prove: Callable[[], int],
        written: list[Record],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def fail(self: Proof, name: str) -> None:
            with self.report.step(name):
                raise RehearsalError("The check failed.")

        monkeypatch.setattr(Proof, "check", fail)
        assert prove() == 1
        said = capsys.readouterr()
        assert "The check failed." in said.err
        assert "No record is kept" in said.out
        assert candidate.state() is None
        assert written[-1].outcome == FAILED
        steps = {step.name: step for step in written[-1].steps}
        assert (steps["verify"].outcome, steps["verify"].details) == (FAILED, ["The check failed."])
        assert steps["destroy"].outcome == PROVEN


class Watched:
    """CloudWatch with one alarm, whose state depends on the clock, and one rule."""

    def __init__(self, clock: Clock, rings_after: float, calm_after: float = 1e9) -> None:
        self._clock, self._rings_after, self._calm_after = clock, rings_after, calm_after
        self.start = datetime.now(timezone.utc)

    def describe_alarms(self, **_: Any) -> Any:
        now = self._clock.monotonic()
        rung = self.start + timedelta(seconds=self._rings_after)
        ringing = self._rings_after <= now < self._calm_after
        return {"MetricAlarms": [{"StateValue": "ALARM" if ringing else "OK", "StateUpdatedTimestamp": rung}]}

    def get_metric_statistics(self, **_: Any) -> Any:
        rung = self._clock.monotonic() >= self._rings_after
        then = self.start + timedelta(seconds=self._rings_after)
        return {"Datapoints": [{"Timestamp": then, "Sum": 1.0}] if rung else []}


class Waiting:
    """An account whose pauses move a clock."""

    limits = EMULATED
    is_emulated = False
    client: Any

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def pause(self, seconds: float) -> None:
        self.clock.sleep(seconds)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Proof]:
    def make(kind: str, **times: float) -> Proof:
        clock = Clock()
        monkeypatch.setattr(proof, "time", clock)
        made: Any = object.__new__(Proof)
        made.account, made.pattern = Waiting(clock), "WebApiStack"
        made.report = RecordedReport(record_of("WebApiStack"), io.StringIO())
        made.record = made.report.record
        made.stack = type("Stack", (), {"outputs": {}, "resources": lambda _: [Resource("x", kind, "x")]})()
        watched = Watched(clock, **times)
        made.account.client = lambda _: watched
        monkeypatch.setattr(proof, "bell_named", lambda *_: Bell(Resource("x", kind, "x"), watched))
        return made

    return make


@pytest.mark.parametrize("kind", [ALARM, RULE])
def test_the_minutes_until_an_alarm_rings_are_measured(
    kind: str, waits: Callable[..., Proof], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setitem(BREAKS, "WebApiStack", counted(calls))
    pattern = waits(kind, rings_after=300.0, calm_after=900.0)
    pattern.break_and_put_right()
    assert pattern.record.alarm["rang_after_minutes"] == pytest.approx(5, abs=0.1)
    assert len(calls) == 17, "one round every 20 seconds, and one that puts all right"
    assert calls[-1] == "undo"


def counted(calls: list[str]) -> Break:
    broken = BREAKS["WebApiStack"]
    assert isinstance(broken, Break)
    return Break(
        says="x",
        event=broken.event,
        rings=broken.rings,
        do=lambda _: calls.append("do"),
        undo=lambda _: calls.append("undo"),
    )


@pytest.mark.parametrize(
    ("rings_after", "message"),
    [
        (660.0, "ReadThrottledCalls must ring within 10 minutes, but rang after 11."),
        (1e8, "ReadThrottledCalls must ring, but 30 minutes are not enough."),
    ],
)
def test_an_alarm_that_rings_late_or_never_fails_and_all_is_put_right(
    rings_after: float, message: str, waits: Callable[..., Proof], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setitem(BREAKS, "WebApiStack", counted(calls))
    pattern = waits(ALARM, rings_after=rings_after)
    with pytest.raises(RehearsalError, match=message):
        pattern.break_and_put_right()
    assert calls[-1] == "undo"
    assert pattern.record.steps[-1].outcome == FAILED


def test_an_alarm_that_is_never_over_fails(waits: Callable[..., Proof], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BREAKS, "WebApiStack", counted([]))
    with pytest.raises(RehearsalError, match="must be OK after all is put right, but 45 minutes are not enough"):
        waits(ALARM, rings_after=60.0).break_and_put_right()


def test_a_signal_ends_a_pause(user: UserAccount, interruption: Interruption) -> None:
    interruption.signal = signal.SIGTERM
    start = time.monotonic()
    with pytest.raises(StopRequestError):
        user.pause(60)
    assert time.monotonic() - start < 10
