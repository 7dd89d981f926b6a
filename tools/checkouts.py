"""Synthesizes the templates of a checkout of this repository, this one or an older one.

It knows nothing of a checkout but its command line: the CDK CLI starts the app that its ``cdk.json`` names, and
settings are context keys. So it reads every commit since the first pattern.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.assembly import template_files

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
PRODUCTION: Final = "production"

Settings = Mapping[str, Any]
"""Values by context keys, such as ``FargateEfsStack.max_tasks``."""
Templates = dict[str, Any]
"""By the construct paths of their stacks, such as ``production/EcrStack``."""


class RefusedError(Exception):
    """The app of a checkout does not synthesize. The message is what it printed."""

    @property
    def keys(self) -> set[str]:
        """The context keys that the app refuses, also for a value within, such as ``EcrStack.rules.2.days``."""
        return set(re.findall(r"^  (\w+\.\w+)\S* = ", str(self), re.MULTILINE))


@dataclass(frozen=True)
class Checkout:
    """A folder with the files of a commit, and the programs of its environment."""

    folder: Path
    programs: Path

    @property
    def stages(self) -> list[str]:
        """Production, and the stages in ``cdk.json``. None for a commit from before stages."""
        context = json.loads((self.folder / "cdk.json").read_text(encoding="utf-8")).get("context", {})
        return list(dict.fromkeys([PRODUCTION, *context["stages"]])) if "stages" in context else []

    def synthesize(self, settings: Settings, outdir: Path, *, stages: bool) -> Templates:
        """The templates of the sandbox.

        :param stages: whether the templates of stages are wanted, too.
        :raises RefusedError: if the app refuses the settings or fails.
        """
        context = dict(settings)
        if self.stages:
            context["stages"] = ",".join(self.stages) if stages else "{}"
        done = subprocess.run(
            [
                # It writes the templates as `cdk synth` does, and those of stacks that miss a requirement, too.
                *(BIN / "cdk", "list", "--no-path-metadata", "--no-asset-metadata", "--output", outdir),
                *_arguments(context),
            ],
            cwd=self.folder,
            env={
                **os.environ,
                "CDK_VALIDATION": "false",  # `make synth` validates
                "PATH": os.pathsep.join([str(self.programs), str(BIN), os.environ["PATH"]]),
                "PYTHONPATH": str(self.folder / "constructs"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RefusedError(done.stderr.strip())
        return {stack: json.loads(path.read_text(encoding="utf-8")) for stack, path in template_files(outdir).items()}


def _arguments(context: Settings) -> Iterable[str]:
    for key, value in context.items():
        yield from ("-c", f"{key}={value if isinstance(value, str) else json.dumps(value)}")


def synthesize_both(
    checkouts: Sequence[Checkout], settings: Settings, outdir: Path
) -> tuple[list[Templates], list[str]]:
    """The templates of each checkout with the same settings.

    A setting that one of them refuses is left out, because it has another name there, or does not exist.

    :return: the templates, and the settings that are left out.
    :raises RefusedError: if a checkout refuses the settings that are left.
    """
    stages = all(each.stages for each in checkouts)
    try:
        found = [each.synthesize(settings, outdir / f"{n}", stages=stages) for n, each in enumerate(checkouts)]
        return found, []
    except RefusedError as error:
        refused = sorted(error.keys & settings.keys())
        if not refused:
            raise
    accepted = {key: value for key, value in settings.items() if key not in refused}
    found, others = synthesize_both(checkouts, accepted, outdir / "without")
    return found, [*refused, *others]


def checkout_of(commit: str, folder: Path) -> Checkout:
    """The files of a commit in a folder. If the commit pins other packages, it gets its own environment."""
    archive = folder.with_suffix(".zip")
    git("archive", "--output", str(archive), commit)
    shutil.unpack_archive(archive, folder)
    if (folder / "requirements.txt").read_bytes() == (ROOT / "requirements.txt").read_bytes():
        return Checkout(folder, BIN)
    print(f"Installing the packages of {commit[:10]}, which pins others.", file=sys.stderr)
    done = subprocess.run(["make", "setup"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The packages of {commit[:10]} cannot be installed:\n{done.stderr.strip()}")
    return Checkout(folder, folder / ".venv" / "bin")


def git(*arguments: str) -> str:
    """The output of a command of Git. Its failure ends the program with its message."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
