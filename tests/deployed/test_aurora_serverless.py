"""Checks of a deployed ``AuroraServerlessStack``."""

import json
from typing import Any, ClassVar

import pytest

from tests.deployed.answers import Answer
from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    EVERYTHING,
    LOG_GROUPS,
    OTHER_KEY,
    STATEMENTS,
    allow,
    made,
    opened,
)
from tests.deployed.looking import check_retention, inline_statements, listed, policies_of, rules_of, shown
from tests.deployed.proving import Copied, fails, skips
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "AuroraServerlessStack"

ALIAS = "live"
RESUME_SECONDS = 30
EXECUTE = "rds-data:ExecuteStatement"
LIST_NOTES = {"requestContext": {"http": {"method": "GET"}}}

CLUSTER = "rds.describe_db_clusters DBClusters 0"
SCALING = f"{CLUSTER} ServerlessV2ScalingConfiguration"
INSTANCES = "rds.describe_db_instances DBInstances"
PARAMETERS = "rds.describe_db_cluster_parameters Parameters"
FORCE_TLS = f"{PARAMETERS} ParameterName=rds.force_ssl"
SECRET = "secretsmanager.describe_secret"
FUNCTION = "lambda.get_function_configuration"
ADMIN_SECRET = Copied(f"{CLUSTER} MasterUserSecret SecretArn")


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {"ACUUtilization", "FreeableMemory", "DatabaseConnections", "Deadlocks", "Errors", "Throttles"}

    def watched(self, stack: DeployedStack) -> set[str]:
        return self.WATCHED | ({"AuroraReplicaLagMaximum"} if len(_instances(stack)) > 1 else set())


@fails("is not encrypted", f"{CLUSTER} StorageEncrypted", False)
@fails("not with the stack's key", f"{CLUSTER} KmsKeyId", OTHER_KEY, only="production")
def test_the_storage_is_encrypted(stack: DeployedStack) -> None:
    cluster = _cluster(stack)
    assert cluster["StorageEncrypted"], "the database is not encrypted"
    used = cluster.get("KmsKeyId", "no key")
    assert not stack.production or used.endswith(stack.only("AWS::KMS::Key")), (
        f"the database is encrypted with {used}, not with the stack's key"
    )


@fails("the Data API is off", f"{CLUSTER} HttpEndpointEnabled", False)
@fails("IAM authentication is off", f"{CLUSTER} IAMDatabaseAuthenticationEnabled", False)
def test_functions_and_database_users_log_in_by_iam(stack: DeployedStack) -> None:
    cluster = _cluster(stack)
    assert cluster["HttpEndpointEnabled"], "the Data API is off"
    assert cluster["IAMDatabaseAuthenticationEnabled"], "IAM authentication is off"


@fails("accepts connections without TLS", f"{FORCE_TLS} ParameterValue", "0")
@fails("accepts connections without TLS", FORCE_TLS)
def test_connections_need_tls(stack: DeployedStack) -> None:
    group = _cluster(stack)["DBClusterParameterGroup"]
    found = stack.ask("rds.describe_db_cluster_parameters", DBClusterParameterGroupName=group)["Parameters"]
    values = {each["ParameterName"]: each.get("ParameterValue") for each in found}
    assert values.get("rds.force_ssl") == "1", f"with the parameter group {group}, it accepts connections without TLS"


@fails("has an address on the internet", f"{INSTANCES} 0 PubliclyAccessible", True)
@fails(rf"admit \['tcp/5432 {ANYWHERE}'\]", ADMITS, opened(5432, ANYWHERE))
def test_the_network_admits_nobody(stack: DeployedStack) -> None:
    for instance in _instances(stack):
        public = instance["PubliclyAccessible"]
        assert not public, f"{instance['DBInstanceIdentifier']} has an address on the internet"
    groups = [each["VpcSecurityGroupId"] for each in _cluster(stack)["VpcSecurityGroups"]]
    admitted = shown(rules_of(stack, groups))
    assert not admitted, f"the security groups of the database admit {admitted}"


@fails("pauses after None seconds", f"{SCALING} SecondsUntilAutoPause", only="sandbox")
@fails("pauses after 60 seconds", f"{SCALING} SecondsUntilAutoPause", 60, only="otherwise")
@skips("it never pauses", f"{SCALING} MinCapacity", 0.5)
def test_a_pause_begins_after_a_set_time(stack: DeployedStack) -> None:
    scaling = _cluster(stack)["ServerlessV2ScalingConfiguration"]
    if scaling["MinCapacity"] > 0:
        pytest.skip("it never pauses, because its minimum capacity is above 0")
    seconds = scaling.get("SecondsUntilAutoPause")
    assert 300 <= (seconds or 0) <= 86_400, f"it pauses after {seconds} seconds"


@fails("a failure of the writer is an outage", INSTANCES, lambda found: found[:1], only="production")
@fails("all instances are in the AZ us-east-1a", f"{INSTANCES} * AvailabilityZone", "us-east-1a", only="production")
def test_a_reader_in_another_az_can_take_over_in_production(stack: DeployedStack) -> None:
    zones = [each["AvailabilityZone"] for each in _instances(stack)]
    if stack.production:
        assert len(zones) > 1, "there is no reader: a failure of the writer is an outage"
        assert len(set(zones)) > 1, f"all instances are in the AZ {zones[0]}"


@fails("can be deleted", f"{CLUSTER} DeletionProtection", False, only="production")
@fails("backups of 1 days only", f"{CLUSTER} BackupRetentionPeriod", 1, only="production")
def test_production_is_protected_and_backed_up(stack: DeployedStack) -> None:
    cluster = _cluster(stack)
    if stack.production:
        assert cluster["DeletionProtection"], "the database can be deleted"
        days = cluster["BackupRetentionPeriod"]
        assert days >= 7, f"there are backups of {days} days only"


@fails("RDS does not manage the administrator's secret", f"{CLUSTER} MasterUserSecret")
@fails("the application's secret does not rotate", f"{SECRET} RotationEnabled", False)
@fails("encrypted with alias/other", f"{SECRET} KmsKeyId", "alias/other", only="production")
def test_secrets_rotate(stack: DeployedStack) -> None:
    managed = _cluster(stack).get("MasterUserSecret", {}).get("SecretArn")
    assert managed, "RDS does not manage the administrator's secret"
    secret = stack.ask("secretsmanager.describe_secret", SecretId=stack.only("AWS::SecretsManager::Secret"))
    assert secret.get("RotationEnabled"), "the application's secret does not rotate"
    used = secret.get("KmsKeyId", "no key")
    assert not stack.production or used.endswith(stack.only("AWS::KMS::Key")), (
        f"the application's secret is encrypted with {used}, not with the stack's key"
    )


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails("may .*GetSecretValue.* on any", f"{STATEMENTS} +", allow("secretsmanager:GetSecretValue"))
@fails(
    "service may call the Data API by .*BeginTransaction", f"{STATEMENTS} +", allow("rds-data:BeginTransaction", "a")
)
@fails(
    "administrator's secret: .*service.handler",
    f"{STATEMENTS} Action=secretsmanager:GetSecretValue Resource",
    ADMIN_SECRET,
)
def test_only_the_migration_reads_the_secret_of_the_administrator(stack: DeployedStack) -> None:
    managed, readers = _cluster(stack)["MasterUserSecret"]["SecretArn"], []
    for function in _functions(stack):
        role = function["Role"].rpartition("/")[2]
        attached = policies_of(stack, role)
        assert not attached, f"the role of {function['Handler']} has managed policies: {attached}"
        api = set[str]()
        for statement in inline_statements(stack, role):
            actions, resources = listed(statement["Action"]), listed(statement["Resource"])
            traces = all(each.startswith("xray:") for each in actions)
            assert traces or "*" not in resources, f"{function['Handler']} may {actions} on anything"
            api |= {each for each in actions if each.startswith("rds-data:")}
            if "secretsmanager:GetSecretValue" in actions and managed in resources:
                readers.append(function["Handler"])
        if function["Handler"] == "service.handler":
            assert api == {EXECUTE}, f"the service may call the Data API by {sorted(api)}"
    assert readers == ["migrate.handler"], f"these read the administrator's secret: {sorted(readers)}"


@fails("has 20 seconds", f"{FUNCTION} Timeout", 20)
@fails("logs to /aws/lambda/x", f"{FUNCTION} LoggingConfig LogGroup", "/aws/lambda/x")
def test_the_functions_wait_for_a_database_that_resumes(stack: DeployedStack) -> None:
    for function in _functions(stack):
        name, seconds = function["Handler"], function["Timeout"]
        assert seconds > RESUME_SECONDS, f"{name} has {seconds} seconds, and the database may take {RESUME_SECONDS}"
        group = function.get("LoggingConfig", {}).get("LogGroup")
        assert group == stack.outputs["LogGroupName"], f"{name} logs to {group}"


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
@fails("writes no log for CloudWatch", f"{CLUSTER} EnabledCloudwatchLogsExports", [])
@fails("is not one of the stack's", made("AWS::Logs::LogGroup"))
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    cluster = _cluster(stack)
    assert "postgresql" in cluster.get("EnabledCloudwatchLogsExports", []), "PostgreSQL writes no log for CloudWatch"
    names = stack.all("AWS::Logs::LogGroup")
    exported = f"/aws/rds/cluster/{cluster['DBClusterIdentifier']}/postgresql"
    assert exported in names, f"the log group {exported} is not one of the stack's"
    for name in names:
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


@fails("the function fails: ", "lambda.invoke FunctionError", "Unhandled")
@fails("the function answers 403", "lambda.invoke Payload", b'{"statusCode": 403, "body": "{}"}')
def test_the_function_reads_notes_as_the_user_of_the_application(stack: DeployedStack) -> None:
    """It waits for a database that has paused."""
    [service] = [each for each in _functions(stack) if each["Handler"] == "service.handler"]
    answer = stack.ask(
        "lambda.invoke",
        FunctionName=service["FunctionName"],
        Qualifier=ALIAS,
        Payload=json.dumps(LIST_NOTES).encode(),
    )
    said = answer["Payload"].decode()
    assert "FunctionError" not in answer, f"the function fails: {said[:300]}"
    status = json.loads(said)["statusCode"]
    assert status == 200, f"the function answers {status}: {said[:300]}"


def _cluster(stack: DeployedStack) -> Answer:
    name = stack.only("AWS::RDS::DBCluster")
    return stack.ask("rds.describe_db_clusters", DBClusterIdentifier=name)["DBClusters"][0]


def _instances(stack: DeployedStack) -> list[dict[str, Any]]:
    filters = [{"Name": "db-cluster-id", "Values": [stack.only("AWS::RDS::DBCluster")]}]
    return stack.ask("rds.describe_db_instances", Filters=filters)["DBInstances"]


def _functions(stack: DeployedStack) -> list[dict[str, Any]]:
    """The service and the migration."""
    names = stack.all("AWS::Lambda::Function")
    found = [stack.ask("lambda.get_function_configuration", FunctionName=name) for name in names]
    return [each for each in found if each["Handler"] in ("service.handler", "migrate.handler")]
