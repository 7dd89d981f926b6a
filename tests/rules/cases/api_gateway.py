"""Cases for the rules of API Gateway."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, ref, resource

API: Final[dict[str, Any]] = {
    "Api": resource("AWS::ApiGatewayV2::Api", ProtocolType="HTTP"),
    "Authorizer": resource("AWS::ApiGatewayV2::Authorizer", ApiId=ref("Api"), AuthorizerType="JWT"),
    **{
        name: resource(
            "AWS::ApiGatewayV2::Route",
            ApiId=ref("Api"),
            RouteKey=key,
            AuthorizationType="JWT",
            AuthorizerId=ref("Authorizer"),
        )
        for name, key in (("List", "GET /items"), ("Create", "POST /items"))
    },
    "Stage": {
        **resource(
            "AWS::ApiGatewayV2::Stage",
            ApiId=ref("Api"),
            StageName="$default",
            RouteSettings={"GET /items": {"ThrottlingRateLimit": 10}},
        ),
        "DependsOn": ["List", "Create"],
    },
}
REST: Final[dict[str, Any]] = {
    "Rest": resource("AWS::ApiGateway::RestApi", Name="rest"),
    **{
        name: resource(
            "AWS::ApiGateway::Method",
            RestApiId=ref("Rest"),
            HttpMethod=verb,
            AuthorizationType="COGNITO_USER_POOLS",
        )
        for name, verb in (("Get", "GET"), ("Post", "POST"))
    },
}
"""A REST API, which is added to the HTTP API."""
OPEN: Final = resource("AWS::ApiGateway::Method", RestApiId=ref("Rest"), HttpMethod="PUT", AuthorizationType="NONE")

CASES: Final[Mapping[str, Case]] = {
    "api-open-route": case(
        API,
        {"Create.AuthorizationType": "NONE"},
        {"Create.AuthorizationType": REMOVED},
        {"Create.AuthorizationType": "NONE", "List.AuthorizationType": "AWS_IAM"},
        {
            "Api.ProtocolType": "WEBSOCKET",
            "Stage.RouteSettings": REMOVED,
            "Create.RouteKey": "$connect",
            "Create.AuthorizationType": "NONE",
        },
        {**REST, "Open": OPEN},
        {**REST, "Open": OPEN, "Get.AuthorizationType": "AWS_IAM", "Post.AuthorizationType": "CUSTOM"},
        {**REST, "Post.AuthorizationType": REMOVED, "Post.RestApiId": {"Fn::Sub": "${Rest}"}},
        harmless=(
            {**REST, "Open": OPEN, "Open.HttpMethod": "OPTIONS"},
            {**REST, "Open": OPEN, "Open.ApiKeyRequired": True},
            {**REST, "Open": OPEN, "Rest.Policy": {"Statement": []}},
            {**REST, "Open": OPEN, "Open.RestApiId": "elsewhere"},
            {**REST, "Get.AuthorizationType": "NONE", "Post.AuthorizationType": "NONE"},
            {"Create.AuthorizationType": "NONE", "List.AuthorizationType": "NONE"},
            {"Create.AuthorizationType": "NONE", "Create.RouteKey": "OPTIONS /items"},
            {"Create.AuthorizationType": "NONE", "Create.ApiId": "other"},
            {
                "Api.ProtocolType": "WEBSOCKET",
                "List.RouteKey": "$connect",
                "Stage.RouteSettings": REMOVED,
                "Create.RouteKey": "sendmessage",
                "Create.AuthorizationType": "NONE",
            },
        ),
    ),
    "api-route-settings": case(
        API,
        {"Stage.RouteSettings": {"GET /other": {"ThrottlingRateLimit": 10}}},
        {"Stage.DependsOn": ["Create"]},
        harmless=(
            {"Stage.RouteSettings": {"GET /other": {}}, "Api.Body": {"openapi": "3.0.1"}},
            {"Stage.RouteSettings": {"GET /other": {}}, "Stage.ApiId": "other"},
            {"Stage.DependsOn": "List"},
        ),
    ),
}
