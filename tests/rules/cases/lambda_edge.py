"""Cases for the rules of Lambda@Edge."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import Case, att, case, ref, resource

AT_EDGE: Final[dict[str, Any]] = {
    "Role": resource(
        "AWS::IAM::Role",
        ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"],
        AssumeRolePolicyDocument={
            "Statement": [
                {"Principal": {"Service": name}} for name in ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
            ]
        },
    ),
    "Function": resource(
        "AWS::Lambda::Function", Runtime="nodejs24.x", Role=att("Role", "Arn"), MemorySize=128, Timeout=5
    ),
    "Version": resource("AWS::Lambda::Version", FunctionName=ref("Function")),
    "Distribution": resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "DefaultCacheBehavior": {
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
                "LambdaFunctionAssociations": [{"EventType": "viewer-request", "LambdaFunctionARN": ref("Version")}],
            }
        },
    ),
}
ASSOCIATION = "Distribution.DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations.0"
ARN = f"{ASSOCIATION}.LambdaFunctionARN"
CLOUDFRONT_FUNCTIONS = "Distribution.DistributionConfig.DefaultCacheBehavior.FunctionAssociations"

CASES: Final[Mapping[str, Case]] = {
    "edge-version": case(
        AT_EDGE,
        {ARN: att("Function", "Arn")},
        {ARN: {"Fn::Join": [":", [att("Function", "Arn"), "$LATEST"]]}},
        {ARN: "arn:aws:lambda:us-east-1:111122223333:function:edge"},
        {ARN: "arn:aws:lambda:us-east-1:111122223333:function:edge:live"},
        {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:edge"}},
        {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:${Function}"}},
        {ARN: ref("Alias"), "Alias": resource("AWS::Lambda::Alias", FunctionName=ref("Function"))},
        harmless=(
            {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:edge:7"}},
            {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:111122223333:function:${AWS::StackName}"}},
        ),
    ),
    "edge-region": case(
        AT_EDGE,
        {ARN: "arn:aws:lambda:eu-west-1:111122223333:function:edge:1"},
        {ARN: {"Fn::Sub": "arn:aws:lambda:eu-west-1:${AWS::AccountId}:function:edge:1"}},
        {},
        region="eu-west-1",
        region_of_sound="us-east-1",
    ),
    "edge-forbidden-property": case(
        AT_EDGE,
        {"Function.Environment.Variables": {"A": "b"}},
        {"Function.VpcConfig.SubnetIds": ["subnet-1"]},
        {"Function.Layers": ["arn:aws:lambda:…:layer:a:1"]},
        {"Function.DeadLetterConfig.TargetArn": "arn:aws:sqs:…"},
        {"Function.TracingConfig.Mode": "Active"},
        {"Function.ReservedConcurrentExecutions": 1},
        {"Function.PackageType": "Image"},
    ),
    "edge-architecture": case(AT_EDGE, {"Function.Architectures": ["arm64"]}),
    "edge-memory": case(AT_EDGE, {"Function.MemorySize": 256}),
    "edge-timeout": case(
        AT_EDGE, {"Function.Timeout": 6}, {f"{ASSOCIATION}.EventType": "origin-request", "Function.Timeout": 31}
    ),
    "edge-storage": case(AT_EDGE, {"Function.EphemeralStorage.Size": 1024}),
    "edge-runtime": case(AT_EDGE, {"Function.Runtime": "java21"}),
    "edge-provisioned-concurrency": case(
        AT_EDGE, {"Version.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 1}
    ),
    "edge-role": case(
        AT_EDGE,
        {"Role.AssumeRolePolicyDocument.Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]},
        {"Role.AssumeRolePolicyDocument.Statement": {"Principal": {"Service": "lambda.amazonaws.com"}}},
        harmless=(
            {
                "Role.AssumeRolePolicyDocument.Statement": {
                    "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
                }
            },
        ),
    ),
    "edge-event-conflict": case(
        AT_EDGE,
        {CLOUDFRONT_FUNCTIONS: [{"EventType": "viewer-request", "FunctionARN": "arn:…"}]},
        {CLOUDFRONT_FUNCTIONS: [{"EventType": "viewer-response", "FunctionARN": "arn:…"}]},
        {ASSOCIATION.replace(".0", ".1"): {"EventType": "viewer-request", "LambdaFunctionARN": ref("Version")}},
    ),
}
