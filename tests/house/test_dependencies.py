"""Imports point one way: from the app to the patterns, from there to the constructs, and from there to AWS's limits."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "constructs" / "patternbook"

LAYERS = (
    *(
        "limits",
        "posture",
        "nag",
        "partitions",
        "copying",
        "settings",
        "data",
        "network",
        "ec2",
        "ecs",
        "aws_lambda",
        "eks",
        "api",
        "app_runner",
    ),
    *(
        "messaging",
        "streams",
        "edge",
        "workflows",
        "monitoring",
        "refusals",
        "rules",
        "preflight",
        "cost",
        "leftovers",
        "rollout",
        "app",
        "testing",
        "cli",
    ),
)
"""The groups of the package from bottom to top. Each may import itself and the groups before it."""

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in LAYERS)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, including imports within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def group_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_group_imports_only_groups_below_it(path: Path) -> None:
    layer = LAYERS.index(group_of(path))
    above = [
        module
        for module in imported(path)
        if module.startswith("patternbook.") and LAYERS.index(module.split(".")[1]) > layer
    ]
    assert not above, f"{path.relative_to(PACKAGE)} belongs to the group {group_of(path)}, which is below {above}"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("limits/*.py")), ids=lambda path: path.stem)
def test_limits_do_not_import_the_cdk(path: Path) -> None:
    others = [module for module in imported(path) if module.split(".")[0] in {"aws_cdk", "constructs", "jsii"}]
    assert not others, f"{path.name} imports {others}, but the rules must run without the CDK and Node"


ABOVE = {
    "stacks": {"app", "proving", "rehearsal", "tests", "tools"},
    "constructs": {"app", "proving", "rehearsal", "stacks", "tests", "tools"},
}


@pytest.mark.parametrize("folder", ABOVE)
def test_folders_do_not_import_from_above(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        others = [module for module in imported(path) if module.split(".")[0] in ABOVE[folder]]
        assert not others, f"{path.relative_to(ROOT)} imports {others}"


def test_a_rehearsal_does_not_import_what_proves_in_aws() -> None:
    for path in (ROOT / "rehearsal").rglob("*.py"):
        assert not [module for module in imported(path) if module.split(".")[0] == "proving"], path.name


def test_stacks_never_import_each_other() -> None:
    for path in (ROOT / "stacks").glob("*/*.py"):
        own = f"stacks.{path.parent.name}"
        others = [module for module in imported(path) if module.startswith("stacks.") and not module.startswith(own)]
        assert not others, f"{path.relative_to(ROOT)} imports {others}"


def test_modules_import_each_other_without_circles() -> None:
    names = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for path, name in names.items()}
    graph = {
        name: {module for module in imported(path) if module in modules} - {name} for name, path in modules.items()
    }
    # A package that exports what is in it is imported by nothing inside of it.
    assert list(TopologicalSorter(graph).static_order())
