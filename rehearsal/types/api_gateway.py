"""HTTP APIs: properties that MiniStack stores in another form than its API returns, and checks of references."""

from typing import Any

from ministack.services import apigateway, cloudwatch_logs

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, require


def register() -> None:
    amend_type("AWS::ApiGatewayV2::Api", translate=with_cors_of_api, clean_up=clean_up_api)
    amend_type("AWS::ApiGatewayV2::Stage", check=check_stage, translate=with_settings_of_api)
    amend_type("AWS::ApiGatewayV2::Route", check=check_route)


def lower(members: Any) -> Any:
    """Members of a template with the names of the API, as ``allowOrigins``. Keys of a map keep their case."""
    if not isinstance(members, dict):
        return members
    return {name[:1].lower() + name[1:]: value for name, value in members.items()}


def with_cors_of_api(properties: Properties) -> Properties:
    if "CorsConfiguration" not in properties:
        return properties
    return {**properties, "CorsConfiguration": lower(properties["CorsConfiguration"])}


def clean_up_api(api_id: str, _properties: Properties) -> None:
    apigateway._authorizers.pop(api_id, None)


def check_route(properties: Properties) -> None:
    api, authorizer = properties["ApiId"], properties.get("AuthorizerId")
    known = apigateway._authorizers.get(api, {})
    require(not authorizer or authorizer in known, f"Invalid authorizer id: {authorizer}")
    integration = properties.get("Target", "").removeprefix("integrations/")
    require(integration in apigateway._integrations.get(api, {}), f"Unable to find Integration {integration}")


def check_stage(properties: Properties) -> None:
    """Refuses settings of routes that do not exist, as API Gateway does, and a log group that does not exist.

    https://github.com/terraform-aws-modules/terraform-aws-apigateway-v2/pull/80
    """
    routes: dict[str, Record] = apigateway._routes.get(properties["ApiId"], {})
    keys = {route["routeKey"] for route in routes.values()}
    for key in properties.get("RouteSettings", {}):
        require(key in keys, f"Unable to find Route by key {key} within the provided RouteSettings")
    destination = properties.get("AccessLogSettings", {}).get("DestinationArn", "")
    name = destination.partition(":log-group:")[2]
    require(not destination or name in cloudwatch_logs._log_groups, f"No log group {name}")


def with_settings_of_api(properties: Properties) -> Properties:
    changed = dict(properties)
    if "DefaultRouteSettings" in changed:
        changed["DefaultRouteSettings"] = lower(changed["DefaultRouteSettings"])
    if "RouteSettings" in changed:
        changed["RouteSettings"] = {key: lower(value) for key, value in changed["RouteSettings"].items()}
    return changed
