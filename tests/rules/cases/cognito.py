"""Cases for the rules of Cognito."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, ref, resource

SIGN_IN: Final[dict[str, Any]] = {
    "Pool": resource("AWS::Cognito::UserPool", UserPoolTier="ESSENTIALS"),
    "Domain": resource("AWS::Cognito::UserPoolDomain", UserPoolId=ref("Pool"), Domain="acme", ManagedLoginVersion=2),
    "Client": resource(
        "AWS::Cognito::UserPoolClient",
        UserPoolId=ref("Pool"),
        AllowedOAuthFlows=["code"],
        CallbackURLs=["https://app.acme.org/callback"],
    ),
    "Machine": resource(
        "AWS::Cognito::UserPoolClient",
        UserPoolId=ref("Pool"),
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["items/read"],
        GenerateSecret=True,
    ),
    "Branding": resource(
        "AWS::Cognito::ManagedLoginBranding",
        UserPoolId=ref("Pool"),
        ClientId=ref("Client"),
        UseCognitoProvidedValues=True,
    ),
}

CASES: Final[Mapping[str, Case]] = {
    "cognito-implicit-flow": case(SIGN_IN, {"Client.AllowedOAuthFlows": ["code", "implicit"]}),
    "cognito-example-callback": case(
        SIGN_IN,
        {"Client.CallbackURLs": ["https://example.com"]},
        {"Client.CallbackURLs": ["https://app.example.org/callback"]},
        harmless=({"Client.CallbackURLs": ["https://example.com.acme.org"]}, {"Client.CallbackURLs": ref("Urls")}),
    ),
    "cognito-callback-url": case(
        SIGN_IN,
        {"Client.CallbackURLs": ["http://app.acme.org"]},
        {"Client.LogoutURLs": ["https://app.acme.org/#out"]},
        harmless=({"Client.CallbackURLs": ["http://localhost:3000/callback", "acme://signed-in"]},),
    ),
    "cognito-client-credentials": case(
        SIGN_IN,
        {
            "Machine.AllowedOAuthFlows": ["client_credentials", "code"],
            "Branding.ClientId": ref("Machine"),
            "Client": REMOVED,
        },
        {"Machine.GenerateSecret": False},
        {"Machine.GenerateSecret": REMOVED},
    ),
    "cognito-branding": case(
        SIGN_IN,
        {"Branding": REMOVED},
        {"Branding.ClientId": ref("Machine")},
        harmless=(
            {"Branding": REMOVED, "Domain.ManagedLoginVersion": 1},
            {"Branding": REMOVED, "Domain.UserPoolId": "other"},
        ),
    ),
    "cognito-plan": case(
        SIGN_IN,
        {
            "Pool.UserPoolTier": "LITE",
            "Pool.Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}},
        },
        {"Pool.UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
        {"Pool.UserPoolTier": "LITE"},
        {"Pool.UserPoolTier": "LITE", "Domain.ManagedLoginVersion": "2"},
        {
            "Pool.UserPoolTier": "LITE",
            "Domain.ManagedLoginVersion": 1,
            "Pool.LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn"}},
        },
        harmless=(
            {"Pool.UserPoolTier": "LITE", "Domain.ManagedLoginVersion": 1},
            {"Pool.UserPoolTier": "LITE", "Domain.UserPoolId": "elsewhere"},
            {"Pool.UserPoolTier": "PLUS", "Pool.UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
            {"Pool.UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}},
        ),
    ),
}
