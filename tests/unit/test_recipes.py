"""The recipes of docs/recipes: each is short, linted and free of findings, and does what it promises."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
import snapshot_restore_py
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from moto import mock_aws

import app as book
from patternbook import LiveFunction, LogGroup, PatternbookRules, Provisioned, Task
from patternbook.posture import POSTURES, SANDBOX
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import feature_flags, unchecked_app

FOLDER = Path(__file__).parents[2] / "docs" / "recipes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")
WORK = Path(__file__).parents[2] / "stacks/lambda_concurrency/runtime"
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"

SUBJECTS = {
    "auto-mode-ingress": "Custom::AWSCDK-EKS-KubernetesResource",
    "cluster-options": "AWS::EKS::Capability",
    "distributed-map": "AWS::StepFunctions::StateMachine",
    "edge-redirects": "AWS::CloudFront::Function",
    "global-table": "AWS::DynamoDB::GlobalTable",
    "function-in-vpc": "AWS::Lambda::Function",
    "karpenter": "AWS::EKS::Cluster",
    "large-file": "AWS::Lambda::Function",
    "load-balancer-controller": "Custom::AWSCDK-EKS-HelmChart",
    "snap-start": "AWS::Lambda::Function",
    "teams-and-applications": "AWS::EKS::AccessEntry",
    "table-stream": "AWS::Lambda::EventSourceMapping",
    "web-acl-for-api": "AWS::CloudFront::Distribution",
}
"""What a recipe is about, if it is not a service of ECS."""
Recipes = Callable[..., Reading]


def code(name: str, language: str = "python") -> str:
    page = (FOLDER / f"{name}.md").read_text("utf-8")
    [block] = re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return block


def checked_app(outdir: Path) -> cdk.App:
    """An app that CDK's validation, cdk-nag and our own rules check."""
    app = cdk.App(context=feature_flags(book.CDK_JSON), outdir=str(outdir))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), PatternbookRules())
    return app


def findings(app: cdk.App, outdir: Path) -> list[str]:
    """The rules that find something in the app."""
    with suppress(RuntimeError):  # CDK raises where there is a finding
        app.synth()
    reports = json.loads((outdir / "validation-report.json").read_text("utf-8"))["pluginReports"]
    return [violation["ruleName"] for report in reports for violation in report["violations"]]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipes:
    """Synthesizes a recipe in a posture, and checks that nothing finds anything in it."""

    @cache
    def make(name: str, posture: str = "sandbox") -> Reading:
        names: dict[str, Any] = {}
        exec(compile(code(name), f"{name}.md", "exec"), names)
        [stack_type] = [each for name, each in names.items() if name.endswith("Stack") and each is not cdk.Stack]
        outdir = tmp_path_factory.mktemp(name)
        app = checked_app(outdir)
        company = cdk.Stack(app, "Company")
        given = {
            "zone": route53.PublicHostedZone(company, "Zone", zone_name="example.com"),
            "package": WORK,
            "bucket": s3.Bucket.from_bucket_name(company, "Bucket", "company-models"),
            "version": "version-1",
            "instance_arn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
            "certificate": acm.Certificate.from_certificate_arn(company, "Certificate", CERTIFICATE),
        }
        arguments = {argument: value for argument, value in given.items() if re.search(rf", {argument}: ", code(name))}
        stack = stack_type(app, "Recipe", posture=POSTURES[posture], **arguments)
        assert findings(app, outdir) == []
        return Reading(stack)

    return make


def containers(stack: Reading) -> dict[str, dict[str, Any]]:
    return {item["Name"]: item for item in stack.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]}


def role(stack: Reading, kind: str) -> list[dict[str, Any]]:
    return stack.statements(stack.to(stack.one("AWS::ECS::TaskDefinition")[kind]))


def test_a_recipe_with_faults_would_be_found(tmp_path: Path) -> None:
    app = checked_app(tmp_path)
    stack = cdk.Stack(app, "Faulty")
    s3.Bucket(stack, "Bucket")
    percent = ecs.CfnService.DeploymentConfigurationProperty(minimum_healthy_percent=100, maximum_percent=100)
    ecs.CfnService(stack, "Service", cluster="default", task_definition="web:1", deployment_configuration=percent)
    assert {"AwsSolutions-S1", "ecs-rolling-percent"} <= set(findings(app, tmp_path))


@pytest.mark.parametrize("name", NAMES)
class TestEveryRecipe:
    @pytest.mark.parametrize("posture", POSTURES)
    def test_no_finding(self, recipe: Recipes, name: str, posture: str) -> None:
        assert recipe(name, posture).all(SUBJECTS.get(name, "AWS::ECS::Service"))

    def test_it_is_short(self, name: str) -> None:
        lines = [line for line in code(name).splitlines() if line and not re.match("(from|import) ", line)]
        assert 0 < len(lines) <= 20

    def test_it_is_linted(self, name: str) -> None:
        for command in (["check"], ["format", "--check"]):
            ruff = [
                sys.executable,
                "-m",
                "ruff",
                *command,
                "--stdin-filename",
                "docs/recipe.py",
                "-",
            ]
            result = subprocess.run(ruff, input=code(name), capture_output=True, text=True, check=False)
            assert result.returncode == 0, result.stdout + result.stderr

    def test_the_index_has_it(self, name: str) -> None:
        assert f"({name}.md)" in (FOLDER / "README.md").read_text("utf-8")


class TestTracing:
    def test_a_collector_that_the_task_can_do_without(self, recipe: Recipes) -> None:
        collector = containers(recipe("tracing"))["collector"]
        assert (collector["Essential"], collector["ReadonlyRootFilesystem"]) == (False, True)
        assert collector.get("User", "aoc") != "root"

    def test_the_task_role_may_put_traces_only(self, recipe: Recipes) -> None:
        assert role(recipe("tracing", "production"), "TaskRoleArn") == [
            {"Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Effect": "Allow", "Resource": "*"}
        ]

    def test_production_has_an_endpoint_of_x_ray(self, recipe: Recipes) -> None:
        stack = recipe("tracing", "production")
        names = [stack.shown(endpoint["ServiceName"]) for endpoint in stack.all("AWS::EC2::VPCEndpoint")]
        assert "com.amazonaws.${AWS::Region}.xray" in names


class TestFirelens:
    def test_the_log_goes_through_the_router(self, recipe: Recipes) -> None:
        both = containers(recipe("firelens"))
        assert both["web"]["LogConfiguration"]["LogDriver"] == "awsfirelens"
        assert both["web"]["LogConfiguration"]["Options"]["Name"] == "cloudwatch_logs"
        assert both["log-router"]["FirelensConfiguration"]["Type"] == "fluentbit"
        assert both["log-router"]["LogConfiguration"]["LogDriver"] == "awslogs"

    def test_only_the_router_is_root(self, recipe: Recipes) -> None:
        both = containers(recipe("firelens"))
        assert (both["web"]["User"], both["web"]["ReadonlyRootFilesystem"]) == ("1000:1000", True)
        assert both["log-router"]["User"] == "0"

    def test_the_task_role_writes_to_one_log_group(self, recipe: Recipes) -> None:
        [statement] = role(recipe("firelens", "production"), "TaskRoleArn")
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert statement["Resource"] == "${AWS::Logs::LogGroup.Arn}"


def server_and_client(stack: Reading) -> list[Resource]:
    return sorted(
        stack.all("AWS::ECS::Service"), key=lambda item: not item["ServiceConnectConfiguration"].get("Services")
    )


class TestServiceConnect:
    def test_the_client_finds_the_server_by_name(self, recipe: Recipes) -> None:
        stack = recipe("service-connect")
        both = [service["ServiceConnectConfiguration"] for service in stack.all("AWS::ECS::Service")]
        assert all(each["Enabled"] for each in both)
        [[offered]] = [each["Services"] for each in both if each.get("Services")]
        assert (offered["PortName"], offered["ClientAliases"]) == ("api", [{"DnsName": "api", "Port": 8080}])

    def test_client_and_server_may_talk_before_they_run(self, recipe: Recipes) -> None:
        stack = recipe("service-connect")
        _server, client = server_and_client(stack)
        types = {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}
        rules = [item for kind in types for item in stack.all(kind) if item["FromPort"] == 8080]
        assert {rule.type for rule in rules} == types
        assert {rule.id for rule in rules} <= stack.before(client)

    def test_the_server_is_there_first(self, recipe: Recipes) -> None:
        stack = recipe("service-connect")
        server, client = server_and_client(stack)
        assert server.id in stack.before(client)


class TestDualStack:
    def test_every_subnet_has_ipv6(self, recipe: Recipes) -> None:
        assert all(subnet["Ipv6CidrBlock"] for subnet in recipe("dual-stack").all("AWS::EC2::Subnet"))

    def test_nobody_reaches_private_subnets_by_ipv6(self, recipe: Recipes) -> None:
        stack = recipe("dual-stack")
        by_ipv6 = [route for route in stack.all("AWS::EC2::Route") if route.get("DestinationIpv6CidrBlock") == "::/0"]
        out = [route for route in by_ipv6 if route.get("EgressOnlyInternetGatewayId")]
        assert len(out) == len(stack.subnets("private"))
        assert len(by_ipv6) == len(out) + len(stack.subnets("public"))

    def test_the_load_balancer_serves_ipv6(self, recipe: Recipes) -> None:
        stack = recipe("dual-stack")
        assert stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["IpAddressType"] == "dualstack"
        admitted = {rule["FromPort"] for _, rule in stack.inbound() if rule.get("CidrIpv6") == "::/0"}
        assert admitted == {80, 443}

    def test_the_name_leads_to_the_load_balancer_by_ipv6(self, recipe: Recipes) -> None:
        records = {each["Type"]: each["Name"] for each in recipe("dual-stack").all("AWS::Route53::RecordSet")}
        assert records == {"A": "www.example.com.", "AAAA": "www.example.com."}

    def test_tasks_reach_https_by_ipv6_only(self, recipe: Recipes) -> None:
        stack = recipe("dual-stack")
        ports = {
            rule["FromPort"]
            for group in stack.all("AWS::EC2::SecurityGroup")
            for rule in stack.outbound(group)
            if rule.get("CidrIpv6")
        }
        assert ports == {443}


class TestGuardDuty:
    def test_the_execution_role_pulls_the_agent_and_nothing_else(self, recipe: Recipes) -> None:
        pulling = [item for item in role(recipe("guardduty"), "ExecutionRoleArn") if "ecr:" in json.dumps(item)]
        assert [item["Resource"] for item in pulling] == [
            "arn:${AWS::Partition}:ecr:${AWS::Region}:*:repository/aws-guardduty-agent-fargate",
            "*",
        ]
        assert pulling[1]["Action"] == "ecr:GetAuthorizationToken"

    @pytest.mark.parametrize(
        "compatibility", [ecs.Compatibility.EC2, ecs.Compatibility.EXTERNAL, ecs.Compatibility.MANAGED_INSTANCES]
    )
    def test_it_is_refused_where_the_task_gets_no_agent(self, compatibility: ecs.Compatibility) -> None:
        stack = cdk.Stack(unchecked_app(), "Stack")
        logs = LogGroup(stack, "Logs", posture=SANDBOX)
        with pytest.raises(ValueError, match=f"must be False with compatibility {compatibility.name}, got True"):
            Task(
                stack,
                "Task",
                posture=SANDBOX,
                image="public.ecr.aws/docker/library/busybox:1.37",
                log_group=logs,
                compatibility=compatibility,
                guard_duty=True,
            )


class TestBlueGreen:
    def test_requests_shift_between_two_target_groups(self, recipe: Recipes) -> None:
        stack = recipe("blue-green")
        service = stack.one("AWS::ECS::Service")
        assert service["DeploymentConfiguration"]["Strategy"] == "BLUE_GREEN"
        [balancer] = service["LoadBalancers"]
        groups = {
            stack.to(balancer["TargetGroupArn"]).id,
            stack.to(balancer["AdvancedConfiguration"]["AlternateTargetGroupArn"]).id,
        }
        assert groups == {group.id for group in stack.all("AWS::ElasticLoadBalancingV2::TargetGroup")}


class TestWebAclForApi:
    def test_requests_pass_the_web_acl_and_no_cache(self, recipe: Recipes) -> None:
        config = recipe("web-acl-for-api").one("AWS::CloudFront::Distribution")["DistributionConfig"]
        assert ":global/webacl/" in config["WebACLId"]
        behavior = config["DefaultCacheBehavior"]
        assert {"GET", "POST", "PUT", "DELETE"} <= set(behavior["AllowedMethods"])
        assert behavior["ViewerProtocolPolicy"] == "https-only"


class TestEdgeRedirects:
    def test_the_function_sees_each_request_of_the_site(self, recipe: Recipes) -> None:
        stack = recipe("edge-redirects")
        behavior = stack.one("AWS::CloudFront::Distribution")["DistributionConfig"]["DefaultCacheBehavior"]
        [association] = behavior["FunctionAssociations"]
        assert association["EventType"] == "viewer-request"
        assert stack.to(association["FunctionARN"]) == stack.one("AWS::CloudFront::Function")

    def test_the_function_has_the_store(self, recipe: Recipes) -> None:
        stack = recipe("edge-redirects")
        function, store = stack.one("AWS::CloudFront::Function"), stack.one("AWS::CloudFront::KeyValueStore")
        [association] = function["FunctionConfig"]["KeyValueStoreAssociations"]
        assert stack.to(association["KeyValueStoreARN"]) == store
        assert function["AutoPublish"] is True
        assert store["ImportSource"]["SourceType"] == "S3"


class TestTableStream:
    def test_a_record_that_fails_blocks_nothing(self, recipe: Recipes) -> None:
        stack = recipe("table-stream")
        mapping = stack.one("AWS::Lambda::EventSourceMapping")
        assert (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]) == (5, 6 * 3600)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert stack.to(mapping["DestinationConfig"]["OnFailure"]["Destination"]).type == "AWS::SQS::Queue"
        assert stack.one("AWS::DynamoDB::GlobalTable")["StreamSpecification"] == {
            "StreamViewType": "NEW_AND_OLD_IMAGES"
        }


class TestDistributedMap:
    def test_each_object_is_a_workflow_and_few_may_fail(self, recipe: Recipes) -> None:
        stack = recipe("distributed-map")
        text = stack.shown(stack.one("AWS::StepFunctions::StateMachine")["DefinitionString"])
        day = json.loads(text)["States"]["Day"]
        assert day["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        assert day["ItemReader"]["Resource"].endswith(":s3:listObjectsV2")
        assert (day["ToleratedFailurePercentage"], day["MaxConcurrency"]) == (5, 100)
        # The Map state collects what the runs return, and may return 256 KiB itself.
        [one] = day["ItemProcessor"]["States"].values()
        assert one["Output"] == {}

    def test_the_function_reads_the_documents_and_the_workflow_lists_them(self, recipe: Recipes) -> None:
        stack = recipe("distributed-map")
        [function] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == "work.handler"]
        machine = stack.one("AWS::StepFunctions::StateMachine")
        for role, reads in ((stack.to(function["Role"]), True), (stack.to(machine["RoleArn"]), False)):
            actions = str([each["Action"] for each in stack.statements(role)])
            assert ("s3:GetObject" in actions, "s3:ListBucket" in actions) == (reads, True)

    def test_the_workflow_may_start_itself_before_anybody_starts_it(self, recipe: Recipes) -> None:
        stack = recipe("distributed-map")
        machine = stack.one("AWS::StepFunctions::StateMachine")
        statements = stack.statements(stack.to(machine["RoleArn"]))
        allowed = {each["Action"]: each["Resource"] for each in statements if isinstance(each["Action"], str)}
        execution = "execution:${AWS::StepFunctions::StateMachine.Name}"
        assert allowed["states:StartExecution"] == "${AWS::StepFunctions::StateMachine}"
        assert allowed["states:DescribeExecution"].endswith(f":{execution}:*")
        assert allowed["states:RedriveExecution"].endswith(f":{execution}/*")
        [policy] = [each for each in stack.all("AWS::IAM::Policy") if "MapRuns" in each.id]
        assert policy.id in stack.before(stack.one("AWS::StepFunctions::StateMachineAlias"))


class TestGlobalTable:
    def test_both_replicas_are_protected_in_production(self, recipe: Recipes) -> None:
        replicas = recipe("global-table", "production").one("AWS::DynamoDB::GlobalTable")["Replicas"]
        assert {each["Region"] for each in replicas} == {"eu-west-1", "eu-central-1"}
        for each in replicas:
            assert each["DeletionProtectionEnabled"] is True
            assert each["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


class TestLargeFile:
    def test_the_function_may_read_this_file_only(self, recipe: Recipes) -> None:
        stack = recipe("large-file")
        function = stack.one("AWS::Lambda::Function")
        assert function["Environment"]["Variables"] == {"BUCKET_NAME": "company-models", "VERSION_ID": "version-1"}
        reading = [each for each in stack.statements(stack.to(function["Role"])) if "s3:" in str(each["Action"])]
        assert [(each["Action"], each["Resource"]) for each in reading] == [
            ("s3:GetObjectVersion", "arn:${AWS::Partition}:s3:::company-models/model.bin")
        ]

    def test_an_environment_loads_it_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A start loads the version that the variables name, not the newest one. An event loads nothing."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            client = boto3.client("s3")
            bucket = {"Bucket": "company-models"}
            client.create_bucket(**bucket)
            client.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
            old, _ = [client.put_object(**bucket, Key="model.bin", Body=body) for body in (b"old", b"newer")]
            monkeypatch.setenv("BUCKET_NAME", bucket["Bucket"])
            monkeypatch.setenv("VERSION_ID", old["VersionId"])
            names: dict[str, Any] = {}
            exec(code("large-file", "py").replace('"/tmp/', f'"{tmp_path}/'), names)
        assert (tmp_path / "model.bin").read_bytes() == b"old"
        assert [names["handler"]({}, None) for _ in range(2)] == [{"bytes": 3}, {"bytes": 3}]


class TestKarpenter:
    def test_it_is_watched(self, recipe: Recipes) -> None:
        stack = recipe("karpenter")
        ages = [each for each in stack.all("AWS::CloudWatch::Alarm") if each["Namespace"] == "AWS/SQS"]
        [alarm] = ages
        [dimension] = alarm["Dimensions"]
        assert stack.to(dimension["Value"]).type == "AWS::SQS::Queue"

    def test_its_controller_runs_on_a_managed_node_group(self, recipe: Recipes) -> None:
        stack = recipe("karpenter", "production")
        [controller] = [each for each in stack.all("Custom::AWSCDK-EKS-HelmChart") if each["Chart"] == "karpenter"]
        assert stack.one("AWS::EKS::Nodegroup").id in stack.before(controller)
        assert stack.one("AWS::EKS::Nodegroup")["ScalingConfig"]["MinSize"] >= 2


class TestClusterOptions:
    def test_the_cluster_takes_part_in_zonal_shifts(self, recipe: Recipes) -> None:
        assert recipe("cluster-options").one("AWS::EKS::Cluster")["ZonalShiftConfig"] == {"Enabled": True}

    def test_the_control_plane_has_a_tier(self, recipe: Recipes) -> None:
        tier = recipe("cluster-options").one("AWS::EKS::Cluster")["ControlPlaneScalingConfig"]["Tier"]
        shape = boto3.client("eks", region_name="eu-west-1").meta.service_model.shape_for("ProvisionedControlPlaneTier")
        assert tier in shape.enum
        tiers = {each for each in shape.enum if each != "standard"}
        assert {each for each in tiers if f"`{each}`" in (FOLDER / "cluster-options.md").read_text("utf-8")} == tiers

    def test_argo_cd_acts_as_a_role_that_may_do_nothing_yet(self, recipe: Recipes) -> None:
        stack = recipe("cluster-options")
        capability = stack.one("AWS::EKS::Capability")
        assert (capability["Type"], capability["DeletePropagationPolicy"]) == ("ARGOCD", "RETAIN")
        assert capability["Configuration"]["ArgoCd"]["AwsIdc"]["IdcInstanceArn"].startswith("arn:aws:sso:::instance/")
        acting = stack.to(capability["RoleArn"])
        [statement] = acting["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "capabilities.eks.amazonaws.com"}
        assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
        assert stack.statements(acting) == []


class TestSnapStart:
    def test_versions_have_a_snapshot(self, recipe: Recipes) -> None:
        assert recipe("snap-start").one("AWS::Lambda::Function")["SnapStart"] == {"ApplyOn": "PublishedVersions"}

    def test_after_a_start_numbers_differ_from_those_of_the_snapshot(self) -> None:
        """Lambda's Python has the library, and so has its runtime interface client."""
        names: dict[str, Any] = {}
        exec(code("snap-start", "py"), names)
        state = random.getstate()
        registered: list[Any] = snapshot_restore_py.get_after_restore()
        [hook] = [hook for hook, *_ in registered if hook is names["seed_again"]]
        drawn = []
        for _ in range(2):
            random.setstate(state)
            hook()
            drawn.append(random.random())
        assert drawn[0] != drawn[1]

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"provisioned": Provisioned(min_environments=1)}, "snap_start must be false with provisioned concurrency"),
            ({"ephemeral_storage_mib": 513}, "ephemeral_storage_mib must be 512 MiB with snap_start, got 513"),
        ],
    )
    def test_what_lambda_refuses_beside_it(self, given: dict[str, Any], says: str) -> None:
        stack = cdk.Stack(unchecked_app(), "Stack")
        logs = LogGroup(stack, "Logs", posture=SANDBOX)
        with pytest.raises(ValueError, match=says):
            LiveFunction(stack, "Live", package=WORK, handler="work.handler", log_group=logs, snap_start=True, **given)


class TestFunctionInVpc:
    def test_it_is_in_private_subnets_and_reaches_others_by_https(self, recipe: Recipes) -> None:
        stack = recipe("function-in-vpc")
        placed = stack.one("AWS::Lambda::Function")["VpcConfig"]
        subnets = {stack.to(each).id for each in placed["SubnetIds"]}
        assert subnets == {each.id for each in stack.subnets("private")}
        [group] = [stack.to(each) for each in placed["SecurityGroupIds"]]
        ports = {(rule["FromPort"], "CidrIp" in rule) for rule in stack.outbound(group)}
        assert ports == {(443, True), (5432, False)}

    def test_lambda_makes_its_interfaces_and_its_code_may_not(self, recipe: Recipes) -> None:
        stack = recipe("function-in-vpc", "production")
        statements = stack.statements(stack.to(stack.one("AWS::Lambda::Function")["Role"]))
        allowed, denied = [each for each in statements if "ec2:CreateNetworkInterface" in each["Action"]]
        assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
        assert allowed["Action"] == denied["Action"]
        assert "Condition" not in allowed
        assert denied["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}

    def test_the_permission_is_there_until_the_interfaces_are_gone(self, recipe: Recipes) -> None:
        """https://github.com/aws/aws-cdk/issues/6701"""
        stack = recipe("function-in-vpc")
        function = stack.one("AWS::Lambda::Function")
        [policy] = [each for each in stack.all("AWS::IAM::Policy") if "NetworkInterfaces" in each.id]
        [group] = [stack.to(each) for each in function["VpcConfig"]["SecurityGroupIds"]]
        assert policy.id in stack.before(group)
        assert group.id in stack.before(function)

    def test_it_reaches_aws_as_long_as_it_runs(self, recipe: Recipes) -> None:
        stack = recipe("function-in-vpc")
        routes = [stack.default_route(each) for each in stack.subnets("private")]
        ways = {each.id for each in (*routes, *stack.all("AWS::EC2::VPCEndpoint")) if each}
        assert len(ways) == len(routes) + 1, "a route for each subnet, and the endpoint of S3"
        assert ways <= stack.before(stack.one("AWS::Lambda::Function"))


class TestTeamsAndApplications:
    def test_the_team_edits_its_namespaces_and_views_all(self, recipe: Recipes) -> None:
        stack = recipe("teams-and-applications")
        [entry] = [each for each in stack.all("AWS::EKS::AccessEntry") if isinstance(each["PrincipalArn"], str)]
        scopes = {
            stack.shown(each["PolicyArn"]).rpartition("/")[2]: each["AccessScope"] for each in entry["AccessPolicies"]
        }
        assert scopes == {
            "AmazonEKSEditPolicy": {"Type": "namespace", "Namespaces": ["orders-*"]},
            "AmazonEKSViewPolicy": {"Type": "cluster"},
        }

    def test_each_service_account_has_a_role_of_its_own(self, recipe: Recipes) -> None:
        stack = recipe("teams-and-applications", "production")
        found = {each["ServiceAccount"]: each for each in stack.all("AWS::EKS::PodIdentityAssociation")}
        assert found.keys() == {"web", "export"}
        roles = {name: stack.to(each["RoleArn"]) for name, each in found.items()}
        assert roles["web"]["ManagedPolicyArns"] == ["arn:aws:iam::111122223333:policy/read-orders"]
        [statement] = stack.statements(roles["export"])
        assert statement["Resource"] == found["export"]["TargetRoleArn"] == "arn:aws:iam::444455556666:role/data"
