"""A plan for the rehearsal of a pattern: which settings to change, and which resources may change and remain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from rehearsal.account import EmulatedAccount
from rehearsal.readers import Reader

AS_CONFIGURED: Final = "configured"
"""The folder of the app as cdk.json configures it."""
CHANGED: Final = "changed"
"""The folder of the app with the changed settings of each pattern."""
SANDBOX: Final = "sandbox"
PRODUCTION: Final = "production"
STAGES: Final = (SANDBOX, PRODUCTION)
"""The stages of a rehearsal: the sandbox, whose stacks are directly in the app, and a stage in posture production."""

ALARM_ADDRESS: Final = {"alarm_email": "ops@example.com"}
"""The setting that every pattern with alarms requires in production."""

Use = Callable[[EmulatedAccount, Mapping[str, str], Mapping[str, str]], str]
"""Uses a stack by its outputs and its physical ids, and returns a few words about it."""
Action = Literal["Add", "Modify", "Replace", "Remove"]


@dataclass(frozen=True)
class Setting:
    """A setting that the update changes."""

    value: Any
    """Its new value, which differs from the default."""
    read: Reader
    """Reads it from the account."""


def given(settings: Mapping[str, Any]) -> str:
    """Settings with their values, for messages."""
    return ", ".join(f"{name} = {value!r}" for name, value in settings.items())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan for one pattern. It names resources by their construct paths below the stack."""

    settings: Mapping[str, Setting]
    """The settings that the update changes. Together they replace what the pattern runs, if any."""
    changes: Mapping[str, Action]
    """The resources that the update changes. No other resource may change."""
    changes_in_production: Mapping[str, Action] | None = None
    """The same in production, if other resources change there."""
    production_settings: Mapping[str, Any] = field(default_factory=lambda: ALARM_ADDRESS)
    """Settings that the pattern requires in production."""
    retained_in_production: frozenset[str] = frozenset()
    """The resources that remain after the deletion of the stack in production. In the sandbox none remain."""
    always_retained: frozenset[str] = frozenset()
    """The resources that remain in both postures, also after a failed creation. AWS does not allow to delete them in
    time, and they cost nothing."""

    replaced_and_retained: frozenset[str] = frozenset()
    """The resources that the update replaces, and whose old ones remain until the stack is deleted."""

    emulated_only: frozenset[str] = frozenset()
    """The settings whose new values only the emulated account has. ``make prove`` leaves them as they are."""

    use: Use | None = None
    """Uses what is deployed, as its users do."""
    use_updated: Use | None = None
    """Uses what is deployed with the changed settings."""

    def for_any_account(self) -> "Plan":
        """The plan without what only the emulated account has."""
        kept = {name: setting for name, setting in self.settings.items() if name not in self.emulated_only}
        return replace(self, settings=kept)

    def changes_in(self, stage: str) -> Mapping[str, Action]:
        """The resources that the update changes in a stage."""
        return self.changes if stage == SANDBOX or self.changes_in_production is None else self.changes_in_production

    @property
    def values(self) -> dict[str, Any]:
        """The new values of the settings."""
        return {name: setting.value for name, setting in self.settings.items()}

    @property
    def given(self) -> str:
        return given(self.values)
