"""EKS constructs without a stack of their own: arguments that they refuse, and versions by date."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

import app
from patternbook import (
    PRODUCTION,
    SANDBOX,
    ApplicationIdentity,
    EksCluster,
    ManagedNodes,
    Network,
    node_role,
    read_manifests,
)
from patternbook.eks.add_ons import add_ons_before_nodes
from patternbook.eks.charts import Chart
from patternbook.eks.settings import AddOn, TeamAccess, by_principal, check_private_access, check_public_access
from patternbook.limits.eks import check_sizes
from patternbook.limits.eks_add_ons import CONFIGURED, with_configuration
from patternbook.limits.eks_versions import (
    END_OF_STANDARD_SUPPORT,
    KUBERNETES_VERSION,
    check_version,
    end_of_extended_support,
)
from patternbook.settings.describe import texts_of
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import variant
from tests.book import every_option

LAST_DAY_OF_1_35 = date(2027, 3, 26)
FIRST_DAY_AFTER_1_35 = date(2027, 3, 27)


class TestVersions:
    def test_support_ends_on_its_day(self) -> None:
        check_version("1.35", today=LAST_DAY_OF_1_35)
        with pytest.raises(
            ValueError, match=r"^Standard support of Kubernetes 1\.35 ended on 2027-03-27\. Choose one of 1\.36\.$"
        ):
            check_version("1.35", today=FIRST_DAY_AFTER_1_35)

    def test_extended_support_is_a_year_longer(self) -> None:
        check_version("1.35", upgrade_policy="EXTENDED", today=date(2028, 3, 26))
        with pytest.raises(ValueError, match=r"Extended support of Kubernetes 1\.35 ended on 2028-03-27"):
            check_version("1.35", upgrade_policy="EXTENDED", today=date(2028, 3, 27))

    def test_an_unknown_version_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"got '2\.0'\. Choose one of 1\.36, 1\.35"):
            check_version("2.0", today=date(2027, 1, 1))

    def test_the_message_names_the_release_calendar_when_no_known_version_is_in_support(self) -> None:
        with pytest.raises(ValueError, match="Add newer versions from the release calendar of EKS"):
            check_version(KUBERNETES_VERSION, today=date(2030, 1, 1))

    def test_kubectl_and_cluster_are_at_most_one_minor_version_apart(self) -> None:
        check_version("1.34", today=date(2026, 12, 1))
        check_version("1.35", kubectl=True, today=date(2026, 12, 1))
        message = r"at most one minor version from kubectl 1\.36, .*, got '1\.34'\. Choose one of 1\.36, 1\.35\.$"
        with pytest.raises(ValueError, match=message):
            check_version("1.34", kubectl=True, today=date(2026, 12, 1))

    def test_the_default_version_is_the_newest_known_one(self) -> None:
        newest = max(END_OF_STANDARD_SUPPORT, key=lambda version: int(version.partition(".")[2]))
        assert newest == KUBERNETES_VERSION

    def test_the_page_has_the_dates(self) -> None:
        page = (Path(__file__).parents[2] / "docs" / "eks-managed-nodes.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (1\.\d\d) \| (\S+) \| (\S+) \|$", page, re.MULTILINE)
        assert rows[0][0] == KUBERNETES_VERSION
        assert rows == [
            (version, str(END_OF_STANDARD_SUPPORT[version]), str(end_of_extended_support(version)))
            for version, _, _ in rows
        ]


class TestPublicAccess:
    @pytest.mark.parametrize(
        ("cidrs", "message"),
        [
            (["203.0.113.7"], "an IPv4 block in CIDR notation"),
            (["172.20.0.0/16"], "must be public addresses, got 172.20.0.0/16"),
            ([f"203.0.113.{number}/32" for number in range(41)], "at most 40 CIDR blocks, got 41"),
            (["0.0.0.0/0"], r"must not admit everybody \(0\.0\.0\.0/0\) in production"),
        ],
    )
    def test_refusals(self, cidrs: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_public_access(cidrs, posture=PRODUCTION)

    def test_the_sandbox_posture_allows_every_address(self) -> None:
        check_public_access(["0.0.0.0/0"], posture=SANDBOX)


class TestPrivateAccess:
    @pytest.mark.parametrize(
        ("cidrs", "security_groups", "message"),
        [
            (["10.20.0.1/16"], [], "private_access_cidrs must be an IPv4 block .*, got '10.20.0.1/16'"),
            (["0.0.0.0/0"], [], "private_access_cidrs must be .*, got '0.0.0.0/0'"),
            ([], ["mine"], "private_access_security_groups must be the id of a security group .*, got 'mine'"),
            (["10.20.0.0/16"], [f"sg-{number:08x}" for number in range(60)], "at most 60 together, got 61. Merge"),
        ],
    )
    def test_refusals(self, cidrs: list[str], security_groups: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_private_access(cidrs=cidrs, security_groups=security_groups)

    def test_networks_and_security_groups_of_the_user_are_accepted(self) -> None:
        check_private_access(cidrs=["10.0.0.0/8", "198.51.100.0/24"], security_groups=["sg-0123456789abcdef0"])


class TestManifests:
    TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'fs-${FileSystemId}/$(date)'}\n"

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "a.yaml"
        path.write_text(f"# a comment\n---\n{self.TEXT}---\n{self.TEXT}", encoding="utf-8")
        return path

    def test_placeholders_are_filled(self, path: Path) -> None:
        first, second = read_manifests(path, FileSystemId="1")
        assert first == second
        assert first["data"] == {"x": "fs-1/$(date)"}

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({}, r"a\.yaml needs a value for \$\{FileSystemId\}, got values for none\."),
            ({"FileSystemId": "1", "Other": "2"}, r"a\.yaml has no placeholder for Other\."),
        ],
    )
    def test_values_without_placeholders_and_placeholders_without_values_are_refused(
        self, path: Path, values: dict[str, str], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            read_manifests(path, **values)

    @pytest.mark.parametrize("text", ["a: 1", "- 1", "apiVersion: v1\nkind: Pod"])
    def test_anything_but_kubernetes_objects_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "b.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(
            ValueError, match=r"b\.yaml must have Kubernetes objects with apiVersion, kind and metadata, got"
        ):
            read_manifests(path)


class TestCharts:
    HTTPS = Chart(name="tool", version="1.2.3", repository="https://charts.example.com")
    PUBLIC = Chart(name="tool", version="1.2.3", repository="oci://public.ecr.aws/team/tool")

    @pytest.fixture
    def cluster(self) -> EksCluster:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        return EksCluster(stack, "Eks", network=network, posture=SANDBOX, kubectl=True)

    @staticmethod
    def kubectl_actions(stack: Reading) -> list[str]:
        [handler] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == "index.handler"]
        return [each["Action"] for each in stack.statements(stack.to(handler["Role"]))]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"name": "My Tool"}, "name must be a chart's name of at most 53 .*, got 'My Tool'"),
            ({"name": "a" * 54}, "name must be a chart's name of at most 53"),
            ({"version": "^1.2.3"}, r"version must be an exact version such as 3\.5\.0, got '\^1\.2\.3'"),
            ({"version": "1.x"}, "version must be an exact version"),
            ({"repository": "charts.example.com"}, "repository must start with https:// or oci://"),
            ({"repository": "oci://public.ecr.aws/team"}, "must end with the name of the chart, .*registry/tool, got"),
        ],
    )
    def test_refusals(self, wrong: dict[str, str], message: str) -> None:
        given = {"name": "tool", "version": "1.2.3", "repository": "https://charts.example.com"}
        with pytest.raises(ValueError, match=message):
            Chart(**(given | wrong))

    def test_values_that_the_cdk_would_drop_are_refused_by_their_paths(self, cluster: EksCluster) -> None:
        values = {"image": {"tag": None}, "tolerations": [{"key": "a"}, {"key": None}]}
        with pytest.raises(ValueError, match=r"got it for image\.tag, tolerations\[1\]\.key\."):
            cluster.kubectl.install("Tool", self.HTTPS, values=values)

    def test_helm_installs_one_version_and_waits_for_its_pods(self, cluster: EksCluster) -> None:
        cluster.kubectl.install("Tool", self.HTTPS, values={"clusterName": cluster.cluster.cluster_name})
        stack = Reading(cdk.Stack.of(cluster))
        chart = stack.one("Custom::AWSCDK-EKS-HelmChart")
        assert (chart["Release"], chart["Chart"], chart["Version"]) == ("tool", "tool", "1.2.3")
        assert (chart["Namespace"], chart.get("CreateNamespace")) == ("kube-system", None)
        assert (chart["Wait"], chart["Timeout"]) == (True, "600s")
        assert stack.shown(chart["Values"]) == '{"clusterName":"${AWS::EKS::Cluster}"}'

    def test_helm_stops_before_its_function_is_cut_off(self, cluster: EksCluster) -> None:
        cluster.kubectl.install("Tool", self.HTTPS, values={})
        stack = Reading(cdk.Stack.of(cluster))
        [handler] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == "index.handler"]
        timeout = int(stack.one("Custom::AWSCDK-EKS-HelmChart")["Timeout"].removesuffix("s"))
        assert timeout + 240 <= handler["Timeout"]

    def test_the_chart_is_there_only_as_long_as_kubectl_works(self, cluster: EksCluster) -> None:
        cluster.kubectl.install("Tool", self.PUBLIC, values={})
        cluster.before_members.add(sns.CfnTopic(cluster, "Needed"))
        stack = Reading(cdk.Stack.of(cluster))
        needed = stack.one("AWS::SNS::Topic")
        before = stack.before(stack.one("Custom::AWSCDK-EKS-HelmChart"))
        [logs] = {stack.to(each["LoggingConfig"]["LogGroup"]).id for each in stack.all("AWS::Lambda::Function")}
        [handler] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == "index.handler"]
        [policy] = [each for each in stack.all("AWS::IAM::Policy") if stack.refers(each, stack.to(handler["Role"]))]
        assert {logs, policy.id, needed.id, *(each.id for each in stack.all("AWS::EC2::Route"))} <= before

    def test_the_chart_is_there_after_what_its_pods_need(self, cluster: EksCluster) -> None:
        first = cluster.kubectl.apply("First", [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}])
        cluster.kubectl.install("Tool", self.HTTPS, values={}, after=[first])
        stack = Reading(cdk.Stack.of(cluster))
        manifest = stack.one("Custom::AWSCDK-EKS-KubernetesResource")
        assert manifest.id in stack.before(stack.one("Custom::AWSCDK-EKS-HelmChart"))

    def test_only_a_chart_in_the_public_registry_of_ecr_needs_a_token(self, cluster: EksCluster) -> None:
        cluster.kubectl.install("Tool", self.HTTPS, values={})
        assert self.kubectl_actions(Reading(cdk.Stack.of(cluster))) == ["eks:DescribeCluster"]

    def test_kubectl_gets_a_token_for_the_public_registry_of_ecr_once(self, cluster: EksCluster) -> None:
        cluster.kubectl.install("Tool", self.PUBLIC, values={})
        other = Chart(name="tool-crd", version="1.2.3", repository="oci://public.ecr.aws/team/tool-crd")
        cluster.kubectl.install("Crd", other, values={})
        assert sorted(self.kubectl_actions(Reading(cdk.Stack.of(cluster)))) == [
            *("ecr-public:GetAuthorizationToken", "eks:DescribeCluster", "sts:GetServiceBearerToken"),
        ]


class TestCluster:
    @pytest.fixture(scope="class")
    def network(self) -> Network:
        return Network(cdk.Stack(), "Network", posture=SANDBOX)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"version": "1.20"}, "got '1.20'"),
            ({"public_access_cidrs": ["10.0.0.0/8"]}, "public addresses"),
            ({"log_retention_days": 8}, "retention_days must be one of .*, got 8"),
        ],
    )
    def test_refusals_before_anything_is_made(self, network: Network, wrong: dict[str, Any], message: str) -> None:
        stack = cdk.Stack.of(network)
        with pytest.raises(ValueError, match=message):
            EksCluster(stack, "Refused", network=network, posture=SANDBOX, **wrong)
        assert stack.node.try_find_child("Refused") is None

    def test_an_unknown_add_on_is_refused(self, cluster: EksCluster) -> None:
        with pytest.raises(
            ValueError, match=r"must be an EKS add-on, got 'ebs-csi'\. Choose one of .*aws-ebs-csi-driver"
        ):
            cluster.add_on("ebs-csi")

    def test_a_manifest_needs_a_cluster_with_kubectl(self, cluster: EksCluster) -> None:
        with pytest.raises(ValueError, match="Make the cluster with kubectl=True"):
            cluster.kubectl.apply("Manifest", [])

    @pytest.fixture(scope="class")
    def cluster(self, network: Network) -> EksCluster:
        return EksCluster(cdk.Stack.of(network), "Eks", network=network, posture=SANDBOX)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"min_nodes": 3, "max_nodes": 2}, "max_nodes must be at least min_nodes .3., got 2"),
            ({"max_nodes": 451}, "max_nodes must be at most 450, got 451"),
            ({"instance_types": ["m6i.large"]}, "must run an AMI for arm64, got m6i.large"),
            ({"instance_types": ["t4g.small"]}, "room for pods beside the add-ons, got t4g.small"),
        ],
    )
    def test_nodes_are_refused_before_anything_is_made(
        self, cluster: EksCluster, wrong: dict[str, Any], message: str
    ) -> None:
        scope = Construct(cluster, f"Refused{message}")
        role = node_role(scope, "Role")
        with pytest.raises(ValueError, match=message):
            ManagedNodes(scope, "Nodes", cluster=cluster, role=role, **wrong)
        assert scope.node.try_find_child("Nodes") is None

    @pytest.mark.parametrize(
        ("low", "high", "message"),
        [
            (-1, 2, "min_nodes must be at least 0, got -1"),
            (2, 1, "max_nodes must be at least min_nodes .2., got 1. Raise max_nodes or lower min_nodes"),
            (0, 0, "max_nodes must be at least 1, got 0"),
        ],
    )
    def test_numbers_of_nodes_that_contradict_each_other_are_refused(self, low: int, high: int, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_sizes(min_nodes=low, max_nodes=high)

    def test_only_managed_node_groups_have_a_quota(self) -> None:
        check_sizes(min_nodes=1, max_nodes=450, quota=450)
        check_sizes(min_nodes=1, max_nodes=451)


TEAM = "arn:aws:iam::111122223333:role/team/developer"


def sandbox_cluster(**options: Any) -> EksCluster:
    """A cluster in a stack and a network of its own."""
    stack = cdk.Stack()
    network = Network(stack, "Network", posture=SANDBOX)
    return EksCluster(stack, "Eks", network=network, posture=SANDBOX, **options)


class TestTeams:
    @pytest.fixture
    def cluster(self) -> EksCluster:
        return sandbox_cluster()

    @staticmethod
    def _entries(cluster: EksCluster) -> dict[str, list[Any]]:
        found = Template.from_stack(cdk.Stack.of(cluster)).find_resources("AWS::EKS::AccessEntry")
        return {
            name: entry["Properties"]["AccessPolicies"]
            for name, entry in found.items()
            if entry["Properties"]["PrincipalArn"] == TEAM
        }

    def test_a_team_keeps_its_entry_whatever_other_teams_there_are(self) -> None:
        """EKS would refuse a second entry of a principal, while CloudFormation replaces the first one."""
        names = []
        for others in ([], ["arn:aws:iam::111122223333:user/a"]):
            cluster = sandbox_cluster()
            for principal in (*others, TEAM):
                cluster.grant_access(principal, {"view": ["*"]})
            names.append(set(self._entries(cluster)))
        assert names[0] == names[1]

    def test_a_role_of_the_same_app_is_a_team(self, cluster: EksCluster) -> None:
        role = iam.Role(cluster, "Team", assumed_by=iam.AccountRootPrincipal())  # ty: ignore[invalid-argument-type]
        entry = cluster.grant_access(role.role_arn, {"admin": ["team-*"]})
        resource = entry.node.default_child
        assert isinstance(resource, cdk.CfnElement)
        assert cdk.Stack.of(cluster).get_logical_id(resource).startswith("EksAccess")

    def test_several_items_of_a_principal_are_one(self) -> None:
        items = [
            TeamAccess(principal=TEAM, level="edit", namespaces=("a", "b")),
            TeamAccess(principal=TEAM, level="view", namespaces=("a",)),
            TeamAccess(principal=TEAM, level="edit", namespaces=("b", "c")),
            TeamAccess(principal=TEAM, level="view", namespaces=("*",)),
        ]
        assert by_principal(items) == {TEAM: {"edit": ["a", "b", "c"], "view": ["*"]}}

    @pytest.mark.parametrize(
        ("principal", "levels", "message"),
        [
            ("arn:aws:iam::111122223333:root", {"view": ["*"]}, "principal must be the ARN of an IAM role or an IAM"),
            (TEAM, {}, "levels must have keys of view, edit, admin, got none"),
            (TEAM, {"write": ["a"]}, "levels must have keys of view, edit, admin, got write"),
            (TEAM, {"view": []}, "namespaces must list at least one namespace"),
            (TEAM, {"view": ["*", "a"]}, "must stand alone"),
            (TEAM, {"view": ["A"]}, "Each of namespaces must be .*, got 'A'"),
        ],
    )
    def test_refusals(self, cluster: EksCluster, principal: str, levels: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            cluster.grant_access(principal, levels)
        assert self._entries(cluster) == {}

    def test_the_admin_role_is_refused(self, cluster: EksCluster) -> None:
        with pytest.raises(ValueError, match="must not be the admin role, which has an access entry"):
            cluster.grant_access(cluster.admin_role.role_arn, {"view": ["*"]})

    def test_a_stack_with_the_name_of_its_admin_role_is_refused(self, cluster: EksCluster) -> None:
        role = cluster.admin_role.node.default_child
        assert isinstance(role, cdk.CfnElement)
        logical_id = cdk.Stack.of(cluster).get_logical_id(role)
        cluster.grant_access(f"arn:aws:iam::111122223333:role/Stack-{logical_id}-ABCDEF", {"view": ["*"]})
        [error] = Annotations.from_stack(cdk.Stack.of(cluster)).find_error("*", Match.any_value())
        assert "access must not have the admin role of the stack" in str(error.entry.data)

    def test_a_second_call_for_a_principal_is_refused(self, cluster: EksCluster) -> None:
        cluster.grant_access(TEAM, {"view": ["*"]})
        with pytest.raises(ValueError, match=r"must get all its levels at once, got .*developer again\. Merge"):
            cluster.grant_access(TEAM, {"edit": ["a"]})


class TestApplicationIdentity:
    @pytest.fixture(scope="class")
    def cluster(self) -> EksCluster:
        cluster = sandbox_cluster()
        add_ons_before_nodes(cluster)
        return cluster

    def test_a_role_of_another_account_is_assumed_by_way_of_this_one(self, cluster: EksCluster) -> None:
        target = "arn:aws:iam::444455556666:role/data"
        ApplicationIdentity(cluster, "Data", cluster=cluster, service_account="data", target_role_arn=target)
        template = Template.from_stack(cdk.Stack.of(cluster))
        template.has_resource_properties(
            "AWS::EKS::PodIdentityAssociation", {"ServiceAccount": "data", "TargetRoleArn": target}
        )
        statement = {"Action": ["sts:AssumeRole", "sts:TagSession"], "Effect": "Allow", "Resource": target}
        template.has_resource_properties(
            "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement], "Version": "2012-10-17"}}
        )

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"namespace": "Team"}, "namespace must be 1 to 63 lower-case letters, digits and hyphens, .*, got 'Team'"),
            ({"service_account": "a_b"}, "service_account must be 1 to 63 .*, got 'a_b'"),
            ({"policy_arns": ["ReadOnlyAccess"]}, "Each of policy_arns must be the ARN of a managed policy"),
        ],
    )
    def test_refusals(self, cluster: EksCluster, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ApplicationIdentity(cluster, "Refused", cluster=cluster, **wrong)
        assert cluster.node.try_find_child("Refused") is None

    def test_a_cluster_without_the_agent_is_refused(self) -> None:
        cluster = sandbox_cluster()
        with pytest.raises(ValueError, match=r"eks-pod-identity-agent before an ApplicationIdentity\. Add it by"):
            ApplicationIdentity(cdk.Stack.of(cluster), "Application", cluster=cluster)


class TestAddOns:
    def test_configuration_of_the_pattern_cannot_be_changed(self) -> None:
        cluster = sandbox_cluster(add_ons={"coredns": AddOn(configuration={"computeType": "EC2"})})
        with pytest.raises(ValueError, match="The configuration of coredns must leave computeType to the pattern"):
            cluster.add_on("coredns", configuration={"computeType": "Fargate"})

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"node": {"hostNetwork": False}}, "must leave node.hostNetwork to the pattern"),
            ({"node": "x"}, "must leave node to the pattern"),
        ],
    )
    def test_a_value_within_the_configuration_of_the_pattern_cannot_be_changed(
        self, given: Mapping[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            with_configuration("aws-ebs-csi-driver", {"node": {"hostNetwork": True}}, given)

    def test_others_beside_it_can(self) -> None:
        own, given = {"node": {"hostNetwork": True}}, {"node": {"logLevel": 4}, "fips": True}
        assert with_configuration("aws-ebs-csi-driver", own, given) == {
            "node": {"hostNetwork": True, "logLevel": 4},
            "fips": True,
        }

    def test_synth_says_once_which_add_ons_have_no_version(self) -> None:
        cluster = sandbox_cluster(add_ons={"coredns": AddOn(version="v1.14.2-eksbuild.4")})
        for name in ("coredns", "kube-proxy", "vpc-cni"):
            cluster.add_on(name)
        [said] = Annotations.from_stack(cdk.Stack.of(cluster)).find_info(
            "*", Match.string_like_regexp("EKS chooses the versions")
        )
        assert said.id == "/Default/Eks"
        assert "the versions of kube-proxy, vpc-cni when it creates them" in str(said.entry.data)

    def test_the_settings_know_what_the_patterns_configure(self, tmp_path: Path) -> None:
        """Otherwise, a mistake in a setting would be a traceback."""
        for name in ("EksManagedNodesStack", "EksSelfManagedNodesStack", "EksAutoModeStack", "EksFargateStack"):
            [pattern] = [each for each in app.PATTERNS if each.__name__ == name]
            template = Template.from_stack(variant(pattern, tmp_path / name, **every_option(pattern)))
            given = every_option(pattern)["add_ons"]
            for each in template.find_resources("AWS::EKS::Addon").values():
                add_on, values = each["Properties"]["AddonName"], each["Properties"].get("ConfigurationValues", "{}")
                text = values if isinstance(values, str) else "".join(filter(None, map(_text, values["Fn::Join"][1])))
                chosen = paths(given.get(add_on, {}).get("configuration", {}))
                assert paths(json.loads(text)) - chosen <= paths(CONFIGURED.get(add_on, {})), add_on


def paths(values: Mapping[str, Any], at: str = "") -> set[str]:
    """Where a configuration has values that are no objects."""
    return {
        path
        for key, value in values.items()
        for path in (paths(value, f"{at}{key}.") if isinstance(value, Mapping) else {f"{at}{key}"})
    }


def _text(part: Any) -> str:
    return part if isinstance(part, str) else "token"


def test_texts_are_found_at_any_depth_of_a_configuration() -> None:
    """A stack in a Region looks for ARNs of other Regions in all texts of its settings."""
    add_on = AddOn(configuration={"a": {"b": ["c", {"d": "e"}], "f": 1}})
    assert [(path, text) for path, text, _ in texts_of(add_on)] == [
        ("configuration.a.b[0]", "c"),
        ("configuration.a.b[1].d", "e"),
    ]
