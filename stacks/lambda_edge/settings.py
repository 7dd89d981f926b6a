"""Settings of LambdaEdgeStack. The defaults work in an empty account."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from patternbook import SettingsModel
from patternbook.data.settings import KeySettings, LogSettings
from patternbook.edge.settings import DistributionSettings
from patternbook.limits.edge import LAMBDA_QUOTAS_URL, REGION, URI_CHARACTERS, check_package
from patternbook.limits.given import listed, shown
from patternbook.limits.redirects import CANONICAL_PATH, CANONICAL_PATH_PATTERN, TARGET, TARGET_PATTERN
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Percent, Whole
from patternbook.settings.validators import Expected, Unit, matching
from stacks.lambda_edge.functions import VARIANT_FOLDER, has_variant, package

# Paths of viewers also have no folder of a variant at the beginning.
PATH_PATTERN = rf"(?!/{VARIANT_FOLDER}(?:/|\Z)){CANONICAL_PATH_PATTERN}"
PATH = matching(PATH_PATTERN, CANONICAL_PATH)
PagePath = Annotated[str, PATH]
_TARGET = re.compile(TARGET_PATTERN, re.ASCII)


class Redirect(SettingsModel):
    """A page that has moved."""

    source: PagePath
    """Path that is redirected."""
    target: Annotated[str, Expected(TARGET)]
    """Target: a path of this site, or an https URL on a host of domain_names or redirect_hosts. The query string of the
    request is appended."""
    status: Literal[301, 302, 307, 308] = 301
    """HTTP status. 301 and 308 are permanent."""

    @field_validator("target")
    @classmethod
    def _path_or_url(cls, value: str) -> str:
        if len(value) >= URI_CHARACTERS:
            raise ValueError(
                f"Must be shorter than {URI_CHARACTERS:,} characters, CloudFront's quota ({LAMBDA_QUOTAS_URL}), got "
                f"{len(value):,}."
            )
        if not _TARGET.fullmatch(value):
            raise ValueError(f"Must be {TARGET}.")
        return value


def _check_target(redirect: Redirect, sources: set[str], *, own: tuple[str, ...], others: tuple[str, ...]) -> None:
    target = urlsplit(redirect.target)
    if target.netloc and target.netloc not in (*own, *others):
        raise ValueError(
            f"Must redirect to hosts of domain_names or redirect_hosts only, got {shown(target.netloc)}. Add the host "
            "to "
            "redirect_hosts."
        )
    if target.netloc in ("", *own):
        # A path in another form would be redirected once more, and a target that is a source could make a loop.
        if not PATH.accepts(target.path):
            raise ValueError(f"Must have targets that are {PATH.text}, got {shown(target.path)}.")
        if target.path in sources:
            raise ValueError(
                f"Must not redirect to another source, but {shown(redirect.source)} leads to {shown(target.path)}. "
                "Use its target."
            )


# Base classes validate from last to first, and a validator sees only the fields before it: redirects are
# checked against domain_names.
class LambdaEdgeSettings(KeySettings, AlarmSettings, LogSettings, DistributionSettings):
    """Settings of the pattern beyond those of its constructs."""

    redirect_hosts: Annotated[tuple[fields.LiteralDomainName, ...], EachOnce, Field(max_length=100)] = ()
    """Additional hosts that redirects may lead to."""
    redirects: tuple[Redirect, ...] = ()
    """Redirects of pages that have moved."""
    variant_b_percent: Percent = 50
    """Share of visitors that get variant b. 0 and 100 end the A/B test for all visitors."""
    variant_paths: Annotated[tuple[PagePath, ...], EachOnce, Field(max_length=100)] = ("/",)
    """Pages that differ in variant b. The site has them in its folder variant-b, too."""
    variant_days: Annotated[Whole, Field(ge=1, le=400), Unit("days")] = 30
    """Lifetime of the cookie with the variant. Browsers limit it to 400 days."""
    page_cache_seconds: Annotated[Whole, Field(ge=0, le=31_536_000), Unit("seconds")] = 86_400
    """Time that CloudFront caches a page. A deployment that changes the site invalidates the cache."""
    content_security_policy: Annotated[
        str, matching(r"[\x20-\x7e]{1,2048}", "a policy of 1 to 2,048 printable ASCII characters")
    ] = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    """Content-Security-Policy header of pages."""

    @field_validator("redirects")
    @classmethod
    def _targets_allowed(cls, value: tuple[Redirect, ...], info: ValidationInfo) -> tuple[Redirect, ...]:
        sources = {redirect.source for redirect in value}
        if len(sources) < len(value):
            raise ValueError("Must contain each source once. Remove the duplicates.")
        if {"domain_names", "redirect_hosts"} <= info.data.keys():
            for redirect in value:
                _check_target(redirect, sources, own=info.data["domain_names"], others=info.data["redirect_hosts"])
            check_package(
                "viewer-request", package("viewer-request", {**info.data, "redirects": value, "variant_b_percent": 0})
            )
        return value

    @field_validator("variant_paths")
    @classmethod
    def _in_both_variants(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        missing = [path for path in value if not has_variant(path)]
        if missing:
            raise ValueError(
                f"Must list pages that the site has in both variants, got {listed(missing)}. Add them to "
                f"the site and to its folder {VARIANT_FOLDER}."
            )
        return value

    @property
    def pinned_region(self) -> str:
        """CloudFront takes functions and certificates from this Region only."""
        return REGION
