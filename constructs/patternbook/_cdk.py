"""Says which extra is missing, where the package is installed without the AWS CDK.

Without the extra ``cdk``, the modules in :data:`LIGHT` work. An import of any other one would end with "No module named
'aws_cdk'", which does not say what to install.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Final

LIGHT: Final = (
    "cli",
    "copying",
    "cost",
    "leftovers",
    "limits",
    "preflight",
    "rollout",
    "rules",
    "settings.cli",
    "settings.mistakes",
)
"""The modules and packages that need no CDK, in the package ``patternbook``."""
HEAVY: Final = ("rules.plugin",)
"""The modules in these packages that need it nevertheless."""
NEEDED: Final = ("aws_cdk", "aws_croniter", "pydantic")
"""Modules that the extra installs."""


class _Refusal:
    """Comes before the finders that would find a module of this package."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        package, _, module = name.partition(".")
        if package == __package__ and module and not is_light(module):
            raise ModuleNotFoundError(
                f"{name} needs the AWS CDK, which is not installed. Type: pip install 'patternbook[cdk]'", name=name
            )
        return None


def is_light(module: str) -> bool:
    """Whether a module of the package needs no CDK."""

    def within(names: Sequence[str]) -> bool:
        return any(f"{module}.".startswith(f"{name}.") for name in names)

    holds_light_ones = any(name.startswith(f"{module}.") for name in LIGHT)
    return module.startswith("_") or holds_light_ones or (within(LIGHT) and not within(HEAVY))


if not all(map(find_spec, NEEDED)):
    sys.meta_path.insert(0, _Refusal())
