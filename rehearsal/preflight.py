"""Asks the emulated account, before the first deployment, what would stop it."""

import json
import sys
from typing import TYPE_CHECKING

from rehearsal.account import ROOT, RehearsalError
from tools.assembly import template_files

if TYPE_CHECKING:
    from rehearsal.deployments import Deployments

SECONDS_PER_STACK = 60
"""Time limit. A stack takes 2 seconds, and several times as long on a busy machine."""


def preflight(cycle: "Deployments") -> None:
    """Runs ``patternbook preflight`` on all stacks of a stage together, as they are deployed.

    The emulated account has no quotas, and lacks some APIs. So an unknown answer is no failure.

    :raises RehearsalError: if something would stop the deployment.
    """
    with cycle.report.step("preflight") as details:
        files = template_files(cycle.as_configured)
        result = cycle.account.run(
            *(sys.executable, "-m", "patternbook.cli", "preflight", "--json"),
            *(str(files[path]) for path in cycle.paths),
            folder=ROOT,
            seconds=SECONDS_PER_STACK * len(cycle.stacks),
        )
        try:
            found = json.loads(result.output)
        except ValueError:
            raise RehearsalError(f"The preflight asked nothing.\n{result.output.strip()}") from None
        stops = [
            f"{stack['stack']}, {answer['question']}: {answer['message']}\n    {answer['fix']}"
            for stack in found["stacks"]
            for answer in stack["answers"]
            if answer["verdict"] == "stops"
        ]
        if stops or result.status:
            raise RehearsalError("The preflight found what stops the deployment:\n" + "\n".join(stops))
        counts = found["counts"]
        details.append(f"{counts['fine']} fine, {counts['may']} may stop, {counts['unknown']} unknown")
