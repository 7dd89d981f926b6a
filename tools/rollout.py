"""Rolls a stage out, Region by Region: ``python -m tools.rollout review|deploy STAGE``.

``review`` asks the account what would stop the deployment, prepares a change set for each stack, and says what they do.
``deploy`` executes the same change sets in waves: after each Region it verifies the stacks and watches their alarms.
``python -m tools.rollout order`` prints the stages in their order, those of a line at the same time.

Review and deployment read ``cdk.out.STAGE``, which ``make synth STAGE=… OUT=cdk.out.…`` writes. Calls that only read
use the look-up role of the bootstrap stack.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

import boto3

from patternbook.settings.context import read_cdk_json
from patternbook.settings.keys import STAGES
from patternbook.settings.mistakes import SettingsError
from tools.rollout_account import Account, Aws, RolloutError, StackOf
from tools.stage import CDK_JSON, StageError, stage_named

BIN: Final = Path(sys.executable).parent
POLL_SECONDS: Final = 60
"""Time between two looks at the alarms, which CloudWatch evaluates once a minute at most."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The rollout of one stage."""

    stage: str
    entry: Mapping[str, Any]
    """The stage in ``cdk.json``."""
    assembly: Path
    change_set: str
    """Name of the change sets, which is the same in review and deployment."""
    account: Account
    bake_minutes: int = 0

    def waves(self) -> list[list[StackOf]]:
        """The stacks, Region by Region. A stack in a Region of its own, which AWS pins, belongs to the first wave."""
        further = list(self.entry.get("further_regions", ()))
        waves: list[list[StackOf]] = [[] for _ in range(len(further) + 1)]
        for stack in self._stacks():
            later = stack.region in further and stack.path.endswith(f"-{stack.region}")
            waves[further.index(stack.region) + 1 if later else 0].append(stack)
        return [wave for wave in waves if wave]

    def review(self) -> str:
        """Prepares the change sets of all Regions.

        :return: what they do, as Markdown.
        :raises RolloutError: if the account would refuse the deployment, or a change set cannot be prepared, or one
            replaces or removes stored data.
        """
        stacks = [stack for wave in self.waves() for stack in wave]
        for stack in stacks:
            asked = self._patternbook("preflight", str(stack.template), "--stack-name", stack.name)
            self._need(self.account.run(*asked, environment=self.account.credentials(stack)), "the preflight", stack)
        for stack in stacks:
            self._need(self._cdk(stack, "prepare-change-set"), "the change set", stack)
        return self._gate(stacks)

    def deploy(self) -> None:
        """Executes the change sets.

        :raises RolloutError: if a deployment fails, a check fails or an alarm rings. Later Regions are not touched.
        """
        waves = self.waves()
        for number, wave in enumerate(waves):
            untouched = sorted({stack.region for later in waves[number + 1 :] for stack in later})
            for stack in wave:
                prepared = self.account.change_set(stack, self.change_set)
                # A job that is run again has executed some of its change sets.
                if prepared["Changes"] and prepared.get("ExecutionStatus") != "EXECUTE_COMPLETE":
                    self._need(self._cdk(stack, "execute-change-set"), "the deployment", stack, untouched)
            for stack in wave:
                verify = ("make", "verify", f"STACK={stack.path.partition('/')[2]}", f"STAGE={self.stage}")
                status = self.account.run(*verify, environment=self.account.credentials(stack))
                self._need(status, "the verification", stack, untouched)
            self._bake(wave, untouched)

    def _bake(self, wave: Sequence[StackOf], untouched: Sequence[str]) -> None:
        for minute in range(self.bake_minutes + 1):
            if minute:
                time.sleep(POLL_SECONDS)
            for stack in wave:
                if ringing := self.account.ringing(stack):
                    self._need(1, f"the bake time, because of {', '.join(ringing)},", stack, untouched)

    def _gate(self, stacks: Sequence[StackOf]) -> str:
        from patternbook.rollout.changes import ChangeSetError, judge
        from patternbook.rollout.report import as_markdown

        allowed = list(self.entry.get("may_lose", ()))
        try:
            judged = [judge(self.account.change_set(stack, self.change_set), allowed=allowed) for stack in stacks]
        except ChangeSetError as error:
            raise RolloutError(str(error)) from None
        said = as_markdown(judged)
        if lost := [each for one in judged for each in one.findings if each.stops]:
            names = ", ".join(f"{each.stack}/{each.logical_id}" for each in lost)
            raise RolloutError(
                f"{said}\n\nStopped: the change sets would lose stored data, or do not say whether they do: {names}. "
                f"If that is intended, save the data, and list the logical ids in {STAGES}.{self.stage}.may_lose of "
                "cdk.json."
            )
        return said

    def _stacks(self) -> Iterator[StackOf]:
        manifest = self.assembly / f"assembly-{self.stage}" / "manifest.json"
        try:
            artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
        except OSError:
            command = f"make synth STAGE={self.stage} OUT={self.assembly}"
            raise RolloutError(f"There is no {manifest}. Type: {command}") from None
        for artifact in artifacts.values():
            if artifact["type"] != "aws:cloudformation:stack":
                continue
            properties = artifact["properties"]
            account, region = artifact["environment"].removeprefix("aws://").split("/")
            if "unknown" in account or "unknown" in region:
                raise RolloutError(
                    f"A rollout needs to know where {artifact['displayName']} belongs. Set account and region in "
                    f"{STAGES}.{self.stage} of cdk.json."
                )
            role = properties["lookupRole"]["arn"].replace(
                "${AWS::Partition}", boto3.Session().get_partition_for_region(region)
            )
            yield StackOf(
                path=artifact["displayName"],
                name=properties.get("stackName", artifact["displayName"]),
                region=region,
                lookup_role=role,
                template=manifest.with_name(properties["templateFile"]),
            )

    def _cdk(self, stack: StackOf, method: str) -> int:
        options = (
            "--method",
            method,
            "--change-set-name",
            self.change_set,
            "--require-approval",
            "never",
            "--exclusively",
        )
        return self.account.run(str(BIN / "cdk"), "deploy", stack.path, "--app", str(self.assembly), *options)

    def _patternbook(self, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "patternbook.cli", *arguments)

    def _need(self, status: int, what: str, stack: StackOf, untouched: Sequence[str] = ()) -> None:
        if status:
            spared = f" These Regions are as before: {', '.join(untouched)}." if untouched else ""
            raise RolloutError(
                f"Stopped: {what} of {stack.path} in {stack.region} failed.{spared} See docs/rollout.md to go back."
            )


def order(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """The stages of ``cdk.json`` by their ``after``. Stages of one item can be deployed at the same time.

    :raises RolloutError: for a circle.
    """
    sorter = TopologicalSorter({name: entry.get("after", ()) for name, entry in entries.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise RolloutError(f"Each of these stages waits for the next: {', '.join(error.args[1][::-1])}.") from None
    while sorter.is_active():
        ready = sorter.get_ready()
        yield sorted(ready)
        sorter.done(*ready)


def main(arguments: Sequence[str], account: Account | None = None) -> int:
    """:returns: the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.rollout", description="Rolls a stage out.")
    parser.add_argument("command", choices=("order", "review", "deploy"))
    parser.add_argument("stage", nargs="?", default="")
    parser.add_argument("--change-set", default="rollout", help="name of the change sets (default: rollout)")
    parser.add_argument("--bake-minutes", type=int, default=0, help="how long alarms must stay quiet after each Region")
    given = parser.parse_args(arguments)
    try:
        entries = read_cdk_json(CDK_JSON).get(STAGES) or {}
        if given.command == "order":
            print("\n".join(map(" ".join, order(entries))))
            return 0
        stage = stage_named(given.stage)
        if not stage:
            raise RolloutError(
                f"Name a stage of cdk.json, such as production. There are {', '.join(entries) or 'none'}."
            )
        entry = entries.get(stage) or {}
        rollout = Rollout(
            stage=stage,
            entry=entry,
            assembly=Path(f"cdk.out.{stage}"),
            change_set=given.change_set,
            account=account or Aws(),
            bake_minutes=given.bake_minutes,
        )
        if given.command == "review":
            print(rollout.review())
        else:
            rollout.deploy()
    except (RolloutError, StageError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
