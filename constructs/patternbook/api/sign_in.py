"""A Cognito user pool with managed login, and the app clients of an API."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from constructs import Construct
from typing_extensions import Self

from patternbook.api.settings import SignInSettings
from patternbook.limits.cognito import FeaturePlan, Mfa, check_callback_urls, check_plan
from patternbook.nag import acknowledge
from patternbook.partitions import partition_of
from patternbook.posture import Posture

LOCALHOST: Final = "http://localhost:3000/callback"
"""The default callback URL, on the machine of the developer."""
PLANS: Final[Mapping[FeaturePlan, cognito.FeaturePlan]] = {
    "LITE": cognito.FeaturePlan.LITE,
    "ESSENTIALS": cognito.FeaturePlan.ESSENTIALS,
    "PLUS": cognito.FeaturePlan.PLUS,
}
MFA: Final[Mapping[Mfa, cognito.Mfa]] = {
    "OFF": cognito.Mfa.OFF,
    "OPTIONAL": cognito.Mfa.OPTIONAL,
    "REQUIRED": cognito.Mfa.REQUIRED,
}


class SignIn(Construct):
    """A user pool whose users sign in by managed login, with the scopes of one API.

    *People* sign in by e-mail address, and only by the authorization code grant with PKCE: the app client has no secret
    and allows no other flow. Administrators create users, so that nobody signs up who was not asked.

    *Programs* use the client credentials grant of an app client of their own, if ``machine_client`` is set.

    *Branding.* Managed login answers "Login pages unavailable" for an app client without a branding style. Only the
    console assigns one by itself
    (https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        api: str,
        scopes: Mapping[str, str],
        groups: Mapping[str, str] | None = None,
        callback_urls: Sequence[str] = (),
        logout_urls: Sequence[str] = (),
        allow_localhost_callback: bool = False,
        feature_plan: FeaturePlan = "ESSENTIALS",
        mfa: Mfa = "OPTIONAL",
        passkeys: bool = False,
        machine_client: bool = False,
        sign_in_prefix: str | None = None,
        access_token_validity: cdk.Duration | None = None,
        refresh_token_validity: cdk.Duration | None = None,
    ) -> None:
        """:param api: identifier of the resource server, with which each scope in a token begins.
        :param scopes: what each scope permits, by its name.
        :param groups: what members of each group may do, by its name. Access tokens name the groups of a user.
        :param callback_urls: URLs of the app. If there is none and the posture requires one, the CDK CLI refuses the
            stack, unless ``allow_localhost_callback`` permits it.
        :param sign_in_prefix: domain prefix, unique in the Region. Defaults to one made from the id of the stack.
        :param access_token_validity: defaults to one hour.
        :param refresh_token_validity: time until a user has to sign in again. Defaults to 7 days.
        :raises ValueError: for URLs that Cognito refuses, and for passkeys in a feature plan without them.
        """
        check_callback_urls("callback_urls", callback_urls)
        check_callback_urls("logout_urls", logout_urls)
        check_plan(plan=feature_plan, passkeys=passkeys)
        super().__init__(scope, construct_id)
        if not callback_urls and posture.require_callback_urls and not allow_localhost_callback:
            cdk.Annotations.of(self).add_error(
                f"Posture {posture.name} requires the URLs of an app, and there is none. Set callback_urls to URLs of "
                "your app, or set allow_localhost_callback to true to sign in on your own machine only."
            )
        self._prefix = sign_in_prefix or f"items-{_guid_of_stack(self)}"
        self._access, self._refresh = access_token_validity, refresh_token_validity
        self.user_pool = self._make_pool(posture, feature_plan, mfa, passkeys=passkeys)
        known = {name: cognito.ResourceServerScope(scope_name=name, scope_description=scopes[name]) for name in scopes}
        self.resource_server = self.user_pool.add_resource_server("Api", identifier=api, scopes=[*known.values()])
        self._scopes = [cognito.OAuthScope.resource_server(self.resource_server, each) for each in known.values()]
        for name, description in (groups or {}).items():
            self.user_pool.add_group(name.title(), group_name=name, description=description)
        urls = list(callback_urls) or [LOCALHOST]
        self.user_client = self._make_client(
            "UserClient",
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[cognito.OAuthScope.OPENID, *self._scopes],
            callback_urls=urls,
            logout_urls=list(logout_urls) or urls,
            user=passkeys,
        )
        self.machine_client = (
            self._make_client(
                "MachineClient",
                flows=cognito.OAuthFlows(client_credentials=True),
                scopes=self._scopes,
                generate_secret=True,
            )
            if machine_client
            else None
        )
        self._make_pages(feature_plan)
        if feature_plan == "PLUS" and posture.block_risky_sign_ins:
            self._block_risky_sign_ins()

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: SignInSettings,
        *,
        posture: Posture,
        api: str,
        scopes: Mapping[str, str],
        groups: Mapping[str, str] | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            api=api,
            scopes=scopes,
            groups=groups,
            callback_urls=settings.callback_urls,
            logout_urls=settings.logout_urls,
            allow_localhost_callback=settings.allow_localhost_callback,
            feature_plan=settings.feature_plan,
            mfa=settings.mfa,
            passkeys=settings.passkeys,
            machine_client=settings.machine_client,
            sign_in_prefix=settings.sign_in_prefix,
        )

    @property
    def issuer(self) -> str:
        """The issuer of the tokens. The attribute is right in every partition, unlike a URL that the CDK composes."""
        return self.user_pool.user_pool_provider_url

    @property
    def clients(self) -> list[cognito.UserPoolClient]:
        """The app clients whose tokens an API accepts."""
        return [self.user_client, *([self.machine_client] if self.machine_client else [])]

    @cached_property
    def base_url(self) -> str:
        """The URL of the sign-in pages and of the token endpoint.

        In GovCloud there are FIPS endpoints only:
        https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-cog.html
        """
        return self.domain.base_url(fips=partition_of(cdk.Stack.of(self).region) == "aws-us-gov")

    def _make_pool(self, posture: Posture, plan: FeaturePlan, mfa: Mfa, *, passkeys: bool) -> cognito.UserPool:
        threats = cognito.StandardThreatProtectionMode
        pool = cognito.UserPool(
            self,
            "UserPool",
            feature_plan=PLANS[plan],
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            self_sign_up_enabled=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=MFA[mfa],
            # No SMS: it costs money, needs a role, and is the weakest of the factors.
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
            # Always set, because Cognito keeps the policy that it has if a template has none. So passkeys would stay
            # allowed after they were turned off: https://github.com/go-to-k/cdkd/pull/2420
            sign_in_policy=cognito.SignInPolicy(
                allowed_first_auth_factors=cognito.AllowedFirstAuthFactors(password=True, passkey=passkeys)
            ),
            passkey_user_verification=cognito.PasskeyUserVerification.REQUIRED if passkeys else None,
            standard_threat_protection_mode=(
                (threats.FULL_FUNCTION if posture.block_risky_sign_ins else threats.AUDIT_ONLY)
                if plan == "PLUS"
                else threats.NO_ENFORCEMENT
            ),
            deletion_protection=posture.deletion_protection,
            removal_policy=posture.removal_policy,
        )
        if passkeys and mfa != "OFF":
            # A passkey with user verification is two factors. Otherwise, users with MFA could not sign in with it:
            # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnConfigurationType.html
            cast(
                "cognito.CfnUserPool", pool.node.default_child
            ).web_authn_factor_configuration = "MULTI_FACTOR_WITH_USER_VERIFICATION"
        if mfa != "REQUIRED":
            acknowledge(pool, "COG2", "Users choose MFA by an authenticator app; the setting mfa requires it of all.")
        if plan != "PLUS":
            acknowledge(pool, "COG8", "Threat protection is a part of the feature plan PLUS, which is a setting.")
        return pool

    def _make_client(
        self,
        construct_id: str,
        *,
        flows: cognito.OAuthFlows,
        scopes: Sequence[cognito.OAuthScope],
        callback_urls: Sequence[str] | None = None,
        logout_urls: Sequence[str] | None = None,
        generate_secret: bool = False,
        user: bool = False,
    ) -> cognito.UserPoolClient:
        return self.user_pool.add_client(
            construct_id,
            # Without any flow here, Cognito allows passwords outside of its pages (SRP) and custom flows:
            # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
            auth_flows=cognito.AuthFlow(user=user, user_srp=False),
            o_auth=cognito.OAuthSettings(
                flows=flows,
                scopes=[*scopes],
                callback_urls=callback_urls,
                logout_urls=logout_urls,
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            generate_secret=generate_secret,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=self._access or cdk.Duration.hours(1),
            id_token_validity=self._access or cdk.Duration.hours(1),
            refresh_token_validity=self._refresh or cdk.Duration.days(7),
        )

    def _make_pages(self, plan: FeaturePlan) -> None:
        managed = plan != "LITE"
        versions = cognito.ManagedLoginVersion
        self.domain = self.user_pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=self._prefix),
            managed_login_version=versions.NEWER_MANAGED_LOGIN if managed else versions.CLASSIC_HOSTED_UI,
        )
        if managed:
            cognito.CfnManagedLoginBranding(
                self,
                "Branding",
                user_pool_id=self.user_pool.user_pool_id,
                client_id=self.user_client.user_pool_client_id,
                use_cognito_provided_values=True,
            )

    def _block_risky_sign_ins(self) -> None:
        """Says what to do about risks. Without it, threat protection finds them and lets everybody in.

        https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
        """
        risks = cognito.CfnUserPoolRiskConfigurationAttachment
        block = risks.AccountTakeoverActionTypeProperty(event_action="BLOCK", notify=False)
        second_factor = risks.AccountTakeoverActionTypeProperty(event_action="MFA_IF_CONFIGURED", notify=False)
        risks(
            self,
            "Risks",
            user_pool_id=self.user_pool.user_pool_id,
            client_id="ALL",
            compromised_credentials_risk_configuration=risks.CompromisedCredentialsRiskConfigurationTypeProperty(
                actions=risks.CompromisedCredentialsActionsTypeProperty(event_action="BLOCK")
            ),
            account_takeover_risk_configuration=risks.AccountTakeoverRiskConfigurationTypeProperty(
                actions=risks.AccountTakeoverActionsTypeProperty(
                    high_action=block, medium_action=second_factor, low_action=second_factor
                )
            ),
        )


def _guid_of_stack(scope: Construct) -> str:
    """The last part of the id of the stack: a GUID, which no other stack of any account has."""
    return cdk.Fn.select(2, cdk.Fn.split("/", cdk.Stack.of(scope).stack_id))
