"""Records what an emulated account answers to the checks: ``python -m tests.deployed.record [STACK…]``.

Each pattern is deployed in both postures as the rehearsal deploys it, and in production with its options.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from patternbook.settings.mistakes import did_you_mean
from rehearsal.account import ROOT, EmulatedAccount, isolated_environment
from rehearsal.cycle import bootstrap
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.plans import PLANS
from rehearsal.report import Report
from rehearsal.running import CommandResult, RehearsalError

PRODUCTION = "production"
RECORDINGS = {
    "sandbox": ("sandbox", ""),
    "production": ("production", ""),
    "everything": ("production", "every option"),
    "otherwise": ("production", "other options"),
}
"""Postures, and options of the patterns, by the names of recordings."""


def main(stacks: Sequence[str]) -> None:
    interruption = Interruption.install()
    for stack in stacks:
        if stack not in PLANS:
            message = f"STACK must be a stack of the book, got {stack!r}.{did_you_mean(stack, PLANS)}"
            sys.exit(f"{message} Choose from {', '.join(PLANS)}.")
    try:
        for recording in RECORDINGS:
            record(recording, stacks or list(PLANS), interruption)
    except RehearsalError as error:
        sys.exit(str(error))
    except StopRequestError:
        print("\nStopped. The emulated account is deleted.", file=sys.stderr)
        sys.exit(interruption.exit_status)


def record(recording: str, stacks: Sequence[str], interruption: Interruption) -> None:
    """Deploys the stacks in a new emulated account, and records the answers to their checks."""
    report = Report()
    with EmulatedAccount(interruption=interruption) as account:
        assembly = account.folder / "assembly"
        with report.step(f"synth {recording}"):
            environment = {**isolated_environment(account.folder), "CDK_VALIDATION": "false"}
            command = (sys.executable, "-m", "tests.deployed.record", "--synthesize", recording, str(assembly))
            there = _succeeded(account.run(*command, folder=ROOT, environment=environment)).output.split()
            named = [stack for stack in stacks if stack in there]
            in_production = RECORDINGS[recording][0] == PRODUCTION
        if not named:
            return
        bootstrap(account, report)
        with report.step("deploy"):
            paths = [f"{PRODUCTION}/{stack}" if in_production else stack for stack in named]
            options = ("--exclusively", "--require-approval", "never", "--concurrency", "4")
            _succeeded(account.run("cdk", "deploy", "--app", str(assembly), *paths, *options))
        with report.step("record") as details:
            checks = ("pytest", "--confcutdir=tests/deployed", "-p", "no:cacheprovider", "tests/deployed")
            looked_at = [f"--stack={stack}" for stack in named]
            looked_at += [f"--stage={PRODUCTION}"] if in_production else []
            result = account.run(*checks, *looked_at, f"--record={recording}", folder=ROOT)
            details.append(_succeeded(result).output.strip().splitlines()[-1])


def synthesize(recording: str, folder: Path) -> None:
    """Synthesizes the book, and prints the stacks that have such a recording.

    It runs in a process of its own, so that the CDK and its Node do not stay in memory.
    """
    import app  # noqa: F401 - first: it points jsii at the Node of this environment
    from rehearsal.assemblies import CLI_CONTEXT
    from tests.book import book_app, settings_of, stage_of, without_existing_key

    posture, options = RECORDINGS[recording]
    required = {stack: plan.production_settings if posture == PRODUCTION else {} for stack, plan in PLANS.items()}
    settings = settings_of(posture, options) if options else required
    settings = without_existing_key(settings)
    book_app(stage_of(posture, settings), folder, checked=False, **CLI_CONTEXT).synth()
    print(*settings)


def _succeeded(result: CommandResult) -> CommandResult:
    if result.status:
        raise RehearsalError(result.output.strip())
    return result


if __name__ == "__main__":
    if sys.argv[1:2] == ["--synthesize"]:
        synthesize(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1:])
