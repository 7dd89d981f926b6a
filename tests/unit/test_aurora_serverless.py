"""The promises of stacks/aurora_serverless."""

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from patternbook import PRODUCTION, SANDBOX, ServerlessDatabase
from patternbook.limits.aurora import max_connections, pauses
from patternbook.settings.loading import load_settings
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, dimensions_of, expression_of, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.aurora_serverless import AuroraServerlessStack
from stacks.aurora_serverless.demonstration import PACKAGE, TIMEOUT
from stacks.aurora_serverless.runtime import catalog

PATTERN = AuroraServerlessStack
EVERY_OPTION: Mapping[str, Any] = {
    "engine_version": "17.7",
    "min_acu": 1.5,
    "max_acu": 64,
    "readers": 3,
    "backup_retention_days": 35,
    "snapshot_arn": "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:before-the-change",
    "vpc_cidr": "10.20.0.0/20",
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"min_acu": 0, "max_acu": 1, "pause_after_seconds": 86_400, "readers": 1}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
OWN: Mapping[str, Any] = OTHER_OPTIONS
VARIANTS = {"full": FULL, "own": OWN}

CLUSTER_ARN = "arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:${AWS::RDS::DBCluster}"
ADMIN_SECRET, APP_SECRET = "${AWS::RDS::DBCluster.MasterUserSecret.SecretArn}", "${AWS::SecretsManager::Secret}"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRANSACTION = {"rds-data:BeginTransaction", "rds-data:CommitTransaction", "rds-data:RollbackTransaction"}
READ = "secretsmanager:GetSecretValue"


def cluster(stack: Reading) -> Resource:
    return stack.one("AWS::RDS::DBCluster")


def instances(stack: Reading) -> list[Resource]:
    return stack.all("AWS::RDS::DBInstance")


def function(stack: Reading, handler: str) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == handler]
    return found


def schema(stack: Reading) -> Resource:
    return stack.one("Custom::DatabaseSchema")


def granted(stack: Reading, handler: str) -> dict[str, set[str]]:
    """The actions that the role of a function is allowed, by resource."""
    found: dict[str, set[str]] = {}
    for statement in stack.statements(stack.to(function(stack, handler)["Role"])):
        assert statement["Effect"] == "Allow"
        actions, resources = statement["Action"], statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            found.setdefault(resource, set()).update([actions] if isinstance(actions, str) else actions)
    return found


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, AuroraServerlessStack)
    assert stack.database.cluster.cluster_arn
    assert stack.database.admin_secret.secret_arn
    assert stack.schema.secret.secret_arn
    assert stack.service.alias.alias_name == "live"
    assert stack.network.vpc
    assert stack.monitoring.topic


class TestCluster:
    def test_it_is_postgresql_by_serverless_instances(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["Engine"] == "aurora-postgresql"
        for each in instances(any_stack):
            assert each["DBInstanceClass"] == "db.serverless"
            assert any_stack.to(each["DBClusterIdentifier"]) == cluster(any_stack)

    @pytest.mark.parametrize(("name", "version"), [("sandbox", "17.9"), ("full", "17.7")])
    def test_the_version_and_the_family_of_its_parameters(
        self, read: Callable[[str], Reading], name: str, version: str
    ) -> None:
        assert cluster(read(name))["EngineVersion"] == version
        assert read(name).one("AWS::RDS::DBClusterParameterGroup")["Family"] == "aurora-postgresql17"

    @pytest.mark.parametrize(
        ("name", "capacity"),
        [
            ("sandbox", {"MinCapacity": 0, "MaxCapacity": 8, "SecondsUntilAutoPause": 300}),
            ("production", {"MinCapacity": 2, "MaxCapacity": 8}),
            ("full", {"MinCapacity": 1.5, "MaxCapacity": 64}),
            ("own", {"MinCapacity": 0, "MaxCapacity": 1, "SecondsUntilAutoPause": 86_400}),
        ],
    )
    def test_it_pauses_with_a_minimum_of_0_only(
        self, read: Callable[[str], Reading], name: str, capacity: Mapping[str, float]
    ) -> None:
        assert cluster(read(name))["ServerlessV2ScalingConfiguration"] == capacity

    @pytest.mark.parametrize(("name", "readers"), [("sandbox", 0), ("production", 1), ("full", 3), ("own", 1)])
    def test_readers_are_in_other_azs_and_scale_with_the_writer(
        self, read: Callable[[str], Reading], name: str, readers: int
    ) -> None:
        [writer] = [each for each in instances(read(name)) if each["PromotionTier"] == 0]
        others = [each for each in instances(read(name)) if each != writer]
        assert len(others) == readers
        for each in others:
            assert each["PromotionTier"] == 1
            assert each["AvailabilityZone"] != writer["AvailabilityZone"]
            assert writer.id in read(name).before(each)

    def test_nobody_reaches_it_by_the_network(self, any_stack: Reading) -> None:
        assert all(each["PubliclyAccessible"] is False for each in instances(any_stack))
        [group] = [any_stack.to(each) for each in cluster(any_stack)["VpcSecurityGroupIds"]]
        assert not [rule for each, rule in any_stack.inbound() if each == group]
        [nowhere] = any_stack.outbound(group)
        assert nowhere["CidrIp"] == "255.255.255.255/32"
        subnets = any_stack.one("AWS::RDS::DBSubnetGroup")["SubnetIds"]
        assert [any_stack.to(each) for each in subnets] == any_stack.subnets("isolated")
        assert not any_stack.all("AWS::EC2::NatGateway")

    def test_the_data_api_iam_and_tls(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["EnableHttpEndpoint"] is True
        assert cluster(any_stack)["EnableIAMDatabaseAuthentication"] is True
        parameters = any_stack.to(cluster(any_stack)["DBClusterParameterGroupName"])
        assert parameters["Parameters"] == {"rds.force_ssl": "1"}

    def test_rds_manages_the_secret_of_the_administrator(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in cluster(any_stack).body["Properties"]

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 1), ("production", 14), ("full", 35)])
    def test_backups_are_kept_for_a_time(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        assert cluster(read(name))["BackupRetentionPeriod"] == days

    @pytest.mark.parametrize(
        ("name", "protected", "kept"),
        [("sandbox", False, "Delete"), ("production", True, "Snapshot"), ("full", True, "Snapshot")],
    )
    def test_production_is_protected_and_leaves_a_snapshot(
        self, read: Callable[[str], Reading], name: str, protected: bool, kept: str
    ) -> None:
        assert cluster(read(name))["DeletionProtection"] is protected
        assert cluster(read(name)).kept == (kept, kept)

    def test_the_identifier_is_fixed_and_new_for_each_stack(self, any_stack: Reading) -> None:
        """So CloudFormation cannot replace the cluster, and a stack can be created again beside a retained cluster."""
        start, unique = cluster(any_stack)["DBClusterIdentifier"]["Fn::Join"][1]
        assert start == start.lower()
        assert len(start) <= 63 - len("-12345678")
        assert "AWS::StackId" in str(unique)

    def test_a_snapshot_is_where_it_comes_from(self, sandbox: Reading, full: Reading) -> None:
        assert cluster(full)["SnapshotIdentifier"] == EVERY_OPTION["snapshot_arn"]
        assert "DatabaseName" not in cluster(full).body["Properties"]
        assert cluster(sandbox)["DatabaseName"] == "app"
        assert "SnapshotIdentifier" not in cluster(sandbox).body["Properties"]

    def test_the_log_group_is_there_before_aurora_would_make_it(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["EnableCloudwatchLogsExports"] == ["postgresql"]
        [group] = [each for each in any_stack.all("AWS::Logs::LogGroup") if each.get("LogGroupName")]
        name = any_stack.shown(cluster(any_stack)["DBClusterIdentifier"])
        assert any_stack.shown(group["LogGroupName"]) == f"/aws/rds/cluster/{name}/postgresql"
        assert group.id in any_stack.before(cluster(any_stack))

    def test_insights_in_production(self, sandbox: Reading, production: Reading) -> None:
        assert cluster(production)["DatabaseInsightsMode"] == "advanced"
        assert cluster(production)["PerformanceInsightsRetentionPeriod"] == 465
        assert "DatabaseInsightsMode" not in cluster(sandbox).body["Properties"]


class TestEncryption:
    def test_always_and_with_one_key_in_production(self, sandbox: Reading, production: Reading) -> None:
        assert cluster(sandbox)["StorageEncrypted"] is True
        assert not sandbox.all("AWS::KMS::Key")
        key = production.one("AWS::KMS::Key")
        assert cluster(production)["StorageEncrypted"] is True
        for used in (
            cluster(production)["KmsKeyId"],
            cluster(production)["MasterUserSecret"]["KmsKeyId"],
            cluster(production)["PerformanceInsightsKmsKeyId"],
            production.one("AWS::SecretsManager::Secret")["KmsKeyId"],
            production.one("AWS::SNS::Topic")["KmsMasterKeyId"],
            *(each["KmsKeyId"] for each in production.all("AWS::Logs::LogGroup")),
            *(each["KmsKeyArn"] for each in production.all("AWS::Lambda::Function")),
        ):
            assert production.to(used) == key

    def test_the_secret_of_a_restored_cluster_has_the_key(self, full: Reading) -> None:
        assert full.to(cluster(full)["MasterUserSecret"]["KmsKeyId"]) == full.one("AWS::KMS::Key")

    def test_the_policy_of_the_key_names_services_only(self, production: Reading) -> None:
        """A key of your own does not take statements, so nothing may depend on them."""
        statements = production.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        assert [set(each["Principal"]) for each in statements] == [{"AWS"}, {"Service"}, {"Service"}]


class TestSchema:
    def test_its_version_is_the_last_migration(self, any_stack: Reading) -> None:
        migrations = catalog.load()
        assert schema(any_stack)["Version"] == str(len(migrations))
        assert schema(any_stack)["Checksum"] == catalog.checksum(migrations)
        assert any_stack.shown(schema(any_stack)["ClusterArn"]) == CLUSTER_ARN

    def test_another_secret_makes_it_set_the_password_again(self, any_stack: Reading) -> None:
        assert any_stack.shown(schema(any_stack)["AppSecretArn"]) == APP_SECRET

    def test_no_framework_stands_between_cloudformation_and_the_function(self, any_stack: Reading) -> None:
        assert any_stack.to(schema(any_stack)["ServiceToken"]) == function(any_stack, "migrate.handler")
        assert len(any_stack.all("AWS::Lambda::Function")) == 2

    def test_the_function_ends_before_cloudformation_gives_up(self, any_stack: Reading) -> None:
        timeout = function(any_stack, "migrate.handler")["Timeout"]
        assert timeout < int(schema(any_stack)["ServiceTimeout"]) <= 900

    def test_it_needs_every_instance_its_permissions_and_the_rule_that_reports_a_failure(
        self, any_stack: Reading
    ) -> None:
        role = any_stack.to(function(any_stack, "migrate.handler")["Role"])
        policies = [each for each in any_stack.all("AWS::IAM::Policy") if role in map(any_stack.to, each["Roles"])]
        rules = [each for each in any_stack.all("AWS::Events::Rule") if schema(any_stack).id in str(each.body)]
        needed = {each.id for each in (*instances(any_stack), *policies, *rules)}
        assert len(needed) == len(instances(any_stack)) + 2
        assert needed <= any_stack.before(schema(any_stack))

    def test_the_service_is_called_after_it(self, any_stack: Reading) -> None:
        assert schema(any_stack).id in any_stack.before(any_stack.one("AWS::Lambda::Alias"))

    def test_the_secret_of_the_application_rotates(self, any_stack: Reading) -> None:
        secret, migrate = any_stack.one("AWS::SecretsManager::Secret"), function(any_stack, "migrate.handler")
        generated = secret["GenerateSecretString"]
        assert (generated["SecretStringTemplate"], generated["GenerateStringKey"]) == ('{"username":"app"}', "password")
        schedule = any_stack.one("AWS::SecretsManager::RotationSchedule")
        assert any_stack.to(schedule["SecretId"]) == secret
        assert any_stack.to(schedule["RotationLambdaARN"]) == migrate
        assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
        assert schema(any_stack).id in any_stack.before(schedule), "the first rotation needs the database user"

    def test_secrets_manager_may_call_it_for_this_secret_only(self, any_stack: Reading) -> None:
        permission = any_stack.one("AWS::Lambda::Permission")
        assert permission["Principal"] == "secretsmanager.amazonaws.com"
        assert any_stack.shown(permission["SourceArn"]) == APP_SECRET
        assert any_stack.shown(permission["SourceAccount"]) == "${AWS::AccountId}"
        assert permission.id in any_stack.before(any_stack.one("AWS::SecretsManager::RotationSchedule"))

    def test_it_may_migrate_and_rotate(self, any_stack: Reading) -> None:
        rotate = {
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        }
        expected = {
            "${AWS::Logs::LogGroup.Arn}": LOGS,
            CLUSTER_ARN: {"rds-data:ExecuteStatement", *TRANSACTION},
            ADMIN_SECRET: {READ},
            APP_SECRET: {READ, *rotate},
        }
        if any_stack.all("AWS::KMS::Key"):
            expected["${AWS::KMS::Key.Arn}"] = {"kms:Decrypt", "kms:GenerateDataKey"}
        assert granted(any_stack, "migrate.handler") == expected

    @pytest.mark.parametrize(
        ("handler", "actions"), [("migrate.handler", {"kms:GenerateDataKey"}), ("service.handler", set())]
    )
    def test_they_use_the_key_for_secrets_by_secrets_manager_only(
        self, production: Reading, handler: str, actions: set[str]
    ) -> None:
        role = production.to(function(production, handler)["Role"])
        statements = [
            statement
            for policy in production.all("AWS::IAM::Policy")
            if role in map(production.to, policy["Roles"])
            for statement in policy["PolicyDocument"]["Statement"]
            if "kms:" in str(statement["Action"])
        ]
        [free] = [each for each in statements if "Condition" not in each]
        assert free["Action"] == "kms:Decrypt", "Lambda decrypts the environment variables"
        bound = [each for each in statements if "Condition" in each]
        via = "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"
        assert all(production.shown(each["Condition"]) == {"StringEquals": {"kms:ViaService": [via]}} for each in bound)
        found = {
            name for each in bound for name in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        }
        assert found == {"kms:Decrypt"} | actions


class TestService:
    def test_it_may_run_statements_as_the_application_only(self, any_stack: Reading) -> None:
        expected = {
            "${AWS::Logs::LogGroup.Arn}": LOGS,
            "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
            CLUSTER_ARN: {"rds-data:ExecuteStatement"},
            APP_SECRET: {READ},
        }
        if any_stack.all("AWS::KMS::Key"):
            expected["${AWS::KMS::Key.Arn}"] = {"kms:Decrypt"}
        assert granted(any_stack, "service.handler") == expected

    def test_its_variables(self, any_stack: Reading) -> None:
        variables = function(any_stack, "service.handler")["Environment"]["Variables"]
        assert any_stack.shown(variables) == {
            "CLUSTER_ARN": CLUSTER_ARN,
            "DATABASE_NAME": "app",
            "SECRET_ARN": APP_SECRET,
        }

    def test_it_waits_for_a_database_that_resumes(self, any_stack: Reading) -> None:
        module = ast.parse((PACKAGE / "service.py").read_text(encoding="utf-8"))
        [needed] = [
            node.value.value
            for node in module.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and ast.unparse(node.targets[0]) == "TIMEOUT"
        ]
        assert function(any_stack, "service.handler")["Timeout"] == TIMEOUT == needed

    def test_it_needs_no_vpc(self, any_stack: Reading) -> None:
        for each in any_stack.all("AWS::Lambda::Function"):
            assert "VpcConfig" not in each.body["Properties"]
            assert (each["Runtime"], each["Architectures"]) == ("python3.14", ["arm64"])


class TestOperation:
    @pytest.mark.parametrize("name", ["sandbox", "production", "full", "own"])
    def test_alarms_notify_the_topic(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        check_that_alarms_notify(stack, page="docs/aurora-serverless.md")
        expected = {
            *("DatabaseDown", "MaximumCapacity", "DatabaseMemory", "DatabaseConnections", "Deadlocks"),
            *("FailedRotations", "FailedCalls", "ThrottledCalls", "SlowCalls"),
        }
        assert alarms_of(stack).keys() == expected | ({"ReplicaLag"} if name != "sandbox" else set())

    def test_they_watch_the_cluster(self, any_stack: Reading) -> None:
        for name, alarm in alarms_of(any_stack).items():
            for dimensions in dimensions_of(any_stack, alarm):
                if name not in ("FailedRotations", "FailedCalls", "ThrottledCalls", "SlowCalls"):
                    assert dimensions == {"DBClusterIdentifier": "${AWS::RDS::DBCluster}"}, name

    def test_a_silent_database_is_down(self, any_stack: Reading) -> None:
        alarm = alarms_of(any_stack)["DatabaseDown"]
        assert rings(alarm) == (7, 15, "breaching")
        assert expression_of(alarm) == "1 - FILL(samples, 0)"

    @pytest.mark.parametrize(("name", "connections"), [("sandbox", 1210), ("production", 1210), ("full", 4000)])
    def test_thresholds_follow_the_capacity(self, read: Callable[[str], Reading], name: str, connections: int) -> None:
        assert alarms_of(read(name))["DatabaseConnections"]["Threshold"] == connections
        assert alarms_of(read(name))["SlowCalls"]["Threshold"] == 48_000

    def test_failovers_and_failed_migrations_are_messages(self, production: Reading) -> None:
        patterns = [each["EventPattern"] for each in production.all("AWS::Events::Rule")]
        [database] = [each for each in patterns if each["source"] == ["aws.rds"]]
        assert database["detail"]["EventCategories"] == ["failover", "failure", "low storage"]
        sources = [production.to(each) for each in database["detail"]["SourceIdentifier"]]
        assert sources == [cluster(production), *instances(production)]
        [migration] = [each for each in patterns if each["source"] == ["aws.cloudformation"]]
        assert production.shown(migration["detail"]["stack-id"]) == ["${AWS::StackId}"]
        assert migration["detail"]["logical-resource-id"] == [schema(production).id]

    @pytest.mark.parametrize(("name", "kept"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_production_keeps_logs_and_key(self, read: Callable[[str], Reading], name: str, kept: str) -> None:
        for resource in (*read(name).all("AWS::KMS::Key"), *read(name).all("AWS::Logs::LogGroup")):
            assert resource.kept[0] == kept

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_logs_are_kept_for_a_time(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        assert {each["RetentionInDays"] for each in read(name).all("AWS::Logs::LogGroup")} == {days}

    def test_outputs(self, any_stack: Reading) -> None:
        assert any_stack.document["Outputs"].keys() == {
            *("AddNoteCommand", "ClusterArn", "AdminSecretArn", "LogGroupName", "DashboardUrl"),
        }
        command = any_stack.output("AddNoteCommand")
        assert command.startswith("aws lambda invoke --function-name ${AWS::Lambda::Function} --qualifier live ")
        assert any_stack.output("AdminSecretArn") == ADMIN_SECRET


# Wrong settings, each with the part of its message.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"min_acu": 0.25}, "min_acu", "multiple of 0.5"),
    ({"min_acu": -0.5}, "min_acu", "from 0 to 256"),
    ({"min_acu": 256.5}, "min_acu", "from 0 to 256"),
    ({"max_acu": 0.5}, "max_acu", "from 1 to 256"),
    ({"max_acu": 8.1}, "max_acu", "multiple of 0.5"),
    ({"min_acu": 9}, "max_acu", "at least min_acu (9), got 8"),
    ({"posture": "production", "max_acu": 1}, "max_acu", "at least min_acu (2), got 1"),
    ({"min_acu": 1, "pause_after_seconds": 600}, "pause_after_seconds", "requires min_acu of 0, got 1"),
    ({"posture": "production", "pause_after_seconds": 600}, "pause_after_seconds", "requires min_acu of 0, got 2"),
    ({"pause_after_seconds": 299}, "pause_after_seconds", "300 to 86,400"),
    ({"pause_after_seconds": 86_401}, "pause_after_seconds", "300 to 86,400"),
    ({"readers": 16}, "readers", "0 to 15"),
    ({"backup_retention_days": 0}, "backup_retention_days", "1 to 35"),
    ({"backup_retention_days": 36}, "backup_retention_days", "1 to 35"),
    ({"engine_version": "16.2"}, "engine_version", "16.11, 16.13, 17.7, 17.9"),
    (
        {"snapshot_arn": "arn:aws:rds:eu-west-1:111122223333:snapshot:of-an-instance"},
        "snapshot_arn",
        "cluster-snapshot",
    ),
]


@pytest.mark.parametrize(("settings", "setting", "part"), REFUSED)
def test_wrong_settings_are_refused(settings: dict[str, Any], setting: str, part: str) -> None:
    found = refusal(PATTERN, **settings)
    assert found.keys() == {setting}
    assert part in found[setting]


@pytest.mark.parametrize("name", ["before-the-change", "rds:app-2026-11-28-03-07", "awsbackup:job-1a2b3c4d"])
def test_snapshots_of_people_of_aurora_and_of_aws_backup(name: str) -> None:
    arn = f"arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:{name}"
    settings = load_settings(PATTERN.settings_type, {"snapshot_arn": arn})
    assert settings.model_dump()["snapshot_arn"] == arn


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"min_acu": 0.3}, "min_acu must be 0 to 256 ACUs in steps of 0.5, got 0.3"),
        ({"max_acu": 0.5}, "max_acu must be 1 to 256 ACUs"),
        ({"min_acu": 4, "max_acu": 2}, "max_acu must be at least min_acu (4), got 2"),
        ({"pause_after_seconds": 60}, "pause_after_seconds must be 300 to 86,400 seconds"),
        ({"min_acu": 1, "pause_after_seconds": 600}, "requires min_acu of 0"),
        ({"readers": 16}, "readers must be at most 15 readers"),
        ({"backup_retention_days": 0}, "backup_retention_days must be 1 to 35 days"),
    ],
)
def test_the_construct_refuses_them_before_it_creates_anything(arguments: dict[str, Any], part: str) -> None:
    stack = cdk.Stack(unchecked_app(), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"])
    with pytest.raises(ValueError, match=re.escape(part)):
        ServerlessDatabase(stack, "Database", vpc=vpc, posture=SANDBOX, **arguments)
    assert stack.node.try_find_child("Database") is None


def test_a_vpc_of_your_own_gives_subnets_and_azs(tmp_path: Path) -> None:
    stack = cdk.Stack(unchecked_app(tmp_path), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-1", "subnet-2"],
    )
    ServerlessDatabase(stack, "Database", vpc=vpc, posture=PRODUCTION, readers=2)
    reading = Reading(stack)
    assert reading.one("AWS::RDS::DBSubnetGroup")["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert [each["AvailabilityZone"] for each in instances(reading)] == ["eu-west-1a", "eu-west-1b", "eu-west-1b"]


def test_a_database_needs_two_azs(tmp_path: Path) -> None:
    stack = cdk.Stack(unchecked_app(tmp_path), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-west-1a"], isolated_subnet_ids=["subnet-1"]
    )
    with pytest.raises(ValueError, match="subnets must be in at least two AZs, got 1"):
        ServerlessDatabase(stack, "Database", vpc=vpc, posture=SANDBOX)


def test_an_incomplete_version_may_pause() -> None:
    assert pauses("16") is None
    assert pauses("16.2") is False
    assert pauses("16.3") is True
    assert pauses("12.20") is False
    assert pauses("18.1") is True


def test_connections_are_estimated_below_the_numbers_of_aws() -> None:
    for acu, documented in ((1, 189), (4, 823), (8, 1_669), (16, 3_360), (32, 5_000), (256, 5_000)):
        assert 0.9 * documented <= max_connections(min_acu=1, max_acu=acu) <= documented
    assert max_connections(min_acu=0.5, max_acu=32) == 2_000


class TestDrawing(DrawingPromises):
    """What docs/aurora-serverless.d2 shows."""
