"""Rules for what functions leave behind when a stack changes: versions and log groups."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.edge import PRINCIPALS
from patternbook.rules.aws_lambda import FUNCTION
from patternbook.rules.permissions import ROLE, allowed_statements, allows, trusted_services
from patternbook.rules.rule import WARNING, rule
from patternbook.rules.template import Problem, Resource, Template

_LOG_GROUPS: Final = "/aws/lambda/"


@rule("lambda-version-retained", WARNING)
def version_retained(template: Template) -> Iterator[Problem]:
    """A version of a function stays after an update that fails, so that the retry fails because it exists already.

    Set DeletionPolicy of the version to RetainExceptOnCreate. It keeps the versions of updates that succeed.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    distributions = template.of_type("AWS::CloudFront::Distribution")
    # Lambda refuses to delete a version that CloudFront has replicated.
    at_edge = set[str]().union(*(each["DistributionConfig"].references for each in distributions))
    for version in template.of_type("AWS::Lambda::Version"):
        if template.deletion_policy(version) != "Retain" or version.id in at_edge:
            continue
        if not _may_be_for_edge(template, version):
            yield version.problem("The DeletionPolicy is Retain.")


def _may_be_for_edge(template: Template, version: Resource) -> bool:
    """Whether a distribution in another stack may run a version: the trust of its role does not rule that out."""
    function = version["FunctionName"].resource(FUNCTION)
    role = function["Role"].resource(ROLE) if function else None
    trusted = trusted_services(role) if role else None
    if trusted is None:
        return bool(role) or template.is_shared(version)
    return PRINCIPALS[-1] in trusted


@rule("lambda-log-group-race", WARNING)
def log_group_race(template: Template) -> Iterator[Problem]:
    """A function may be called before CloudFormation has created its log group, which Lambda then creates first.

    Let what calls the function depend on the log group (DependsOn), or name the log group in LoggingConfig.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    """
    for group in template.of_type("AWS::Logs::LogGroup"):
        name = group["LogGroupName"]
        if not name.prefix.startswith(_LOG_GROUPS):
            continue
        for function in template.of_type(FUNCTION):
            own = name.references == {function.id} or name.text == f"{_LOG_GROUPS}{function['FunctionName'].text}"
            if (
                not own
                or not function["LoggingConfig"]["LogGroup"].missing
                or not _creates_log_group(template, function)
            ):
                continue
            for caller in _callers(template, function):
                if not template.waits_for(caller, {group.id}):
                    yield name.problem(f"{caller.id} calls {function.id}, and does not depend on {group.id}.")


def _creates_log_group(template: Template, function: Resource) -> bool:
    statements = allowed_statements(template, function["Role"].resource(ROLE))
    return statements is None or allows(statements, "logs:CreateLogGroup")


def _callers(template: Template, function: Resource) -> Iterator[Resource]:
    """What may call a function before the stack is complete: custom resources, schedules, rules and polling.

    https://github.com/aws/aws-cdk/issues/667
    """
    for each in template.resources.values():
        if each.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            called = each["ServiceToken"].references
        elif each.type == "AWS::Lambda::EventSourceMapping" and each["Enabled"].flag is not False:
            called = each["FunctionName"].references
        elif each.type == "AWS::Events::Rule" and each["State"].text != "DISABLED":
            called = set[str]().union(*(target["Arn"].references for target in each["Targets"].items))
        elif each.type == "AWS::Scheduler::Schedule" and each["State"].text != "DISABLED":
            called = each["Target"]["Arn"].references
        else:
            continue
        if function.id in called:
            yield each
