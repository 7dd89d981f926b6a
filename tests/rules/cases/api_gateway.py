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

CASES: Final[Mapping[str, Case]] = {
    "api-open-route": case(
        API,
        {"Create.AuthorizationType": "NONE"},
        {"Create.AuthorizationType": REMOVED},
        {"Create.AuthorizationType": "NONE", "List.AuthorizationType": "AWS_IAM"},
        harmless=(
            {"Create.AuthorizationType": "NONE", "List.AuthorizationType": "NONE"},
            {"Create.AuthorizationType": "NONE", "Create.RouteKey": "OPTIONS /items"},
            {"Create.AuthorizationType": "NONE", "Create.ApiId": "other"},
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
