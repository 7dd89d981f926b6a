"""An HTTP API of API Gateway, every route of which requires a token."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct
from typing_extensions import Self

from patternbook.api.openapi import Operation
from patternbook.api.settings import ApiSettings
from patternbook.limits.given import listed
from patternbook.limits.http_api import ROUTES, check_origins, check_throttle
from patternbook.network.dns import (
    AliasRecords,
    check_domain,
    imported_certificate,
    imported_zone,
    validated_certificate,
)

MINUTE: Final = cdk.Duration.minutes(1)
ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationError": "$context.integrationErrorMessage",
    "authorizerError": "$context.authorizer.error",
    "error": "$context.error.message",
    "sub": "$context.authorizer.claims.sub",
    "clientId": "$context.authorizer.claims.client_id",
    "sourceIp": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "responseLength": "$context.responseLength",
}
"""Fields of the access log. No query string and no token is in it:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""
REQUEST_HEADERS: Final = ["authorization", "content-type", "idempotency-key", "if-match"]
RESPONSE_HEADERS: Final = ["etag", "location", "retry-after"]


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """The maximum of requests to a route. API Gateway answers 429 beyond it."""

    rate: int
    """Requests per second."""
    burst: int
    """Requests that may come at once."""


class JwtApi(Construct):
    """An HTTP API with a route for each operation of an OpenAPI document, and no other.

    Each route requires a token of the issuer with one of the route's scopes, and has its own throttle. There is no
    ``$default`` route, so API Gateway itself answers 404 to everything else. Access logs are JSON.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        operations: Sequence[Operation],
        functions: Mapping[str, lambda_.IFunction],
        throttles: Mapping[str, Throttle],
        issuer: str,
        audience: Sequence[str],
        log_group: logs.ILogGroup,
        cors_origins: Sequence[str] = (),
        domain_name: str | None = None,
        hosted_zone: route53.IHostedZone | None = None,
        certificate: acm.ICertificate | None = None,
        description: str | None = None,
    ) -> None:
        """:param operations: see :func:`patternbook.api.openapi.read_operations`.
        :param functions: the function, or its alias, for each name that the operations have.
        :param throttles: the throttle of the routes of each function.
        :param issuer: URL of the issuer, at which API Gateway finds its keys.
        :param audience: ids of the app clients whose tokens are accepted.
        :param log_group: takes the access logs. Name it by :func:`patternbook.data.logs.vended_name`.
        :param cors_origins: websites whose scripts may call the API.
        :param domain_name: a name of your own. It requires ``hosted_zone`` or ``certificate``, and is then the only
            name of the API.
        :param hosted_zone: the zone that gets the records of the name, and of its certificate if none is given.
        :param certificate: an ACM certificate in the stack's Region.
        :raises ValueError: for a function or a throttle that is missing or that no operation names, for a route without
            a scope, and for origins and throttles that API Gateway refuses; see
            :func:`patternbook.network.dns.check_domain`.
        """
        names = [] if domain_name is None else [domain_name]
        check_domain(scope, names, hosted_zone=hosted_zone, certificate=certificate)
        ROUTES.check("operations", len(operations))
        named = {each.function for each in operations}
        for argument, given in (("functions", functions.keys()), ("throttles", throttles.keys())):
            if given != named:
                raise ValueError(
                    f"{argument} must have the names {listed(sorted(named))}, which the operations have, got "
                    f"{listed(sorted(given)) or 'none'}."
                )
        open_routes = [each.route_key for each in operations if not each.scopes]
        if open_routes or not audience:
            raise ValueError(f"Every route must require a scope and an audience, got none for {listed(open_routes)}.")
        check_origins(cors_origins)
        for name, throttle in throttles.items():
            check_throttle(name, rate=throttle.rate, burst=throttle.burst)
        super().__init__(scope, construct_id)
        self.operations = tuple(operations)
        self.log_group = log_group
        self.domain: apigateway.DomainName | None = None
        """The domain name of your own, if there is one."""
        if domain_name is not None:
            if certificate is None and hosted_zone is not None:
                certificate = validated_certificate(self, "Certificate", names=names, hosted_zone=hosted_zone)
            assert certificate is not None  # check_domain has refused a name without both
            self.domain = apigateway.DomainName(self, "Domain", domain_name=domain_name, certificate=certificate)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=cdk.Stack.of(self).stack_name,
            description=description,
            create_default_stage=False,
            disable_execute_api_endpoint=domain_name is not None,
            cors_preflight=self._cors(cors_origins) if cors_origins else None,
        )
        if self.domain is not None:
            # An API that gets a name later keeps its old URL until the certificate is issued, which can take hours.
            cast("apigateway.CfnApi", self.api.node.default_child).node.add_dependency(self.domain)
        authorizer = authorizers.HttpJwtAuthorizer("Authorizer", issuer, jwt_audience=[*audience])
        targets = {
            # One permission for the API, not one for each route.
            name: integrations.HttpLambdaIntegration(name.title(), function, scope_permission_to_route=False)
            for name, function in functions.items()
        }
        routes = [
            route
            for each in operations
            for route in self.api.add_routes(
                path=each.path,
                methods=[apigateway.HttpMethod[each.method]],
                integration=targets[each.function],
                authorizer=authorizer,
                authorization_scopes=[*each.scopes],
            )
        ]
        self.stage = self._make_stage(throttles, routes)
        if self.domain is not None and hosted_zone is not None:
            records = AliasRecords(
                self,
                "Records",
                names=names,
                hosted_zone=hosted_zone,
                target=route53_targets.ApiGatewayv2DomainProperties(  # ty: ignore[invalid-argument-type]
                    self.domain.regional_domain_name, self.domain.regional_hosted_zone_id
                ),
            )
            records.node.add_dependency(self.stage)  # the name leads to the API only once it is mapped
        self.url = f"https://{domain_name}" if domain_name else self.api.api_endpoint
        """The URL of the API, without a slash at its end."""

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: ApiSettings,
        *,
        operations: Sequence[Operation],
        functions: Mapping[str, lambda_.IFunction],
        issuer: str,
        audience: Sequence[str],
        log_group: logs.ILogGroup,
        description: str | None = None,
    ) -> Self:
        """:param functions: the functions ``read`` and ``write``."""
        return cls(
            scope,
            construct_id,
            operations=operations,
            functions=functions,
            throttles={
                "read": Throttle(rate=settings.read_rate, burst=settings.read_burst),
                "write": Throttle(rate=settings.write_rate, burst=settings.write_burst),
            },
            issuer=issuer,
            audience=audience,
            log_group=log_group,
            cors_origins=settings.cors_origins,
            domain_name=settings.domain_name,
            hosted_zone=imported_zone(scope, f"{construct_id}Zone", settings.hosted_zone_id),
            certificate=imported_certificate(scope, f"{construct_id}Certificate", settings.certificate_arn),
            description=description,
        )

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the API.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
        """
        return self.stage.metric(name, statistic=statistic, period=MINUTE)

    def _cors(self, origins: Sequence[str]) -> apigateway.CorsPreflightOptions:
        """API Gateway answers preflight requests itself, so no route is open for them.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
        """
        return apigateway.CorsPreflightOptions(
            allow_origins=[*origins],
            allow_methods=[
                apigateway.CorsHttpMethod[name] for name in sorted({each.method for each in self.operations})
            ],
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=cdk.Duration.hours(1),
        )

    def _make_stage(
        self, throttles: Mapping[str, Throttle], routes: Sequence[apigateway.HttpRoute]
    ) -> apigateway.HttpStage:
        lowest = min(throttles.values(), key=lambda each: each.rate)
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            auto_deploy=True,
            domain_mapping=apigateway.DomainMappingOptions(domain_name=self.domain) if self.domain else None,
            throttle=apigateway.ThrottleSettings(rate_limit=lowest.rate, burst_limit=lowest.burst),
        )
        resource = cast("apigateway.CfnStage", stage.node.default_child)
        # The L2 has no throttle of a route: https://github.com/aws/aws-cdk/issues/19626
        resource.route_settings = {
            each.route_key: {
                "ThrottlingRateLimit": throttles[each.function].rate,
                "ThrottlingBurstLimit": throttles[each.function].burst,
            }
            for each in self.operations
        }
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=cdk.Stack.of(self).format_arn(
                service="logs",
                resource="log-group",
                resource_name=self.log_group.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
            format=json.dumps(ACCESS_LOG),
        )
        # API Gateway refuses settings of a route that does not exist yet ("Unable to find Route by key"):
        # https://github.com/terraform-aws-modules/terraform-aws-apigateway-v2/pull/80
        stage.node.add_dependency(*routes)
        return stage
