"""Stages. Each has a posture, settings, and optionally an account and a Region."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from patternbook.limits.given import shown
from patternbook.posture import POSTURES, SANDBOX, Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import EachOnce
from patternbook.settings.keys import STAGES
from patternbook.settings.mistakes import NOTHING, Mistake, did_you_mean, one_of
from patternbook.settings.reading import mistakes_of, not_json
from patternbook.settings.validators import Expected

STAGE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}", re.ASCII)
"""The name of a stage is part of stack names, for which CloudFormation allows only letters, digits and hyphens.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""
NAME_OF_CDK: Final = "Tree"
"""The id of the construct in every app that writes ``tree.json``."""
EXAMPLE: Final = '{"live": {"posture": "production"}}'


class StageSettings(SettingsModel):
    """One entry of ``stages`` in the context of ``cdk.json``."""

    posture: Literal["sandbox", "production"]
    """Posture of all patterns of the stage. It may be left out for a stage that has the name of a posture."""
    patterns: (
        Annotated[
            tuple[Annotated[str, Expected('the name of a stack, such as "FargateEfsStack"')], ...],
            EachOnce,
            Field(min_length=1),
        ]
        | None
    ) = None
    """Stacks of the stage, such as "FargateEfsStack". Leave it out for all patterns."""
    account: fields.AccountId | None = None
    """AWS account of the stage. Leave it out for the account of the CDK CLI."""
    region: fields.Region | None = None
    """Region of the stage. Leave it out for the Region of the CDK CLI."""
    further_regions: Annotated[tuple[fields.Region, ...], EachOnce, Field(max_length=10)] = ()
    """Other Regions of the stage, in the order of a rollout. Each gets stacks of its own, whose names end with the
    Region. Those in the Region of the stage keep their names, so a Region can be added at any time."""
    after: Annotated[
        tuple[Annotated[str, Expected('the name of a stage, such as "staging"')], ...], EachOnce, Field(max_length=20)
    ] = ()
    """Stages that a rollout deploys, and verifies, before this one."""
    may_lose: Annotated[
        tuple[Annotated[str, Expected('the logical ID of a resource, such as "FileSystem8A8E25C0"')], ...],
        EachOnce,
        Field(max_length=100),
    ] = ()
    """Logical IDs of resources with stored data that a rollout may replace or remove. Otherwise it stops there. Empty
    the list after that rollout."""
    tags: dict[fields.TagKey, fields.TagValue] = Field({}, max_length=50)
    """Tags that CloudFormation puts on every resource of the stage that takes tags."""
    settings: Annotated[
        dict[str, Annotated[dict[str, Any], Expected('an object of settings, such as {"log_retention_days": 30}')]],
        Expected('an object with the settings of each stack, such as {"FargateEfsStack": {"max_tasks": 20}}'),
    ] = Field({})
    """Settings by stack, and under "EveryStack" for all stacks. They override those outside of the stage."""

    @field_validator("further_regions")
    @classmethod
    def _beside_the_region(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and "region" in info.data:
            if info.data["region"] is None:
                raise ValueError("Must be empty without region. Set region to the first Region of the stage.")
            if info.data["region"] in value:
                raise ValueError(f"Must not list {info.data['region']}, the region of the stage. Remove it here.")
        return value


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage whose settings are checked."""

    settings: Mapping[str, PatternSettings]
    """The settings of each pattern, by the name of its stack."""
    name: str | None = None
    """Name of the ``cdk.Stage``. The sandbox has no ``cdk.Stage``, because its stacks are directly in the app."""
    posture: Posture = SANDBOX
    account: str | None = None
    region: str | None = None
    further_regions: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Names of the stages that a rollout deploys before this one."""
    tags: Mapping[str, str] = field(default_factory=dict)


def read_stage(
    name: str, entry: Any, *, path: str, file: str, stacks: Collection[str]
) -> tuple[StageSettings | None, list[Mistake]]:
    """Validates the entry of a stage.

    :return: what is right in the entry, or None if nothing can be read of it; and its mistakes.
    """
    wrong_name = _wrong_name(name, stacks)
    mistakes = [Mistake(path, NOTHING, wrong_name, file)] if wrong_name else []
    if not isinstance(entry, Mapping):
        remedy = f"Must be an object. For example, {STAGES} can be {EXAMPLE}."
        return None, [*mistakes, Mistake(path, entry, remedy, file)]
    own = POSTURES.get(name.casefold())
    if own and entry.get("posture") in [posture for posture in POSTURES if posture != own.name]:
        remedy = f"The stage {name} must have the posture {own.name}. Give a stage of another posture another name."
        mistakes.append(Mistake(f"{path}.posture", entry["posture"], remedy, file))
    entry = {"posture": name, **entry} if name in POSTURES else entry
    try:
        return StageSettings.model_validate(entry), mistakes
    except ValidationError as error:
        mistakes += mistakes_of(StageSettings, error, prefix=path, given=None, file=file)
        places = [detail["loc"] for detail in error.errors()]
        if () in places:  # not even the keys can be read
            return None, mistakes
        wrong = {"settings", *(place[0] for place in places)}
        right = {key: value for key, value in entry.items() if key not in wrong}
        settings = entry.get("settings")
        objects = settings.items() if isinstance(settings, dict) else ()
        stage = StageSettings.model_validate({"posture": SANDBOX.name, **right})
        # A copy is not validated: one wrong setting does not hide those of other stacks.
        own = {stack: values for stack, values in objects if isinstance(values, dict)}
        return stage.model_copy(update={"settings": own}), mistakes


def wrong_order(stages: Mapping[str, Any], file_of: Callable[[str], str]) -> Iterator[Mistake]:
    """The stages in ``after`` that do not exist, and the first circle.

    :param stages: the entries of all stages, not yet validated.
    :param file_of: the file of a stage.
    """
    after = {name: _after(entry) for name, entry in stages.items()}
    for name, others in after.items():
        for other in others:
            if other not in stages:
                known = [each for each in stages if each != name]
                remedy = f"Must be {one_of(known)}." if known else "There is no other stage. Remove it."
                remedy += did_you_mean(other, known)
                yield Mistake(f"{STAGES}.{name}.after", other, remedy, file_of(name))
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # each stage comes after the next one
        remedy = f"Each waits for the next one: {', '.join(map(shown, circle))}. Remove one of them."
        yield Mistake(f"{STAGES}.{circle[0]}.after", circle[1], remedy, file_of(circle[0]))


def _after(entry: Any) -> list[str]:
    """The names in ``after``. Values of other types are left out, because the model refuses them."""
    names = entry.get("after") if isinstance(entry, Mapping) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def same_but_for_case(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name that differs from an earlier one in upper and lower case only, with this earlier one."""
    earlier: dict[str, str] = {}
    for name in names:
        first = earlier.setdefault(name.casefold(), name)
        if first != name:
            yield name, first


def not_stages(value: Any, file: str) -> str:
    """The message for ``stages`` that are neither an object nor names."""
    if file:
        return f"Must be an object of stages, such as {EXAMPLE}."
    return (
        f"Must be an object of stages, such as -c '{STAGES}={EXAMPLE}', or names, such as -c {STAGES}=production."
        f"{not_json(value)}"
    )


def _wrong_name(name: str, stacks: Collection[str]) -> str:
    if not STAGE_NAME.fullmatch(name):
        return "The name of a stage must begin with a letter, and have 1 to 32 letters, digits and hyphens."
    if name.partition("-")[0].casefold() in map(str.casefold, stacks):
        return "Choose a name that is not the name of a stack, and does not begin with one and a hyphen."
    if name == NAME_OF_CDK:
        return "The CDK has a construct of this name in every app. Choose another name for the stage."
    return ""
