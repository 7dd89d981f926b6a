"""Rules for Aurora Serverless v2 clusters with PostgreSQL, and for functions that use them."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.aurora import ACU_STEP, MAX_ACU, RESUME_SECONDS, pauses
from patternbook.rules.aws_lambda import FUNCTION
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Resource, Template

CLUSTER: Final = "AWS::RDS::DBCluster"
INSTANCE: Final = "AWS::RDS::DBInstance"
PARAMETERS: Final = "AWS::RDS::DBClusterParameterGroup"
ENGINE: Final = "aurora-postgresql"
TLS_BY_DEFAULT: Final = 17
"""The first major version in which ``rds.force_ssl`` is on by default.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
"""


def _clusters(template: Template) -> list[Resource]:
    return [each for each in template.of_type(CLUSTER) if each["Engine"].text == ENGINE]


def _pausing(template: Template) -> list[Resource]:
    """The clusters with a minimum capacity of 0."""
    return [each for each in _clusters(template) if each["ServerlessV2ScalingConfiguration"]["MinCapacity"].number == 0]


def _parameters(cluster: Resource) -> Resource | None:
    return cluster["DBClusterParameterGroupName"].resource(PARAMETERS)


@rule("aurora-capacity", ERROR)
def capacity(template: Template) -> Iterator[Problem]:
    """The capacity range of a cluster is one that Aurora Serverless v2 does not offer.

    Set MinCapacity from 0 to MaxCapacity, and MaxCapacity from 1 to 256, both in steps of 0.5.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
    """
    for cluster in template.of_type(CLUSTER):
        scaling = cluster["ServerlessV2ScalingConfiguration"]
        for name, lowest in (("MinCapacity", 0), ("MaxCapacity", 1)):
            acu = scaling[name].number
            if acu is not None and (not lowest <= acu <= MAX_ACU or acu % ACU_STEP):
                yield scaling[name].problem(f"{name} is {acu:g}.")
        low, high = scaling["MinCapacity"].number, scaling["MaxCapacity"].number
        if low is not None and high is not None and low > high >= 1:
            yield scaling["MinCapacity"].problem(f"MinCapacity is {low:g}, but MaxCapacity is {high:g}.")


@rule("aurora-pause-version", ERROR)
def pause_version(template: Template) -> Iterator[Problem]:
    """The minimum capacity of a cluster is 0, but its engine version does not pause.

    Use Aurora PostgreSQL 13.15, 14.12, 15.7, 16.3 or higher, or set MinCapacity to at least 0.5.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
    """
    for cluster in _pausing(template):
        version = cluster["EngineVersion"]
        if pauses(version.text or "") is False:
            yield version.problem(f"Version {version.text} does not pause.")


@rule("aurora-pause-minimum", WARNING)
def pause_minimum(template: Template) -> Iterator[Problem]:
    """A cluster has a time until it pauses, but a minimum capacity above 0, with which it never pauses.

    Set MinCapacity to 0, or remove SecondsUntilAutoPause.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
    """
    for cluster in template.of_type(CLUSTER):
        scaling = cluster["ServerlessV2ScalingConfiguration"]
        low, seconds = scaling["MinCapacity"].number, scaling["SecondsUntilAutoPause"]
        if low and seconds.number is not None:
            yield seconds.problem(f"MinCapacity is {low:g}.")


@rule("aurora-kept-awake", WARNING)
def kept_awake(template: Template) -> Iterator[Problem]:
    """The minimum capacity of a cluster is 0, but RDS Proxy or logical replication keeps the cluster from pausing.

    Remove it, or set MinCapacity to at least 0.5.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
    """
    pausing = {each.id for each in _pausing(template)}
    for target in template.of_type("AWS::RDS::DBProxyTargetGroup"):
        clusters = target["DBClusterIdentifiers"]
        for name in sorted(clusters.references & pausing):
            yield clusters.problem(f"The proxy keeps connections to {name} open.")
    for cluster in _pausing(template):
        group = _parameters(cluster)
        if group and group["Parameters"]["rds.logical_replication"].text == "1":
            yield group["Parameters"]["rds.logical_replication"].problem(
                f"Logical replication keeps {cluster.id} awake."
            )


@rule("aurora-plain-connections", WARNING)
def plain_connections(template: Template) -> Iterator[Problem]:
    """A cluster accepts connections without TLS.

    Set rds.force_ssl to 1 in the parameter group of the cluster.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
    """
    for cluster in _clusters(template):
        major = (cluster["EngineVersion"].text or "").partition(".")[0]
        group, forced_by_default = _parameters(cluster), not major.isdecimal() or int(major) >= TLS_BY_DEFAULT
        if group is None:
            if cluster["DBClusterParameterGroupName"].missing and not forced_by_default:
                yield cluster.problem(f"The default of version {major} accepts connections without TLS.")
            continue
        force = group["Parameters"]["rds.force_ssl"]
        if force.text == "0" or (force.missing and not forced_by_default):
            yield group["Parameters"].problem(f"{cluster.id} uses these parameters.")


@rule("aurora-public-instance", WARNING)
def public_instance(template: Template) -> Iterator[Problem]:
    """An instance of an Aurora cluster has an address on the internet.

    Set PubliclyAccessible to false. Use the Data API, or clients in the VPC.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
    """
    for instance in template.of_type(INSTANCE):
        if instance["PubliclyAccessible"].flag and not instance["DBClusterIdentifier"].may_be_missing:
            yield instance["PubliclyAccessible"].problem("PubliclyAccessible is true.")


@rule("aurora-resume-timeout", WARNING)
def resume_timeout(template: Template) -> Iterator[Problem]:
    """The timeout of a function is shorter than the time in which a paused cluster resumes.

    Set Timeout to more than 30 seconds, and let the function try again until the cluster has resumed.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
    """
    pausing = {each.id for each in _pausing(template)}
    for function in template.of_type(FUNCTION):
        names = sorted(function["Environment"].references & pausing)
        seconds = 3 if function["Timeout"].missing else function["Timeout"].number
        if names and seconds is not None and seconds <= RESUME_SECONDS:
            yield function["Timeout"].problem(f"The timeout is {seconds:g} seconds, and {names[0]} pauses.")
