"""Synthesizes what a rehearsal deploys: ``python -m rehearsal.assemblies FOLDER POSTURE… `` in a process of its own.

Every posture twice, as configured in cdk.json and with each pattern's changed setting, in one process: starting the
CDK is most of what a synthesis costs. The CLI then takes the folders by ``--app``.
"""

import sys
from pathlib import Path
from typing import Any

from app import CDK_JSON, PATTERNS  # first: it points jsii at the Node of this environment
from patternbook import SettingsError, build_app
from rehearsal.plans import PLANS

# What the CLI adds by itself: construct paths in the templates, by which it names resources, and whence assets are.
OF_THE_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}


def context(posture: str, *, changed: bool) -> dict[str, Any]:
    """What is given on the command line, so to speak."""
    given: dict[str, Any] = {"posture": posture, **OF_THE_CLI}
    for stack, plan in PLANS.items():
        settings = {
            **(plan.production if posture == "production" else {}),
            **({plan.setting: plan.value} if changed else {}),
        }
        given |= {f"{stack}.{name}": value for name, value in settings.items()}
    return given


def synthesize(folder: Path, posture: str) -> None:
    """:raises SettingsError: for a mistake in cdk.json."""
    for name, changed in ((posture, False), (f"{posture}-changed", True)):
        build_app(
            PATTERNS, cdk_json=CDK_JSON, context=context(posture, changed=changed), outdir=str(folder / name)
        ).synth()


if __name__ == "__main__":
    try:
        for posture in sys.argv[2:]:
            synthesize(Path(sys.argv[1]), posture)
    except SettingsError as error:
        sys.exit(str(error))
