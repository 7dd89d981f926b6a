"""Synthesizes the apps that a rehearsal deploys: ``python -m rehearsal.assemblies FOLDER PATTERN,… STAGE…``.

The app is synthesized twice: as configured in cdk.json, and with each pattern's changed settings. One process does
both, because starting the CDK takes longer than the rest. The rehearsal gives the folders to the CLI by ``--app``.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app import CDK_JSON, PATTERNS  # must be imported before patternbook: it points jsii to this environment's Node
from patternbook import SettingsError, build_app
from rehearsal.plan import AS_CONFIGURED, CHANGED, SANDBOX
from rehearsal.plans import PLANS

# The CLI adds these when it synthesizes. It needs the construct paths to name resources, and the paths of assets.
CLI_CONTEXT = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}


def context(patterns: Iterable[str], stages: Iterable[str], *, changed: bool) -> dict[str, Any]:
    """The context that a user would give on the command line."""
    plans = {pattern: PLANS[pattern] for pattern in patterns}
    required = {pattern: dict(plan.production_settings) for pattern, plan in plans.items()}
    return {
        **CLI_CONTEXT,
        "patterns": ",".join(plans),
        "stages": {stage: {"settings": required} for stage in stages if stage != SANDBOX},
        **(
            {f"{pattern}.{name}": value for pattern, plan in plans.items() for name, value in plan.values.items()}
            if changed
            else {}
        ),
    }


def synthesize(folder: Path, patterns: Sequence[str], stages: Sequence[str]) -> None:
    """:raises SettingsError: if cdk.json has a mistake."""
    for name, changed in ((AS_CONFIGURED, False), (CHANGED, True)):
        given = context(patterns, stages, changed=changed)
        build_app(PATTERNS, cdk_json=CDK_JSON, context=given, outdir=str(folder / name)).synth()


if __name__ == "__main__":
    try:
        synthesize(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:])
    except SettingsError as error:
        sys.exit(str(error))
