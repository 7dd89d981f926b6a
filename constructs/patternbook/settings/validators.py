"""Builds types for settings. Each type says what it accepts, so that error messages and the list of settings agree.

A type is ``Annotated[str, matching(…)]``. The types that several patterns share are in
:mod:`patternbook.settings.fields`.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from patternbook.limits.given import shown
from patternbook.limits.limit import Limit
from patternbook.partitions import partition_of

PLACEHOLDER: Final = re.compile(r"[$#]\{Token\[")
"""The beginning of a placeholder of the CDK. The CDK would look for its value while it writes the template."""
ONE_PLACEHOLDER: Final = re.compile(r"\$\{Token\[[\w:.-]+\]\}", re.ASCII)
"""One whole placeholder of a text, such as ``certificate.certificate_arn`` of a certificate in the same app."""


@dataclass(frozen=True)
class Expected:
    """The accepted values of a field, as the end of the sentence "must be …"."""

    text: str


@dataclass(frozen=True)
class Text(Expected):
    """Part of ``Annotated[str, …]``: accepts a text for which ``accepts`` returns a true value."""

    accepts: Callable[[str], object]
    hint: Callable[[str], str] = lambda _: ""
    """Returns a sentence about a refused value, or an empty text."""
    max_length: int = 2048
    """Maximum number of characters. The longest ARNs of AWS have 2,048."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        if len(value) > self.max_length:
            raise ValueError(f"Must be at most {self.max_length:,} characters, got {len(value):,}.")
        if not self.accepts(value):
            raise ValueError(f"Must be {self.text}.{self.hint(value)}")
        return value


@dataclass(frozen=True)
class Reference(Text):
    """Part of ``Annotated[str, …]``: a text that names a resource. Settings made in Python may also have one whole
    placeholder of the CDK here, because the resource can be in the same app."""

    same_region: str = ""
    """Why the resource must be in the Region of the stack: the URL of AWS's document. Empty if it can be elsewhere."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_before_validator_function(
            self._refuse_other_placeholders, super().__get_pydantic_core_schema__(source, handler)
        )

    def _refuse_other_placeholders(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        if info.context is not None:  # values of a context have no placeholders, see SettingsModel
            return value
        given = None if isinstance(value, str) else f"a value of type {type(value).__name__}"
        if isinstance(value, str) and PLACEHOLDER.search(value) and not ONE_PLACEHOLDER.fullmatch(value):
            given = "the placeholder of a list" if value.startswith("#") else "a placeholder with text around it"
        if given:
            raise ValueError(
                f"Must be {self.text}, or one whole token of the CDK that is a text, such as "
                f"certificate.certificate_arn, got {given}. Convert another token with cdk.Token.as_string, and take "
                "one item of a list with cdk.Fn.select."
            )
        return value


@dataclass(frozen=True)
class Within(Expected):
    """Part of ``Annotated[int, …]``: accepts a whole number within a limit. The message contains the limit's source."""

    limit: Limit

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: int) -> int:
        if not self.limit.minimum <= value <= self.limit.maximum:
            raise ValueError(f"Must be {self.text}.")
        return value


@dataclass(frozen=True)
class Unit:
    """The unit of a number, such as ``MiB``."""

    name: str


def check_literal(value: Any) -> None:
    """:raises ValueError: if a text, or a text within the value, would be a placeholder for the CDK."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, str) and PLACEHOLDER.search(part):
            raise ValueError(
                "Must not contain ${Token[ or #{Token[, because the CDK reads them as the beginning of a placeholder. "
                "This setting is a literal value. Write the value itself."
            )
        if isinstance(part, dict):
            parts += [*part, *part.values()]
        elif isinstance(part, list | tuple):
            parts += part


def matching(pattern: str, expected: str) -> Text:
    """A text that matches a regular expression as a whole."""
    return Text(expected, re.compile(pattern, re.ASCII).fullmatch)


def reference(pattern: str, expected: str, hint: Callable[[str], str] = lambda _: "") -> Reference:
    """A text that names a resource and matches a regular expression as a whole, or one whole placeholder of the CDK.

    Settings of the context refuse the placeholder, too, see :class:`patternbook.settings.base.SettingsModel`.
    """
    matches = re.compile(pattern, re.ASCII).fullmatch
    return Reference(expected, lambda value: ONE_PLACEHOLDER.fullmatch(value) or matches(value), hint)


def prose(max_length: int) -> Text:
    """Free text."""
    return Text(f"a text of 1 to {max_length:,} characters", len, max_length=max_length)


def within(limit: Limit) -> Within:
    """A whole number within one of AWS's limits."""
    return Within(f"a whole number from {limit.minimum:,} to {limit.maximum:,} ({limit.name}: {limit.source})", limit)


def network(largest: int, smallest: int, example: str, *, usable: bool = False) -> Text:
    """An IPv4 block in CIDR notation with a prefix length from ``largest`` to ``smallest``.

    :param usable: accept only addresses that a host can have. They are not loopback, link-local, multicast or reserved.
    """

    def accepts(value: str) -> bool:
        try:
            block = ipaddress.IPv4Network(value, strict=True)
        except ValueError:
            return False
        special = (
            block.is_loopback or block.is_link_local or block.is_multicast or block.is_reserved or value[:2] == "0."
        )
        return value == str(block) and largest <= block.prefixlen <= smallest and not (usable and special)

    def hint(value: str) -> str:
        try:
            address = ipaddress.IPv4Interface(value)
        except ValueError:
            return ""
        if address.ip != address.network.network_address:
            return f" {shown(value)} has host bits set. Its block is {address.network}."
        return f" Write it as {address.network}." if str(address.network) != value else ""

    return Text(f'an IPv4 block in CIDR notation, /{largest} to /{smallest}, such as "{example}"', accepts, hint)


def arn(
    service: str,
    resource: str,
    example: str,
    hint: Callable[[str], str] = lambda _: "",
    *,
    same_region: str = "",
) -> Reference:
    """A reference to a resource by its ARN: an ARN of ``service`` whose last part matches ``resource``.

    Format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html

    :param same_region: see :attr:`Reference.same_region`.
    """
    pattern = rf"arn:aws[a-z-]*:{service}:[a-z]{{2,4}}(-[a-z]+)+-\d:\d{{12}}:{resource}"
    found = reference(pattern, f'an ARN such as "{example}"', hint)
    return replace(
        found,
        accepts=lambda value: found.accepts(value) and not _wrong_partition(value),
        hint=lambda value: hint(value) or (_wrong_partition(value) if found.accepts(value) else ""),
        same_region=same_region,
    )


def _wrong_partition(arn: str) -> str:
    """A sentence about an ARN whose Region belongs to another partition, or an empty text."""
    if ONE_PLACEHOLDER.fullmatch(arn):
        return ""
    _, given, service, region, *_ = arn.split(":")
    partition = partition_of(region)
    if partition in (None, given):
        return ""
    return f" {region} belongs to the partition {partition}, not {given}. Write arn:{partition}:{service}:{region}:…"
