"""The CDK context by its sources: the command line, and the files that the CDK CLI merges into it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Final

from patternbook.settings.mistakes import NOTHING, Mistake, SettingsError
from patternbook.settings.strict_json import GivenTwiceError, parse

CONTEXT_OF_CLI: Final = "CDK_CONTEXT_JSON"
"""The environment variable by which the CDK CLI passes the context to the app."""
LOOK_UPS: Final = "cdk.context.json"
USER_FILE: Final = "~/.cdk.json"
"""The file of a user, for all CDK projects. https://docs.aws.amazon.com/cdk/v2/guide/context.html"""


@dataclass(frozen=True)
class Context:
    """The context of an app, by its sources."""

    typed: Mapping[str, Any]
    """The keys that are given on the command line, or by a program."""
    files: Mapping[str, Mapping[str, Any]]
    """The context of each file, by the name of the file. A later file overrides an earlier one."""

    @classmethod
    def separated(cls, whole: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> "Context":
        """Finds out what is typed: all keys of the whole context that have no such value in the files."""
        in_files = cls({}, files).in_files
        typed = {key: value for key, value in whole.items() if key not in in_files or not _same(value, in_files[key])}
        return cls(typed, files)

    @cached_property
    def in_files(self) -> Mapping[str, Any]:
        """The context of all files. The CDK CLI merges objects as this does, key by key."""
        return reduce(_merged, self.files.values(), {})

    def file_of(self, *path: str) -> str:
        """The name of the file that gives the value at a path, or most of the path. An empty text without one."""
        for length in range(len(path), 0, -1):
            for file, context in reversed(list(self.files.items())):
                if _has(context, path[:length]):
                    return file
        return ""


def read_files(cdk_json: Path, in_file: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The context of each file that the CDK CLI merges, or, outside of the CLI, of ``cdk_json`` alone.

    :param in_file: the context in ``cdk_json``.
    """
    files: dict[str, Mapping[str, Any]] = {}
    if CONTEXT_OF_CLI in os.environ:
        user = _read_quietly(Path(USER_FILE))
        files[USER_FILE] = _object(user.get("context"))
        files[LOOK_UPS] = _read_quietly(cdk_json.with_name(LOOK_UPS))
    return {**files, cdk_json.name: in_file}


def read_cdk_json(path: Path) -> dict[str, Any]:
    """The context in a ``cdk.json``.

    :raises SettingsError: if the file cannot be read or is not JSON, if its context is not an object, or if a key is
        given twice.
    """
    try:
        document = _read(path)
    except GivenTwiceError as error:
        remedy = "The key is given twice in one object. Keep one of the two."
        places = [place.removeprefix("context.") for place in error.paths]
        raise SettingsError(Mistake(place, NOTHING, remedy, file=path.name) for place in places) from error
    except json.JSONDecodeError as error:
        place = f"{path.name}, line {error.lineno}, column {error.colno}"
        raise SettingsError([Mistake(place, NOTHING, f"This is not JSON: {error.msg}.")]) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError([Mistake(path.name, NOTHING, f"The file cannot be read as JSON: {error}.")]) from error
    context = document.get("context", {}) if isinstance(document, dict) else None
    if not isinstance(context, dict):
        raise SettingsError([Mistake(path.name, NOTHING, 'The file must hold a JSON object with an object "context".')])
    return context


def _read_quietly(path: Path) -> dict[str, Any]:
    """The object in a file of the CDK CLI, which reports a broken one itself. It accepts a key that is given twice."""
    try:
        return _object(_read(path.expanduser()))  # Python finds the home folder as Node does
    except GivenTwiceError as error:
        return _object(error.value)
    except (OSError, ValueError, RuntimeError):  # also without a home folder, or if the file is nested too deeply
        return {}


def _read(path: Path) -> Any:
    return parse(path.read_text(encoding="utf-8-sig"))  # the CDK CLI accepts a byte order mark, too


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merged(low: Any, high: Any) -> Any:
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {**low, **{key: _merged(low.get(key), value) for key, value in high.items()}}


def _same(value: Any, in_file: Any) -> bool:
    return value == in_file or _without_null(value) == _without_null(in_file)


def _without_null(value: Any) -> Any:
    """The value as the CDK passes it on, which drops null from objects."""
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value


def _has(context: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(context, dict) or key not in context:
            return False
        context = context[key]
    return True
