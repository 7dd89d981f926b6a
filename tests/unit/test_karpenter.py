"""Karpenter: what its controller may do, what nodes it brings, and what exists as long as they do."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from patternbook import PRODUCTION, SANDBOX, EksCluster, Karpenter, Network
from patternbook.limits.eks_versions import END_OF_STANDARD_SUPPORT
from patternbook.limits.karpenter import KARPENTER_VERSION, KUBERNETES_VERSIONS, check_kubernetes
from patternbook.testing.eks import manifest, policies, trust
from patternbook.testing.reading import Reading, Resource
from tests.karpenter import EVERY_OPTION, karpenter_stack

CLUSTER = "${AWS::EKS::Cluster}"


@pytest.fixture(scope="module")
def stack() -> Reading:
    return Reading(karpenter_stack(PRODUCTION))


@pytest.fixture(scope="module")
def full() -> Reading:
    return Reading(karpenter_stack(SANDBOX, **EVERY_OPTION))


def chart(stack: Reading, name: str) -> Resource:
    [found] = [each for each in stack.all("Custom::AWSCDK-EKS-HelmChart") if each["Chart"] == name]
    return found


def values(stack: Reading) -> dict[str, Any]:
    return json.loads(stack.shown(chart(stack, "karpenter")["Values"]))


def nodes(stack: Reading) -> Resource:
    """What applies the node class and the node pool."""
    return stack.one("Custom::AWSCDK-EKS-KubernetesResource")


def controller_role(stack: Reading) -> Resource:
    [association] = [
        each for each in stack.all("AWS::EKS::PodIdentityAssociation") if each["ServiceAccount"] == "karpenter"
    ]
    assert (association["Namespace"], stack.shown(association["ClusterName"])) == ("kube-system", CLUSTER)
    return stack.to(association["RoleArn"])


def allowed(stack: Reading, action: str) -> list[dict[str, Any]]:
    """The statements of the controller that allow an action."""
    found = stack.statements(controller_role(stack))
    return [
        each for each in found if action in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])
    ]


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def node_role(stack: Reading) -> Resource:
    return stack.to(stack.one("AWS::IAM::InstanceProfile")["Roles"][0])


class TestController:
    def test_both_charts_have_the_pinned_release(self, stack: Reading) -> None:
        for name in ("karpenter", "karpenter-crd"):
            found = chart(stack, name)
            assert found["Version"] == KARPENTER_VERSION
            assert found["Repository"] == f"oci://public.ecr.aws/karpenter/{name}"
            assert (found["Release"], found["Namespace"]) == (name, "kube-system")

    def test_it_knows_cluster_and_region_without_the_metadata_of_its_instance(self, stack: Reading) -> None:
        settings = values(stack)["settings"]
        assert (settings["clusterName"], settings["clusterEndpoint"]) == (CLUSTER, "${AWS::EKS::Cluster.Endpoint}")
        assert values(stack)["controller"]["env"] == [{"name": "AWS_REGION", "value": "${AWS::Region}"}]

    def test_it_gets_the_name_of_the_queue(self, stack: Reading) -> None:
        assert values(stack)["settings"]["interruptionQueue"] == "${AWS::SQS::Queue.QueueName}"

    def test_the_service_account_is_that_of_the_association(self, stack: Reading) -> None:
        assert values(stack)["serviceAccount"] == {"name": "karpenter"}
        [statement] = trust(stack, controller_role(stack))
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}

    def test_it_has_the_room_that_its_document_recommends(self, stack: Reading) -> None:
        assert values(stack)["controller"]["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}

    def test_it_resolves_names_without_the_dns_of_the_cluster(self, stack: Reading) -> None:
        assert values(stack)["dnsPolicy"] == "Default"

    def test_zonal_shift_is_an_option(self, stack: Reading, full: Reading) -> None:
        assert "enableZonalShift" not in values(stack)["settings"]
        assert values(full)["settings"]["enableZonalShift"] is True
        assert allowed(stack, "arc-zonal-shift:GetManagedResource") == []
        [statement] = allowed(full, "arc-zonal-shift:GetManagedResource")
        assert statement["Condition"] == {
            "StringEquals": {"arc-zonal-shift:ResourceIdentifier": "${AWS::EKS::Cluster.Arn}"}
        }


class TestPermissions:
    def test_it_launches_into_the_subnets_and_the_security_group_of_the_cluster_only(self, stack: Reading) -> None:
        resources = {resource for each in allowed(stack, "ec2:RunInstances") for resource in listed(each["Resource"])}
        ec2 = "arn:${AWS::Partition}:ec2:${AWS::Region}:"
        assert {each for each in resources if "/*" not in each} == {
            f"{ec2}*:subnet/${{AWS::EC2::Subnet}}",
            f"{ec2}${{AWS::AccountId}}:security-group/${{AWS::EKS::Cluster.ClusterSecurityGroupId}}",
        }
        private = {each.id for each in stack.subnets("private")}
        [policy] = [each for each in stack.all("AWS::IAM::Policy") if stack.refers(each, controller_role(stack))]
        assert {each.id for each in stack.all("AWS::EC2::Subnet") if stack.refers(policy, each)} == private

    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            ("ec2:CreateFleet", "fleet"),
            ("ec2:CreateLaunchTemplate", "launch-template"),
            ("ec2:RunInstances", "instance"),
            ("ec2:RunInstances", "volume"),
        ],
    )
    def test_what_it_makes_gets_the_tags_of_the_cluster(self, stack: Reading, action: str, kind: str) -> None:
        made = [each for each in allowed(stack, action) if any(f":{kind}/*" in one for one in listed(each["Resource"]))]
        requesting = [each for each in made if "aws:RequestTag/eks:eks-cluster-name" in str(each["Condition"])]
        [statement] = requesting
        assert statement["Condition"] == {
            "StringEquals": {"aws:RequestTag/eks:eks-cluster-name": CLUSTER},
            "StringLike": {"aws:RequestTag/karpenter.sh/nodepool": "*"},
        }
        others = [each for each in made if each not in requesting]
        assert all(
            each["Condition"]["StringEquals"] == {"aws:ResourceTag/eks:eks-cluster-name": CLUSTER} for each in others
        )

    @pytest.mark.parametrize("action", ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"])
    def test_it_deletes_only_what_has_the_tags_of_the_cluster(self, stack: Reading, action: str) -> None:
        [statement] = allowed(stack, action)
        assert statement["Condition"] == {
            "StringEquals": {"aws:ResourceTag/eks:eks-cluster-name": CLUSTER},
            "StringLike": {"aws:ResourceTag/karpenter.sh/nodepool": "*"},
        }

    def test_it_tags_only_while_it_makes_something_and_its_own_instances(self, stack: Reading) -> None:
        making, naming = allowed(stack, "ec2:CreateTags")
        created = ["CreateFleet", "CreateLaunchTemplate", "RunInstances"]
        assert making["Condition"]["StringEquals"]["ec2:CreateAction"] == created
        assert listed(naming["Resource"]) == ["arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*"]
        assert naming["Condition"]["StringEquals"] == {"aws:ResourceTag/eks:eks-cluster-name": CLUSTER}
        assert naming["Condition"]["ForAllValues:StringEquals"] == {
            "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
        }

    def test_it_gives_instances_the_role_of_nodes_and_no_other(self, stack: Reading) -> None:
        [statement] = allowed(stack, "iam:PassRole")
        [document] = [
            each["PolicyDocument"]
            for each in stack.all("AWS::IAM::Policy")
            if stack.refers(each, controller_role(stack))
        ]
        [raw] = [each for each in document["Statement"] if each["Action"] == "iam:PassRole"]
        assert stack.to(raw["Resource"]) == node_role(stack)
        assert statement["Condition"] == {
            "StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}
        }

    def test_it_may_look_for_instance_profiles_or_a_node_class_never_goes(self, stack: Reading) -> None:
        profiles = "arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/"
        [listing] = allowed(stack, "iam:ListInstanceProfiles")
        assert listing["Resource"] == f"{profiles}karpenter/${{AWS::Region}}/{CLUSTER}/*"
        [getting] = allowed(stack, "iam:GetInstanceProfile")
        assert getting["Resource"] == f"{profiles}{CLUSTER}_*"

    def test_it_changes_nothing_in_iam(self, stack: Reading) -> None:
        actions = {one for each in stack.statements(controller_role(stack)) for one in listed(each["Action"])}
        iam = {each for each in actions if each.startswith("iam:")}
        assert iam == {"iam:GetInstanceProfile", "iam:ListInstanceProfiles", "iam:PassRole"}
        assert not [each for each in actions if "*" in each]

    def test_all_resources_are_for_reading_only(self, full: Reading) -> None:
        every = {
            action
            for each in full.statements(controller_role(full))
            if each["Resource"] == "*"
            for action in listed(each["Action"])
        }
        reading = ("ec2:Describe", "pricing:GetProducts", "arc-zonal-shift:GetManagedResource")
        assert every
        assert all(each.startswith(reading) for each in every)

    def test_it_takes_events_from_its_queue(self, stack: Reading) -> None:
        [statement] = allowed(stack, "sqs:ReceiveMessage")
        assert statement["Action"] == ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        assert statement["Resource"] == "${AWS::SQS::Queue.Arn}"

    def test_the_own_key_of_the_volumes_is_granted(self, stack: Reading, full: Reading) -> None:
        assert allowed(stack, "kms:CreateGrant") == []
        [grant] = allowed(full, "kms:CreateGrant")
        assert grant["Resource"] == "${AWS::KMS::Key.Arn}"
        assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        assert len(allowed(full, "kms:GenerateDataKeyWithoutPlaintext")) == 1


class TestNodes:
    def test_they_join_by_an_access_entry_of_their_own_role(self, stack: Reading) -> None:
        [entry] = [each for each in stack.all("AWS::EKS::AccessEntry") if each.get("Type") == "EC2_LINUX"]
        assert stack.to(entry["PrincipalArn"]) == node_role(stack)
        # EKS makes the entry of a managed node group's role itself, and refuses a second one.
        assert stack.to(stack.one("AWS::EKS::Nodegroup")["NodeRole"]) != node_role(stack)
        assert policies(stack, node_role(stack)) == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}

    def test_pods_cannot_act_as_the_node(self, stack: Reading) -> None:
        metadata = manifest(stack, "EC2NodeClass", "default")["spec"]["metadataOptions"]
        assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)

    def test_they_run_one_release_of_the_ami(self, stack: Reading, full: Reading) -> None:
        [alias] = manifest(full, "EC2NodeClass", "default")["spec"]["amiSelectorTerms"]
        assert alias == {"alias": "al2023@v20261001"}
        [alias] = manifest(stack, "EC2NodeClass", "default")["spec"]["amiSelectorTerms"]
        assert "latest" not in alias["alias"]

    def test_an_old_release_is_a_warning(self) -> None:
        found = karpenter_stack(SANDBOX, ami_release="v20260101")
        Annotations.from_stack(found).has_warning("*", Match.string_like_regexp("is .* days old"))

    def test_they_are_in_the_private_subnets_and_in_the_group_of_the_cluster(self, stack: Reading) -> None:
        spec = manifest(stack, "EC2NodeClass", "default")["spec"]
        assert spec["subnetSelectorTerms"] == [{"id": "${AWS::EC2::Subnet}"}] * 3
        assert {each.id for each in stack.all("AWS::EC2::Subnet") if stack.refers(nodes(stack), each)} == {
            each.id for each in stack.subnets("private")
        }
        assert spec["securityGroupSelectorTerms"] == [{"id": "${AWS::EKS::Cluster.ClusterSecurityGroupId}"}]
        assert spec["associatePublicIPAddress"] is False

    def test_the_profile_is_the_stacks_own(self, stack: Reading) -> None:
        spec = manifest(stack, "EC2NodeClass", "default")["spec"]
        assert spec["instanceProfile"] == "${AWS::IAM::InstanceProfile}"
        assert "role" not in spec

    def test_volumes_are_encrypted(self, stack: Reading, full: Reading) -> None:
        [volume] = manifest(stack, "EC2NodeClass", "default")["spec"]["blockDeviceMappings"]
        assert volume["deviceName"] == "/dev/xvda"
        assert volume["ebs"] == {
            "volumeSize": "30Gi",
            "volumeType": "gp3",
            "encrypted": True,
            "deleteOnTermination": True,
        }
        [volume] = manifest(full, "EC2NodeClass", "default")["spec"]["blockDeviceMappings"]
        assert (volume["ebs"]["kmsKeyID"], volume["ebs"]["volumeSize"]) == ("${AWS::KMS::Key.Arn}", "100Gi")

    def test_tags_reach_the_instances(self, full: Reading) -> None:
        assert manifest(full, "EC2NodeClass", "default")["spec"]["tags"] == {"team": "web"}

    def requirements(self, stack: Reading) -> dict[str, list[str]]:
        spec = manifest(stack, "NodePool", "default")["spec"]["template"]["spec"]
        return {each["key"]: each["values"] for each in spec["requirements"]}

    def test_they_are_on_demand_by_default(self, stack: Reading, full: Reading) -> None:
        assert self.requirements(stack)["karpenter.sh/capacity-type"] == ["on-demand"]
        assert self.requirements(full)["karpenter.sh/capacity-type"] == ["spot", "on-demand"]

    def test_their_architecture_has_the_name_that_kubernetes_uses(self, stack: Reading, full: Reading) -> None:
        assert self.requirements(stack)["kubernetes.io/arch"] == ["arm64"]
        assert self.requirements(full)["kubernetes.io/arch"] == ["arm64", "amd64"]

    def test_they_cannot_cost_without_limit(self, stack: Reading) -> None:
        assert manifest(stack, "NodePool", "default")["spec"]["limits"] == {"cpu": "32"}

    def test_they_go_one_of_ten_at_a_time_and_after_a_month(self, stack: Reading) -> None:
        spec = manifest(stack, "NodePool", "default")["spec"]
        assert spec["disruption"]["budgets"] == [{"nodes": "10%"}]
        assert spec["template"]["spec"]["expireAfter"] == "720h"
        # Without it, a pod that may not be evicted keeps its node forever.
        assert spec["template"]["spec"]["terminationGracePeriod"] == "24h"

    def test_the_pool_has_the_node_class(self, stack: Reading) -> None:
        reference = manifest(stack, "NodePool", "default")["spec"]["template"]["spec"]["nodeClassRef"]
        node_class = manifest(stack, "EC2NodeClass", reference["name"])
        assert f"{reference['group']}/v1" == node_class["apiVersion"]
        assert reference["kind"] == node_class["kind"]


class TestEvents:
    def test_the_queue_admits_each_rule_and_nothing_else(self, stack: Reading) -> None:
        rules = stack.all("AWS::Events::Rule")
        assert {stack.to(target["Arn"]).type for each in rules for target in each["Targets"]} == {"AWS::SQS::Queue"}
        document = stack.one("AWS::SQS::QueuePolicy")["PolicyDocument"]
        sources = [
            stack.to(each["Condition"]["ArnEquals"]["aws:SourceArn"])
            for each in document["Statement"]
            if each["Effect"] == "Allow"
        ]
        assert {each.id for each in sources} == {each.id for each in rules}

    def test_it_is_encrypted_and_keeps_events_long_enough_for_an_alarm(self, stack: Reading) -> None:
        queue = stack.one("AWS::SQS::Queue")
        assert (queue["SqsManagedSseEnabled"], queue["MessageRetentionPeriod"]) == (True, 1200)

    def test_the_events_are_those_that_the_release_handles(self, stack: Reading) -> None:
        patterns = [each["EventPattern"] for each in stack.all("AWS::Events::Rule")]
        assert {each["detail-type"][0] for each in patterns} == {
            "AWS Health Event",
            "EC2 Instance Rebalance Recommendation",
            "EC2 Instance State-change Notification",
            "EC2 Spot Instance Interruption Warning",
        }
        [states] = [each["detail"]["state"] for each in patterns if "state" in each.get("detail", {})]
        assert set(states) == {"stopping", "stopped", "shutting-down", "terminated"}


class TestOrder:
    def test_all_that_a_node_needs_outlives_the_last_node(self, stack: Reading) -> None:
        before = stack.before(nodes(stack))
        [policy] = [each for each in stack.all("AWS::IAM::Policy") if stack.refers(each, controller_role(stack))]
        [entry] = [each for each in stack.all("AWS::EKS::AccessEntry") if each.get("Type") == "EC2_LINUX"]
        [association] = [
            each for each in stack.all("AWS::EKS::PodIdentityAssociation") if each["ServiceAccount"] == "karpenter"
        ]
        needed = [
            *(chart(stack, "karpenter"), chart(stack, "karpenter-crd"), association, policy, entry),
            *(node_role(stack), stack.one("AWS::IAM::InstanceProfile"), stack.one("AWS::EKS::Nodegroup")),
            *(stack.one("AWS::SQS::QueuePolicy"), *stack.all("AWS::Events::Rule"), *stack.all("AWS::EKS::Addon")),
            *(*stack.all("AWS::EC2::Route"), *stack.all("AWS::EC2::VPCEndpoint")),
        ]
        routes = {each.id for each in stack.all("AWS::EC2::Route") if each.get("GatewayId")}
        gateway = {each.id for each in stack.all("AWS::EC2::VPCEndpoint") if each["VpcEndpointType"] == "Gateway"}
        assert {each.id for each in needed} - routes - gateway <= before

    def test_the_definitions_come_before_the_controller(self, stack: Reading) -> None:
        assert chart(stack, "karpenter-crd").id in stack.before(chart(stack, "karpenter"))

    def test_the_association_has_time_to_become_effective(self, stack: Reading) -> None:
        [association] = [
            each for each in stack.all("AWS::EKS::PodIdentityAssociation") if each["ServiceAccount"] == "karpenter"
        ]
        assert association.id in stack.before(chart(stack, "karpenter-crd"))

    def test_production_reaches_queue_and_parameters_by_endpoints(self, stack: Reading) -> None:
        names = {stack.shown(each["ServiceName"]) for each in stack.all("AWS::EC2::VPCEndpoint")}
        assert {f"com.amazonaws.${{AWS::Region}}.{each}" for each in ("sqs", "ssm", "ec2", "eks", "eks-auth")} <= names


class TestRefusals:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"max_vcpus": 1}, "max_vcpus must be at least 2, the vCPUs of the smallest node, got 1"),
            ({"volume_gib": 8}, "volume_gib must be 20 to 16,384 GiB, got 8"),
            ({"volume_gib": 20000}, "got 20,000"),
            ({"architectures": ()}, "architectures must list at least one of arm64, x86_64, each once, got none"),
            ({"architectures": ("amd64",)}, "architectures must list .* got amd64"),
            ({"capacity_types": ("SPOT", "SPOT")}, "capacity_types must list .* each once, got SPOT, SPOT"),
            ({"ami_release": "latest"}, "ami_release must be a release of the EKS-optimized AMIs"),
        ],
    )
    def test_wrong_arguments(self, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            karpenter_stack(SANDBOX, **wrong)

    def test_a_cluster_without_kubectl(self) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        cluster = EksCluster(stack, "Eks", network=network, posture=SANDBOX)
        with pytest.raises(ValueError, match="kubectl must be True"):
            Karpenter(stack, "Karpenter", cluster=cluster, max_vcpus=2, after=[])
        assert stack.node.try_find_child("Karpenter") is None

    def test_a_cluster_without_the_agent_of_pod_identity(self) -> None:
        """The controller would start without credentials, and bring no node."""
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        cluster = EksCluster(stack, "Eks", network=network, posture=SANDBOX, kubectl=True)
        with pytest.raises(ValueError, match="must have the add-on eks-pod-identity-agent"):
            Karpenter(stack, "Karpenter", cluster=cluster, max_vcpus=2, after=[])
        assert stack.node.try_find_child("Karpenter") is None

    def test_a_kubernetes_version_that_the_release_does_not_know(self) -> None:
        with pytest.raises(
            ValueError, match=r"Karpenter .* supports \(1\.30 to 1\.36\), got 1\.37\. Upgrade Karpenter"
        ):
            check_kubernetes("1.37")

    def test_the_release_supports_every_version_of_the_book(self) -> None:
        assert set(END_OF_STANDARD_SUPPORT) <= set(KUBERNETES_VERSIONS)
