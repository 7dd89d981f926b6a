"""Defects for the rules of Lambda."""

from typing import Final

from tests.rules.defects.base import (
    DISTRIBUTION,
    FUNCTION,
    Apply,
    Body,
    Defect,
    Template,
    add_resource,
    all_of,
    of_type,
    set_properties,
)


def not_at_edge(apply: Apply) -> Apply:
    """Skips templates with a distribution, because Lambda@Edge functions have other limits."""
    return lambda template: not any(of_type(template, DISTRIBUTION)) and apply(template)


def _add_large_variable(template: Template) -> bool:
    for _, function in of_type(template, FUNCTION):
        function.setdefault("Environment", {}).setdefault("Variables", {})["LARGE"] = "x" * 4096
        return True
    return False


def _add_reserved_variable(template: Template) -> bool:
    for _, function in of_type(template, FUNCTION):
        function.setdefault("Environment", {}).setdefault("Variables", {})["AWS_REGION"] = "eu-west-1"
        return True
    return False


def _source_of_queue(name: str) -> Body:
    return {
        "EventSourceArn": {"Fn::GetAtt": ["MutantQueue", "Arn"]},
        "FunctionName": {"Ref": name},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def _log_by_default(template: Template) -> bool:
    """Logs of the first function go to the group that Lambda creates, if its role may do so, which is not known."""
    for _, function in of_type(template, FUNCTION):
        function.pop("LoggingConfig", None)
        function["Role"] = {"Fn::ImportValue": "RoleArn"}
        return True
    return False


def _retain_version(template: Template) -> bool:
    for body in template["Resources"].values():
        if body["Type"] == "AWS::Lambda::Version":
            body["DeletionPolicy"] = "Retain"
            return True
    return False


DEFECTS: Final = (
    Defect("lambda-version-retained", "Retain", not_at_edge(_retain_version), "AWS::Lambda::Version"),
    Defect(
        "lambda-log-group-race",
        "a custom resource",
        not_at_edge(
            all_of(
                _log_by_default,
                add_resource(
                    "MutantGroup",
                    "AWS::Logs::LogGroup",
                    lambda name: {"LogGroupName": {"Fn::Sub": f"/aws/lambda/${{{name}}}"}, "RetentionInDays": 7},
                    beside=FUNCTION,
                ),
                add_resource(
                    "MutantCall",
                    "Custom::Mutant",
                    lambda name: {"ServiceToken": {"Fn::GetAtt": [name, "Arn"]}},
                    beside=FUNCTION,
                ),
            )
        ),
        FUNCTION,
    ),
    Defect("lambda-memory", "too little", not_at_edge(set_properties(FUNCTION, {"MemorySize": 64})), FUNCTION),
    Defect("lambda-memory", "too much", not_at_edge(set_properties(FUNCTION, {"MemorySize": 10241})), FUNCTION),
    Defect(
        "lambda-runtime-ended",
        "nodejs14.x",
        not_at_edge(set_properties(FUNCTION, {"Runtime": "nodejs14.x"}, having="Runtime")),
        FUNCTION,
    ),
    Defect("lambda-timeout", "16 minutes", not_at_edge(set_properties(FUNCTION, {"Timeout": 960})), FUNCTION),
    Defect(
        "lambda-storage",
        "too little",
        not_at_edge(set_properties(FUNCTION, {"EphemeralStorage": {"Size": 511}})),
        FUNCTION,
    ),
    Defect(
        "lambda-storage",
        "too much",
        not_at_edge(set_properties(FUNCTION, {"EphemeralStorage": {"Size": 10241}})),
        FUNCTION,
    ),
    Defect("lambda-environment-size", "4 KB", not_at_edge(_add_large_variable), FUNCTION),
    Defect("lambda-environment-name", "AWS_REGION", not_at_edge(_add_reserved_variable), FUNCTION),
    Defect(
        "lambda-layers",
        "six",
        not_at_edge(
            set_properties(
                FUNCTION, {"Layers": [f"arn:aws:lambda:eu-west-1:111122223333:layer:a:{each}" for each in range(6)]}
            )
        ),
        FUNCTION,
    ),
    Defect(
        "lambda-asynchronous",
        "age",
        not_at_edge(
            add_resource(
                "Mutant",
                "AWS::Lambda::EventInvokeConfig",
                lambda name: {
                    "FunctionName": {"Ref": name},
                    "Qualifier": "$LATEST",
                    "MaximumEventAgeInSeconds": 30,
                },
                beside=FUNCTION,
            )
        ),
        FUNCTION,
    ),
    Defect(
        "lambda-reserved-concurrency",
        "the whole account",
        not_at_edge(set_properties(FUNCTION, {"ReservedConcurrentExecutions": 1000})),
        FUNCTION,
    ),
    Defect(
        "lambda-provisioned-above-reserved",
        "3 of 2",
        not_at_edge(
            all_of(
                set_properties(FUNCTION, {"ReservedConcurrentExecutions": 2}),
                add_resource(
                    "Mutant",
                    "AWS::Lambda::Version",
                    lambda name: {
                        "FunctionName": {"Ref": name},
                        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 3},
                    },
                    beside=FUNCTION,
                ),
            )
        ),
        FUNCTION,
    ),
    Defect(
        "lambda-provisioned-latest",
        "an alias",
        not_at_edge(
            add_resource(
                "Mutant",
                "AWS::Lambda::Alias",
                lambda name: {
                    "Name": "live",
                    "FunctionName": {"Ref": name},
                    "FunctionVersion": "$LATEST",
                    "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
                },
                beside=FUNCTION,
            )
        ),
        FUNCTION,
    ),
    Defect(
        "lambda-queue-visibility",
        "shorter",
        not_at_edge(
            all_of(
                set_properties(FUNCTION, {"Timeout": 60}),
                add_resource("MutantQueue", "AWS::SQS::Queue", lambda _: {"VisibilityTimeout": 30}, beside=FUNCTION),
                add_resource("Mutant", "AWS::Lambda::EventSourceMapping", _source_of_queue, beside=FUNCTION),
            )
        ),
        FUNCTION,
    ),
)
