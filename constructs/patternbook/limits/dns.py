"""Limits of domain names, certificates and hosted zones, each with its source, and checks of them.

They work without the CDK. The checks name settings unless they are told to name the arguments of a construct.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patternbook.limits.given import listed, shown

HOST: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
"""The host of a URL, as a regular expression: https://datatracker.ietf.org/doc/html/rfc1123#section-2.1"""
NAMES_PER_CERTIFICATE: Final = 10
"""Default quota of domain names per certificate: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html"""
FIRST_NAME_CHARACTERS: Final = 64
"""Maximum length of the first domain name, which is the common name of the certificate.

https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
"""


def is_port(value: str | None) -> bool:
    """Whether digits are a port of TCP. None means that a URL has the default port of its scheme."""
    return value is None or (len(value) <= 5 and 1 <= int(value) <= 65_535)


@dataclass(frozen=True)
class Options:
    """What a message calls the certificate and the hosted zone."""

    certificate: str
    hosted_zone: str


SETTINGS: Final = Options("certificate_arn", "hosted_zone_id")
ARGUMENTS: Final = Options("certificate", "hosted_zone")


def check_hosted_zone(hosted_zone: object, names: Sequence[str], *, name: str = "domain_name") -> None:
    """:param hosted_zone: what was given for it, or None.
    :param name: the setting of ``names``.
    :raises ValueError: for a hosted zone without names for its records.
    """
    if hosted_zone is not None and not names:
        raise ValueError(
            f"A hosted zone must be set with {name}, got {shown(hosted_zone)} alone. Set {name} to a name in the zone, "
            "or remove the hosted zone."
        )


def check_certificate_of_names(
    names: Sequence[str],
    *,
    certificate: object,
    hosted_zone: object,
    name: str = "domain_name",
    options: Options = SETTINGS,
) -> None:
    """:param certificate: what was given for it, or None. So is ``hosted_zone``.
    :raises ValueError: for names that have no certificate and cannot get one.
    """
    if certificate is not None or not names:
        return
    if hosted_zone is None:
        raise ValueError(
            f"{name} must come with {options.hosted_zone} or {options.certificate}, got neither. Set "
            f"{options.hosted_zone} to the Route 53 hosted zone of the name to get a certificate and the DNS records, "
            f"or {options.certificate} to an ACM certificate that covers the name."
        )
    if len(names) > NAMES_PER_CERTIFICATE:
        raise ValueError(
            f"{name} must list at most {NAMES_PER_CERTIFICATE} names without {options.certificate}, got {len(names)}. "
            f"That is ACM's default quota of names per certificate. Set {options.certificate} to a certificate with "
            "more names."
        )
    if len(names[0]) > FIRST_NAME_CHARACTERS:
        raise ValueError(
            f"{name} must begin with a name of at most {FIRST_NAME_CHARACTERS} characters without "
            f"{options.certificate}, got {len(names[0])}. That is ACM's limit for the first name of a certificate. Set "
            f"{options.certificate} to a certificate that has the long name as a further name."
        )


def check_zone_holds(names: Sequence[str], zone_name: str) -> None:
    """:raises ValueError: if a hosted zone cannot hold a name."""
    zone = zone_name.rstrip(".").lower()
    outside = [name for name in names if name != zone and not name.endswith(f".{zone}")]
    if outside:
        raise ValueError(
            f"Each domain name must be {zone}, the name of the hosted zone, or end with .{zone}, got "
            f"{listed(outside)}. Use a name in the zone, or the hosted zone of the name."
        )
