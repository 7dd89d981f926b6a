"""The promises of every pattern with an EKS cluster. cdk-nag and checkov check clusters too, but do not see those of
``aws_eks_v2``.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from patternbook.limits.eks_add_ons import DEPLOYMENTS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import NOTHING, description, lets_out

ADMIN = "arn:${AWS::Partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
CONTROL_PLANE = "EKS Control Plane Security Group"
PODS = {"Service": "pods.eks.amazonaws.com"}


def cluster(stack: Reading) -> Resource:
    return stack.one("AWS::EKS::Cluster")


def add_on(stack: Reading, name: str) -> Resource:
    [found] = [each for each in stack.all("AWS::EKS::Addon") if each["AddonName"] == name]
    return found


def add_ons(stack: Reading) -> set[str]:
    return {each["AddonName"] for each in stack.all("AWS::EKS::Addon")}


def configuration(stack: Reading, name: str) -> dict[str, Any]:
    return json.loads(add_on(stack, name)["ConfigurationValues"])


def pod_role(stack: Reading, name: str, account: str) -> Resource:
    """The role of the one service account of an add-on."""
    [association] = add_on(stack, name)["PodIdentityAssociations"]
    assert association["ServiceAccount"] == account
    return stack.to(association["RoleArn"])


def association(stack: Reading, account: str) -> Resource:
    """The association of a service account with a role that no add-on owns."""
    [found] = [each for each in stack.all("AWS::EKS::PodIdentityAssociation") if each["ServiceAccount"] == account]
    return found


def policies(stack: Reading, role: Resource) -> set[str]:
    """The names of the AWS managed policies of a role."""
    return {stack.shown(arn).partition(":iam::aws:policy/")[2] for arn in role.get("ManagedPolicyArns", [])}


def trust(stack: Reading, role: Resource) -> list[dict[str, Any]]:
    return [stack.shown(statement) for statement in role["AssumeRolePolicyDocument"]["Statement"]]


def manifests(stack: Reading) -> list[dict[str, Any]]:
    """The Kubernetes objects that the stack applies."""
    found = stack.all("Custom::AWSCDK-EKS-KubernetesResource")
    return [manifest for each in found for manifest in json.loads(stack.shown(each["Manifest"]))]


def manifest(stack: Reading, kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in manifests(stack) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def kubectl_functions(stack: Reading) -> list[Resource]:
    """The two functions of CDK's that apply the manifests of the stack."""
    applied = stack.all("Custom::AWSCDK-EKS-KubernetesResource")[0]
    return [each for each in stack.all("AWS::Lambda::Function") if each.id in stack.before(applied)]


class ClusterPromises:
    """Promises about the cluster, which the tests of each pattern inherit."""

    def test_only_the_vpc_and_the_given_cidr_blocks_reach_the_api(self, any_stack: Reading) -> None:
        access = cluster(any_stack)["ResourcesVpcConfig"]
        assert access["EndpointPrivateAccess"] is True
        assert access["EndpointPublicAccess"] is bool(access.get("PublicAccessCidrs"))

    def test_there_is_no_public_endpoint_by_default(self, stack: Reading) -> None:
        assert cluster(stack)["ResourcesVpcConfig"]["EndpointPublicAccess"] is False

    def test_given_cidr_blocks_reach_the_public_endpoint(self, full: Reading) -> None:
        assert cluster(full)["ResourcesVpcConfig"]["PublicAccessCidrs"] == ["198.51.100.0/24", "203.0.113.0/24"]

    def test_it_is_in_the_private_subnets_of_three_azs(self, any_stack: Reading) -> None:
        private = {subnet.id for subnet in any_stack.subnets("private")}
        assert len(private) == 3
        subnets = cluster(any_stack)["ResourcesVpcConfig"]["SubnetIds"]
        assert {any_stack.to(subnet).id for subnet in subnets} == private

    def test_the_control_plane_writes_all_five_logs_to_a_group_of_the_stack(self, any_stack: Reading) -> None:
        types = cluster(any_stack)["Logging"]["ClusterLogging"]["EnabledTypes"]
        assert {each["Type"] for each in types} == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
        name = any_stack.shown(cluster(any_stack)["Name"])
        [group] = [
            each
            for each in any_stack.all("AWS::Logs::LogGroup")
            if any_stack.shown(each.get("LogGroupName")) == f"/aws/eks/{name}/cluster"
        ]
        assert group.id in cluster(any_stack).depends_on
        assert group["RetentionInDays"] in (7, 30, 365)

    def test_each_creation_of_the_stack_gives_the_cluster_another_name(self, any_stack: Reading) -> None:
        name, _, unique = any_stack.shown(cluster(any_stack)["Name"]).rpartition("-")
        assert (name, unique) == (any_stack.stack.stack_name, "${Fn::Select}")
        assert json.dumps(cluster(any_stack)["Name"]).count("AWS::StackId") == 1

    def test_secrets_are_encrypted_with_a_rotated_key_of_its_own(self, any_stack: Reading) -> None:
        [encryption] = cluster(any_stack)["EncryptionConfig"]
        assert encryption["Resources"] == ["secrets"]
        key = any_stack.to(encryption["Provider"]["KeyArn"])
        assert key.type == "AWS::KMS::Key"
        assert key["EnableKeyRotation"] is True
        others = [each for each in any_stack.all("AWS::KMS::Key") if each != key]
        assert len(others) <= 1  # the key of the data, in production

    def test_production_refuses_to_delete_it_and_sandbox_does_not(self, production: Reading, sandbox: Reading) -> None:
        assert cluster(production)["DeletionProtection"] is True
        assert cluster(sandbox)["DeletionProtection"] is False

    def test_version_and_upgrade_policy_are_set(self, stack: Reading, full: Reading) -> None:
        assert cluster(stack)["Version"] == "1.36"
        assert cluster(stack)["UpgradePolicy"] == {"SupportType": "STANDARD"}
        assert cluster(full)["Version"] == "1.35"
        assert cluster(full)["UpgradePolicy"] == {"SupportType": "EXTENDED"}

    def test_access_is_by_access_entries_and_the_creator_has_none(self, any_stack: Reading) -> None:
        access = cluster(any_stack)["AccessConfig"]
        assert access == {"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False}

    def test_the_admin_role_can_log_in_and_only_given_principals_assume_it(
        self, any_stack: Reading, full: Reading
    ) -> None:
        role = self._admin(any_stack)
        [entry] = [each for each in any_stack.all("AWS::EKS::AccessEntry") if any_stack.refers(each, role)]
        [policy] = entry["AccessPolicies"]
        assert any_stack.shown(policy["PolicyArn"]) == ADMIN
        assert policy["AccessScope"] == {"Type": "cluster"}
        [statement] = any_stack.statements(role)
        assert statement["Action"] == "eks:DescribeCluster"
        assert statement["Resource"] == "${AWS::EKS::Cluster.Arn}"
        [trusted] = trust(full, self._admin(full))
        assert trusted["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/team/operator"}

    def test_teams_have_one_access_entry_each_with_one_policy_for_each_level(self, full: Reading) -> None:
        entries = {
            str(full.shown(each["PrincipalArn"])): {
                full.shown(policy["PolicyArn"]).rpartition("/")[2]: policy["AccessScope"]
                for policy in each.get("AccessPolicies", [])
            }
            for each in full.all("AWS::EKS::AccessEntry")
        }
        assert {principal: policies for principal, policies in entries.items() if "$" not in principal} == {
            "arn:aws:iam::111122223333:role/team/developer": {
                "AmazonEKSEditPolicy": {"Type": "namespace", "Namespaces": ["default", "team-*"]},
                "AmazonEKSViewPolicy": {"Type": "namespace", "Namespaces": ["kube-system"]},
            },
            "arn:aws:iam::444455556666:user/auditor": {"AmazonEKSViewPolicy": {"Type": "cluster"}},
        }

    def test_without_the_setting_only_roles_of_the_stack_have_access(self, stack: Reading) -> None:
        principals = [stack.shown(each["PrincipalArn"]) for each in stack.all("AWS::EKS::AccessEntry")]
        assert set(principals) == {"${AWS::IAM::Role.Arn}"}

    def test_without_principals_the_iam_policies_of_the_account_decide(self, stack: Reading) -> None:
        [trusted] = trust(stack, self._admin(stack))
        assert trusted["Principal"] == {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}

    def test_a_command_sets_up_kubectl(self, any_stack: Reading) -> None:
        assert any_stack.output("KubeconfigCommand") == (
            "aws eks update-kubeconfig --name ${AWS::EKS::Cluster} --region ${AWS::Region} "
            "--role-arn ${AWS::IAM::Role.Arn} --assume-role-arn ${AWS::IAM::Role.Arn}"
        )

    def test_kubectl_may_only_describe_the_cluster(self, stack: Reading) -> None:
        functions = kubectl_functions(stack)
        assert len(functions) == 2  # CDK's provider framework, and kubectl
        private = {subnet.id for subnet in stack.subnets("private")}
        for function in functions:
            assert {stack.to(subnet).id for subnet in function["VpcConfig"]["SubnetIds"]} <= private
        [role] = [stack.to(each["Role"]) for each in functions if each["Handler"] == "index.handler"]
        [statement] = stack.statements(role)
        assert statement["Action"] == "eks:DescribeCluster"
        assert statement["Resource"] == "${AWS::EKS::Cluster.Arn}"
        assert policies(stack, role) == {"service-role/AWSLambdaVPCAccessExecutionRole"}

    def test_kubectl_can_log_in_before_it_applies_and_until_it_has_deleted(self, stack: Reading) -> None:
        [entry] = [
            each
            for each in stack.all("AWS::EKS::AccessEntry")
            if each.get("AccessPolicies") and stack.to(each["PrincipalArn"]) != self._admin(stack)
        ]
        applied = stack.all("Custom::AWSCDK-EKS-KubernetesResource")
        assert applied
        for each in applied:
            assert {entry.id, cluster(stack).id} <= stack.before(each)

    def test_kubectl_applies_what_a_first_attempt_has_left(self, stack: Reading) -> None:
        """``kubectl create`` would fail for objects that exist."""
        for each in stack.all("Custom::AWSCDK-EKS-KubernetesResource"):
            assert each["Overwrite"] is True

    def test_kubectl_writes_to_a_log_group_of_the_stack_from_its_first_call_to_its_last(self, stack: Reading) -> None:
        [group] = {stack.to(each["LoggingConfig"]["LogGroup"]).id for each in kubectl_functions(stack)}
        for each in stack.all("Custom::AWSCDK-EKS-KubernetesResource"):
            assert group in stack.before(each)

    def test_logs_are_kept_and_encrypted_in_production(self, production: Reading, sandbox: Reading) -> None:
        for group in production.all("AWS::Logs::LogGroup"):
            assert group["RetentionInDays"] == 365
            assert group.kept == ("RetainExceptOnCreate", "Retain")
            assert production.to(group["KmsKeyId"]).type == "AWS::KMS::Key"
        for group in sandbox.all("AWS::Logs::LogGroup"):
            assert group["RetentionInDays"] == 7
            assert group.kept == ("Delete", "Delete")

    def test_add_ons_belong_to_the_cluster_and_the_template_wins_over_manual_changes(self, any_stack: Reading) -> None:
        for each in any_stack.all("AWS::EKS::Addon"):
            assert any_stack.to(each["ClusterName"]) == cluster(any_stack)
            assert each["ResolveConflicts"] == "OVERWRITE"

    def test_only_pods_assume_the_roles_of_pods(self, any_stack: Reading) -> None:
        for each in any_stack.all("AWS::EKS::Addon"):
            for association in each.get("PodIdentityAssociations", []):
                [statement] = trust(any_stack, any_stack.to(association["RoleArn"]))
                assert statement["Principal"] == PODS
                assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}

    @staticmethod
    def _admin(stack: Reading) -> Resource:
        [role] = [each for each in stack.all("AWS::IAM::Role") if "Administrator" in each.get("Description", "")]
        return role


class NetworkPromises:
    """Promises about the network."""

    OUTBOUND: ClassVar[Mapping[str, set[str]]] = {}
    """Allowed outbound traffic of the pattern's security groups, by their descriptions. The others allow none."""

    MORE_GROUPS: ClassVar[tuple[str, ...]] = ()
    """Descriptions of other security groups that admit the cluster's members."""

    CLIENTS: ClassVar[tuple[str, ...]] = ()
    """Descriptions of the security groups of the stack that reach the private endpoint, beside the cluster's own."""

    def test_only_production_has_interface_endpoints_for_nodes(self, production: Reading, sandbox: Reading) -> None:
        endpoints = {
            production.shown(endpoint["ServiceName"]).removeprefix("com.amazonaws.${AWS::Region}."): endpoint
            for endpoint in production.all("AWS::EC2::VPCEndpoint")
            if endpoint["VpcEndpointType"] == "Interface"
        }
        assert endpoints.keys() == {"eks", "eks-auth", "ec2", "ecr.api", "ecr.dkr", "sts", "logs", "monitoring"}
        for endpoint in endpoints.values():
            [admitting] = endpoint["SecurityGroupIds"]
            rules = [rule for group, rule in production.inbound() if group == production.to(admitting)]
            assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(443, 443)]
            [client] = [production.shown(rule["SourceSecurityGroupId"]) for rule in rules]
            assert client == "${AWS::EKS::Cluster.ClusterSecurityGroupId}"
        assert {endpoint["VpcEndpointType"] for endpoint in sandbox.all("AWS::EC2::VPCEndpoint")} == {"Gateway"}

    def test_only_known_security_groups_admit_traffic_from_the_cluster(self, any_stack: Reading) -> None:
        rules = [
            (group, rule)
            for group, rule in any_stack.inbound()
            if group != cluster(any_stack) and group["GroupDescription"] != CONTROL_PLANE
        ]
        assert {group["GroupDescription"] for group, _ in rules} <= {"AWS service endpoints", *self.MORE_GROUPS}
        assert all("SourceSecurityGroupId" in rule and "CidrIp" not in rule for _, rule in rules)

    def test_no_security_group_lets_out_more_than_it_has_to(self, any_stack: Reading) -> None:
        # The control plane calls webhooks, on whatever port they listen.
        expected = {CONTROL_PLANE: {"-1 to 0.0.0.0/0"}, **self.OUTBOUND}
        for group in any_stack.all("AWS::EC2::SecurityGroup"):
            assert lets_out(any_stack, group) == expected.get(description(group), NOTHING), description(group)

    def test_the_clusters_own_group_admits_nobody_but_members_and_file_systems(self, any_stack: Reading) -> None:
        sources = [rule["SourceSecurityGroupId"] for group, rule in any_stack.inbound() if group == cluster(any_stack)]
        assert {any_stack.to(source)["GroupDescription"] for source in sources} <= {"FSx for Lustre"}

    def test_given_clients_reach_the_private_endpoint_and_no_node(self, full: Reading) -> None:
        """The security group is that of the control plane only."""
        rules = [(group, rule) for group, rule in full.inbound() if group.get("GroupDescription") == CONTROL_PLANE]
        given = {"10.20.0.0/16", "100.64.0.0/10", "sg-0123456789abcdef0"}
        assert self._clients(full) == given | set(self.CLIENTS)
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for _, rule in rules} == {("tcp", 443, 443)}
        [group] = {group.id for group, _ in rules}
        assert [full.to(each).id for each in cluster(full)["ResourcesVpcConfig"]["SecurityGroupIds"]] == [group]
        others = [each for each in full.resources.values() if each.type != "AWS::EKS::Cluster"]
        referring = {each.type for each in others if full.refers(each, full.resources[group])}
        assert referring <= {"AWS::EC2::SecurityGroupIngress"}

    def test_nobody_else_reaches_the_private_endpoint(self, stack: Reading) -> None:
        assert self._clients(stack) == set(self.CLIENTS)

    def test_outputs_name_what_a_client_needs_to_reach_the_private_endpoint(self, any_stack: Reading) -> None:
        assert any_stack.output("ClusterSecurityGroupId") == "${AWS::EKS::Cluster.ClusterSecurityGroupId}"
        assert any_stack.output("VpcId") == "${AWS::EC2::VPC}"

    def test_endpoints_admit_traffic_until_their_callers_are_deleted(self, production: Reading) -> None:
        [rule] = [
            each.id
            for each in production.all("AWS::EC2::SecurityGroupIngress")
            if production.to(each["GroupId"])["GroupDescription"] == "AWS service endpoints"
        ]
        callers = [
            *production.all("Custom::AWSCDK-EKS-KubernetesResource"),
            *production.all("AWS::EKS::Addon"),
            *production.all("AWS::EKS::Nodegroup"),
        ]
        assert callers
        for each in callers:
            assert rule in production.before(each)

    @staticmethod
    def _clients(stack: Reading) -> set[str]:
        """The clients of the control plane: CIDR blocks and security groups. Those of the stack are descriptions."""

        def client(rule: dict[str, Any]) -> str:
            source = rule.get("CidrIp") or rule["SourceSecurityGroupId"]
            return source if isinstance(source, str) else description(stack.to(source))

        return {client(rule) for group, rule in stack.inbound() if group.get("GroupDescription") == CONTROL_PLANE}

    def test_production_has_a_nat_gateway_per_az(self, production: Reading, sandbox: Reading) -> None:
        assert len(production.all("AWS::EC2::NatGateway")) == 3
        assert len(sandbox.all("AWS::EC2::NatGateway")) == 1


class InsightsPromises:
    """Promises of each pattern with Container Insights. Its variant ``bare`` has none."""

    NAME = "amazon-cloudwatch-observability"

    def test_the_cloudwatch_agent_has_a_role_of_its_own(self, stack: Reading) -> None:
        role = pod_role(stack, self.NAME, "cloudwatch-agent")
        assert policies(stack, role) == {"CloudWatchAgentServerPolicy"}
        assert stack.statements(role) == []

    def test_application_signals_is_off(self, stack: Reading) -> None:
        signals = configuration(stack, self.NAME)["manager"]["applicationSignals"]
        assert signals == {"autoMonitor": {"monitorAllServices": False}}

    def test_the_stack_owns_its_log_groups(self, stack: Reading, bare: Reading) -> None:
        name = stack.shown(cluster(stack)["Name"])
        groups = {
            stack.shown(each["LogGroupName"]): each.id
            for each in stack.all("AWS::Logs::LogGroup")
            if "containerinsights" in str(stack.shown(each.get("LogGroupName", "")))
        }
        kinds = ("application", "dataplane", "host", "performance")
        assert groups.keys() == {f"/aws/containerinsights/{name}/{kind}" for kind in kinds}
        assert set(groups.values()) <= stack.before(add_on(stack, self.NAME))
        assert "containerinsights" not in json.dumps(bare.document)

    def test_an_alarm_knows_missing_pods_of_each_daemon_set_and_of_the_add_ons(
        self, stack: Reading, bare: Reading
    ) -> None:
        [alarm] = _of_several_metrics(stack)
        watched = {
            (each["MetricName"], *(one["Value"] for one in each["Dimensions"] if one["Name"] == "PodName"))
            for each in (query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query)
        }
        names = {DEPLOYMENTS[name] for name in DEPLOYMENTS.keys() & add_ons(stack)}
        deployments = {("status_replicas_unavailable", name) for name in names}
        assert watched == {("daemonset_status_number_unavailable",), *deployments}
        assert {each.id for each in stack.all("AWS::EKS::Addon")} <= stack.before(alarm)
        assert not _of_several_metrics(bare)


def _of_several_metrics(stack: Reading) -> list[Resource]:
    return [each for each in stack.all("AWS::CloudWatch::Alarm") if each.get("Metrics")]


class OperationPromises:
    """Promises about alarms and outputs. The variant ``bare`` of a pattern has no Container Insights."""

    METRICS: ClassVar[tuple[str, ...]] = (
        *("scheduler_pending_pods_UNSCHEDULABLE", "apiserver_request_total_5XX"),
        "cluster_failed_node_count",
    )
    OTHER_METRICS: ClassVar[tuple[str, ...]] = ()
    """Metrics with an alarm that are not about the cluster."""
    OUTPUTS: ClassVar[tuple[str, ...]] = ()
    """Outputs of this pattern only."""

    def test_alarms(self, stack: Reading, bare: Reading) -> None:
        name = stack.shown(cluster(stack)["Name"])
        alarms = {each["MetricName"]: each for each in stack.all("AWS::CloudWatch::Alarm") if each.get("MetricName")}
        assert alarms.keys() == {*self.METRICS, *self.OTHER_METRICS}
        for metric, alarm in alarms.items():
            [dimension] = alarm["Dimensions"]
            if metric in self.METRICS:
                assert (dimension["Name"], stack.shown(dimension["Value"])) == ("ClusterName", name)
            assert alarm["AlarmActions"] == alarm["OKActions"]
            assert stack.to(alarm["AlarmActions"][0]).type == "AWS::SNS::Topic"
        names = {alarm["MetricName"] for alarm in bare.all("AWS::CloudWatch::Alarm")} - {*self.OTHER_METRICS}
        assert names == set(self.METRICS) - {"cluster_failed_node_count"}

    def test_only_the_setting_adds_an_email_subscription(self, full: Reading, stack: Reading) -> None:
        [subscription] = full.all("AWS::SNS::Subscription")
        assert subscription["Endpoint"] == "ops@example.com"
        assert not stack.all("AWS::SNS::Subscription")

    def test_outputs(self, stack: Reading) -> None:
        common = {
            *("ApplicationRoleArn", "ClusterSecurityGroupId", "ControlPlaneLogGroupName", "DashboardUrl"),
            *("KubeconfigCommand", "VpcId"),
        }
        assert stack.document["Outputs"].keys() == common | set(self.OUTPUTS)

    def test_stack_is_protected_in_production(self, production: Reading, sandbox: Reading) -> None:
        assert production.stack.termination_protection is True
        assert not sandbox.stack.termination_protection
