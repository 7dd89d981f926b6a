"""The forms of paths and targets that functions at the edge redirect. It works without the CDK."""

import re
from collections.abc import Mapping
from typing import Final

from patternbook.limits.edge import check_pairs
from patternbook.limits.given import shown

# The canonical form, as the functions write a path: escapes in upper case and only where needed, no empty segment, no
# dot segment, and no index.html at the end.
_CHARACTER: Final = r"(?:[\w.~!$&'()*+,;=:@-]|%(?!2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)[0-9A-F]{2})"
_SEGMENT: Final = rf"(?!\.{{1,2}}(?:/|\Z)){_CHARACTER}+"
CANONICAL_PATH_PATTERN: Final = rf"/(?:(?!index\.html\Z){_SEGMENT}(?:/(?!index\.html\Z){_SEGMENT})*)?"
"""A regular expression, to be used with :data:`re.ASCII`."""
CANONICAL_PATH: Final = 'a path such as "/about", normalized, without a slash or index.html at its end'

# Two slashes are excluded, because browsers read them as the beginning of another host.
TARGET_PATTERN: Final = r"(?:https://[a-z0-9.-]+|(?!//))/[\w.~!$&'()*+,;=:@/?%-]*"
TARGET: Final = 'a path such as "/team", or a URL such as "https://www.example.com/about"'

_PATH: Final = re.compile(CANONICAL_PATH_PATTERN, re.ASCII)
_VALUE: Final = re.compile(rf"(?:30[1278] )?({TARGET_PATTERN})", re.ASCII)


def check_table(table: Mapping[str, str]) -> None:
    """:param table: target by path. A status, if it is not 301, stands before the target: ``302 /team``.
    :raises ValueError: for a path that no request has, a wrong target, a target that is redirected, too, and for more
        than a key value store takes.
    """
    for path, value in table.items():
        if not _PATH.fullmatch(path):
            raise ValueError(f"table must have keys that are {CANONICAL_PATH}, got {shown(path)}.")
        found = _VALUE.fullmatch(value)
        if not found:
            raise ValueError(
                f"table must have values that are {TARGET}, after 302, 307 or 308 if it is not 301, got {shown(value)} "
                f"for {shown(path)}."
            )
        target = found[1].partition("?")[0]
        if target.startswith("/") and not _PATH.fullmatch(target):
            raise ValueError(
                f"table must have targets on the same site that are {CANONICAL_PATH}, got {shown(target)} for "
                f"{shown(path)}."
            )
        if target in table:
            raise ValueError(
                f"table must not redirect to another of its paths, but {shown(path)} leads to {shown(target)}. Use its "
                "target."
            )
    check_pairs(table, name="table")
