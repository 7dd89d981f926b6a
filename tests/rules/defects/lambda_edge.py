"""Defects for the rules of Lambda@Edge."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.rules.cases.base import TODAY
from tests.rules.defects.base import DISTRIBUTION, Apply, Body, Defect, Template, get, of_type


def _associations(template: Template) -> Iterator[Body]:
    for _, distribution in of_type(template, DISTRIBUTION):
        config = distribution["DistributionConfig"]
        for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])):
            yield from behavior.get("LambdaFunctionAssociations", [])


def _change_edge_function(change: Callable[[Template, Body, Body], None], *, viewer: bool = False) -> Apply:
    """Changes the version and the function of an association."""

    def apply(template: Template) -> bool:
        for association in _associations(template):
            if viewer and not association["EventType"].startswith("viewer-"):
                continue
            version = template["Resources"][association["LambdaFunctionARN"]["Ref"]]
            name = get(version, "Properties.FunctionName.Ref")
            change(template, version["Properties"], template["Resources"][name]["Properties"])
            return True
        return False

    return apply


def _set_on_edge_function(*, viewer: bool = False, **changes: Any) -> Apply:
    return _change_edge_function(lambda _template, _version, function: function.update(changes), viewer=viewer)


def _change_association(change: Callable[[Template, Body], None]) -> Apply:
    def apply(template: Template) -> bool:
        for association in _associations(template):
            change(template, association)
            return True
        return False

    return apply


def _associate_function(template: Template, association: Body) -> None:
    version = template["Resources"][association["LambdaFunctionARN"]["Ref"]]
    association["LambdaFunctionARN"] = {"Fn::GetAtt": [version["Properties"]["FunctionName"]["Ref"], "Arn"]}


def _associate_latest(template: Template, association: Body) -> None:
    _associate_function(template, association)
    association["LambdaFunctionARN"] = {"Fn::Join": [":", [association["LambdaFunctionARN"], "$LATEST"]]}


def _trust_lambda_only(template: Template, _version: Body, function: Body) -> None:
    role = template["Resources"][function["Role"]["Fn::GetAtt"][0]]["Properties"]
    role["AssumeRolePolicyDocument"]["Statement"] = [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]


def _change_behavior(change: Callable[[Body], bool]) -> Apply:
    def apply(template: Template) -> bool:
        for _, distribution in of_type(template, DISTRIBUTION):
            config = distribution["DistributionConfig"]
            if any(change(each) for each in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", []))):
                return True
        return False

    return apply


def _add_cloudfront_function(behavior: Body) -> bool:
    lambdas = [each["EventType"] for each in behavior.get("LambdaFunctionAssociations", [])]
    viewers = [event for event in lambdas if event.startswith("viewer-")]
    if viewers:
        behavior["FunctionAssociations"] = [
            {"EventType": viewers[0], "FunctionARN": "arn:aws:cloudfront::111122223333:function/f"}
        ]
    return bool(viewers)


def _repeat_event(behavior: Body) -> bool:
    lambdas = behavior.get("LambdaFunctionAssociations", [])
    if lambdas:
        lambdas.append(dict(lambdas[0]))
    return bool(lambdas)


def _with_functions_alone(template: Template) -> bool:
    """A certificate of the stack would be in the wrong Region, too."""
    return any(_associations(template)) and not any(of_type(template, "AWS::CertificateManager::Certificate"))


DEFECTS: Final = (
    Defect("edge-version", "the function itself", _change_association(_associate_function), DISTRIBUTION),
    Defect("edge-version", "$LATEST", _change_association(_associate_latest), DISTRIBUTION),
    Defect(
        "edge-region",
        "ARN",
        _change_association(
            lambda _, each: each.update(LambdaFunctionARN="arn:aws:lambda:eu-west-1:111122223333:function:edge:1")
        ),
        DISTRIBUTION,
    ),
    Defect("edge-region", "stack", _with_functions_alone, DISTRIBUTION, TODAY, "eu-west-1"),
    Defect(
        "edge-forbidden-property",
        "environment",
        _set_on_edge_function(Environment={"Variables": {"A": "b"}}),
        DISTRIBUTION,
    ),
    Defect(
        "edge-forbidden-property",
        "VPC",
        _set_on_edge_function(
            VpcConfig={"SubnetIds": ["subnet-0123456789abcdef0"]}, Role="arn:aws:iam::111122223333:role/in-vpc"
        ),
        DISTRIBUTION,
    ),
    Defect(
        "edge-forbidden-property",
        "layers",
        _set_on_edge_function(Layers=["arn:aws:lambda:us-east-1:111122223333:layer:a:1"]),
        DISTRIBUTION,
    ),
    Defect("edge-forbidden-property", "X-Ray", _set_on_edge_function(TracingConfig={"Mode": "Active"}), DISTRIBUTION),
    Defect("edge-architecture", "arm64", _set_on_edge_function(Architectures=["arm64"]), DISTRIBUTION),
    Defect("edge-memory", "256 MB", _set_on_edge_function(viewer=True, MemorySize=256), DISTRIBUTION),
    Defect("edge-timeout", "6 s", _set_on_edge_function(viewer=True, Timeout=6), DISTRIBUTION),
    Defect("edge-timeout", "31 s", _set_on_edge_function(Timeout=31), DISTRIBUTION),
    Defect("edge-storage", "1 GB", _set_on_edge_function(EphemeralStorage={"Size": 1024}), DISTRIBUTION),
    Defect("edge-runtime", "Java", _set_on_edge_function(Runtime="java21"), DISTRIBUTION),
    Defect(
        "edge-provisioned-concurrency",
        "one",
        _change_edge_function(
            lambda _template, version, _function: version.update(
                ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 1}
            )
        ),
        DISTRIBUTION,
    ),
    Defect("edge-role", "Lambda only", _change_edge_function(_trust_lambda_only), DISTRIBUTION),
    Defect("edge-event-conflict", "CloudFront Function", _change_behavior(_add_cloudfront_function), DISTRIBUTION),
    Defect("edge-event-conflict", "twice", _change_behavior(_repeat_event), DISTRIBUTION),
)
