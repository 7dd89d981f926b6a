"""The book: the patterns that can be copied, and where their files are."""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PACKAGE: Final = Path(__file__).parents[1]
EXTRAS: Final = "cdk,node,testing"


class BookError(Exception):
    """The message says what to do."""


@dataclass(frozen=True)
class Pattern:
    """One pattern of the book."""

    stack: str
    """The name of its stack, such as ``FargateEfsStack``."""
    folder: str
    """The name of its folder in ``stacks/``."""
    page: str
    """The name of its page in ``docs/``."""
    title: str
    """The first sentence of its promises."""


def book() -> Path:
    """The folder that has ``stacks``, ``tests`` and ``docs``: inside an installed package, or the clone of the book.

    :raises BookError: if this installation has no patterns.
    """
    for folder in (_PACKAGE / "_book", _PACKAGE.parents[1]):
        if (folder / "stacks").is_dir():
            return folder
    raise BookError(f"{_PACKAGE} has no patterns. Install the package patternbook again, from its wheel or its clone.")


def patterns(root: Path) -> dict[str, Pattern]:
    """The patterns of a folder by the names of their stacks. It reads their files and imports nothing."""
    found = (_read(path) for path in sorted(root.glob("stacks/*/__init__.py")))
    return {pattern.stack: pattern for pattern in found if pattern}


def _read(path: Path) -> Pattern | None:
    """A pattern, if the package offers a stack in ``__all__``, as each pattern of the book does."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.value for node in module.body if isinstance(node, ast.Assign) and _assigns_all(node)]
    stacks = [name for each in names for name in ast.literal_eval(each) if name.endswith("Stack")]
    if not stacks:
        return None
    title, _, promises = (ast.get_docstring(module) or "").partition("\n")
    return Pattern(stacks[0], path.parent.name, promises.rpartition("Page: docs/")[2].strip(), title.rstrip("."))


def _assigns_all(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)


def requirement() -> str:
    """The package itself, as a line of ``requirements.txt``: from where it was installed.

    pip records it, see https://packaging.python.org/en/latest/specifications/direct-url/.
    """
    from importlib.metadata import PackageNotFoundError, distribution  # here, because the rules start without it

    name = f"patternbook[{EXTRAS}]"
    try:
        installed = distribution("patternbook")
    except PackageNotFoundError:
        return f"{name} @ {book().as_uri()}"
    recorded = installed.read_text("direct_url.json")
    return f"{name} @ {_url(json.loads(recorded))}" if recorded else f"{name}=={installed.version}"


def _url(recorded: Mapping[str, Any]) -> str:
    url, vcs = recorded["url"], recorded.get("vcs_info")
    if vcs:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return url + (f"#subdirectory={recorded['subdirectory']}" if "subdirectory" in recorded else "")
