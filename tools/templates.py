"""Shows how the templates differ from those of another commit: ``python -m tools.templates REF``.

It synthesizes every pattern in both postures, with the defaults and with every option, once here and once in a checkout
of the other commit. For each resource that differs, it says whether CloudFormation updates or replaces it. Resources
that hold data and would be replaced or removed come first. Use it for changes of the code and for upgrades of the CDK.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

import patternbook  # noqa: F401 - before aws_cdk: it points jsii at the Node of this environment
from tools.checkouts import BIN, ROOT, Checkout, RefusedError, Templates, checkout_of, git, synthesize_both

REGION: Final = "us-east-1"
STATEFUL: Final = (
    *("AWS::EFS::FileSystem", "AWS::ECR::Repository", "AWS::ECR::PublicRepository", "AWS::S3::Bucket"),
    *("AWS::SQS::Queue", "AWS::Logs::LogGroup", "AWS::FSx::", "AWS::RDS::", "AWS::DynamoDB::", "AWS::KMS::Key"),
    *("AWS::Cognito::UserPool", "AWS::SecretsManager::Secret"),
)
"""Types whose resources hold data, which a replacement would lose. A beginning stands for all types with it."""

NO_STAGES: Final = (
    "Stacks of its posture production have other names now, so CloudFormation would make new ones: docs/upgrading.md."
)
DEFAULTS: Final = "defaults"
SETTINGS: Final = f"""
import json
import patternbook  # before aws_cdk: it points jsii at the Node of this environment
from tests.book import settings_of
scenarios = ("{DEFAULTS}", "every option", "other options")
print(json.dumps({{options: settings_of("production", options) for options in scenarios}}))
"""
"""Prints the settings of each pattern. The CDK's Node would keep running in this process, and Ctrl-C would break it."""


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


def main(reference: str) -> None:
    """Prints each template that differs, and the actions of CloudFormation."""
    # Ctrl-C ends the program by an exception, so that the temporary folder is deleted.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))
    commit = git("rev-parse", "--verify", f"{reference}^{{commit}}")
    old: Templates = {}
    new: Templates = {}
    with tempfile.TemporaryDirectory() as temporary:
        checkouts = [checkout_of(commit, Path(temporary, "checkout")), Checkout(ROOT, BIN)]
        if not all(each.stages for each in checkouts):
            print(f"Only the sandbox is compared, because {reference} has no stages. {NO_STAGES}\n")
        scenarios = _scenarios()
        for options, patterns in scenarios.items():
            # Other patterns keep what production requires in the defaults.
            settings = _context_keys({**scenarios[DEFAULTS], **patterns})
            try:
                found, refused = synthesize_both(checkouts, settings, Path(temporary, options))
            except RefusedError as error:
                sys.exit(
                    f"{reference} cannot be compared with {options}, because the CDK CLI fails there or here. Choose a "
                    f"commit whose app synthesizes in a clone of its own.\n\n{error}"
                )
            if refused:
                unknown = ", ".join(refused)
                print(f"Templates with {options} are compared without settings that one commit lacks: {unknown}.\n")
            for templates, each in zip((old, new), found, strict=True):
                templates |= {f"{name} ({options})": each[name] for name in each if _pattern(name) in patterns}
    report(old, new)


def _scenarios() -> dict[str, dict[str, dict[str, Any]]]:
    """The settings of patterns, by the names of the options."""
    done = subprocess.run([sys.executable, "-c", SETTINGS], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The options in the unit tests of the patterns cannot be read:\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def _context_keys(patterns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{stack}.{name}": value for stack, settings in patterns.items() for name, value in settings.items()}


def _pattern(stack: str) -> str:
    """The pattern of ``production/EksManagedNodesStack-eu-west-1``, for instance."""
    return stack.rpartition("/")[2].partition("-")[0]


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
