"""Measures a preflight of each pattern in the emulated account: ``python -m tools.bench_preflight``.

The aim is less than five seconds for a stack. Each process starts anew, as a person starts it.
"""

import json
import sys
import time
from typing import Final

from rehearsal.account import ROOT, EmulatedAccount
from rehearsal.commands import synthesize
from rehearsal.cycle import bootstrap
from rehearsal.plan import AS_CONFIGURED, SANDBOX
from rehearsal.plans import PLANS
from rehearsal.report import Report
from tools.assembly import template_files

AIM_SECONDS: Final = 5


def main() -> None:
    """Prints a line for each pattern. The first call of a service makes the emulated account load it."""
    with EmulatedAccount() as account:
        folder = account.folder / "assemblies"
        synthesize(account, folder, list(PLANS), [SANDBOX])
        bootstrap(account, Report())
        files = template_files(folder / AS_CONFIGURED)
        for pattern in PLANS:
            command = (sys.executable, "-m", "patternbook.cli", "preflight", "--json", str(files[pattern]))
            account.run(*command, folder=ROOT)
            start = time.monotonic()
            result = account.run(*command, folder=ROOT)
            seconds = time.monotonic() - start
            answers = len(json.loads(result.output)["stacks"][0]["answers"])
            print(f"{pattern:<26} {seconds:5.1f} s   {answers:3} answers   (aim: {AIM_SECONDS} s)", flush=True)


if __name__ == "__main__":
    main()
