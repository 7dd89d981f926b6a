"""Synthesizes the assemblies of a rehearsal: ``python -m rehearsal.assemblies FOLDER PATTERN,… STAGE…``.

The app is synthesized twice, as configured in cdk.json and with each pattern's changed setting, in one process, because
starting the CDK is most of what a synthesis costs. The CLI then takes the folders by ``--app``.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app import CDK_JSON, PATTERNS  # first: it points jsii at the Node of this environment
from patternbook import SettingsError, build_app
from rehearsal.plans import AS_CONFIGURED, CHANGED, PLANS, SANDBOX

# The CLI adds these by itself: construct paths, by which it names resources, and where assets come from.
OF_THE_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}


def context(patterns: Iterable[str], stages: Iterable[str], *, changed: bool) -> dict[str, Any]:
    """The context that the command line would give."""
    plans = {pattern: PLANS[pattern] for pattern in patterns}
    required = {pattern: dict(plan.production) for pattern, plan in plans.items()}
    return {
        **OF_THE_CLI,
        "patterns": ",".join(plans),
        "stages": {stage: {"settings": required} for stage in stages if stage != SANDBOX},
        **({f"{pattern}.{plan.setting}": plan.value for pattern, plan in plans.items()} if changed else {}),
    }


def synthesize(folder: Path, patterns: Sequence[str], stages: Sequence[str]) -> None:
    """:raises SettingsError: for a mistake in cdk.json."""
    for name, changed in ((AS_CONFIGURED, False), (CHANGED, True)):
        given = context(patterns, stages, changed=changed)
        build_app(PATTERNS, cdk_json=CDK_JSON, context=given, outdir=str(folder / name)).synth()


if __name__ == "__main__":
    try:
        synthesize(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:])
    except SettingsError as error:
        sys.exit(str(error))
