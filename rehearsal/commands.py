"""What ``python -m rehearsal`` does."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rehearsal.account import LOOPBACK, ROOT, EmulatedAccount, RehearsalError, unseen_user
from rehearsal.cycle import Cycle, bootstrap, rehearse
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.plans import PLANS, STAGES
from rehearsal.report import Report

LIMITS = """\
This shows that the CDK CLI deploys, updates, compares and destroys the templates as they should be, and that boto3
finds what they promise. It does not show what only AWS decides: the emulated account checks few properties, no
quotas and no permissions, runs no container and applies no Kubernetes manifest. Types that this project registers
itself (rehearsal/types) show how a template is wired, not how AWS behaves."""


def main(interruption: Interruption) -> int:
    """:returns: the exit status."""
    try:
        options = _parser().parse_args()
        options.command(options, Report(), interruption)
    except RehearsalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except StopRequestError:
        print("\nStopped, and the emulated account is gone.", file=sys.stderr)
        return interruption.exit_status
    except BrokenPipeError:  # nobody reads on, as with `| head`; nor what Python would still write at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RehearsalError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m rehearsal", description="An emulated AWS account on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="take stacks through deployment, update and destruction")
    run.add_argument("stacks", nargs="*", metavar="STACK", help=f"{', '.join(PLANS)}; all where none is named")
    run.add_argument("--stage", choices=STAGES, help="both where none is named")
    run.set_defaults(command=_run)
    up = commands.add_parser("up", help="leave an account running, until Ctrl-C")
    up.add_argument("--port", type=int, default=4566, help="of 127.0.0.1; 4566 where none is named, 0 for any")
    up.set_defaults(command=_up)
    return parser


def _run(options: argparse.Namespace, report: Report, interruption: Interruption) -> None:
    unknown = sorted(set(options.stacks) - PLANS.keys())
    if unknown:
        raise RehearsalError(f"No pattern is called {', '.join(unknown)}. There are {', '.join(PLANS)}.")
    stacks = options.stacks or list(PLANS)
    stages = (options.stage,) if options.stage else STAGES
    with EmulatedAccount(interruption=interruption) as account:
        assemblies = account.folder / "assemblies"
        with report.step("synth"):
            synthesize(account, assemblies, stacks, stages)
        start = time.monotonic()
        bootstrap(account, report)
        rehearse([Cycle(account, assemblies, stage, stacks, report) for stage in stages])
        report.line(f"\nRehearsed in {time.monotonic() - start:.1f} s after synth.\n{LIMITS}")


def synthesize(account: EmulatedAccount, folder: Path, patterns: Sequence[str], stages: Sequence[str]) -> None:
    """In a process of its own, so that the CDK and its Node do not stay.

    :raises RehearsalError: for a mistake in cdk.json.
    """
    finished = account.run(
        *(sys.executable, "-m", "rehearsal.assemblies", str(folder), ",".join(patterns), *stages),
        folder=ROOT,
        environment={**unseen_user(account.folder), "CDK_VALIDATION": "false"},  # `make synth` validates
    )
    if finished.status:
        raise RehearsalError(finished.output.strip())


def _up(options: argparse.Namespace, report: Report, interruption: Interruption) -> None:
    with EmulatedAccount(port=options.port, interruption=interruption) as account:
        bootstrap(account, report)
        report.line("\nAn AWS account, empty and bootstrapped, until Ctrl-C. For another shell:\n")
        report.line(f"{_shell(account)}\n\n{LIMITS}")
        try:
            while True:
                account.must_go_on()
                time.sleep(0.2)
        except StopRequestError:
            pass  # the way to end it
    report.line("\nThe emulated account is gone.")


def _shell(account: EmulatedAccount) -> str:
    """Shell commands that leave of all AWS variables the account's only, and of the proxies none for this machine."""
    ours = {name: value for name, value in account.environment.items() if name.startswith("AWS_")}
    return "\n".join(
        [
            r"unset $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p')",
            *(f"export {name}={value}" for name, value in ours.items()),
            f"export NO_PROXY={LOOPBACK} no_proxy={LOOPBACK}",
        ]
    )
