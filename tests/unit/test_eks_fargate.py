"""The promises of EksFargateStack."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import aws_cdk as cdk
import pytest

from patternbook import SANDBOX, EksCluster, Network, PendingPods
from patternbook.eks.nodes.settings import check_namespaces
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.eks import (
    ClusterPromises,
    NetworkPromises,
    OperationPromises,
    add_on,
    add_ons,
    cluster,
    configuration,
    manifest,
    manifests,
    policies,
    trust,
)
from patternbook.testing.options import CLUSTER_OPTIONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal
from stacks.eks_fargate import EksFargateStack

PATTERN = EksFargateStack
EVERY_OPTION: Mapping[str, Any] = {
    **CLUSTER_OPTIONS,
    "add_ons": {"coredns": {"version": "v1.12.4-eksbuild.1"}, "metrics-server": {}},
    "namespaces": ["default", "team-a"],
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
BARE: Mapping[str, Any] = {"posture": "production", "storage": []}
VARIANTS = {"full": FULL, "bare": BARE}
COUNTER = "The function reaches others by HTTPS"
"""The description of the security group of the function that counts pending pods."""


def profiles(stack: Reading) -> dict[str, Resource]:
    """The Fargate profiles by their first namespaces."""
    return {each["Selectors"][0]["Namespace"]: each for each in stack.all("AWS::EKS::FargateProfile")}


def kubelet(stack: Reading) -> Resource:
    [role] = {stack.to(each["PodExecutionRoleArn"]).id for each in profiles(stack).values()}
    return stack.resources[role]


def pod_logs(stack: Reading) -> Resource:
    return stack.to(stack.document["Outputs"]["LogGroupName"]["Value"])


class TestNetwork(NetworkPromises):
    MORE_GROUPS = ("EFS mount targets",)
    CLIENTS = (COUNTER,)
    OUTBOUND: ClassVar = {COUNTER: {"tcp 443 to 0.0.0.0/0"}}


class TestCluster(ClusterPromises): ...


class TestOperation(OperationPromises):
    METRICS = ("scheduler_pending_pods_UNSCHEDULABLE", "apiserver_request_total_5XX", "PendingFargatePods")
    OUTPUTS = ("LogGroupName", "OidcIssuer", "PendingPodsLogGroupName")


class TestPods:
    def test_there_are_no_nodes(self, any_stack: Reading) -> None:
        assert not any_stack.all("AWS::EKS::Nodegroup")
        assert cluster(any_stack)["ComputeConfig"] == {"Enabled": False}

    def test_pods_of_the_namespaces_run_on_fargate_in_private_subnets(self, stack: Reading, full: Reading) -> None:
        assert profiles(stack).keys() == {"default", "kube-system"}
        assert [each["Namespace"] for each in profiles(full)["default"]["Selectors"]] == ["default", "team-a"]
        private = {subnet.id for subnet in stack.subnets("private")}
        for profile in profiles(stack).values():
            assert {stack.to(subnet).id for subnet in profile["Subnets"]} == private

    def test_all_pods_of_kube_system_run_on_fargate(self, any_stack: Reading) -> None:
        """Most charts and add-ons install into this namespace."""
        assert profiles(any_stack)["kube-system"]["Selectors"] == [{"Namespace": "kube-system"}]

    def test_coredns_is_the_only_add_on_unless_there_is_a_metrics_server(self, stack: Reading, full: Reading) -> None:
        assert add_ons(stack) == {"coredns"}
        assert add_ons(full) == {"coredns", "metrics-server"}
        assert profiles(full)["kube-system"].id in full.before(add_on(full, "metrics-server"))

    def test_coredns_runs_on_fargate(self, any_stack: Reading) -> None:
        system = profiles(any_stack)["kube-system"]
        assert configuration(any_stack, "coredns") == {"computeType": "Fargate"}
        assert system.id in any_stack.before(add_on(any_stack, "coredns"))

    def test_fargate_profiles_are_made_and_deleted_one_by_one(self, any_stack: Reading) -> None:
        both = profiles(any_stack)
        assert both["kube-system"].id in any_stack.before(both["default"])

    def test_routes_and_the_pod_execution_role_outlive_the_fargate_profiles(self, any_stack: Reading) -> None:
        routes = {route.id for subnet in any_stack.subnets("private") if (route := any_stack.default_route(subnet))}
        [policy] = [
            each
            for each in any_stack.all("AWS::IAM::Policy")
            if any_stack.to(each["Roles"][0]).id == kubelet(any_stack).id
        ]
        for profile in profiles(any_stack).values():
            assert routes | {policy.id} <= any_stack.before(profile)

    def test_the_pod_execution_role_pulls_images_and_writes_to_one_log_group(self, any_stack: Reading) -> None:
        role = kubelet(any_stack)
        assert policies(any_stack, role) == {"AmazonEKSFargatePodExecutionRolePolicy"}
        [statement] = any_stack.statements(role)
        assert statement["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        assert statement["Resource"] == "${AWS::Logs::LogGroup.Arn}"
        [policy] = [each for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role]
        assert any_stack.refers(policy, pod_logs(any_stack))

    def test_only_fargate_profiles_of_this_cluster_use_the_pod_execution_role(self, any_stack: Reading) -> None:
        [statement] = trust(any_stack, kubelet(any_stack))
        assert statement["Principal"] == {"Service": "eks-fargate-pods.amazonaws.com"}
        name = any_stack.shown(cluster(any_stack)["Name"])
        here = "arn:${AWS::Partition}:eks:${AWS::Region}:${AWS::AccountId}"
        assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": f"{here}:fargateprofile/{name}/*"}}

    def test_the_output_of_pods_goes_to_the_log_group_of_the_output(self, any_stack: Reading) -> None:
        namespace = manifest(any_stack, "Namespace", "aws-observability")
        assert namespace["metadata"]["labels"] == {"aws-observability": "enabled"}
        router = manifest(any_stack, "ConfigMap", "aws-logging")
        assert router["metadata"]["namespace"] == "aws-observability"
        output = router["data"]["output.conf"]
        assert "Name cloudwatch_logs" in output
        assert "log_group_name ${AWS::Logs::LogGroup}" in output
        assert "auto_create_group false" in output
        assert len(output) < 5300
        group = pod_logs(any_stack)
        [applied] = [
            each for each in any_stack.all("Custom::AWSCDK-EKS-KubernetesResource") if any_stack.refers(each, group)
        ]
        assert group.id in any_stack.before(applied)

    def test_the_log_router_is_configured_before_the_first_pod_and_until_the_last(self, any_stack: Reading) -> None:
        [router] = [
            each
            for each in any_stack.all("Custom::AWSCDK-EKS-KubernetesResource")
            if "aws-logging" in str(any_stack.shown(each["Manifest"]))
        ]
        for each in (*profiles(any_stack).values(), add_on(any_stack, "coredns")):
            assert router.id in any_stack.before(each)


class TestApplicationRole:
    """Pods on Fargate have no EKS Pod Identity."""

    ISSUER = "${Fn::Select}"

    def role(self, stack: Reading) -> Resource:
        return stack.to(stack.document["Outputs"]["ApplicationRoleArn"]["Value"])

    def test_the_cluster_has_an_oidc_provider_for_sts(self, any_stack: Reading) -> None:
        provider = any_stack.one("AWS::IAM::OIDCProvider")
        assert any_stack.shown(provider["Url"]) == "${AWS::EKS::Cluster.OpenIdConnectIssuerUrl}"
        assert provider["ClientIdList"] == ["sts.amazonaws.com"]

    def test_the_issuer_is_an_output(self, any_stack: Reading) -> None:
        provider = any_stack.one("AWS::IAM::OIDCProvider")
        issuer = any_stack.document["Outputs"]["OidcIssuer"]["Value"]
        assert issuer == {"Fn::Select": [1, {"Fn::Split": [":oidc-provider/", {"Ref": provider.id}]}]}

    def test_only_pods_of_one_service_account_assume_it(self, any_stack: Reading) -> None:
        [statement] = json.loads(any_stack.shown(self.role(any_stack)["AssumeRolePolicyDocument"]))["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Federated": "${AWS::IAM::OIDCProvider}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{self.ISSUER}:aud": "sts.amazonaws.com",
                    f"{self.ISSUER}:sub": "system:serviceaccount:default:application",
                }
            },
        }

    def test_it_has_the_given_policies_and_nothing_else(self, stack: Reading, full: Reading) -> None:
        assert stack.statements(self.role(stack)) == []
        assert not self.role(stack).get("ManagedPolicyArns")
        assert self.role(full)["ManagedPolicyArns"] == ["arn:aws:iam::111122223333:policy/team/app"]


def test_the_parts_of_the_stack_are_attributes(full: Reading, bare: Reading) -> None:
    stack, without_storage = full.stack, bare.stack
    assert isinstance(stack, EksFargateStack)
    assert isinstance(without_storage, EksFargateStack)
    assert stack.cluster.cluster.vpc == stack.network.vpc
    assert stack.pods.log_group.log_group_name
    assert stack.pending_pods.live.alias
    assert stack.files
    assert without_storage.files is None
    assert stack.monitoring.topic


class TestPendingPods:
    """No metric of AWS counts the pods that wait for Fargate."""

    def schedule(self, stack: Reading) -> Resource:
        return stack.one("AWS::Scheduler::Schedule")

    def function(self, stack: Reading) -> Resource:
        [alias] = stack.all("AWS::Lambda::Alias")
        assert stack.to(self.schedule(stack)["Target"]["Arn"]) == alias
        return stack.to(alias["FunctionName"])

    def test_a_function_is_called_every_minute_and_never_twice_for_one(self, any_stack: Reading) -> None:
        schedule = self.schedule(any_stack)
        assert schedule["ScheduleExpression"] == "rate(1 minute)"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
        invoked = any_stack.one("AWS::Lambda::EventInvokeConfig")
        assert (invoked["MaximumEventAgeInSeconds"], invoked["MaximumRetryAttempts"]) == (60, 0)
        assert self.function(any_stack)["Timeout"] < 60
        assert not self.function(any_stack).get("ReservedConcurrentExecutions")  # a new account could not reserve any

    def test_the_schedule_may_only_call_this_function(self, any_stack: Reading) -> None:
        role = any_stack.to(self.schedule(any_stack)["Target"]["RoleArn"])
        [statement] = any_stack.statements(role)
        assert statement == {
            "Action": "lambda:InvokeFunction",
            "Effect": "Allow",
            "Resource": "${AWS::Lambda::Alias}",
        }
        [trusted] = trust(any_stack, role)
        assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}

    def test_the_function_may_do_nothing_in_aws_but_log_and_trace(self, any_stack: Reading) -> None:
        role = any_stack.to(self.function(any_stack)["Role"])
        assert not role.get("ManagedPolicyArns")
        statements = any_stack.statements(role)
        allowed = {action for each in statements if each["Effect"] == "Allow" for action in _listed(each["Action"])}
        denied = {action for each in statements if each["Effect"] == "Deny" for action in _listed(each["Action"])}
        logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
        assert allowed - denied == logs | {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
        assert {action.partition(":")[0] for action in denied} == {"ec2"}  # Lambda itself makes the network interfaces

    def test_it_may_list_pods_in_the_cluster_and_nothing_else(self, any_stack: Reading) -> None:
        role = any_stack.to(self.function(any_stack)["Role"])
        [entry] = [each for each in any_stack.all("AWS::EKS::AccessEntry") if any_stack.refers(each, role)]
        assert entry.body["Properties"].keys() == {"ClusterName", "PrincipalArn", "KubernetesGroups"}
        [group] = entry["KubernetesGroups"]
        binding = manifest(any_stack, "ClusterRoleBinding", "patternbook-pod-lister")
        assert [(each["kind"], each["name"]) for each in binding["subjects"]] == [("Group", group)]
        allowed = manifest(any_stack, binding["roleRef"]["kind"], binding["roleRef"]["name"])
        assert allowed["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]

    def test_it_reaches_the_private_endpoint_from_the_private_subnets(self, any_stack: Reading) -> None:
        placed = self.function(any_stack)["VpcConfig"]
        private = {subnet.id for subnet in any_stack.subnets("private")}
        assert {any_stack.to(subnet).id for subnet in placed["SubnetIds"]} == private
        [group] = placed["SecurityGroupIds"]
        assert any_stack.to(group)["GroupDescription"] == COUNTER
        variables = any_stack.shown(self.function(any_stack)["Environment"]["Variables"])
        assert variables["CLUSTER_ENDPOINT"] == "${AWS::EKS::Cluster.Endpoint}"
        assert variables["CLUSTER_AUTHORITY"] == "${AWS::EKS::Cluster.CertificateAuthorityData}"

    def test_all_that_a_call_needs_is_there_before_the_first_and_until_the_last(self, any_stack: Reading) -> None:
        function = self.function(any_stack)
        role, [group] = any_stack.to(function["Role"]), function["VpcConfig"]["SecurityGroupIds"]
        [rule] = [
            each
            for each in any_stack.all("AWS::EC2::SecurityGroupIngress")
            if any_stack.refers(each, any_stack.to(group))
        ]
        [applied] = [
            each
            for each in any_stack.all("Custom::AWSCDK-EKS-KubernetesResource")
            if "patternbook-pod-lister" in str(any_stack.shown(each["Manifest"]))
        ]
        entries = [each for each in any_stack.all("AWS::EKS::AccessEntry") if any_stack.refers(each, role)]
        policies = [each for each in any_stack.all("AWS::IAM::Policy") if any_stack.refers(each, role)]
        logs = any_stack.to(function["LoggingConfig"]["LogGroup"])
        needed = {each.id for each in (rule, applied, *entries, *policies, logs)}
        assert len(needed) == 6
        assert needed <= any_stack.before(self.schedule(any_stack))

    def test_the_alarm_is_on_the_number_that_the_function_sends(self, any_stack: Reading) -> None:
        [alarm] = [
            each for each in any_stack.all("AWS::CloudWatch::Alarm") if each["MetricName"] == "PendingFargatePods"
        ]
        variables = self.function(any_stack)["Environment"]["Variables"]
        assert variables["METRIC_NAME"] == alarm["MetricName"]
        assert variables["METRIC_NAMESPACE"] == alarm["Namespace"]
        assert any_stack.to(variables["CLUSTER_NAME"]) == cluster(any_stack)  # its Ref is the name in the dimension
        assert alarm["TreatMissingData"] == "breaching"
        assert f"for {variables['LATE_MINUTES']} minutes" in alarm["AlarmDescription"]

    def test_a_cluster_without_kubectl_is_refused(self) -> None:
        stack = cdk.Stack(cdk.App(), "Test")
        network = Network(stack, "Network", posture=SANDBOX)
        made = EksCluster(stack, "Eks", network=network, posture=SANDBOX)
        with pytest.raises(ValueError, match="Make the cluster with kubectl=True"):
            PendingPods(stack, "PendingPods", cluster=made, network=network)
        assert stack.node.try_find_child("PendingPods") is None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class TestStorage:
    def test_the_volume_is_the_file_system_of_the_stack_through_its_access_point(self, stack: Reading) -> None:
        volume = manifest(stack, "PersistentVolume", "shared")["spec"]
        assert volume["csi"] == {
            "driver": "efs.csi.aws.com",
            "volumeHandle": "${AWS::EFS::FileSystem}::${AWS::EFS::AccessPoint}",
        }
        assert volume["accessModes"] == ["ReadWriteMany"]
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
        assert manifest(stack, "StorageClass", volume["storageClassName"])["provisioner"] == "efs.csi.aws.com"

    def test_the_volume_comes_after_the_mount_targets(self, stack: Reading) -> None:
        targets = {each.id for each in stack.all("AWS::EFS::MountTarget")}
        assert len(targets) == 3
        isolated = {subnet.id for subnet in stack.subnets("isolated")}
        assert {stack.to(each["SubnetId"]).id for each in stack.all("AWS::EFS::MountTarget")} == isolated
        file_system = stack.one("AWS::EFS::FileSystem")
        [applied] = [
            each for each in stack.all("Custom::AWSCDK-EKS-KubernetesResource") if stack.refers(each, file_system)
        ]
        assert targets <= stack.before(applied)

    def test_only_the_cluster_reaches_the_file_system(self, stack: Reading) -> None:
        [mount_group] = {stack.to(each["SecurityGroups"][0]).id for each in stack.all("AWS::EFS::MountTarget")}
        [rule] = [rule for group, rule in stack.inbound() if group.id == mount_group]
        assert stack.shown(rule["SourceSecurityGroupId"]) == "${AWS::EKS::Cluster.ClusterSecurityGroupId}"
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 2049, 2049)

    def test_pods_reach_the_file_system_by_tls_and_never_as_root(self, stack: Reading) -> None:
        refuse, admit = stack.one("AWS::EFS::FileSystem")["FileSystemPolicy"]["Statement"]
        assert (refuse["Effect"], refuse["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        assert admit["Effect"] == "Allow"
        assert admit["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        assert admit["Condition"] == {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
        assert stack.one("AWS::EFS::AccessPoint")["PosixUser"] == {"Uid": "1000", "Gid": "1000"}

    def test_it_is_encrypted_and_kept_in_production(self, production: Reading, sandbox: Reading) -> None:
        assert production.to(production.one("AWS::EFS::FileSystem")["KmsKeyId"]).type == "AWS::KMS::Key"
        assert production.one("AWS::EFS::FileSystem").kept == ("RetainExceptOnCreate", "Retain")
        assert sandbox.one("AWS::EFS::FileSystem")["Encrypted"] is True

    def test_without_storage_there_is_no_file_system(self, bare: Reading) -> None:
        assert not bare.all("AWS::EFS::FileSystem")
        kinds = {each["kind"] for each in manifests(bare)}
        assert kinds == {"Namespace", "ConfigMap", "ClusterRole", "ClusterRoleBinding"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            (
                {"storage": ["ebs"]},
                "storage.0",
                "Must be efs, got ebs. Fargate runs no DaemonSets, so it has no driver for ebs.",
            ),
            ({"storage": ["fsx-lustre"]}, "storage.0", "no driver for fsx-lustre. Use EksManagedNodesStack"),
            ({"storage": ["s3"]}, "storage.0", "Must be efs."),
            (
                {"namespaces": ["kube-system"]},
                "namespaces",
                "got kube-system, which belongs to the cluster. Remove it.",
            ),
            (
                {"add_ons": {"external-dns": {"hosted_zones": {"Z1": "example.com"}}}},
                "add_ons",
                "external-dns cannot run on Fargate: its role comes by EKS Pod Identity, which has no agent",
            ),
            (
                {"application_policy_arns": ["ReadOnlyAccess"]},
                "application_policy_arns.0",
                'the ARN of a managed policy such as "arn:aws:iam::111122223333:policy/app"',
            ),
            ({"namespaces": ["Team"]}, "namespaces.0", 'a Kubernetes namespace such as "default"'),
            ({"namespaces": list("abcdef")}, "namespaces", "a list of 1 to 5"),
            ({"namespaces": ["a", "a"]}, "namespaces", "repeated: a"),
            ({"namespaces": []}, "namespaces", "a list of 1 to 5"),
            ({"kubernetes_version": "1.30"}, "kubernetes_version", "support of Kubernetes 1.30 ended on 2025-07-23"),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(PATTERN, **settings)
        assert list(said) == [path]
        assert remedy in said[path]

    @pytest.mark.parametrize(
        ("namespaces", "message"),
        [((), "1 to 5 namespaces, got 0"), (("A",), "got 'A'"), (("kube-system",), "belongs to the cluster")],
    )
    def test_constructs(self, namespaces: tuple[str, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_namespaces(namespaces)


class TestDrawing(DrawingPromises):
    """What docs/eks-fargate.d2 shows."""
