"""The steps of a proof, each of which is recorded."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, TextIO

from patternbook.leftovers.stacks import made_by_proof
from proving.account import UserAccount
from proving.bells import Bell, bell_named
from proving.breaking import Scene
from proving.breaks import BREAKS, Break, promise_of
from proving.record import FAILED, PROVEN, Record, Step, now
from rehearsal.account import ROOT
from rehearsal.deployments import Deployments, about_retained
from rehearsal.interruption import StopRequestError
from rehearsal.late_failures import roll_back_update
from rehearsal.plan import Plan
from rehearsal.report import Report
from rehearsal.running import RehearsalError
from rehearsal.stack import Stack

CALM_MINUTES: Final = 45
"""Time limit for an alarm to be OK: before the break, because metrics have to arrive first, and after it."""
LATE_FACTOR: Final = 2
"""An alarm that rings later than promised is waited for this many times the promised minutes, to measure it."""
METRIC_MINUTES: Final = 10
"""Minutes that the metrics of a rule may be late, which EventBridge does not guarantee:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"""
ROUND_SECONDS: Final = 20.0
"""Time between two rounds of a break."""


class RecordedReport(Report):
    """Prints the steps, and writes each into the record."""

    def __init__(self, record: Record, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.record = record
        self.save: Callable[[], Any] = lambda: None
        """Writes the record. Before the user has agreed to the proof, there is none."""

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[list[str]]:
        """A step. It is in the record before it begins, so that it is there if the process is killed."""
        step, start = Step(name, now()), time.monotonic()
        self.record.steps.append(step)
        self._try_to_save()
        try:
            with super().step(name) as details:
                step.details = details
                yield details
            step.outcome = PROVEN
        except StopRequestError:
            raise
        except Exception as error:
            step.outcome = FAILED
            details.append(str(error))
            raise
        finally:
            step.seconds = round(time.monotonic() - start, 1)
            self._try_to_save()

    def _try_to_save(self) -> None:
        """A disk that is full must not keep anything from being put right or destroyed."""
        try:
            self.save()
        except OSError as error:
            self.line(f"The record could not be written: {error}")


class Proof(Deployments):
    """One pattern in one stage."""

    account: UserAccount
    report: RecordedReport

    def __init__(
        self,
        account: UserAccount,
        assemblies: Path,
        stage: str,
        pattern: str,
        report: RecordedReport,
        *,
        production: bool,
    ) -> None:
        """:param production: whether the stage has the posture production."""
        super().__init__(account, assemblies, stage, [pattern], report)
        self._production = production
        [self.stack] = self.stacks
        self.pattern = pattern
        self.record = report.record

    @property
    def production(self) -> bool:
        return self._production

    def plan_of(self, stack: Stack) -> Plan:
        """The plan, without what only an emulated account has."""
        plan = super().plan_of(stack)
        return plan if self.account.is_emulated else plan.for_any_account()

    def prove(self) -> None:
        """Takes the stack through its life, from its deployment to its deletion.

        :raises RehearsalError: if a step fails. The stack may exist then.
        :raises StopRequestError: after a signal to end, likewise.
        """
        self.deploy()
        self.check("verify")
        self.break_and_put_right()
        with self.report.step("fail a change late") as details:
            roll_back_update(self, every_resource=False)
            details.append("rolled back")
        with self.report.step("deploy the change") as details:
            self.deploy_change()
            self.expect_change(self.stack)
            details.append(self.plan_of(self.stack).given)
        self.check("verify the change")
        self.deploy_unchanged("deploy again", self.changed)
        self.destroy()
        self.list_leftovers()

    def break_and_put_right(self) -> None:
        """Breaks one thing, waits for its alarm, puts it right, and waits until the alarm is over."""
        broken = BREAKS[self.pattern]
        if not isinstance(broken, Break):
            for name in ("break", "put right"):
                with self.report.step(name) as details:
                    details.append(broken.reason)
            return
        with self.report.step("break") as details:
            details.append(broken.says)
            resources = self.stack.resources()
            ids = {each.path: each.physical_id for each in resources}
            scene = Scene(self.account.client, ids, self.stack.outputs)
            bell = bell_named(broken.rings, resources, self.account.client("cloudwatch"))
            try:
                self._wait_for_ring(broken, bell, scene, details)
            except BaseException:
                # Nobody else knows what was there before. So it is put right now, whatever happened.
                try:
                    broken.undo(scene)
                except Exception as error:
                    details.append(f"what was broken could not be put right: {error}")
                raise
        with self.report.step("put right") as details:
            broken.undo(scene)
            self._wait_for_calm(bell, details)

    def _wait_for_ring(self, broken: Break, bell: Bell, scene: Scene, details: list[str]) -> None:
        promised = promise_of(self.pattern, broken).minutes
        self.record.alarm = {"name": broken.rings, "promised_minutes": promised}
        if self.account.is_emulated:
            broken.do(scene)
            details.append("an emulated account evaluates no alarms, so none was waited for")
            return
        self._until(lambda: bell.state() == "OK", CALM_MINUTES, f"{broken.rings} must be OK before something is broken")
        since = datetime.now(timezone.utc)
        allowed = broken.begins_after + promised
        rang: list[datetime] = []

        def rings() -> bool:
            broken.do(scene)
            rang[:] = [at] if (at := bell.rang_at(since)) else []
            return bool(rang)

        minutes = LATE_FACTOR * allowed + METRIC_MINUTES
        self._until(rings, minutes, f"{broken.rings} must ring", pause=ROUND_SECONDS)
        taken = round((rang[0] - since).total_seconds() / 60, 1)
        self.record.alarm["rang_after_minutes"] = taken
        details.append(f"{broken.rings} rang after {taken:g} minutes, promised are {allowed}")
        if taken > allowed:
            raise RehearsalError(f"{broken.rings} must ring within {allowed} minutes, but rang after {taken:g}.")

    def _wait_for_calm(self, bell: Bell, details: list[str]) -> None:
        if self.account.is_emulated:
            details.append("an emulated account evaluates no alarms")
            return
        start = time.monotonic()
        self._until(lambda: bell.state() == "OK", CALM_MINUTES, f"{bell.name} must be OK after all is put right")
        taken = round((time.monotonic() - start) / 60, 1)
        self.record.alarm["over_after_minutes"] = taken
        details.append(f"over after {taken:g} minutes")

    def _until(self, holds: Callable[[], bool], minutes: float, what: str, *, pause: float | None = None) -> None:
        deadline = time.monotonic() + minutes * 60
        while not holds():
            if time.monotonic() > deadline:
                raise RehearsalError(f"{what}, but {minutes:g} minutes are not enough.")
            self.account.pause(self.account.limits.pause_seconds if pause is None else pause)

    def remove(self) -> None:
        """Destroys what an earlier or a failed proof has left, and lists what remains.

        What it retains depends on how far that proof came, so it is not compared with the plan.
        """
        with self.report.step("destroy") as details:
            self.delete()
            details += about_retained(self.stack.retained())
        self.list_leftovers()
        self.stack.unpin()

    def delete(self) -> None:
        """Deletes the stack, which must exist, as soon as CloudFormation is done with what it has begun.

        :raises RehearsalError: if the stack of this name is not one of make prove.
        """
        self.stack.unpin()
        minutes = self.account.limits.roll_back_seconds / 60
        # A stack in review has a change set, but no tags yet, and no resources.
        in_review = "REVIEW_IN_PROGRESS"
        self._until(
            lambda: self.stack.status == in_review or not self.stack.status.endswith("_IN_PROGRESS"),
            minutes,
            f"{self.stack.name} must not be changing",
        )
        found = self.stack.describe()
        if found["StackStatus"] != in_review and not made_by_proof(found):
            raise RehearsalError(f"{self.stack.name} is not a stack of make prove, so it is not destroyed.")
        self.stack.pin()
        super().delete()

    def list_leftovers(self) -> None:
        """Lists what is left. What is not answered is in the list, too."""
        with self.report.step("list leftovers") as details:
            command = (sys.executable, "-m", "patternbook.cli", "leftovers", "--json", "--stack", self.stack.name)
            result = self.account.run(*command, "--region", self.account.session.region_name, folder=ROOT)
            try:
                found = json.loads(result.output)
            except ValueError:
                raise RehearsalError(f"The leftovers are not known.\n{result.output.strip()}") from None
            self.record.left = [
                *(f"{each['name']}: {each['message']}" for each in found["leftovers"]),
                *(f"unknown: {each['message']}" for each in found["unanswered"]),
            ]
            details.append(f"{len(found['leftovers'])} left, {len(found['unanswered'])} not answered")
