"""The commands ``python -m rehearsal run`` and ``python -m rehearsal up``."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from patternbook.settings.mistakes import did_you_mean
from rehearsal.account import LOOPBACK, ROOT, EmulatedAccount, RehearsalError, isolated_environment
from rehearsal.cycle import Cycle, bootstrap, rehearse
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.plan import STAGES
from rehearsal.plans import PLANS
from rehearsal.report import Report

LIMITS = """\
A rehearsal shows that the CDK CLI can deploy, update, compare and destroy the stacks, and that boto3 finds what they
promise. It does not show how AWS decides: the emulated account checks few properties, no quotas and no permissions.
It runs no container and applies no Kubernetes manifest. Types that this project registers itself (rehearsal/types)
show how a template is wired, not how AWS behaves."""

SYNTH_SECONDS = 60
"""Time limit for each pattern when the apps are synthesized. On an idle machine, all take half a minute."""


def main(interruption: Interruption) -> int:
    """:returns: the exit status."""
    try:
        options = _parser().parse_args()
        options.command(options, Report(), interruption)
    except RehearsalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except StopRequestError:
        print("\nStopped. The emulated account is deleted.", file=sys.stderr)
        return interruption.exit_status
    except BrokenPipeError:
        # The reader has closed the pipe, as `| head` does. Python would fail again when it flushes its output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RehearsalError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m rehearsal", description="An emulated AWS account on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="deploy, update and destroy stacks in an emulated account")
    run.add_argument("stacks", nargs="*", metavar="STACK", help=f"{', '.join(PLANS)}; defaults to all of them")
    run.add_argument("--stage", default="", help=f"{' or '.join(STAGES)}; defaults to both, beside each other")
    run.set_defaults(command=_run)
    up = commands.add_parser("up", help="keep an emulated account running until Ctrl-C")
    up.add_argument("--port", type=int, default=4566, help="port of 127.0.0.1; defaults to 4566; 0 for any free one")
    up.set_defaults(command=_up)
    return parser


def _run(options: argparse.Namespace, report: Report, interruption: Interruption) -> None:
    for stack in options.stacks:
        if stack not in PLANS:
            message = f"STACK must be a stack of the book, got {stack!r}.{did_you_mean(stack, PLANS)}"
            raise RehearsalError(f"{message} Choose from {', '.join(PLANS)}.")
    if options.stage not in ("", *STAGES):
        message = f"STAGE must be {' or '.join(STAGES)} in a rehearsal, got {options.stage!r}."
        raise RehearsalError(f"{message} Leave it out for both. A rehearsal takes no stage of cdk.json.")
    stacks = options.stacks or list(PLANS)
    stages = (options.stage,) if options.stage else STAGES
    with EmulatedAccount(interruption=interruption) as account:
        assemblies = account.folder / "assemblies"
        with report.step("synth"):
            synthesize(account, assemblies, stacks, stages)
        start = time.monotonic()
        bootstrap(account, report)
        rehearse([Cycle(account, assemblies, stage, stacks, report) for stage in stages])
        report.line(f"\nThe rehearsal took {time.monotonic() - start:.1f} s after synth.\n{LIMITS}")


def synthesize(account: EmulatedAccount, folder: Path, patterns: Sequence[str], stages: Sequence[str]) -> None:
    """Synthesizes in another process, because the CDK's Node would keep running in this one.

    :raises RehearsalError: if cdk.json has a mistake.
    """
    finished = account.run(
        *(sys.executable, "-m", "rehearsal.assemblies", str(folder), ",".join(patterns), *stages),
        folder=ROOT,
        environment={**isolated_environment(account.folder), "CDK_VALIDATION": "false"},  # `make synth` validates
        seconds=len(patterns) * SYNTH_SECONDS,
    )
    if finished.status:
        raise RehearsalError(finished.output.strip())


def _up(options: argparse.Namespace, report: Report, interruption: Interruption) -> None:
    with EmulatedAccount(port=options.port, interruption=interruption) as account:
        bootstrap(account, report)
        report.line(
            "\nThe emulated AWS account is bootstrapped and runs until Ctrl-C. Paste this into another shell:\n"
        )
        report.line(f"{_shell(account)}\n\n{LIMITS}")
        try:
            while True:
                account.check_running()
                time.sleep(0.2)
        except StopRequestError:
            pass  # Ctrl-C is the normal way to end this command
    report.line("\nThe emulated account is deleted.")


def _shell(account: EmulatedAccount) -> str:
    """Shell commands that replace all AWS variables by the account's, and exclude this machine from proxies."""
    ours = {name: value for name, value in account.environment.items() if name.startswith("AWS_")}
    return "\n".join(
        [
            r"unset $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p')",
            *(f"export {name}={value}" for name, value in ours.items()),
            f"export NO_PROXY={LOOPBACK} no_proxy={LOOPBACK}",
        ]
    )
