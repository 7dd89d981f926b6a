"""What can be chosen; the defaults work in an empty account."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from patternbook import SettingsModel
from patternbook.data.settings import LogSettings
from patternbook.edge.function import check_package
from patternbook.limits.edge import (
    ALIASES_PER_DISTRIBUTION,
    CERTIFICATE_URL,
    LAMBDA_QUOTAS_URL,
    QUOTAS_URL,
    REGION,
    URI_CHARACTERS,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Expected, Percent, Unit, Whole
from stacks.lambda_edge.packages import VARIANT_FOLDER, has_variant, package

# As the function at viewer request writes a path: escapes in capitals, and only where needed; no empty segment, no dot
# segment, neither index.html at the end nor the folder of a variant at the beginning.
_CHARACTER = r"(?:[\w.~!$&'()*+,;=:@-]|%(?!2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)[0-9A-F]{2})"
_SEGMENT = rf"(?!\.{{1,2}}(?:/|\Z)){_CHARACTER}+"
PATH_PATTERN = rf"/(?!{VARIANT_FOLDER}(?:/|\Z))(?:(?!index\.html\Z){_SEGMENT}(?:/(?!index\.html\Z){_SEGMENT})*)?"
PATH = fields.matching(PATH_PATTERN, 'a path such as "/about", normalized, without a slash or index.html at its end')
PagePath = Annotated[str, PATH]
# Browsers read two slashes as the beginning of another host.
_TARGET = re.compile(r"(https://[a-z0-9.-]+|(?!//))/[\w.~!$&'()*+,;=:@/?%-]*", re.ASCII)
TARGET = 'a path such as "/about", or a URL such as "https://www.example.com/about"'

Countries = Annotated[tuple[fields.Country, ...], EachOnce, Field(max_length=250)]


class Redirect(SettingsModel):
    """A page that has moved."""

    source: PagePath
    """Path that is redirected."""
    target: Annotated[str, Expected(TARGET)]
    """Where to: a path of this site, or an https URL on one of domain_names and redirect_hosts; what was asked for
    behind a question mark goes along."""
    status: Literal[301, 302, 307, 308] = 301
    """HTTP status; 301 and 308 are permanent."""

    @field_validator("target")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if len(value) >= URI_CHARACTERS:
            raise ValueError(
                f"expected fewer than {URI_CHARACTERS:,} characters, CloudFront's quota ({LAMBDA_QUOTAS_URL})"
            )
        if not _TARGET.fullmatch(value):
            raise ValueError(f"expected {TARGET}")
        return value


def _check_target(redirect: Redirect, sources: set[str], *, own: tuple[str, ...], others: tuple[str, ...]) -> None:
    target = urlsplit(redirect.target)
    if target.netloc and target.netloc not in (*own, *others):
        raise ValueError(f"expected a target on a host of domain_names or redirect_hosts, not on {target.netloc}")
    if target.netloc in ("", *own):
        # Another way to write a path is a redirect of its own, and one to a source could go round in circles.
        if not PATH.accepts(target.path):
            raise ValueError(f"expected a target that is {PATH.text}, not {target.path}")
        if target.path in sources:
            raise ValueError(f"expected no target that is redirected itself: {redirect.source} leads to {target.path}")


class LambdaEdgeSettings(AlarmSettings, LogSettings):
    """The defaults serve the site of the book under a name of CloudFront's."""

    domain_names: Annotated[tuple[fields.DomainName, ...], EachOnce] = ()
    """Names of the site, the canonical one first, to which the others redirect; their DNS is yours to set. Without any,
    the site is under a name of CloudFront's."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate for these names, in us-east-1."""
    web_acl_arn: (
        Annotated[
            str,
            fields.arn(
                "wafv2",
                r"global/webacl/[\w-]+/[\w-]+",
                "arn:aws:wafv2:us-east-1:111122223333:global/webacl/main/1a2b3c4d",
            ),
        ]
        | None
    ) = None
    """AWS WAF web ACL for CloudFront, which is a global one."""
    price_class: Literal["100", "200", "all"] = "100"
    """Where CloudFront answers from: North America and Europe, most places, or all."""
    allowed_countries: Countries = ()
    """Countries that the site is served in; all where it is empty."""
    blocked_countries: Countries = ()
    """Countries that the site is not served in."""

    redirect_hosts: Annotated[tuple[fields.DomainName, ...], EachOnce, Field(max_length=100)] = ()
    """Hosts besides domain_names that a redirect may lead to."""
    redirects: tuple[Redirect, ...] = ()
    """Pages that have moved."""
    variant_b_percent: Percent = 50
    """Share of visitors that get variant b; at 0 and at 100 the test is over, for all."""
    variant_paths: Annotated[tuple[PagePath, ...], EachOnce, Field(max_length=100)] = ("/",)
    """Pages that differ in variant b, which has them in the folder variant-b of the site."""
    variant_days: Annotated[Whole, Field(ge=1, le=400), Unit("days")] = 30
    """How long a visitor keeps a variant; browsers keep no cookie for longer than 400 days."""
    page_cache_seconds: Annotated[Whole, Field(ge=0, le=31_536_000), Unit("seconds")] = 86_400
    """How long CloudFront keeps a page; a deployment of the site empties its cache."""
    content_security_policy: Annotated[
        str, fields.matching(r"[\x20-\x7e]{1,2048}", "a policy of 1 to 2,048 printable characters")
    ] = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    """What browsers may load and run for a page."""

    @field_validator("domain_names")
    @classmethod
    def _within_quota(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > ALIASES_PER_DISTRIBUTION:
            raise ValueError(
                f"expected at most {ALIASES_PER_DISTRIBUTION}, CloudFront's quota of alternate domain names for a "
                f"distribution ({QUOTAS_URL}); {len(value)} given"
            )
        return value

    @field_validator("certificate_arn")
    @classmethod
    def _of_the_names(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value.split(":")[3] != REGION:
            raise ValueError(
                f"expected a certificate in {REGION}, the only Region CloudFront takes one from ({CERTIFICATE_URL})"
            )
        names = info.data.get("domain_names")
        if names and value is None:
            raise ValueError("expected the ARN of a certificate, which domain_names need")
        if names == () and value is not None:
            raise ValueError("expected domain_names with it, the names that the certificate is for")
        return value

    @field_validator("blocked_countries")
    @classmethod
    def _either(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("allowed_countries"):
            raise ValueError("expected either allowed_countries or these: CloudFront takes one list")
        return value

    @field_validator("redirects")
    @classmethod
    def _go_somewhere(cls, value: tuple[Redirect, ...], info: ValidationInfo) -> tuple[Redirect, ...]:
        sources = {redirect.source for redirect in value}
        if len(sources) < len(value):
            raise ValueError("expected each source once")
        if {"domain_names", "redirect_hosts"} <= info.data.keys():
            for redirect in value:
                _check_target(redirect, sources, own=info.data["domain_names"], others=info.data["redirect_hosts"])
            check_package(
                "viewer-request", package("viewer-request", {**info.data, "redirects": value, "variant_b_percent": 0})
            )
        return value

    @field_validator("variant_paths")
    @classmethod
    def _are_there(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        missing = [path for path in value if not has_variant(path)]
        if missing:
            raise ValueError(
                f"expected pages that are in the site and in its folder {VARIANT_FOLDER}; there is no "
                f"{', '.join(missing)} in both"
            )
        return value

    @property
    def pinned_region(self) -> str:
        """CloudFront takes functions, and its certificate, from one Region."""
        return REGION
