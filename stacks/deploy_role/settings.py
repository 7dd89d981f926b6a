"""Settings of DeployRoleStack. With the defaults, nothing can assume a role."""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook import SettingsModel
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, YesNo
from patternbook.settings.validators import matching

# https://docs.github.com/en/rest/repos/repos: names have letters, digits, hyphens, underscores and points. Characters
# that have a meaning in a policy of IAM, such as * and $, are in none of them.
RepositoryName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}",
        'a repository of GitHub with its owner, such as "octo-org/shop"',
    ),
]
NumericId = Annotated[str, matching(r"[1-9]\d{0,19}", 'the number of an owner or repository, such as "456789"')]
# GitHub writes a colon within the name of an environment as %3A into the subject. Names that need no such rule do not
# end one claim and begin another.
Environment = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9-]{0,31}", 'an environment of GitHub with the name of a stage, such as "live"')
]
Branch = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", 'a branch, such as "main"')]
Qualifier = Annotated[str, matching(r"[a-z0-9]{1,10}", 'the qualifier of a bootstrap stack, such as "hnb659fds"')]


class RepositoryIds(SettingsModel):
    """The numbers of a repository and its owner, which GitHub never gives to another one."""

    owner: NumericId
    """Number of the owner: ``gh api repos/OWNER/NAME --jq .owner.id``."""
    repository: NumericId
    """Number of the repository: ``gh api repos/OWNER/NAME --jq .id``."""


class DeployRoleSettings(PatternSettings):
    """Settings of the pattern."""

    is_global: ClassVar[bool] = True

    repository: RepositoryName | None = None
    """Repository whose workflows may deploy, with its owner. Without one, the stack has no role."""
    repository_ids: RepositoryIds | None = None
    """Numbers of the repository and its owner. Set them, because they keep out whoever takes a name that became free.
    Repositories that were made since 2026-07-15 need them."""
    environments: Annotated[tuple[Environment, ...], EachOnce, Field(min_length=1, max_length=20)] = ("production",)
    """Stages of this account. Each is an environment of the repository, and has a role of its own."""
    branch: Branch = "main"
    """Branch whose workflows may deploy."""
    existing_provider: YesNo = False
    """Whether the account has an OIDC provider for GitHub already. There can be one only."""
    qualifier: Qualifier = "hnb659fds"
    """Qualifier of the bootstrap stack. Change it if the account was bootstrapped with another one."""

    @field_validator("repository_ids")
    @classmethod
    def _of_a_repository(cls, value: RepositoryIds | None, info: ValidationInfo) -> RepositoryIds | None:
        if value and "repository" in info.data and info.data["repository"] is None:
            raise ValueError("Must be left out without repository. Set repository, too, such as octo-org/shop.")
        return value

    @field_validator("environments")
    @classmethod
    def _different_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        plain = [name.replace("-", "").casefold() for name in value]
        for name, text in zip(value, plain, strict=True):
            if f"{name}-review" in value:
                raise ValueError(f'Must not list "{name}-review", the environment of the review of {name}. Rename it.')
            if plain.count(text) > 1:
                raise ValueError(f'Must not list "{name}" and one that differs in hyphens or case only. Rename one.')
        return value
