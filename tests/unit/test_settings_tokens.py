"""Settings made in Python may name resources of the same app by tokens of the CDK. Nothing else may be a token."""

import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk.assertions import Template
from pydantic import BaseModel, ValidationError

import app
from patternbook import PRODUCTION, PatternStack
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import unwrap
from patternbook.settings.validators import Reference
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.fargate_efs import FargateEfsSettings, FargateEfsStack
from stacks.fargate_private_link import FargatePrivateLinkSettings

TOKEN = "${Token[Certificate.12]}"


def test_a_certificate_of_the_same_stack_serves_https(tmp_path: Path) -> None:
    shop = cdk.Stack(unchecked_app(tmp_path), "Shop")
    certificate = acm.Certificate(shop, "Certificate", domain_name="www.example.com")
    settings = FargateEfsSettings(certificate_arn=certificate.certificate_arn)
    pattern = FargateEfsStack(shop, "Web", settings=settings, posture=PRODUCTION)
    [listener] = (
        Template.from_stack(pattern)
        .find_resources("AWS::ElasticLoadBalancingV2::Listener", {"Properties": {"Port": 443}})
        .values()
    )
    assert "Certificate" in str(listener["Properties"]["Certificates"])


@pytest.mark.parametrize("pattern", app.PATTERNS)
def test_nothing_but_references_may_be_a_token(pattern: type[PatternStack]) -> None:
    places = list(places_of(pattern.settings_type))
    assert places
    for value, may in places:
        [name] = value
        mistakes = errors(pattern.settings_type, value)
        if may:
            assert not any("placeholder" in each for each in mistakes), value
        else:
            assert mistakes, value
            for other in (TOKEN.replace("$", "#"), cdk.Token.as_number({"Ref": "X"})):
                assert errors(pattern.settings_type, replaced(value, other)), value
        if may:
            for other in (f"{TOKEN}-a", TOKEN + TOKEN, TOKEN.replace("$", "#"), cdk.Token.as_number({"Ref": "X"})):
                assert any("one whole token" in each for each in errors(pattern.settings_type, replaced(value, other)))
        assert any("Must not contain ${Token[" in each for each in refusal(pattern, **value).values()), name


def places_of(model: type[BaseModel]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Settings with a token in each place of a text, number or key, and whether a reference stands there."""

    def within(annotation: Any, metadata: Any = ()) -> Iterator[tuple[Any, bool]]:
        annotation, metadata = unwrap(annotation, metadata)
        arguments, origin = typing.get_args(annotation), typing.get_origin(annotation)
        if origin is tuple:
            yield from (([value], may) for value, may in within(arguments[0]))
        elif origin is dict:
            yield from (({value: "x"}, may) for value, may in within(arguments[0]))
            yield from (({"A": value}, may) for value, may in within(arguments[1]))
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from places_of(annotation)
        else:
            yield TOKEN, any(isinstance(item, Reference) for item in metadata)

    for name, field in model.model_fields.items():
        yield from (({name: value}, may) for value, may in within(field.annotation, field.metadata))


def replaced(value: Any, other: Any) -> Any:
    """The value with something else in the place of the token."""
    if isinstance(value, dict):
        return {replaced(key, other): replaced(item, other) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, other) for item in value]
    return other if value == TOKEN else value


def errors(model: type[PatternSettings], given: Mapping[str, Any]) -> list[str]:
    try:
        model(**given)
    except ValidationError as error:
        return [each["msg"] for each in error.errors()]
    return []


def test_the_token_of_a_list_is_refused_with_its_remedy() -> None:
    principals = cdk.Fn.split(",", cdk.Fn.import_value("Principals"))
    [message] = errors(FargatePrivateLinkSettings, {"allowed_principals": principals})
    assert "got the placeholder of a list" in message
    assert "take one item of a list with cdk.Fn.select" in message
