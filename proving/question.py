"""The question before anything is deployed: what is made, what is broken, how long it takes and what it costs."""

import json
import math
import select
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from proving.breaks import BREAKS, Break, Unbroken, promise_of
from proving.candidate import Candidate, RefusedError
from proving.cost import cost_of
from rehearsal.interruption import Interruption
from rehearsal.plans import PLANS

CONFIRM: Final = "CONFIRM"
"""The environment variable with the id of the account, for a run without a terminal."""
DEPLOYMENT_MINUTES: Final = {
    "CloudFront::Distribution": 15,
    "EKS::Cluster": 30,
    "RDS::DBCluster": 25,
}
"""Estimated minutes of a deployment with such a resource. Nobody has measured them; a record has."""
OTHER_MINUTES: Final = 8
DEPLOYMENTS: Final = 4
"""The deployments of a proof that take long: the first, the one that fails, its repetition, and the deletion."""
SHOWN_TYPES: Final = 6


def ask(prompt: str, interruption: Interruption, *, seconds: float = math.inf) -> str:
    """Asks on the terminal.

    :param seconds: the time limit, after which the answer is empty.
    :raises StopRequestError: after a signal to end, which ``input`` would wait through.
    """
    print(prompt, end="", flush=True)
    deadline = time.monotonic() + seconds
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        interruption.raise_if_set()
        if time.monotonic() > deadline:
            print()
            return ""
    return sys.stdin.readline().strip()


def confirm(candidate: Candidate, interruption: Interruption, *, old: bool) -> None:
    """Asks before anything is made.

    :raises RefusedError: without the right answer.
    """
    account_id = candidate.account.identity.account_id
    print(f"\n{question(candidate, old=old)}\n", flush=True)
    if sys.stdin.isatty():  # a CONFIRM that somebody has exported once is no answer of today
        given = ask(f"Type the id of the account ({account_id}) to go on: ", interruption)
    else:
        given = candidate.account.environment.get(CONFIRM, "")
    if given != account_id:
        asked = f"{CONFIRM}={account_id} make prove …" if not sys.stdin.isatty() else "the id of the account"
        raise RefusedError(f"Nothing was deployed: the answer must be {asked}, got {given!r}.")


def question(candidate: Candidate, *, old: bool) -> str:
    """What ``make prove`` is about to do, how long it takes, and what it costs."""
    template = json.loads(candidate.template_file.read_text(encoding="utf-8"))
    types = Counter(each["Type"].removeprefix("AWS::") for each in template["Resources"].values())
    made = ", ".join(f"{number} {kind}" for kind, number in types.most_common(SHOWN_TYPES))
    broken = BREAKS[candidate.pattern]
    plan = PLANS[candidate.pattern]
    remains = plan.always_retained | (
        plan.retained_in_production if candidate.described["posture"] == "production" else frozenset()
    )
    minutes = _minutes(candidate.pattern, types)
    account = candidate.account
    return "\n".join(
        [
            f"make prove deploys {candidate.name} ({candidate.described['posture']}) into {account.region} of account",
            f"{account.identity.account_id}, as {account.identity.arn}.",
            *(["  Dry run: these credentials lead to an emulated account, not to AWS."] if account.is_emulated else []),
            f"  Makes:   {types.total()} resources: {made}, …",
            *(["  First:   it destroys the stack that an earlier proof has left."] if old else []),
            f"  Breaks:  {_sentence(candidate.pattern, broken)}",
            f"  Takes:   about {minutes / 60:.1f} hours (an estimate), for which your credentials must last.",
            f"  Costs:   {cost_of(template, hours=minutes / 60).sentence}",
            f"  Remains: {', '.join(sorted(remains)) or 'nothing of the stack'}, and log groups that services make.",
        ]
    )


def _sentence(pattern: str, broken: Break | Unbroken) -> str:
    if not isinstance(broken, Break):
        return f"nothing. {broken.reason}"
    minutes = promise_of(pattern, broken).minutes
    after = f", {broken.begins_after} minutes for AWS included" if broken.begins_after else ""
    return f"{broken.says} {broken.rings} must ring within {minutes + broken.begins_after} minutes{after}."


def _minutes(pattern: str, types: Mapping[str, int]) -> int:
    """The estimated minutes of a proof."""
    slowest = max(
        (minutes for kind, minutes in DEPLOYMENT_MINUTES.items() if kind in types),
        default=OTHER_MINUTES,
    )
    broken = BREAKS[pattern]
    alarm = promise_of(pattern, broken).minutes + broken.begins_after if isinstance(broken, Break) else 0
    return DEPLOYMENTS * slowest + 2 * alarm
