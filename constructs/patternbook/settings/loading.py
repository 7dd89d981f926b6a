"""Loads the settings of every stage from the CDK context, and reports all mistakes in one message.

Settings come from these places. A later one overrides an earlier one, setting by setting::

    the default of the field
    "EveryStack": {"log_retention_days": 30}                     in cdk.json, for all stacks that have the setting
    "FargateEfsStack": {"max_tasks": 20}                         in cdk.json
    "stages": {"live": {"settings": {"EveryStack": {…}}}}        in cdk.json
    "stages": {"live": {"settings": {"FargateEfsStack": {…}}}}   in cdk.json
    -c 'EveryStack={"log_retention_days": 30}'                   on the command line
    -c EveryStack.log_retention_days=30                          on the command line
    -c 'FargateEfsStack={"max_tasks": 20}'                       on the command line
    -c FargateEfsStack.max_tasks=20                              on the command line

Lists and objects on the command line are JSON. A key with a dot in ``cdk.json``, such as ``FargateEfsStack.max_tasks``,
counts as part of the object ``FargateEfsStack`` there. ``cdk.json`` overrides ``cdk.context.json``, which overrides
``~/.cdk.json``. A program that gives a context to :func:`patternbook.build_app` has the place of the command line.

``stages`` on the command line replaces ``stages`` in the files. Names choose from the stages in the files.
A key on the command line that repeats the value of a file is taken for that of the file, because the CDK CLI does not
tell where a value comes from.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from patternbook.limits.given import shown
from patternbook.posture import POSTURES, SANDBOX, Posture
from patternbook.settings.base import PatternSettings
from patternbook.settings.context import Context
from patternbook.settings.keys import EVERY_STACK, PATTERNS, STAGES, sort_unknown
from patternbook.settings.mistakes import NOTHING, Mistake, SettingsError, did_you_mean, one_of
from patternbook.settings.reading import Given, decoded, not_an_object, read
from patternbook.settings.stages import Stage, not_stages, read_stage, same_but_for_case, wrong_order

SettingsTypes = Mapping[str, type[PatternSettings]]
"""The settings class of each pattern, by the name of its stack."""


@dataclass(frozen=True)
class Plan:
    """The stages to build, and their settings."""

    stages: tuple[Stage, ...]
    """The sandbox first, then the named stages."""
    ignored: Mapping[str, str]
    """Context keys of other tools, each with its file, or with an empty text for the command line."""


def load(
    context: Mapping[str, Any], settings_types: SettingsTypes, *, files: Mapping[str, Mapping[str, Any]] | None = None
) -> Plan:
    """Loads the stages of a context, with the settings of their patterns.

    :param context: the whole context that an app sees.
    :param files: the part of the context that each file has, by the name of the file. A later file overrides an
        earlier one. The last one is ``cdk.json``.
    :raises SettingsError: with all mistakes in ``context``.
    """
    loader = _Loader(Context.separated(context, files or {}), settings_types)
    plan = loader.load()
    if loader.mistakes:
        raise SettingsError(loader.said_once())
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
    def __init__(self, context: Context, types: SettingsTypes) -> None:
        self.context = context
        self.types = types
        self.mistakes: list[Mistake] = []
        self.refused_by: dict[str, list[str]] = {}
        """The stacks that refuse a value of EveryStack, by the text of the mistake."""
        self.stacks_with: dict[str, list[str]] = {}
        """The names of all settings, each with the stacks that have it."""
        for stack, settings_type in types.items():
            for name in settings_type.model_fields:
                self.stacks_with.setdefault(name, []).append(stack)
        names = [EVERY_STACK, *types]
        self.in_files: dict[str, dict[str, Given]] = {name: {} for name in names}
        for file, in_file in context.files.items():
            for name in names:
                self.in_files[name] |= self._given(name, in_file, file)
        self.typed = {name: self._given(name, context.typed, "") for name in names}
        stages = context.in_files.get(STAGES)
        self.stages_of_files: Mapping[str, Any] = stages if isinstance(stages, dict) else {}

    def load(self) -> Plan:
        known_stages = {*POSTURES, *self.stages_of_files}
        mistakes, ignored = sort_unknown(
            self.context, stacks=self.types, settings=self.stacks_with, stages=known_stages
        )
        self.mistakes += mistakes
        patterns, file = self._value(PATTERNS)
        built = list(self.types) if patterns is None else self._built(PATTERNS, patterns, file)
        sandbox = Stage(settings=self._settings(self.types, [self.in_files], built, SANDBOX))
        stages = [self._stage(name, entry, file, built) for name, entry, file in self._entries()]
        return Plan((sandbox, *(stage for stage in stages if stage)), ignored)

    def said_once(self) -> Iterator[Mistake]:
        """The mistakes without repetitions. One in EveryStack says which stacks refuse the value."""
        for text, mistake in {str(each): each for each in self.mistakes}.items():
            refused_by = _sentence(self.refused_by.get(text, []))
            yield replace(mistake, remedy=mistake.remedy + refused_by)

    def _value(self, key: str) -> tuple[Any, str]:
        """The value of a key, and its file."""
        if key in self.context.typed:
            return self.context.typed[key], ""
        return self.context.in_files.get(key), self.context.file_of(key)

    def _entries(self) -> Iterator[tuple[str, Any, str]]:
        """The stages to build, each with its entry and its file."""
        asked, file = self._value(STAGES)
        entries: Mapping[str, Any]
        if isinstance(asked, str) and not _is_json(asked):
            known = {**{name: {} for name in POSTURES}, **self.stages_of_files}
            entries = {name: known[name] for name in self._names(STAGES, asked, known, file)}
            file = self.context.file_of(STAGES)
        else:
            try:
                entries = {} if asked is None else decoded(asked, dict)
            except (TypeError, ValueError, RecursionError):
                self.mistakes.append(Mistake(STAGES, asked, not_stages(asked, file), file))
                return
        for name, other in same_but_for_case(entries):
            remedy = (
                f"Differs from the stage {shown(other)} in upper and lower case only, which some file systems ignore."
            )
            self.mistakes.append(Mistake(f"{STAGES}.{name}", NOTHING, remedy, file))
        # Also those of a file that are not built now: a chosen stage comes after some of them.
        self.mistakes += wrong_order(
            {**self.stages_of_files, **entries}, lambda name: file and self.context.file_of(STAGES, name)
        )
        for name, entry in entries.items():
            yield name, entry, file and self.context.file_of(STAGES, name)

    def _stage(self, name: str, entry: Any, file: str, built: Collection[str]) -> Stage | None:
        path = f"{STAGES}.{name}"
        settings, mistakes = read_stage(name, entry, path=path, file=file, stacks=self.types)
        self.mistakes += mistakes
        if settings is None:
            return None
        chosen = list(self.types)
        if settings.patterns is not None:
            chosen = self._built(f"{path}.patterns", list(settings.patterns), file)
        own = {
            stack: self._object(stack, values, f"{path}.settings.{stack}", file)
            for stack, values in settings.settings.items()
        }
        for stack in own.keys() - {EVERY_STACK, *chosen}:
            remedy = f"Unknown stack.{did_you_mean(stack, [*self.types, EVERY_STACK])}"
            if stack in self.types:
                remedy = (
                    f"The stage does not have {stack}. Add it to {shown(path)}.patterns, or remove its settings here."
                )
            self.mistakes.append(Mistake(f"{path}.settings.{stack}", settings.settings[stack], remedy, file))
        posture = POSTURES[settings.posture]
        return Stage(
            name=name,
            posture=posture,
            account=settings.account,
            region=settings.region,
            further_regions=settings.further_regions,
            after=settings.after,
            tags=settings.tags,
            settings=self._settings(chosen, [self.in_files, own], built, posture),
        )

    def _built(self, path: str, asked: Any, file: str) -> list[str]:
        """The names of the stacks to build, in the order of the book."""
        names = self._names(path, asked, self.types, file)
        return [stack for stack in self.types if stack in names]

    def _names(self, path: str, asked: Any, known: Collection[str], file: str) -> list[str]:
        """The known ones of the names in a list, or in a text with commas."""
        try:
            names = _listed(asked) if isinstance(asked, str) and not _is_json(asked) else decoded(asked, list)
        except (TypeError, ValueError, RecursionError):
            names = [asked]
        if not names:
            self.mistakes.append(Mistake(path, asked, f"Is empty. It must be {one_of(known)}.", file))
        found: list[str] = []
        for name in names:
            if not isinstance(name, str) or name not in known:
                remedy = f"Must be {one_of(known)}.{did_you_mean(name, known)}"
                self.mistakes.append(Mistake(path, name, remedy, file))
            elif name in found:
                self.mistakes.append(Mistake(path, name, "Is named twice. Name it once.", file))
            else:
                found.append(name)
        return found

    def _settings(
        self,
        stacks: Iterable[str],
        layers: Iterable[Mapping[str, Mapping[str, Given]]],
        built: Collection[str],
        posture: Posture,
    ) -> dict[str, PatternSettings]:
        """The settings of the stacks to build. The settings of the others are only checked.

        Each layer overrides the one before, and a stack's own settings override those of EveryStack.
        """
        of_built = {name for stack in built for name in self.types[stack].model_fields}
        found: dict[str, PatternSettings] = {}
        for stack in stacks:
            values: dict[str, Given] = {}
            for layer in (*layers, self.typed):
                every = layer.get(EVERY_STACK, {})
                values |= {
                    name: each
                    for name, each in every.items()
                    if name in self.types[stack].model_fields
                    # EveryStack on the command line means the stacks to build. Its value need not suit the others.
                    and (stack in built or layer is not self.typed or name not in of_built)
                }
                values |= layer.get(stack, {})
            mistakes: list[Mistake] = []
            settings = read(self.types[stack], values, prefix=stack, posture=posture, mistakes=mistakes)
            self._refused(stack, mistakes)
            if settings and stack in built:
                found[stack] = settings
        return found

    def _refused(self, stack: str, mistakes: Iterable[Mistake]) -> None:
        for mistake in mistakes:
            self.mistakes.append(mistake)
            if EVERY_STACK in mistake.path.split("."):
                stacks = self.refused_by.setdefault(str(mistake), [])
                if stack not in stacks:
                    stacks.append(stack)

    def _given(self, stack: str, context: Mapping[str, Any], file: str) -> dict[str, Given]:
        """The settings of a stack in one source: of its object, and of its keys with a dot, which override it."""
        given = self._object(stack, context[stack], stack, file) if stack in context else {}
        keys = {key.partition(".")[2]: key for key in context if key.startswith(f"{stack}.")}
        return given | self._checked(stack, {name: Given(context[key], key, file) for name, key in keys.items()})

    def _object(self, stack: str, value: Any, path: str, file: str) -> dict[str, Given]:
        """The settings of a stack in one object."""
        try:
            given = {} if value is None else decoded(value, dict)
        except (TypeError, ValueError, RecursionError):
            names = self.types[stack].model_fields if stack in self.types else self.stacks_with
            name = max(names, key=lambda each: len(self.stacks_with[each]))
            field = self.types[self.stacks_with[name][0]].model_fields[name]
            remedy = not_an_object(value, stack=stack, key="" if file else path, name=name, field=field)
            self.mistakes.append(Mistake(path, value, remedy, file))
            return {}
        return self._checked(stack, {name: Given(each, f"{path}.{name}", file) for name, each in given.items()})

    def _checked(self, stack: str, given: dict[str, Given]) -> dict[str, Given]:
        """Refuses settings of EveryStack that no stack has."""
        for name, each in given.items():
            if stack == EVERY_STACK and name not in self.stacks_with:
                remedy = f"No stack has this setting.{did_you_mean(name, self.stacks_with)}"
                self.mistakes.append(Mistake(each.path, each.value, remedy, each.file))
        return given


def _is_json(text: str) -> bool:
    """Whether a text is a list or an object instead of names."""
    return text.lstrip().startswith(("[", "{"))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _sentence(stacks: list[str]) -> str:
    """The end of a message, which names the stacks that refuse a value."""
    if not stacks:
        return ""
    *others, last = stacks if len(stacks) <= 3 else [*stacks[:2], f"{len(stacks) - 2} other stacks"]
    return f" {', '.join(others)} and {last} refuse it." if others else f" {last} refuses it."
