"""``python -m rehearsal run [STACK…] [--posture POSTURE]`` and ``python -m rehearsal up [--port PORT]``."""

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rehearsal.account import ROOT, EmulatedAccount, RehearsalError, unseen_user
from rehearsal.cycle import Cycle, bootstrap
from rehearsal.plans import PLANS
from rehearsal.report import Report

POSTURES = ("sandbox", "production")
LIMITS = """\
This shows that the CDK CLI deploys, updates, compares and destroys the templates as they should be, and that boto3
finds what they promise. It does not show what only AWS decides: the emulated account checks few properties, no
quotas and no permissions, runs no container and applies no Kubernetes manifest. Types that this project registers
itself (rehearsal/types) show how a template is wired, not how AWS behaves."""
INTERRUPTED = 128 + signal.SIGINT  # as shells say it


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        options = _parser().parse_args()
        options.command(options, Report())
    except RehearsalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped, and the emulated account is gone.", file=sys.stderr)
        return INTERRUPTED
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RehearsalError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m rehearsal", description="An emulated AWS account on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="take stacks through deployment, update and destruction")
    run.add_argument("stacks", nargs="*", metavar="STACK", help=f"{', '.join(PLANS)}; all where none is named")
    run.add_argument("--posture", choices=POSTURES, help="both where none is named")
    run.set_defaults(command=_run)
    up = commands.add_parser("up", help="leave an account running, until Ctrl-C")
    up.add_argument("--port", type=int, default=4566, help="of 127.0.0.1; 4566 where none is named, 0 for any")
    up.set_defaults(command=_up)
    return parser


def _run(options: argparse.Namespace, report: Report) -> None:
    unknown = sorted(set(options.stacks) - PLANS.keys())
    if unknown:
        raise RehearsalError(f"No pattern is called {', '.join(unknown)}. There are {', '.join(PLANS)}.")
    stacks = options.stacks or list(PLANS)
    postures = (options.posture,) if options.posture else POSTURES
    with EmulatedAccount() as account:
        assemblies = account.folder / "assemblies"
        with report.step("synth"):
            synthesize(account, assemblies, postures)
        start = time.monotonic()
        bootstrap(account, report)
        for posture in postures:
            report.line(f"\n{', '.join(stacks)} in {posture}")
            Cycle(account, assemblies, posture, stacks, report).run()
        report.line(f"\nRehearsed in {time.monotonic() - start:.1f} s after synth.\n{LIMITS}")


def synthesize(account: EmulatedAccount, folder: Path, postures: Sequence[str]) -> None:
    """In a process of its own, so that the CDK and its Node do not stay.

    :raises RehearsalError: for a mistake in cdk.json.
    """
    finished = account.run(
        *(sys.executable, "-m", "rehearsal.assemblies", str(folder), *postures),
        folder=ROOT,
        # The user's home, where jsii keeps what it has unpacked. CDK's validation is the business of `make synth`.
        environment={**unseen_user(Path.home()), "TMPDIR": str(account.folder), "CDK_VALIDATION": "false"},
    )
    if finished.status:
        raise RehearsalError(finished.output.strip())


def _up(options: argparse.Namespace, report: Report) -> None:
    with contextlib.suppress(KeyboardInterrupt), EmulatedAccount(port=options.port) as account:
        bootstrap(account, report)
        report.line(
            f"\nAn AWS account, empty and bootstrapped, until Ctrl-C. For another shell:\n\n{_shell(account)}\n"
        )
        report.line(LIMITS)
        while True:
            account.must_be_alive()
            time.sleep(0.5)
    report.line("\nThe emulated account is gone.")


def _shell(account: EmulatedAccount) -> str:
    """Shell commands that leave of all AWS variables the account's only."""
    ours = {name: value for name, value in account.environment.items() if name.startswith("AWS_")}
    theirs = sorted(name for name in os.environ if name.startswith("AWS_") and name not in ours)
    unset = [f"unset {' '.join(theirs)}"] if theirs else []
    return "\n".join([*unset, *(f"export {name}={value}" for name, value in ours.items())])


def _interrupt(*_: object) -> NoReturn:
    # Once: what cleans up is not to be interrupted.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
