"""The EKS constructs, where a stack of their own would be too much: what they refuse, and versions by date."""

from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from constructs import Construct

from patternbook import PRODUCTION, SANDBOX, EksCluster, ManagedNodes, Network, node_role, read_manifests
from patternbook.eks.cluster import check_public_access
from patternbook.eks.managed_nodes import check_sizes
from patternbook.limits.eks_versions import END_OF_STANDARD_SUPPORT, KUBERNETES_VERSION, check_version

LAST_DAY_OF_1_35 = date(2027, 3, 26)
FIRST_DAY_AFTER_1_35 = date(2027, 3, 27)


class TestVersions:
    def test_support_ends_on_its_day(self) -> None:
        check_version("1.35", today=LAST_DAY_OF_1_35)
        with pytest.raises(ValueError, match=r"standard support of Kubernetes 1\.35 ended on 2027-03-27; .*: 1\.36$"):
            check_version("1.35", today=FIRST_DAY_AFTER_1_35)

    def test_extended_support_is_a_year_longer(self) -> None:
        check_version("1.35", upgrade_policy="EXTENDED", today=date(2028, 3, 26))
        with pytest.raises(ValueError, match=r"extended support of Kubernetes 1\.35 ended on 2028-03-27"):
            check_version("1.35", upgrade_policy="EXTENDED", today=date(2028, 3, 27))

    def test_a_version_that_nobody_knows(self) -> None:
        with pytest.raises(ValueError, match=r"unlike '2\.0': 1\.36, 1\.35"):
            check_version("2.0", today=date(2027, 1, 1))

    def test_after_the_last_known_one_the_message_says_where_to_look(self) -> None:
        with pytest.raises(ValueError, match="none: see the calendar of EKS"):
            check_version(KUBERNETES_VERSION, today=date(2030, 1, 1))

    def test_kubectl_talks_to_versions_at_most_one_apart(self) -> None:
        check_version("1.34", today=date(2026, 12, 1))
        check_version("1.35", kubectl=True, today=date(2026, 12, 1))
        with pytest.raises(ValueError, match=r"kubectl 1\.36, .* does not talk to Kubernetes 1\.34"):
            check_version("1.34", kubectl=True, today=date(2026, 12, 1))

    def test_the_project_s_own_version_is_the_newest_it_knows(self) -> None:
        newest = max(END_OF_STANDARD_SUPPORT, key=lambda version: int(version.partition(".")[2]))
        assert newest == KUBERNETES_VERSION


class TestPublicAccess:
    @pytest.mark.parametrize(
        ("cidrs", "message"),
        [
            (["203.0.113.7"], "an IPv4 block in CIDR notation"),
            (["172.20.0.0/16"], "public addresses, unlike 172.20.0.0/16"),
            ([f"203.0.113.{number}/32" for number in range(41)], "at most 40 blocks, not 41"),
            (["0.0.0.0/0"], "in production not everybody may connect"),
        ],
    )
    def test_refusals(self, cidrs: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_public_access(cidrs, posture=PRODUCTION)

    def test_every_address_where_the_posture_allows_it(self) -> None:
        check_public_access(["0.0.0.0/0"], posture=SANDBOX)


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
            ({}, r"a\.yaml: no value for \$\{FileSystemId\}; given: none"),
            ({"FileSystemId": "1", "Other": "2"}, r"a\.yaml: no placeholder for Other"),
        ],
    )
    def test_values_and_placeholders_belong_together(self, path: Path, values: dict[str, str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            read_manifests(path, **values)

    @pytest.mark.parametrize("text", ["a: 1", "- 1", "apiVersion: v1\nkind: Pod"])
    def test_what_is_no_object_of_kubernetes(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "b.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"b\.yaml: expected Kubernetes objects with apiVersion"):
            read_manifests(path)


class TestCluster:
    @pytest.fixture(scope="class")
    def network(self) -> Network:
        return Network(cdk.Stack(), "Network", posture=SANDBOX)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"version": "1.20"}, "unlike '1.20'"),
            ({"public_access_cidrs": ["10.0.0.0/8"]}, "public addresses"),
            ({"log_retention_days": 8}, "8 is not one of"),
        ],
    )
    def test_refusals_before_anything_is_made(self, network: Network, wrong: dict[str, Any], message: str) -> None:
        stack = cdk.Stack.of(network)
        with pytest.raises(ValueError, match=message):
            EksCluster(stack, "Refused", network=network, posture=SANDBOX, **wrong)
        assert stack.node.try_find_child("Refused") is None

    def test_an_add_on_that_eks_does_not_know(self, cluster: EksCluster) -> None:
        with pytest.raises(ValueError, match=r"add_on: 'ebs-csi' given, one of .*aws-ebs-csi-driver"):
            cluster.add_on("ebs-csi")

    def test_a_manifest_without_kubectl(self, cluster: EksCluster) -> None:
        with pytest.raises(ValueError, match="kubectl=True required"):
            cluster.apply("Manifest", [])

    @pytest.fixture(scope="class")
    def cluster(self, network: Network) -> EksCluster:
        return EksCluster(cdk.Stack.of(network), "Eks", network=network, posture=SANDBOX)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"min_nodes": 3, "max_nodes": 2}, "min_nodes and max_nodes: 3 and 2 given"),
            ({"instance_types": ["m6i.large"]}, "must run an AMI for arm64, got m6i.large"),
            ({"instance_types": ["t4g.small"]}, "room for pods beside the add-ons, unlike t4g.small"),
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

    @pytest.mark.parametrize(("low", "high"), [(-1, 2), (2, 1), (0, 0), (1, 451)])
    def test_sizes(self, low: int, high: int) -> None:
        with pytest.raises(ValueError, match=f"{low} and {high} given, 0 <= min <= max <= 450"):
            check_sizes(min_nodes=low, max_nodes=high)
