"""Shows how the templates differ from those of another commit: ``python -m tools.templates REF``.

It synthesizes every pattern in both postures, with the defaults and with every option, once here and once in a checkout
of the other commit. For each resource that differs, it says whether CloudFormation updates or replaces it. Resources
that hold data and would be replaced or removed come first. Use it for changes of the code and for upgrades of the CDK:
if ``requirements.txt`` differs, the other checkout gets its own environment.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

ROOT: Final = Path(__file__).parents[1]
REGION: Final = "us-east-1"
STATEFUL: Final = (
    *("AWS::EFS::FileSystem", "AWS::ECR::Repository", "AWS::ECR::PublicRepository", "AWS::S3::Bucket"),
    *("AWS::SQS::Queue", "AWS::Logs::LogGroup", "AWS::FSx::", "AWS::RDS::", "AWS::DynamoDB::", "AWS::KMS::Key"),
    *("AWS::Cognito::UserPool", "AWS::SecretsManager::Secret"),
)
"""Types whose resources hold data, which a replacement would lose. A beginning stands for all types with it."""

WRITE: Final = """
import json, sys
from pathlib import Path
import app
from tests.book import SCENARIOS, book_app, settings_of, stage_of, template_files
for posture, options in SCENARIOS:
    outdir = Path(sys.argv[1], f"{posture}, {options}")
    book_app(stage_of(posture, settings_of(posture, options)), outdir, checked=False).synth()
    for stack, path in template_files(outdir).items():
        Path(sys.argv[1], f"{stack} ({posture}, {options}).json").write_text(path.read_text())
"""
"""Synthesizes in the checkout that it runs in, with that checkout's own modules."""


@dataclass(frozen=True, order=True)
class Change:
    """The action of CloudFormation on a resource."""

    rank: int
    """0 for data that is lost, 1 for another replacement or removal, 2 for everything else."""
    action: str
    resource_type: str
    logical_id: str
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        data = " (holds data)" if self.rank == 0 else ""
        return f"  {self.action:<8}{self.resource_type} {self.logical_id}{data}" + "".join(
            f"\n             {path}" for path in self.paths
        )


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The actions of CloudFormation if a stack with the old template gets the new one."""
    before, after = old.get("Resources", {}), new.get("Resources", {})
    changes = [_change("Add", after[name], name, 2) for name in after.keys() - before.keys()]
    changes += [_change("Remove", before[name], name) for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        paths = tuple(sorted(_differences(before[name].get("Properties", {}), after[name].get("Properties", {}), "")))
        if before[name]["Type"] != after[name]["Type"] or _replaces(after[name]["Type"], paths):
            changes.append(_change("Replace", before[name], name, paths=paths))
        elif paths:
            changes.append(_change("Modify", after[name], name, 2, paths))
    return sorted(changes)


def _change(
    action: str, resource: Mapping[str, Any], name: str, rank: int | None = None, paths: tuple[str, ...] = ()
) -> Change:
    rank = (0 if resource["Type"].startswith(STATEFUL) else 1) if rank is None else rank
    return Change(rank, action, resource["Type"], name, paths)


def _differences(old: Any, new: Any, path: str) -> Iterator[str]:
    """The paths of values that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old.keys() | new.keys():
            yield from _differences(old.get(name), new.get(name), f"{path}/{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _differences(left, right, f"{path}/{index}")
    elif old != new:
        yield path


def _replaces(resource_type: str, paths: tuple[str, ...]) -> bool:
    """Whether a change of any of these properties makes CloudFormation replace the resource, or may do so."""
    return any(f"{path}/".startswith(f"{fixed}/") for path in paths for fixed in _create_only(resource_type))


@cache
def _create_only(resource_type: str) -> tuple[str, ...]:
    """The properties that CloudFormation's schema allows to be set at creation only."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    except ResourceNotFoundError:
        return ()
    names = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return tuple(name.removeprefix("/properties") for name in names)


def write(checkout: Path, python: Path, folder: Path) -> None:
    """Writes the templates of a checkout into a folder."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{checkout / 'constructs'}{os.pathsep}{checkout}"}
    done = subprocess.run(
        [python, "-c", WRITE, str(folder)], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"The templates of {checkout.name} cannot be synthesized:\n{done.stderr.strip()}")


def _python_of(checkout: Path) -> Path:
    """The Python of this environment, or of a new one if the checkout pins other packages."""
    if (checkout / "requirements.txt").read_bytes() == (ROOT / "requirements.txt").read_bytes():
        return Path(sys.executable)
    subprocess.run(["make", "setup"], cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    return checkout / ".venv" / "bin" / "python"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def main(reference: str) -> None:
    """Prints each template that differs, and the actions of CloudFormation."""
    commit = _git("rev-parse", "--verify", f"{reference}^{{commit}}")
    with tempfile.TemporaryDirectory() as temporary:
        checkout, folders = Path(temporary, "checkout"), (Path(temporary, "old"), Path(temporary, "new"))
        _git("worktree", "add", "--quiet", "--detach", str(checkout), commit)
        try:
            write(checkout, _python_of(checkout), folders[0])
        finally:
            _git("worktree", "remove", "--force", str(checkout))
        write(ROOT, Path(sys.executable), folders[1])
        old, new = (
            {path.stem: json.loads(path.read_text("utf-8")) for path in each.glob("*.json")} for each in folders
        )
    report(old, new)


def report(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Prints the differences between templates, by their names."""
    found = {name: compare(old[name], new[name]) for name in sorted(old.keys() & new.keys())}
    for name in sorted(old.keys() ^ new.keys()):
        print(f"{name} is {'new' if name in new else 'gone'}.\n")
    for name, changes in sorted(
        found.items(), key=lambda item: (min([each.rank for each in item[1]], default=9), item)
    ):
        if changes:
            print(f"{name}\n" + "\n".join(map(str, changes)) + "\n")
        elif old[name] != new[name]:
            print(f"{name}\n  No resource differs; outputs, metadata or attributes of resources do.\n")
    same = sum(old[name] == new[name] for name in found)
    print(f"{same} of {len(found)} templates are the same.")


if __name__ == "__main__":
    main(sys.argv[1])
