"""The promises of every pattern with an EKS cluster and nodes, about applications and what they need."""

import json
from typing import ClassVar

from aws_cdk.assertions import Annotations, Match

from patternbook.testing.eks import PODS, add_on, add_ons, association, cluster, pod_role, trust
from patternbook.testing.reading import Reading


class ApplicationPromises:
    """Promises of each pattern with nodes, whose application has a role by EKS Pod Identity."""

    def test_one_service_account_has_a_role(self, any_stack: Reading) -> None:
        found = association(any_stack, "application")
        assert any_stack.to(found["ClusterName"]) == cluster(any_stack)
        assert found["Namespace"] == "default"
        role = any_stack.to(found["RoleArn"])
        [statement] = trust(any_stack, role)
        assert statement["Principal"] == PODS
        assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
        assert any_stack.output("ApplicationRoleArn") == any_stack.shown(found["RoleArn"])

    def test_the_role_has_the_given_policies_and_nothing_else(self, stack: Reading, full: Reading) -> None:
        role = stack.to(association(stack, "application")["RoleArn"])
        assert not role.get("ManagedPolicyArns")
        assert stack.statements(role) == []
        role = full.to(association(full, "application")["RoleArn"])
        assert role["ManagedPolicyArns"] == ["arn:aws:iam::111122223333:policy/team/app"]

    def test_the_agent_is_there_before_the_association_and_after_it(self, any_stack: Reading) -> None:
        agents = {each.id for each in any_stack.all("AWS::EKS::Addon") if each["AddonName"] == "eks-pod-identity-agent"}
        assert agents or cluster(any_stack)["ComputeConfig"]["Enabled"]
        assert agents <= any_stack.before(association(any_stack, "application"))

    def test_the_association_is_there_before_the_nodes_and_after_them(self, any_stack: Reading) -> None:
        for kind in ("AWS::EKS::Nodegroup", "AWS::AutoScaling::AutoScalingGroup"):
            for nodes in any_stack.all(kind):
                assert association(any_stack, "application").id in any_stack.before(nodes)


class AddOnPromises:
    """Promises of each pattern with nodes about further add-ons."""

    OTHERS = frozenset({"snapshot-controller", "cert-manager", "aws-secrets-store-csi-driver-provider"})
    NODES: ClassVar[str | None] = None
    """The type of what add-ons run on, if the pattern has it."""

    def test_only_the_setting_adds_them(self, stack: Reading, full: Reading) -> None:
        assert add_ons(full) >= {*self.OTHERS, "external-dns"}
        assert not add_ons(stack) & {*self.OTHERS, "external-dns"}

    def test_they_have_the_given_versions_and_otherwise_those_that_eks_chooses(self, full: Reading) -> None:
        assert add_on(full, "snapshot-controller")["AddonVersion"] == "v8.3.0-eksbuild.1"
        assert "AddonVersion" not in add_on(full, "cert-manager").body["Properties"]

    def test_they_call_nothing_of_aws(self, full: Reading) -> None:
        for name in self.OTHERS:
            assert not add_on(full, name).get("PodIdentityAssociations")

    def test_they_run_on_nodes_until_they_are_deleted(self, full: Reading) -> None:
        for name in (*self.OTHERS, "external-dns") if self.NODES else ():
            assert any(full.resources[each].type == self.NODES for each in full.before(add_on(full, name)))

    def test_external_dns_changes_only_the_given_hosted_zones(self, full: Reading) -> None:
        role = pod_role(full, "external-dns", "external-dns")
        change, find = full.statements(role)
        assert set(change["Action"]) == {"route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"}
        zones = ("Z0123456789ABCDEFGHIJ", "Z0123456789ABCDEFGHIK")
        assert change["Resource"] == [f"arn:${{AWS::Partition}}:route53:::hostedzone/{zone}" for zone in zones]
        assert (find["Action"], find["Resource"]) == ("route53:ListHostedZones", "*")

    def test_external_dns_leaves_the_records_of_other_clusters_alone(self, full: Reading) -> None:
        values = json.loads(full.shown(add_on(full, "external-dns")["ConfigurationValues"]))
        assert values == {
            "domainFilters": ["example.com", "example.org"],
            "extraArgs": [f"--zone-id-filter={zone}" for zone in ("Z0123456789ABCDEFGHIJ", "Z0123456789ABCDEFGHIK")],
            "policy": "sync",
            "txtOwnerId": full.shown(cluster(full)["Name"]),
        }

    def test_synth_says_once_which_versions_float(self, stack: Reading, full: Reading) -> None:
        def said(reading: Reading) -> str:
            [found] = Annotations.from_stack(reading.stack).find_info("*", Match.any_value())
            return str(found.entry.data)

        assert said(stack).startswith(f"EKS chooses the versions of {', '.join(self._floating(stack))} when it creates")
        assert said(full).startswith(f"EKS chooses the versions of {', '.join(self._floating(full))} when it creates")
        assert set(self._floating(full)) < add_ons(full)

    @staticmethod
    def _floating(stack: Reading) -> list[str]:
        return [each["AddonName"] for each in stack.all("AWS::EKS::Addon") if not each.get("AddonVersion")]
