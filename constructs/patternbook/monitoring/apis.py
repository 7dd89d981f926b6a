"""Alarms of HTTP APIs, and of the sign-in of their users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs

from patternbook.monitoring.base import MonitoringBase, metrics_of
from patternbook.monitoring.failures import MINUTE, Failures

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.api.http_api import JwtApi
    from patternbook.api.sign_in import SignIn

SLOW_MS: Final = 3_000
"""A cold start alone takes less, so that a quiet API stays silent."""


class ApiAlarms(MonitoringBase):
    """Alarms on responses of an API, and on sign-ins."""

    def watch_api(self, api: JwtApi, *, namespace: str) -> None:
        """Adds alarms on 5xx and slow responses and on throttled requests, and a graph of requests.

        API Gateway has no metric of throttled requests of an HTTP API, so a filter counts them in the access log.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html

        :param namespace: CloudWatch namespace of the metric that the filter makes. No other stack may use it.
        """
        count = api.metric("Count", "sum")
        self._watch_failures(
            "ServerErrors",
            [Failures(api.metric("5xx", "sum"), count)],
            breaching_minutes=3,
            description="The API answers too many requests with 5xx",
            remedy="Find the request in the access log, and its requestId in the log group of the function.",
        )
        self.watch(
            "SlowResponses",
            api.metric("Latency", "p90"),
            threshold=SLOW_MS,
            minutes=15,
            breaching_minutes=5,
            description=f"One response in ten takes longer than {SLOW_MS // 1000} seconds",
            remedy="Compare latency and integrationLatency in the access log, and look at the traces of the functions.",
        )
        logs.MetricFilter(
            api,
            "ThrottledRequests",
            log_group=api.log_group,
            filter_pattern=logs.FilterPattern.string_value("$.status", "=", "429"),
            metric_namespace=namespace,
            metric_name="ThrottledRequests",
            metric_value="1",
        )
        self.watch(
            "ThrottledRequests",
            metrics_of(namespace, {})("ThrottledRequests", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=5,
            description="API Gateway throttles requests",
            remedy="The access log has their routes and clients. Raise the rate and burst of the routes if they are "
            "welcome.",
        )
        self.graph("Requests", [count, api.metric("4xx", "sum")])

    def watch_sign_in(self, sign_in: SignIn) -> None:
        """Adds alarms on failed and throttled sign-ins.

        A sign-in sends 1 for a success and 0 for a failure.

        https://docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html
        """
        metric = metrics_of(
            "AWS/Cognito",
            {
                "UserPool": sign_in.user_pool.user_pool_id,
                "UserPoolClient": sign_in.user_client.user_pool_client_id,
            },
        )
        attempts = metric("SignInSuccesses", "n")
        self.watch(
            "FailedSignIns",
            cloudwatch.MathExpression(
                # A user who mistypes a password fails once or twice, so a few failures are no news.
                expression="IF(attempts >= 5, 100 * (1 - successes / attempts), 0)",
                using_metrics={"attempts": attempts, "successes": metric("SignInSuccesses", "sum")},
                label="Failed sign-ins (%)",
                period=MINUTE,
            ),
            threshold=80,
            minutes=10,
            breaching_minutes=5,
            description="More than 80 % of the sign-ins fail",
            remedy="Somebody may try passwords, or a trigger or an identity provider may fail: look at CloudTrail.",
        )
        self.watch(
            "ThrottledSignIns",
            metric("SignInThrottles", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="Cognito throttles sign-ins",
            remedy="Look at the quota of UserAuthentication, and ask for more if the users are yours.",
        )
        self.graph("Sign-ins", [attempts])
