"""The command ``patternbook leftovers``."""

import argparse
import json
import os
import sys
from typing import Final

from patternbook.preflight.access import NoAccessError, identity_of, partition_of, region_of, session_of

NOTHING, LEFT, COULD_NOT_ASK = 0, 1, 2
TIMEOUT_SECONDS: Final = 30.0
DESCRIPTION: Final = """\
Lists what stacks of Patternbook have left in an account, by read-only calls: stacks that exist, and what remains of
those that were deleted. Exit status: 0 if nothing is left, 1 if something is or a question has no answer, 2 if nothing
could be asked."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to those of ``patternbook``, see :mod:`patternbook.cli`."""
    parser = commands.add_parser("leftovers", help="list what stacks have left in an account", description=DESCRIPTION)
    parser.add_argument("--region", help="Region to look at; defaults to AWS_REGION, then that of the profile")
    parser.add_argument("--profile", help="profile of the AWS configuration")
    parser.add_argument("--stack", default="", metavar="NAME", help="name of the only stack to look at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--policy", action="store_true", help="print the IAM policy that the command needs")
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_SECONDS, metavar="SECONDS", help="time limit; defaults to 30"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Runs the command.

    :returns: the exit status.
    """
    # Imported here, because the rules start without them.
    from patternbook.leftovers.questions import BEFORE_ALL_QUESTIONS, QUESTIONS
    from patternbook.leftovers.report import as_json, as_text, left, unanswered
    from patternbook.leftovers.stacks import book_in
    from patternbook.preflight.account import Account, CouldNotAskError
    from patternbook.preflight.asking import ask_all
    from patternbook.preflight.policy import policy_for

    if given.policy:
        actions = sorted({*BEFORE_ALL_QUESTIONS, *(action for each in QUESTIONS for action in each.permissions)})
        region = given.region or os.environ.get("AWS_REGION") or ""
        print(json.dumps(policy_for(actions, partition=partition_of(region)), indent=2))
        return NOTHING
    try:
        if given.timeout <= 0:
            raise NoAccessError(f"--timeout must be more than 0 seconds, got {given.timeout:g}.")
        session = session_of(given.profile)
        region = region_of(session, given.region)
        account = Account(session, region, seconds=given.timeout)
        identity = identity_of(account, region)
        book = book_in(account, today=given.today.isoformat(), stack=given.stack)
    except (NoAccessError, CouldNotAskError) as error:
        print(str(error).rstrip(".") + ".", file=sys.stderr)
        return COULD_NOT_ASK
    asked = ask_all(QUESTIONS, book, account, seconds=given.timeout)
    write = as_json if given.json else as_text
    print(write(asked, book, where=f"{region} of account {identity.account_id}"))
    return LEFT if left(asked, book) or unanswered(asked) else NOTHING
