"""Defects for the rules of API Gateway, Cognito and DynamoDB."""

from typing import Final

from tests.rules.defects.base import (
    Defect,
    Template,
    add_resource,
    delete,
    of_type,
    set_properties,
)

ROUTE: Final = "AWS::ApiGatewayV2::Route"
STAGE: Final = "AWS::ApiGatewayV2::Stage"
CLIENT: Final = "AWS::Cognito::UserPoolClient"
POOL: Final = "AWS::Cognito::UserPool"
BRANDING: Final = "AWS::Cognito::ManagedLoginBranding"
TABLE: Final = "AWS::DynamoDB::GlobalTable"


def _stage_before_routes(template: Template) -> bool:
    for name, _ in of_type(template, STAGE):
        template["Resources"][name].pop("DependsOn", None)
        return True
    return False


def _setting_of_no_route(template: Template) -> bool:
    return set_properties(STAGE, {"RouteSettings": {"GET /nothing": {"ThrottlingRateLimit": 10}}})(template)


def _without_branding(template: Template) -> bool:
    for name, _ in of_type(template, BRANDING):
        template.pop("Outputs", None)
        delete(template, name)
        return True
    return False


def _without_recovery(template: Template) -> bool:
    for name, properties in of_type(template, TABLE):
        if template["Resources"][name].get("DeletionPolicy") != "Delete":
            properties["Replicas"][0].pop("PointInTimeRecoverySpecification")
            return True
    return False


def _flow(flow: str) -> dict[str, list[str]]:
    return {"AllowedOAuthFlows": [flow]}


DEFECTS: Final = (
    Defect("api-open-route", "no type", set_properties(ROUTE, {"AuthorizationType": "NONE"}), ROUTE),
    Defect("api-route-settings", "no dependency", _stage_before_routes, STAGE),
    Defect("api-route-settings", "no route", _setting_of_no_route, STAGE),
    Defect(
        "cognito-implicit-flow",
        "beside code",
        set_properties(CLIENT, {"AllowedOAuthFlows": ["code", "implicit"]}, having="CallbackURLs"),
        CLIENT,
    ),
    Defect(
        "cognito-example-callback",
        "the default of the CDK",
        set_properties(CLIENT, {"CallbackURLs": ["https://example.com"]}, having="CallbackURLs"),
        CLIENT,
    ),
    Defect(
        "cognito-callback-url",
        "plain HTTP",
        set_properties(CLIENT, {"CallbackURLs": ["http://app.acme.org"]}, having="CallbackURLs"),
        CLIENT,
    ),
    Defect(
        "cognito-client-credentials",
        "no secret",
        set_properties(
            CLIENT, {"GenerateSecret": False}, when=lambda client: client["AllowedOAuthFlows"] == ["client_credentials"]
        ),
        CLIENT,
    ),
    Defect("cognito-branding", "none", _without_branding, BRANDING),
    Defect(
        "cognito-plan",
        "threats",
        set_properties(
            POOL,
            {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
            when=lambda pool: pool["UserPoolTier"] == "ESSENTIALS",
        ),
        POOL,
    ),
    Defect("dynamodb-recovery", "none", _without_recovery, TABLE),
    Defect(
        "dynamodb-throughput",
        "none",
        add_resource("MutantTable", "AWS::DynamoDB::Table", lambda _: {"KeySchema": []}, beside=TABLE),
        TABLE,
    ),
)
