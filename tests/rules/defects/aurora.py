"""Defects for the rules of Aurora."""

from typing import Final

from tests.rules.defects.base import FUNCTION, Apply, Defect, Template, add_resource, get, of_type, set_properties

CLUSTER: Final = "AWS::RDS::DBCluster"
PARAMETERS: Final = "AWS::RDS::DBClusterParameterGroup"
SCALING: Final = "ServerlessV2ScalingConfiguration"
SECONDS: Final = f"{SCALING}.SecondsUntilAutoPause"


def _pausing(template: Template) -> list[str]:
    """The clusters with a minimum capacity of 0."""
    return [name for name, body in of_type(template, CLUSTER) if get(body, f"{SCALING}.MinCapacity") == 0]


def _if_it_pauses(apply: Apply) -> Apply:
    return lambda template: bool(_pausing(template)) and apply(template)


def _shorten_timeout(template: Template) -> bool:
    for _, function in of_type(template, FUNCTION):
        if any(f"'{name}'" in str(function.get("Environment")) for name in _pausing(template)):
            function["Timeout"] = 15
            return True
    return False


DEFECTS: Final = (
    Defect("aurora-capacity", "steps of 0.5", set_properties(CLUSTER, {f"{SCALING}.MaxCapacity": 8.25}), CLUSTER),
    Defect(
        "aurora-pause-version",
        "before 16.3",
        set_properties(CLUSTER, {"EngineVersion": "16.2"}, having=SECONDS),
        CLUSTER,
    ),
    Defect(
        "aurora-pause-minimum",
        "half an ACU",
        set_properties(CLUSTER, {f"{SCALING}.MinCapacity": 0.5}, having=SECONDS),
        CLUSTER,
    ),
    Defect(
        "aurora-kept-awake",
        "logical replication",
        _if_it_pauses(
            set_properties(PARAMETERS, {"Parameters": {"rds.force_ssl": "1", "rds.logical_replication": "1"}})
        ),
        PARAMETERS,
    ),
    Defect(
        "aurora-kept-awake",
        "proxy",
        _if_it_pauses(
            add_resource(
                "Proxy",
                "AWS::RDS::DBProxyTargetGroup",
                lambda cluster: {
                    "DBProxyName": "p",
                    "DBClusterIdentifiers": [{"Ref": cluster}],
                    "TargetGroupName": "default",
                },
                beside=CLUSTER,
            )
        ),
        CLUSTER,
    ),
    Defect(
        "aurora-plain-connections",
        "off",
        set_properties(PARAMETERS, {"Parameters": {"rds.force_ssl": "0"}}),
        PARAMETERS,
    ),
    Defect(
        "aurora-public-instance",
        "public",
        set_properties("AWS::RDS::DBInstance", {"PubliclyAccessible": True}),
        "AWS::RDS::DBInstance",
    ),
    Defect("aurora-resume-timeout", "15 seconds", _shorten_timeout, CLUSTER),
)
