"""What CloudFormation's own transforms make of a template: loops are expanded, and functions of SAM are functions.

Rules then look at the resources that are deployed. What is not expanded here is named, so that nobody takes it for
checked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from patternbook.rules.expanding import loops, serverless

LANGUAGE_EXTENSIONS: Final = "AWS::LanguageExtensions"
SERVERLESS: Final = "AWS::Serverless-2016-10-31"
# AWS's own macros change only what belongs to them. Any other macro may rewrite the whole template.
_HARMLESS_MACROS: Final = re.compile(
    r"AWS::(Serverless|LanguageExtensions|SecretsManager|CodeDeployBlueGreen|Include)\b.*"
)


@dataclass(frozen=True)
class Expanded:
    """A template as CloudFormation deploys it."""

    document: Mapping[str, Any]
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    """The name in the template, by the logical id of each resource that a loop or SAM makes."""
    unchecked: Sequence[str] = ()
    """The resources that are not expanded, each with the reason."""


def transforms(document: Mapping[str, Any]) -> list[str]:
    """The names of the macros of a whole template, in their order."""
    named = document.get("Transform", [])
    listed = named if isinstance(named, list) else [named]
    return [str(each.get("Name") if isinstance(each, dict) else each) for each in listed]


def rewriting_macros(document: Mapping[str, Any]) -> list[str]:
    """The macros that may rewrite the whole template. A template that has one cannot be checked."""
    return [name for name in transforms(document) if not _HARMLESS_MACROS.fullmatch(name)]


def expand(document: Mapping[str, Any]) -> Expanded:
    """Expands the loops of the language extensions, and the functions of SAM."""
    names = transforms(document)
    origins: dict[str, str] = {}
    unchecked: list[str] = []
    if LANGUAGE_EXTENSIONS in names:
        document = loops.expand(document, origins, unchecked)
    if SERVERLESS in names:
        document = serverless.expand(document, origins, unchecked)
    return Expanded(document, origins, unchecked)
