"""The parts of a template that report metrics of an HTTP API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.emitters.web_api import (
    Capacity,
    Function,
    HttpApi,
    Requests,
    SignIns,
    Table,
    ThrottleFilter,
    UserPool,
)
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type

THROTTLED = '{ $.status = "429" }'
"""The one filter pattern that is evaluated here."""


@dataclass(frozen=True)
class Web:
    apis: tuple[HttpApi, ...]
    filters: tuple[ThrottleFilter, ...]
    tables: tuple[Table, ...]
    pools: tuple[UserPool, ...]

    def metrics(self, requests: Requests, capacity: Capacity, sign_ins: SignIns) -> Report:
        sent: Report = {}
        for api in self.apis:
            sent |= api.metrics(requests)
            for function in api.functions:
                sent |= function.metrics(requests)
        for each in self.filters:
            sent |= each.metrics(requests)
        for table in self.tables:
            sent |= table.metrics(capacity)
        for pool in self.pools:
            sent |= pool.metrics(sign_ins)
        return sent


def web_emitters(template: Mapping[str, Any], names: Names) -> Web:
    """The emitters of a template. Only an API has any."""
    stages = [properties for _, properties in of_type(template, "AWS::ApiGatewayV2::Stage")]
    functions = tuple(_functions(template, names)) if stages else ()
    return Web(
        apis=tuple(HttpApi(names.of(each["ApiId"]), each["StageName"], functions) for each in stages),
        filters=tuple(_filters(template)),
        tables=tuple(Table(name) for name, _ in of_type(template, "AWS::DynamoDB::GlobalTable")),
        pools=tuple(
            UserPool(names.of(properties["UserPoolId"]), name)
            for name, properties in of_type(template, "AWS::Cognito::UserPoolClient")
            if properties["AllowedOAuthFlows"] == ["code"]
        ),
    )


def _functions(template: Mapping[str, Any], names: Names) -> Iterator[Function]:
    resources = dict(of_type(template, "AWS::Lambda::Function"))
    for _, alias in of_type(template, "AWS::Lambda::Alias"):
        name = names.of(alias["FunctionName"])
        variables = resources[name]["Environment"]["Variables"]
        yield Function(
            name,
            alias["Name"],
            names.of(alias["FunctionVersion"]),
            resources[name]["Timeout"],
            variables["POWERTOOLS_METRICS_NAMESPACE"],
            variables["POWERTOOLS_SERVICE_NAME"],
        )


def _filters(template: Mapping[str, Any]) -> Iterator[ThrottleFilter]:
    for _, properties in of_type(template, "AWS::Logs::MetricFilter"):
        if properties["FilterPattern"] != THROTTLED:
            raise NotImplementedError(f"{properties['FilterPattern']} is not supported by {__name__}.")
        [made] = properties["MetricTransformations"]
        yield ThrottleFilter(made["MetricNamespace"], made["MetricName"])
