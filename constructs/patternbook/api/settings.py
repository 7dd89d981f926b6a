"""Settings of HTTP APIs, and of the sign-in of their users."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.limits.cognito import FeaturePlan, Mfa, check_plan, is_callback_url
from patternbook.limits.dns import check_certificate_of_names
from patternbook.limits.http_api import BURST, RATE, is_origin
from patternbook.network.settings import DomainSettings
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Whole, YesNo
from patternbook.settings.validators import Text, Unit, matching, within

Rate = Annotated[Whole, within(RATE), Unit("requests per second")]
Burst = Annotated[Whole, within(BURST), Unit("requests")]
CallbackUrl = Annotated[
    str,
    Text(
        "an https URL, an http://localhost URL or a URL of an app, without a fragment, such as "
        '"https://app.example.com/callback"',
        is_callback_url,
    ),
]
Origin = Annotated[str, Text('an origin such as "https://app.example.com", without a path, and not *', is_origin)]


# Base classes validate from last to first: certificate_arn is checked against domain_name and hosted_zone_id.
class ApiSettings(DomainSettings):
    """Settings of a :class:`patternbook.api.http_api.JwtApi` whose functions are ``read`` and ``write``."""

    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate of domain_name, in the stack's Region. Defaults to a new one if hosted_zone_id is set."""

    read_rate: Rate = 100
    """Maximum requests per second of each route that reads. API Gateway answers 429 beyond it."""
    read_burst: Burst = 200
    """Requests to a route that reads that may come at once."""
    write_rate: Rate = 50
    """Maximum requests per second of each route that writes."""
    write_burst: Burst = 100
    """Requests to a route that writes that may come at once."""
    cors_origins: Annotated[tuple[Origin, ...], EachOnce, Field(max_length=50)] = ()
    """Websites whose scripts may call the API. Defaults to none."""

    @field_validator("certificate_arn")
    @classmethod
    def _for_the_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if {"domain_name", "hosted_zone_id"} <= info.data.keys():
            name = info.data["domain_name"]
            if value is not None and name is None:
                raise ValueError("Must be set with domain_name, got the certificate alone. Set domain_name.")
            names = [] if name is None else [name]
            check_certificate_of_names(names, certificate=value, hosted_zone=info.data["hosted_zone_id"])
        return value


class SignInSettings(PatternSettings):
    """Settings of a :class:`patternbook.api.sign_in.SignIn`."""

    feature_plan: FeaturePlan = "ESSENTIALS"
    """Feature plan of the user pool, by which Cognito bills active users. LITE has the classic hosted UI only and no
    passkeys. PLUS has threat protection."""
    mfa: Mfa = "OPTIONAL"
    """Multi-factor authentication by an authenticator app. OPTIONAL lets each user turn it on."""
    passkeys: YesNo = False
    """Let users sign in with a passkey instead of a password. Turn it on before you set mfa to REQUIRED, because
    Cognito may refuse passkeys in a user pool that requires MFA already."""
    callback_urls: Annotated[tuple[CallbackUrl, ...], EachOnce, Field(max_length=100)] = ()
    """URLs of your app that receive the authorization code. Required in production. In sandbox, the default is
    a URL on the developer's machine."""
    logout_urls: Annotated[tuple[CallbackUrl, ...], EachOnce, Field(max_length=100)] = ()
    """URLs of your app to which the sign-out leads. Defaults to callback_urls."""
    allow_localhost_callback: YesNo = False
    """Allow production without callback_urls, with the callback URL on the developer's machine."""
    machine_client: YesNo = False
    """Add an app client for programs, which get tokens by the client credentials grant."""
    sign_in_prefix: (
        Annotated[
            str,
            matching(
                r"(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
                "a domain prefix of at most 63 lower-case letters, digits and hyphens, without aws, amazon and "
                'cognito, such as "acme-items"',
            ),
        ]
        | None
    ) = None
    """Prefix of the domain of the sign-in pages, unique in the Region: each stage needs its own. Set it before the
    first deployment: a user pool has one such domain, so Cognito refuses another one until the first is deleted, and
    passkeys work only on the domain that they were made on. Defaults to one made from the id of the stack."""

    @field_validator("passkeys")
    @classmethod
    def _in_plan(cls, value: bool, info: ValidationInfo) -> bool:
        if "feature_plan" in info.data:
            check_plan(plan=info.data["feature_plan"], passkeys=value)
        return value
