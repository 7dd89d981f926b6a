"""Cases for the rules of Aurora."""

from collections.abc import Mapping
from typing import Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

CLUSTER: Final = {
    "Parameters": resource(
        "AWS::RDS::DBClusterParameterGroup",
        Description="TLS",
        Family="aurora-postgresql16",
        Parameters={"rds.force_ssl": "1"},
    ),
    "Cluster": resource(
        "AWS::RDS::DBCluster",
        Engine="aurora-postgresql",
        EngineVersion="16.11",
        DBClusterParameterGroupName=ref("Parameters"),
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 600},
    ),
    "Writer": resource(
        "AWS::RDS::DBInstance",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        DBClusterIdentifier=ref("Cluster"),
        PubliclyAccessible=False,
    ),
    "Function": resource(
        "AWS::Lambda::Function",
        Timeout=60,
        Environment={"Variables": {"CLUSTER_ARN": att("Cluster", "DBClusterArn")}},
    ),
}
SCALING: Final = "Cluster.ServerlessV2ScalingConfiguration"
AWAKE: Final = {f"{SCALING}.MinCapacity": 0.5, f"{SCALING}.SecondsUntilAutoPause": REMOVED}
PROXY: Final = resource(
    "AWS::RDS::DBProxyTargetGroup",
    DBProxyName="proxy",
    TargetGroupName="default",
    DBClusterIdentifiers=[ref("Cluster")],
)

CASES: Final[Mapping[str, Case]] = {
    "aurora-capacity": case(
        CLUSTER,
        {**AWAKE, f"{SCALING}.MinCapacity": -1},
        {f"{SCALING}.MaxCapacity": 4.2},
        {f"{SCALING}.MaxCapacity": 257},
        {f"{SCALING}.MaxCapacity": 0.5},
        {**AWAKE, f"{SCALING}.MinCapacity": 8},
        harmless=({f"{SCALING}.MaxCapacity": 256}, {f"{SCALING}.MaxCapacity": 1.5}, AWAKE),
    ),
    "aurora-pause-version": case(
        CLUSTER,
        {"Cluster.EngineVersion": "16.2"},
        {"Cluster.EngineVersion": "15.6"},
        {"Cluster.EngineVersion": "12.22"},
        harmless=(
            {"Cluster.EngineVersion": "13.15"},
            {"Cluster.EngineVersion": "18.3"},
            {"Cluster.EngineVersion": "16"},
            {"Cluster.EngineVersion": "16.2", **AWAKE},
        ),
    ),
    "aurora-pause-minimum": case(CLUSTER, {f"{SCALING}.MinCapacity": 0.5}, harmless=(AWAKE,)),
    "aurora-kept-awake": case(
        CLUSTER,
        {"Proxy": PROXY},
        {"Parameters.Parameters": {"rds.force_ssl": "1", "rds.logical_replication": "1"}},
        harmless=({"Proxy": PROXY, **AWAKE},),
    ),
    "aurora-plain-connections": case(
        CLUSTER,
        {"Parameters.Parameters": {"rds.force_ssl": "0"}},
        {"Parameters.Parameters": {"log_statement": "ddl"}},
        {"Cluster.EngineVersion": "17.7", "Parameters.Parameters": {"rds.force_ssl": "0"}},
        {"Cluster.DBClusterParameterGroupName": REMOVED},
        harmless=(
            {"Cluster.EngineVersion": "17.7", "Parameters.Parameters": {"log_statement": "ddl"}},
            {"Cluster.EngineVersion": "17.7", "Cluster.DBClusterParameterGroupName": REMOVED},
            {"Cluster.DBClusterParameterGroupName": "of-another-stack"},
        ),
    ),
    "aurora-public-instance": case(CLUSTER, {"Writer.PubliclyAccessible": True}),
    "aurora-resume-timeout": case(
        CLUSTER,
        {"Function.Timeout": 30},
        {"Function.Timeout": REMOVED},
        harmless=({"Function.Timeout": 31}, {"Function.Timeout": 10, **AWAKE}),
    ),
}
