"""Rules for what functions leave behind when a stack changes: versions and log groups."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.edge import PRINCIPALS
from patternbook.rules.aws_lambda import FUNCTION
from patternbook.rules.permissions import ROLE, allowed_statements, allows, trusted_services
from patternbook.rules.rule import WARNING, rule
from patternbook.rules.template import CUSTOM, Problem, Resource, Template

_LOG_GROUPS: Final = "/aws/lambda/"
_AT_A_TIME: Final = re.compile(r"at\(|cron\([\d,]+ ")
"""Expressions of schedules that are due at some minutes of an hour, or once."""


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
                if not template.waits_for(caller, {group.id}) and not _is_admitted_later(template, caller, group):
                    yield name.problem(f"{caller.id} calls {function.id}, and does not depend on {group.id}.")


def _creates_log_group(template: Template, function: Resource) -> bool:
    statements = allowed_statements(template, function["Role"].resource(ROLE))
    return statements is None or allows(statements, "logs:CreateLogGroup")


def _callers(template: Template, function: Resource) -> Iterator[Resource]:
    """The resources that may call a function before the stack is complete: custom resources, schedules, rules, polling.

    https://github.com/aws/aws-cdk/issues/667
    """
    for each in template.resources.values():
        if each.type.startswith(CUSTOM):
            called = each["ServiceToken"].references
        elif each.type == "AWS::Lambda::EventSourceMapping" and _may_start(each):
            called = each["FunctionName"].references
        elif each.type == "AWS::Events::Rule" and _may_start(each):
            called = set[str]().union(*(target["Arn"].references for target in each["Targets"].items))
        elif each.type == "AWS::Scheduler::Schedule" and _may_start(each):
            called = each["Target"]["Arn"].references
        else:
            continue
        if function.id in called:
            yield each


def _may_start(trigger: Resource) -> bool:
    """Whether a trigger may call at once: it is on, is due at any minute, and what it polls is older than the stack."""
    is_off = trigger["Enabled"].flag is False or trigger["State"].text == "DISABLED"
    return not (is_off or _AT_A_TIME.match(trigger["ScheduleExpression"].text or "") or _is_new(trigger))


def _is_new(mapping: Resource) -> bool:
    """Whether the stack creates the queue or stream, which has no messages then."""
    return (
        mapping["EventSourceArn"].resource("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Kinesis::Stream")
        is not None
    )


def _is_admitted_later(template: Template, caller: Resource, group: Resource) -> bool:
    """Whether a rule may call the function only once the log group exists, because the permission depends on it."""
    permissions = [
        each for each in template.of_type("AWS::Lambda::Permission") if caller.id in each["SourceArn"].references
    ]
    return bool(permissions) and all(template.waits_for(each, {group.id}) for each in permissions)
