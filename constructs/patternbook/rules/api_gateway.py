"""Rules for APIs of API Gateway."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Resource, Template

API: Final = "AWS::ApiGatewayV2::Api"
ROUTE: Final = "AWS::ApiGatewayV2::Route"
METHOD: Final = "AWS::ApiGateway::Method"


@rule("api-open-route", WARNING)
def open_route(template: Template) -> Iterator[Problem]:
    """A route or method of an API is open to everybody, although others of the API have an authorizer.

    Set AuthorizationType and AuthorizerId. An HTTP API answers preflight requests itself if it has a CorsConfiguration,
    so they need no open route.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
    """
    protected = {
        name
        for each in template.of_type(ROUTE)
        if each["AuthorizationType"].text in ("JWT", "CUSTOM", "AWS_IAM")
        for name in each["ApiId"].references
    }
    for route in template.of_type(ROUTE):
        kind = route["AuthorizationType"]
        if (kind.missing or kind.text == "NONE") and route["ApiId"].references & protected and _needs_authorizer(route):
            yield kind.problem(f"The route {route['RouteKey'].text or route.id} has no authorizer.")
    yield from _open_methods(template)


def _needs_authorizer(route: Resource) -> bool:
    """Whether a route needs an authorizer: not that of a preflight, nor one of a WebSocket API other than ``$connect``.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    """
    api = route["ApiId"].resource(API)
    of_messages = api is not None and api["ProtocolType"].text == "WEBSOCKET" and route["RouteKey"].text != "$connect"
    return not of_messages and not (route["RouteKey"].text or "").startswith("OPTIONS ")


def _open_methods(template: Template) -> Iterator[Problem]:
    """The methods of REST APIs that are open beside protected ones. An API key or a resource policy limits them."""
    methods = template.of_type(METHOD)
    protected = {
        name
        for each in methods
        if each["AuthorizationType"].text in ("COGNITO_USER_POOLS", "CUSTOM", "AWS_IAM")
        for name in each["RestApiId"].references
    }
    for method in methods:
        kind, api = method["AuthorizationType"], method["RestApiId"].resource("AWS::ApiGateway::RestApi")
        if (
            api is None
            or api.id not in protected
            or not api["Policy"].missing
            or method["HttpMethod"].text == "OPTIONS"
        ):
            continue
        if (kind.missing or kind.text == "NONE") and method["ApiKeyRequired"].is_off:
            yield kind.problem(f"The method {method['HttpMethod'].text or method.id} has no authorizer.")


@rule("api-route-settings", ERROR)
def route_settings(template: Template) -> Iterator[Problem]:
    """A stage has settings of a route that may not exist when the stage is created, so API Gateway refuses them.

    Add the route to the API, and name it in DependsOn of the stage.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
    """
    if not template.complete:
        return
    for stage in template.of_type("AWS::ApiGatewayV2::Stage"):
        api = stage["ApiId"].resource(API)
        if api is None or not api["Body"].missing or not api["BodyS3Location"].missing:
            continue  # the routes may come from elsewhere
        of_api = [each for each in template.of_type(ROUTE) if api.id in each["ApiId"].references]
        routes = {each["RouteKey"].text: each.id for each in of_api}
        if None in routes:
            continue
        earlier = template.dependencies.of(stage.id)
        for key, settings in stage["RouteSettings"].entries.items():
            if key not in routes:
                yield settings.problem(f"The API has no route {key}.")
            elif routes[key] not in earlier:
                yield settings.problem(f"The stage does not depend on {routes[key]}, the route {key}.")
