"""Rules for Cognito user pools and their app clients."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.cognito import is_callback_url, is_example
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Template

CLIENT: Final = "AWS::Cognito::UserPoolClient"
POOL: Final = "AWS::Cognito::UserPool"


@rule("cognito-implicit-flow", WARNING)
def implicit_flow(template: Template) -> Iterator[Problem]:
    """An app client allows the implicit flow, which puts tokens into the URL of the browser.

    Allow the flow "code" only, and let the app use PKCE.

    https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoint-oauth-grants.html
    """
    for client in template.of_type(CLIENT):
        for flow in client["AllowedOAuthFlows"].items:
            if flow.text == "implicit":
                yield flow.problem("The app client allows the implicit flow.")


@rule("cognito-example-callback", WARNING)
def example_callback(template: Template) -> Iterator[Problem]:
    """A callback URL has a reserved domain such as example.com, so users who sign in end on a page of somebody else.

    Set CallbackURLs to URLs of your app. The CDK's default is https://example.com.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html
    """
    for client in template.of_type(CLIENT):
        for url in client["CallbackURLs"].items:
            if is_example(url.text or ""):
                yield url.problem(f"The callback URL is {url.text}.")


@rule("cognito-callback-url", ERROR)
def callback_url(template: Template) -> Iterator[Problem]:
    """A callback URL has plain HTTP or a fragment, which Cognito refuses.

    Use HTTPS, or http://localhost for tests on your machine, or a URL of an app such as myapp://signed-in.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    for client in template.of_type(CLIENT):
        for name in ("CallbackURLs", "LogoutURLs"):
            for url in client[name].items:
                text = url.text or ""
                if (text.startswith("http://") and not is_callback_url(text)) or "#" in text:
                    yield url.problem(f"Cognito refuses {text}.")


@rule("cognito-client-credentials", ERROR)
def client_credentials(template: Template) -> Iterator[Problem]:
    """An app client for the client credentials grant has other flows, no secret, or no scope of a resource server.

    Give programs an app client of their own: AllowedOAuthFlows with client_credentials only, GenerateSecret true, and
    scopes of a resource server.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    for client in template.of_type(CLIENT):
        flows = client["AllowedOAuthFlows"].texts or []
        if "client_credentials" not in flows:
            continue
        if len(flows) > 1:
            yield client["AllowedOAuthFlows"].problem(f"The app client has the flows {', '.join(flows)}.")
        if client["GenerateSecret"].is_off:
            yield client["GenerateSecret"].problem("The app client has no secret.")


@rule("cognito-branding", ERROR)
def branding(template: Template) -> Iterator[Problem]:
    """Managed login has no branding style for an app client, so its users see "Login pages unavailable".

    Add an AWS::Cognito::ManagedLoginBranding with UseCognitoProvidedValues for the app client.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html
    """
    if not template.complete:
        return
    styles = [each["ClientId"] for each in template.of_type("AWS::Cognito::ManagedLoginBranding")]
    if any(not each.references for each in styles):
        return  # the style of a client that is not known here
    styled = {name for each in styles for name in each.references}
    for domain in template.of_type("AWS::Cognito::UserPoolDomain"):
        if domain["ManagedLoginVersion"].number != 2:
            continue
        for client in template.of_type(CLIENT):
            same_pool = client["UserPoolId"].references & domain["UserPoolId"].references
            signs_in = "code" in (client["AllowedOAuthFlows"].texts or [])
            if same_pool and signs_in and client.id not in styled and not template.is_shared(client):
                yield client.problem("The app client has no branding style.")


@rule("cognito-plan", ERROR)
def plan(template: Template) -> Iterator[Problem]:
    """The feature plan of a user pool lacks something that the user pool uses.

    Choose ESSENTIALS or PLUS for managed login, passkeys, one-time passwords and own claims in access tokens, and PLUS
    for threat protection.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
    """
    for pool in template.of_type(POOL):
        tier = pool["UserPoolTier"]
        factors = pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
        if tier.text == "LITE" and set(factors.texts or []) - {"PASSWORD"}:
            yield factors.problem("The feature plan LITE has passwords only.")
        for domain in template.of_type("AWS::Cognito::UserPoolDomain") if tier.text == "LITE" else ():
            if pool.id in domain["UserPoolId"].references and domain["ManagedLoginVersion"].number == 2:
                yield domain["ManagedLoginVersion"].problem(f"The feature plan of {pool.id} is LITE.")
        version = pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"]
        if tier.text == "LITE" and version.text in ("V2_0", "V3_0"):
            yield version.problem("The feature plan LITE has no own claims in access tokens.")
        mode = pool["UserPoolAddOns"]["AdvancedSecurityMode"]
        if tier.text == "ESSENTIALS" and mode.text in ("AUDIT", "ENFORCED"):
            yield mode.problem("The feature plan ESSENTIALS has no threat protection.")
