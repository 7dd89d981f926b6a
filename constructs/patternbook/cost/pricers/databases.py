"""Prices of databases: Aurora and DynamoDB."""

from typing import Final

from patternbook.cost.lines import HOURS, Meter, NotKnownError
from patternbook.cost.pricers.monitoring import add_secret, add_unlisted_logs

_INDEXES: Final = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def _cluster(meter: Meter) -> None:
    cluster = meter.resource
    if not (cluster["Engine"].text or "").startswith("aurora"):
        meter.unknown("Databases", f"no price of the engine {cluster['Engine'].text}")
        return
    if cluster["StorageType"].text == "aurora-iopt1":
        meter.unknown("Aurora storage", "no price of I/O-Optimized storage")
    else:
        meter.usage("Aurora storage", "aurora.gb", "aurora_gb")
        meter.usage("Aurora I/O", "aurora.io", "aurora_ios")
    if cluster["ManageMasterUserPassword"].flag:
        add_secret(meter)
    if not cluster["EnableCloudwatchLogsExports"].missing:
        add_unlisted_logs(meter, "/aws/rds/", cluster["DBClusterIdentifier"])
    if cluster["DatabaseInsightsMode"].text == "advanced":
        meter.unknown("Database Insights", "no price of the advanced mode")


def _instance(meter: Meter) -> None:
    """An instance of Aurora Serverless v2 costs its minimum capacity at rest."""
    instance = meter.resource
    if instance["DBInstanceClass"].text != "db.serverless":
        meter.unknown("Databases", f"no price of the class {instance['DBInstanceClass'].text}")
        return
    cluster = instance["DBClusterIdentifier"].resource("AWS::RDS::DBCluster")
    if cluster is None:
        raise NotKnownError("the cluster is not in this template")
    if instance["PubliclyAccessible"].flag:
        meter.hourly("Public IPv4 addresses", "public_ipv4.hour")
    capacity = meter.number(cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"])
    meter.add("Aurora capacity", "aurora.acu_hour", capacity * HOURS)
    meter.usage("Aurora capacity in use", "aurora.acu_hour", "acu_hours")


def _table(meter: Meter) -> None:
    """Each replica and each index stores the table, and is written to. An index that has few attributes costs less."""
    table = meter.resource
    if (table["BillingMode"].text or "PROVISIONED") != "PAY_PER_REQUEST":
        meter.unknown("DynamoDB tables", "no price of provisioned capacity")
        return
    replicas = table["Replicas"]
    number = meter.count(replicas, 1)
    copies = number * (1 + sum(meter.count(table[key], 0) for key in _INDEXES))
    meter.usage("Writes to tables", "dynamodb.write", "writes", copies)
    meter.usage("Reads from tables", "dynamodb.read", "reads")
    meter.usage("Storage of tables", "dynamodb.gb", "table_gb", copies)
    recovery = [each["PointInTimeRecoverySpecification"] for each in replicas.items or [table]]
    backed_up = sum(each["PointInTimeRecoveryEnabled"].flag is True for each in recovery)
    if backed_up:
        meter.usage("Point-in-time recovery of tables", "dynamodb.recovery_gb", "table_gb", backed_up)


PRICERS = {
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::DynamoDB::Table": _table,
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
}
