"""Aurora clusters, secrets and rotation schedules in the emulated account."""

from typing import Any

import pytest

from tests.rehearsal.templates import Stack, check_life_cycle, of, ref

GROUPS = {
    "Vpc": of("EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Subnet": of("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24"),
    "Subnets": of("RDS::DBSubnetGroup", DBSubnetGroupDescription="some", SubnetIds=[ref("Subnet")]),
    "Parameters": of(
        "RDS::DBClusterParameterGroup",
        Description="TLS",
        Family="aurora-postgresql17",
        Parameters={"rds.force_ssl": "1"},
    ),
}
SCALING = {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 600}


def cluster(**properties: Any) -> dict[str, Any]:
    return of(
        "RDS::DBCluster",
        **{
            "Engine": "aurora-postgresql",
            "MasterUsername": "administrator",
            "ManageMasterUserPassword": True,
            "DatabaseName": "app",
            "DBSubnetGroupName": ref("Subnets"),
            "DBClusterParameterGroupName": ref("Parameters"),
            "ServerlessV2ScalingConfiguration": SCALING,
            **properties,
        },
    ) | {"DeletionPolicy": "Delete"}


def test_clusters(stack: Stack) -> None:
    def read() -> Any:
        [found] = stack.client("rds").describe_db_clusters(DBClusterIdentifier=stack.id_of("Cluster"))["DBClusters"]
        secret = stack.client("secretsmanager").describe_secret(SecretId=found["MasterUserSecret"]["SecretArn"])
        assert secret["Name"] == f"rds!cluster-{found['DBClusterIdentifier']}"
        assert found["DBClusterParameterGroup"] == stack.id_of("Parameters")
        scaling = found["ServerlessV2ScalingConfiguration"]
        return scaling.get("SecondsUntilAutoPause"), found["EnabledCloudwatchLogsExports"]

    without_pause = {"MinCapacity": 1, "MaxCapacity": 4}
    changed = cluster(ServerlessV2ScalingConfiguration=without_pause, EnableCloudwatchLogsExports=["postgresql"])
    before, after = check_life_cycle(stack, {**GROUPS, "Cluster": cluster()}, {**GROUPS, "Cluster": changed}, read)
    assert (before, after) == ((600, []), (None, ["postgresql"]))


def test_a_protected_cluster_is_not_deleted(stack: Stack) -> None:
    stack.deploy({**GROUPS, "Cluster": cluster(DeletionProtection=True)})
    name = stack.id_of("Cluster")
    with pytest.raises(AssertionError, match="Cannot delete protected Cluster"):
        stack.delete()
    stack.client("rds").modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"DBSubnetGroupName": "missing"}, "DB subnet group 'missing' does not exist"),
        ({"DBClusterParameterGroupName": "missing"}, "DBClusterParameterGroup not found: missing"),
        ({"VpcSecurityGroupIds": ["sg-missing"]}, "Invalid security group: sg-missing"),
        ({"KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/missing"}, "KMS key not found"),
        (
            {"ServerlessV2ScalingConfiguration": {**SCALING, "MinCapacity": 1}},
            "SecondsUntilAutoPause can only be set if MinCapacity is 0",
        ),
    ],
)
def test_a_cluster_with_a_wrong_property_fails(stack: Stack, properties: dict[str, Any], reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        stack.deploy({**GROUPS, "Cluster": cluster(**properties)})


def test_secrets(stack: Stack) -> None:
    def read() -> Any:
        arn = stack.id_of("Secret")
        assert arn.startswith("arn:aws:secretsmanager:")
        found = stack.client("secretsmanager").describe_secret(SecretId=arn)
        return found.get("Description")

    generated = {"SecretStringTemplate": '{"username": "app"}', "GenerateStringKey": "password", "PasswordLength": 40}
    one = {"Secret": of("SecretsManager::Secret", Description="one", GenerateSecretString=generated)}
    two = {"Secret": of("SecretsManager::Secret", Description="two", GenerateSecretString=generated)}
    assert check_life_cycle(stack, one, two, read) == ("one", "two")


def test_a_rotation_schedule_needs_its_function(stack: Stack) -> None:
    missing = "arn:aws:lambda:us-east-1:111122223333:function:missing"
    schedule = of("SecretsManager::RotationSchedule", SecretId=ref("Secret"), RotationLambdaARN=missing)
    with pytest.raises(AssertionError, match="Function not found"):
        stack.deploy({"Secret": of("SecretsManager::Secret", SecretString="x"), "Rotation": schedule})
