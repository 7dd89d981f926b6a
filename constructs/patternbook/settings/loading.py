"""Loads the settings of every stage from the CDK context, and reports all mistakes in one message.

Settings come from these places. A later one overrides an earlier one::

    the default of the field
    "EveryStack": {"log_retention_days": 30}                     in cdk.json, for all stacks that have the setting
    "FargateEfsStack": {"max_tasks": 20}                         in cdk.json
    "stages": {"live": {"settings": {"EveryStack": {…}}}}        in cdk.json
    "stages": {"live": {"settings": {"FargateEfsStack": {…}}}}   in cdk.json
    -c EveryStack.log_retention_days=30                          on the command line
    -c FargateEfsStack.max_tasks=20                              on the command line

Lists and objects on the command line are JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from patternbook.posture import POSTURES, SANDBOX, Posture
from patternbook.settings.base import PatternSettings
from patternbook.settings.context import EVERY_STACK, PATTERNS, STAGES, is_cdk_key, sort_unknown
from patternbook.settings.mistakes import Mistake, SettingsError, did_you_mean, one_of
from patternbook.settings.reading import Given, decoded, mistakes_of, not_an_object, read
from patternbook.settings.stages import Stage, StageSettings

STAGE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}", re.ASCII)
"""The name of a stage is part of stack names, for which CloudFormation allows only letters, digits and hyphens.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

SettingsTypes = Mapping[str, type[PatternSettings]]
"""The settings class of each pattern, by the name of its stack."""


@dataclass(frozen=True)
class Plan:
    """The stages to build, and their settings."""

    stages: tuple[Stage, ...]
    """The sandbox first, then the named stages."""
    ignored: tuple[str, ...]
    """Context keys of other tools."""


def load(
    context: Mapping[str, Any], settings_types: SettingsTypes, *, cdk_json: Mapping[str, Any] | None = None
) -> Plan:
    """Loads the stages of a context, with the settings of their patterns.

    :param context: the whole context that an app sees.
    :param cdk_json: the part of the context from ``cdk.json``. Messages use it to name the place of a mistake.
    :raises SettingsError: with all mistakes in ``context``.
    """
    loader = _Loader(context, settings_types, cdk_json or {})
    plan = loader.load()
    if loader.mistakes:
        raise SettingsError({(each.path, each.remedy): each for each in loader.mistakes}.values())
    return plan


def load_settings(
    settings_type: type[PatternSettings], given: Mapping[str, Any], *, posture: Posture = SANDBOX, stack: str = ""
) -> PatternSettings:
    """Loads the settings of one pattern without an app, for example in a test. Texts are parsed as on the command line.

    :param stack: the name of the stack in messages.
    :raises SettingsError: with all mistakes in ``given``.
    """
    values = {name: Given(value, f"{stack}.{name}") for name, value in given.items()}
    mistakes: list[Mistake] = []
    settings = read(settings_type, values, prefix=stack, posture=posture, mistakes=mistakes)
    if settings is None:
        raise SettingsError(mistakes)
    return settings


class _Loader:
    def __init__(self, context: Mapping[str, Any], types: SettingsTypes, cdk_json: Mapping[str, Any]) -> None:
        self.context = {key: value for key, value in context.items() if not is_cdk_key(key)}
        self.types = types
        self.cdk_json = cdk_json
        self.mistakes: list[Mistake] = []
        self.stacks_with: dict[str, list[str]] = {}
        """The names of all settings, each with the stacks that have it."""
        for stack, settings_type in types.items():
            for name in settings_type.model_fields:
                self.stacks_with.setdefault(name, []).append(stack)

    def load(self) -> Plan:
        names = [EVERY_STACK, *self.types]
        ours = {STAGES, PATTERNS, *names}
        unknown = {key: value for key, value in self.context.items() if key.partition(".")[0] not in ours}
        mistakes, ignored = sort_unknown(unknown, stacks=self.types, settings=self.stacks_with)
        self.mistakes += [self._located(mistake) for mistake in mistakes]
        shared = {name: self._object(name, self.context.get(name, {}), name) for name in names}
        asked = {name: self._asked(name) for name in names}
        built = self._built(PATTERNS, self.context.get(PATTERNS), self._file(PATTERNS)) or list(self.types)
        sandbox = Stage(settings=self._settings(built, [shared], asked, posture=SANDBOX))
        stages = [self._stage(name, entry, built, shared, asked) for name, entry in self._entries()]
        return Plan((sandbox, *(stage for stage in stages if stage)), tuple(ignored))

    def _stage(
        self, name: str, entry: Any, built: list[str], shared: dict[str, Any], asked: dict[str, Any]
    ) -> Stage | None:
        path, file = f"{STAGES}.{name}", self._file(STAGES)
        if not STAGE_NAME.fullmatch(name) or name in self.types:
            remedy = "The name of a stage must be 1 to 32 letters, digits and hyphens, and not the name of a stack."
            self.mistakes.append(Mistake(path, name, remedy, file))
            return None
        if isinstance(entry, Mapping) and name in POSTURES:
            entry = {"posture": name, **entry}
        try:
            stage = StageSettings.model_validate(entry)
        except ValidationError as error:
            self.mistakes += mistakes_of(StageSettings, error, prefix=path, given=None, file=file)
            return None
        own = {
            stack: self._object(stack, values, f"{path}.settings.{stack}", file)
            for stack, values in stage.settings.items()
        }
        for stack in own.keys() - {EVERY_STACK, *self.types}:
            remedy = f"Unknown stack.{did_you_mean(stack, [*self.types, EVERY_STACK])}"
            self.mistakes.append(Mistake(f"{path}.settings.{stack}", stage.settings[stack], remedy, file))
        chosen = self._built(f"{path}.patterns", list(stage.patterns or self.types), file)
        posture = POSTURES[stage.posture]
        return Stage(
            name=name,
            posture=posture,
            account=stage.account,
            region=stage.region,
            tags=stage.tags,
            settings=self._settings(
                [stack for stack in chosen if stack in built], [shared, own], asked, posture=posture
            ),
        )

    def _entries(self) -> Iterator[tuple[str, Any]]:
        """The entries of the stages to build."""
        asked, in_file = self.context.get(STAGES, {}), self.cdk_json.get(STAGES, {})
        configured = in_file if isinstance(in_file, dict) else {}
        if isinstance(asked, str) and not asked.lstrip().startswith("{"):
            known = {**{name: {} for name in POSTURES}, **configured}
            for name in _listed(asked):
                if name in known:
                    yield name, known[name]
                else:
                    remedy = f"{STAGES} must name stages of cdk.json or postures: {one_of(known)}."
                    self.mistakes.append(Mistake(STAGES, name, remedy + did_you_mean(name, known)))
            return
        try:
            yield from decoded(asked, dict).items()
        except (TypeError, ValueError, RecursionError):
            remedy = 'Must be an object of stages, such as {"production": {"posture": "production"}}, or their names.'
            self.mistakes.append(Mistake(STAGES, asked, remedy, self._file(STAGES)))

    def _built(self, path: str, asked: Any, file: str) -> list[str]:
        """The names of the stacks to build, in the order of the book. Without a choice, all of them."""
        if asked is None:
            return list(self.types)
        names = _listed(asked) if isinstance(asked, str) and not asked.lstrip().startswith("[") else asked
        try:
            names = decoded(names, list)
        except (TypeError, ValueError, RecursionError):
            names = [asked]
        for name in names:
            if name not in self.types:
                remedy = f"Must be {one_of(self.types)}.{did_you_mean(name, self.types)}"
                self.mistakes.append(Mistake(path, name, remedy, file))
        return [stack for stack in self.types if stack in names]

    def _settings(
        self,
        stacks: Iterable[str],
        layers: Iterable[Mapping[str, Mapping[str, Given]]],
        asked: Mapping[str, Mapping[str, Given]],
        *,
        posture: Posture,
    ) -> dict[str, PatternSettings]:
        """The settings of each stack. Each layer overrides the one before, and a stack's own settings override those of
        EveryStack.
        """
        found: dict[str, PatternSettings] = {}
        for stack in stacks:
            values: dict[str, Given] = {}
            for layer in (*layers, asked):
                every = layer.get(EVERY_STACK, {})
                values |= {name: every[name] for name in every if name in self.types[stack].model_fields}
                values |= layer.get(stack, {})
            settings = read(self.types[stack], values, prefix=stack, posture=posture, mistakes=self.mistakes)
            if settings:
                found[stack] = settings
        return found

    def _object(self, stack: str, value: Any, path: str, file: str | None = None) -> dict[str, Given]:
        """The settings of a stack in one object, as in ``cdk.json``."""
        file = self._file(path) if file is None else file
        try:
            given = decoded(value, dict)
        except (TypeError, ValueError, RecursionError):
            names = self.types[stack].model_fields if stack in self.types else self.stacks_with
            name = max(names, key=lambda each: len(self.stacks_with[each]))
            field = self.types[self.stacks_with[name][0]].model_fields[name]
            remedy = not_an_object(value, stack=stack, key="" if file else path, name=name, field=field)
            self.mistakes.append(Mistake(path, value, remedy, file))
            return {}
        return self._checked(stack, {name: Given(each, f"{path}.{name}", file) for name, each in given.items()})

    def _asked(self, stack: str) -> dict[str, Given]:
        """The settings of a stack with one context key each, as on the command line."""
        keys = {key.partition(".")[2]: key for key in self.context if key.startswith(f"{stack}.")}
        given = {name: Given(self.context[key], key, self._file(key)) for name, key in keys.items()}
        return self._checked(stack, given)

    def _checked(self, stack: str, given: dict[str, Given]) -> dict[str, Given]:
        """Refuses settings of EveryStack that no stack has."""
        for name, each in given.items():
            if stack == EVERY_STACK and name not in self.stacks_with:
                remedy = f"No stack has this setting.{did_you_mean(name, self.stacks_with)}"
                self.mistakes.append(Mistake(each.path, each.value, remedy, each.file))
        return given

    def _file(self, key: str) -> str:
        return "cdk.json" if key in self.cdk_json and self.cdk_json[key] == self.context.get(key) else ""

    def _located(self, mistake: Mistake) -> Mistake:
        return replace(mistake, file=self._file(mistake.path))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
