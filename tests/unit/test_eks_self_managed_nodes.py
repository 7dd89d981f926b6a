"""The promises of EksSelfManagedNodesStack."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk.assertions import Annotations, Match

from patternbook import PRODUCTION, SANDBOX, EksCluster, Network, NodeTermination, SelfManagedNodes, node_role
from patternbook.eks.nodes.settings import Taint
from patternbook.limits.ec2_types import ec2_types
from patternbook.limits.eks import service_cidr
from patternbook.limits.eks_amis import AMI_RELEASE, age_warning
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.eks import (
    ClusterPromises,
    InsightsPromises,
    NetworkPromises,
    OperationPromises,
    add_on,
    add_ons,
    cluster,
    configuration,
    manifest,
    manifests,
    pod_role,
    policies,
    trust,
)
from patternbook.testing.eks_applications import AddOnPromises, ApplicationPromises
from patternbook.testing.options import CLUSTER_OPTIONS, OPTIONAL_ADD_ONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.eks_self_managed_nodes import EksSelfManagedNodesStack

PATTERN = EksSelfManagedNodesStack
EVERY_OPTION: Mapping[str, Any] = {
    **CLUSTER_OPTIONS,
    "add_ons": {"vpc-cni": {"version": "v1.20.4-eksbuild.1"}, **OPTIONAL_ADD_ONS},
    "architecture": "x86_64",
    "volume_gib": 100,
    "ami_id": "ami-0123456789abcdef0",
    "instance_types": ["m6i.large", "m7i.large"],
    "on_demand_base": 3,
    "spot_percent": 80,
    "min_nodes": 3,
    "max_nodes": 12,
    "node_labels": {"nodes": "own", "example.com/a": "b"},
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
BARE: Mapping[str, Any] = {
    "posture": "production",
    "storage": [],
    "container_insights": False,
    "instance_types": ["m7g.large"],
}
VARIANTS = {"full": FULL, "bare": BARE}

FIRST = {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}
BEGIN = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="NODE"

--NODE
Content-Type: application/node.eks.aws

"""
END = "\n--NODE--"


def group(stack: Reading) -> Resource:
    return stack.one("AWS::AutoScaling::AutoScalingGroup")


def template(stack: Reading) -> dict[str, Any]:
    chosen = group(stack)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert stack.shown(chosen["Version"]) == "${AWS::EC2::LaunchTemplate.LatestVersionNumber}"
    return stack.to(chosen["LaunchTemplateId"])["LaunchTemplateData"]


def role(stack: Reading) -> Resource:
    [found] = stack.to(template(stack)["IamInstanceProfile"]["Arn"])["Roles"]
    return stack.to(found)


def node_config(stack: Reading) -> dict[str, Any]:
    text = stack.shown(template(stack)["UserData"]["Fn::Base64"])
    assert text.startswith(BEGIN)
    assert text.endswith(END)
    return yaml.safe_load(text.removeprefix(BEGIN).removesuffix(END))


class TestNetwork(NetworkPromises): ...


class TestCluster(ClusterPromises):
    def test_addresses_of_services_are_outside_of_the_vpc(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["KubernetesNetworkConfig"]["ServiceIpv4Cidr"] == "172.20.0.0/16"
        assert service_cidr("10.0.0.0/16") == "172.20.0.0/16"
        assert service_cidr("172.20.4.0/22") == "10.100.0.0/16"


class TestFurtherAddOns(AddOnPromises):
    NODES = "AWS::AutoScaling::AutoScalingGroup"


class TestApplication(ApplicationPromises): ...


class TestContainerInsights(InsightsPromises): ...


class TestOperation(OperationPromises):
    OTHER_METRICS = ("ApproximateAgeOfOldestMessage",)
    OUTPUTS = ("NodeGroupName",)


class TestNodes:
    def test_nodes_are_in_private_subnets_and_in_the_security_group_of_the_cluster(self, any_stack: Reading) -> None:
        private = {subnet.id for subnet in any_stack.subnets("private")}
        assert {any_stack.to(subnet).id for subnet in group(any_stack)["VPCZoneIdentifier"]} == private
        launched = template(any_stack)
        assert any_stack.shown(launched["SecurityGroupIds"]) == ["${AWS::EKS::Cluster.ClusterSecurityGroupId}"]
        assert {"KeyName", "NetworkInterfaces"}.isdisjoint(launched)
        assert not any_stack.all("AWS::EKS::Nodegroup")

    def test_the_ami_is_one_release_or_the_given_one(self, stack: Reading, full: Reading) -> None:
        """A parameter named "recommended" would replace all nodes after AWS has published an AMI."""
        parameter = stack.document["Parameters"][template(stack)["ImageId"]["Ref"]]
        assert parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
        assert parameter["Default"] == (
            "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/"
            f"amazon-eks-node-al2023-arm64-standard-1.36-{AMI_RELEASE}/image_id"
        )
        assert "recommended" not in json.dumps(stack.document["Parameters"])
        assert template(full)["ImageId"] == "ami-0123456789abcdef0"

    def test_nodeadm_reads_the_cluster_from_the_user_data(self, any_stack: Reading) -> None:
        config = node_config(any_stack)
        assert (config["apiVersion"], config["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
        assert config["spec"]["cluster"] == {
            "name": any_stack.shown(cluster(any_stack)["Name"]),
            "apiServerEndpoint": "${AWS::EKS::Cluster.Endpoint}",
            "certificateAuthority": "${AWS::EKS::Cluster.CertificateAuthorityData}",
            "cidr": cluster(any_stack)["KubernetesNetworkConfig"]["ServiceIpv4Cidr"],
        }

    def test_labels(self, stack: Reading, full: Reading) -> None:
        assert node_config(stack)["spec"]["kubelet"] == {"flags": ["--node-labels=nodes=own"]}
        assert node_config(full)["spec"]["kubelet"] == {"flags": ["--node-labels=example.com/a=b,nodes=own"]}

    def test_instance_metadata_takes_imdsv2_with_a_hop_limit_of_1_and_volumes_are_encrypted(
        self, any_stack: Reading
    ) -> None:
        options = template(any_stack)["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
        [volume] = [device["Ebs"] for device in template(any_stack)["BlockDeviceMappings"]]
        assert (volume["Encrypted"], volume["VolumeType"], volume["DeleteOnTermination"]) == (True, "gp3", True)

    def test_on_demand_and_spot_in_one_group_of_several_types(self, stack: Reading, full: Reading) -> None:
        mix = group(stack)["MixedInstancesPolicy"]
        assert mix["InstancesDistribution"] == {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 2,
            "OnDemandPercentageAboveBaseCapacity": 50,
            "SpotAllocationStrategy": "price-capacity-optimized",
        }
        assert [each["InstanceType"] for each in mix["LaunchTemplate"]["Overrides"]] == [
            *("t4g.large", "m7g.large", "m6g.large", "m7gd.large", "m6gd.large")
        ]
        mix = group(full)["MixedInstancesPolicy"]
        assert mix["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 20
        assert [each["InstanceType"] for each in mix["LaunchTemplate"]["Overrides"]] == ["m6i.large", "m7i.large"]

    def test_the_group_has_a_minimum_and_a_maximum_and_no_desired_capacity(self, stack: Reading) -> None:
        assert (group(stack)["MinSize"], group(stack)["MaxSize"]) == ("2", "6")
        assert group(stack).get("DesiredCapacity") is None

    def test_a_change_starts_an_instance_refresh(self, any_stack: Reading) -> None:
        refresh = group(any_stack).body["UpdatePolicy"]["AutoScalingInstanceRefresh"]
        assert refresh["Strategy"] == "Rolling"
        preferences = refresh["Preferences"]
        assert (preferences["MinHealthyPercentage"], preferences["MaxHealthyPercentage"]) == (100, 110)

    def test_an_instance_refresh_stops_after_the_first_nodes_and_at_the_end_to_see_whether_an_alarm_rings(
        self, stack: Reading, bare: Reading
    ) -> None:
        for each, metrics in (
            (stack, {"scheduler_pending_pods_UNSCHEDULABLE", "cluster_failed_node_count"}),
            (bare, {"scheduler_pending_pods_UNSCHEDULABLE"}),
        ):
            preferences = group(each).body["UpdatePolicy"]["AutoScalingInstanceRefresh"]["Preferences"]
            assert preferences["CheckpointPercentages"] == [20, 100]
            alarms = [each.to(alarm) for alarm in preferences["AlarmSpecification"]["Alarms"]]
            assert {alarm["MetricName"] for alarm in alarms} == metrics
            slowest = max(alarm["EvaluationPeriods"] * alarm["Period"] for alarm in alarms)
            assert preferences["CheckpointDelay"] > slowest
            assert preferences["BakeTime"] > slowest

    def test_production_replaces_nodes_after_30_days(self, production: Reading, sandbox: Reading) -> None:
        assert group(production)["MaxInstanceLifetime"] == 30 * 24 * 3600
        assert group(sandbox).get("MaxInstanceLifetime") is None

    def test_the_group_has_the_tag_of_the_cluster(self, any_stack: Reading) -> None:
        tags = {any_stack.shown(tag["Key"]): tag for tag in group(any_stack)["Tags"]}
        tag = tags[f"kubernetes.io/cluster/{any_stack.shown(cluster(any_stack)['Name'])}"]
        assert (tag["Value"], tag["PropagateAtLaunch"]) == ("owned", True)

    def test_cluster_autoscaler_discovers_the_group(self, any_stack: Reading) -> None:
        tags = {any_stack.shown(tag["Key"]): tag["Value"] for tag in group(any_stack)["Tags"]}
        assert tags["k8s.io/cluster-autoscaler/enabled"] == "true"
        assert tags[f"k8s.io/cluster-autoscaler/{any_stack.shown(cluster(any_stack)['Name'])}"] == "owned"

    def test_nodes_are_equal(self, any_stack: Reading) -> None:
        overrides = group(any_stack)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
        types = [ec2_types()[each["InstanceType"]] for each in overrides]
        assert len({(each.vcpus, each.memory_mib) for each in types}) == 1

    def test_the_role_may_join_and_pull_images_and_nothing_else(self, any_stack: Reading) -> None:
        found = role(any_stack)
        assert policies(any_stack, found) == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
        assert any_stack.statements(found) == []
        assert [each["Principal"] for each in trust(any_stack, found)] == [{"Service": "ec2.${AWS::URLSuffix}"}]
        [entry] = [each for each in any_stack.all("AWS::EKS::AccessEntry") if any_stack.refers(each, found)]
        assert entry["Type"] == "EC2_LINUX"
        assert not entry.get("AccessPolicies")
        assert entry.id in any_stack.before(group(any_stack))

    def test_add_ons_routes_and_role_exist_before_the_nodes_and_outlive_them(self, any_stack: Reading) -> None:
        before = any_stack.before(group(any_stack))
        assert {add_on(any_stack, name).id for name in FIRST} <= before
        routes = {route.id for subnet in any_stack.subnets("private") if (route := any_stack.default_route(subnet))}
        assert len(routes) == 3
        assert routes | {role(any_stack).id, cluster(any_stack).id} <= before

    def test_spot_with_one_instance_type_is_a_warning(self, bare: Reading, sandbox: Reading) -> None:
        message = Match.string_like_regexp("The only Spot instance type is m7g.large")
        Annotations.from_stack(bare.stack).has_warning(f"/{bare.stack.node.path}/Nodes", message)
        assert not Annotations.from_stack(sandbox.stack).find_warning("*", Match.any_value())


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, EksSelfManagedNodesStack)
    assert stack.cluster.cluster.vpc == stack.network.vpc
    assert stack.nodes.group.auto_scaling_group_name
    assert stack.monitoring.topic


class TestTermination:
    """AWS Node Termination Handler drains nodes, and says when a new one is ready."""

    def handler(self, stack: Reading) -> Resource:
        [found] = [
            each
            for each in stack.all("Custom::AWSCDK-EKS-KubernetesResource")
            if "aws-node-termination-handler" in str(stack.shown(each["Manifest"]))
        ]
        return found

    def name(self, stack: Reading) -> str:
        return stack.shown(cluster(stack)["Name"])

    def test_a_new_node_is_in_service_when_it_is_ready_and_goes_if_it_never_is(self, any_stack: Reading) -> None:
        """The hook is a part of the group, so it exists before the first node."""
        [hook] = group(any_stack)["LifecycleHookSpecificationList"]
        assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
        assert (hook["DefaultResult"], hook["HeartbeatTimeout"]) == ("ABANDON", 600)
        assert any_stack.shown(hook["NotificationMetadata"]) == self.name(any_stack)

    def test_a_node_is_drained_before_it_goes_and_goes_undrained_after_ten_minutes(self, any_stack: Reading) -> None:
        hook = any_stack.one("AWS::AutoScaling::LifecycleHook")
        assert any_stack.to(hook["AutoScalingGroupName"]) == group(any_stack)
        assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
        assert (hook["DefaultResult"], hook["HeartbeatTimeout"]) == ("CONTINUE", 600)
        assert any_stack.shown(hook["NotificationMetadata"]) == self.name(any_stack)
        handler = manifest(any_stack, "Deployment", "aws-node-termination-handler")
        [container] = handler["spec"]["template"]["spec"]["containers"]
        environment = {each["name"]: each.get("value") for each in container["env"]}
        assert int(environment["NODE_TERMINATION_GRACE_PERIOD"]) < hook["HeartbeatTimeout"]

    def test_events_about_nodes_reach_the_queue_of_the_handler(self, any_stack: Reading) -> None:
        queue = any_stack.one("AWS::SQS::Queue")
        found = {}
        for rule in any_stack.all("AWS::Events::Rule"):
            [target] = [each for each in rule["Targets"] if any_stack.to(each["Arn"]) == queue]
            assert target
            for kind in rule["EventPattern"]["detail-type"]:
                found[kind] = any_stack.shown(rule["EventPattern"].get("detail"))
        assert found == {
            "EC2 Instance-launch Lifecycle Action": {"NotificationMetadata": [self.name(any_stack)]},
            "EC2 Instance-terminate Lifecycle Action": {"NotificationMetadata": [self.name(any_stack)]},
            "EC2 Spot Instance Interruption Warning": None,
            "AWS Health Event": {"service": ["EC2"], "eventTypeCategory": ["scheduledChange"]},
        }
        handler = manifest(any_stack, "Deployment", "aws-node-termination-handler")
        [container] = handler["spec"]["template"]["spec"]["containers"]
        environment = {each["name"]: each.get("value") for each in container["env"]}
        assert environment["QUEUE_URL"] == "${AWS::SQS::Queue}"
        assert environment["AWS_REGION"] == "${AWS::Region}"

    def test_it_leaves_other_instances_of_the_account_alone(self, any_stack: Reading) -> None:
        handler = manifest(any_stack, "Deployment", "aws-node-termination-handler")
        [container] = handler["spec"]["template"]["spec"]["containers"]
        environment = {each["name"]: each.get("value") for each in container["env"]}
        assert environment["CHECK_TAG_BEFORE_DRAINING"] == "true"
        tags = {any_stack.shown(tag["Key"]): tag for tag in group(any_stack)["Tags"]}
        tag = tags[environment["MANAGED_TAG"]]
        assert any_stack.shown(tag["Value"]) == self.name(any_stack)
        assert tag["PropagateAtLaunch"] is True

    def test_its_role_answers_the_hooks_of_this_cluster_only(self, any_stack: Reading) -> None:
        [association] = [
            each
            for each in any_stack.all("AWS::EKS::PodIdentityAssociation")
            if each["ServiceAccount"] == "aws-node-termination-handler"
        ]
        messages, answer, look = any_stack.statements(any_stack.to(association["RoleArn"]))
        assert messages["Resource"] == "${AWS::SQS::Queue.Arn}"
        assert answer["Action"] == "autoscaling:CompleteLifecycleAction"
        assert answer["Condition"] == {
            "StringEquals": {"aws:ResourceTag/aws-node-termination-handler/managed": self.name(any_stack)}
        }
        assert all(":Describe" in action for action in look["Action"])

    def test_it_is_there_before_the_first_node_and_until_the_last(self, any_stack: Reading) -> None:
        before = any_stack.before(group(any_stack))
        assert self.handler(any_stack).id in before
        for kind in ("AWS::EKS::PodIdentityAssociation", "AWS::Events::Rule", "AWS::SQS::QueuePolicy"):
            assert {each.id for each in any_stack.all(kind)} <= before

    def test_the_drain_hook_goes_before_the_nodes_of_a_stack_that_is_deleted(self, any_stack: Reading) -> None:
        """Nobody would answer it, and the deletion would take ten minutes longer."""
        hook = any_stack.one("AWS::AutoScaling::LifecycleHook")
        assert group(any_stack).id in any_stack.before(hook)

    def test_an_event_is_received_until_the_node_is_ready(self, any_stack: Reading) -> None:
        """With a dead-letter queue, the handler would lose it after a few attempts, and the node would go."""
        assert any_stack.one("AWS::SQS::Queue").get("RedrivePolicy") is None

    def test_an_alarm_rings_if_nobody_handles_the_events(self, stack: Reading) -> None:
        [alarm] = [each for each in stack.all("AWS::CloudWatch::Alarm") if each.get("Namespace") == "AWS/SQS"]
        queue = stack.one("AWS::SQS::Queue")
        hook = stack.one("AWS::AutoScaling::LifecycleHook")
        assert hook["HeartbeatTimeout"] < alarm["Threshold"] < queue["MessageRetentionPeriod"]


class TestReleases:
    def test_a_release_that_is_90_days_old_is_a_warning(self) -> None:
        assert age_warning("v20260801", today=date(2026, 10, 30)) is None
        said = age_warning("v20260801", today=date(2026, 10, 31))
        assert said
        assert "v20260801 is 91 days old" in said
        assert "Set ami_release to a newer one" in said

    def test_synth_warns_of_an_old_release_unless_the_ami_is_given(self) -> None:
        owned = self.owned()
        stack = cdk.Stack.of(owned["cluster"])
        SelfManagedNodes(stack, "Old", **owned, ami_release="v20240109")
        SelfManagedNodes(stack, "Given", **owned, ami_release="v20240109", ami_id="ami-0123456789abcdef0")
        found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("The AMI release v20240109"))
        assert [each.id for each in found] == [f"/{stack.node.path}/Old"]

    def test_nodes_without_a_drain_have_no_maximum_lifetime_and_no_hooks(self) -> None:
        owned: dict[str, Any] = {**self.owned(), "posture": PRODUCTION}
        stack = cdk.Stack.of(owned["cluster"])
        SelfManagedNodes(stack, "Nodes", **owned)
        reading = Reading(stack)
        assert group(reading).get("MaxInstanceLifetime") is None
        assert group(reading).get("LifecycleHookSpecificationList") is None
        assert not reading.all("AWS::AutoScaling::LifecycleHook")

    def test_the_drain_needs_kubectl(self) -> None:
        stack = cdk.Stack.of(self.owned()["cluster"])
        [kubernetes] = [each for each in stack.node.children if isinstance(each, EksCluster)]
        with pytest.raises(ValueError, match="Make the cluster with kubectl=True"):
            NodeTermination(stack, "Refused", cluster=kubernetes)
        assert stack.node.try_find_child("Refused") is None

    def owned(self) -> dict[str, Any]:
        stack = cdk.Stack(unchecked_app())
        network = Network(stack, "Network", posture=SANDBOX)
        kubernetes = EksCluster(stack, "Eks", network=network, posture=SANDBOX, service_cidr="172.20.0.0/16")
        return {"cluster": kubernetes, "role": node_role(stack, "Role"), "posture": SANDBOX}


class TestAddOnsAndStorage:
    def test_add_ons_that_run_on_nodes_wait_for_them(self, any_stack: Reading) -> None:
        for name in add_ons(any_stack) - FIRST:
            assert group(any_stack).id in any_stack.before(add_on(any_stack, name))

    def test_the_ebs_driver_has_a_role_of_its_own_and_gp3_is_the_default(self, stack: Reading) -> None:
        assert policies(stack, pod_role(stack, "aws-ebs-csi-driver", "ebs-csi-controller-sa")) == {
            "service-role/AmazonEBSCSIDriverPolicy"
        }
        assert manifest(stack, "StorageClass", "gp3")["provisioner"] == "ebs.csi.aws.com"

    def test_the_ebs_driver_asks_the_metadata_of_a_node_for_its_attachments(self, stack: Reading) -> None:
        """Metadata answers over one hop only, so not to a pod with an address of its own."""
        assert configuration(stack, "aws-ebs-csi-driver") == {"node": {"hostNetwork": True}}

    def test_without_storage_there_is_no_driver_and_no_storage_class(self, bare: Reading) -> None:
        assert "aws-ebs-csi-driver" not in add_ons(bare)
        assert "StorageClass" not in {each["kind"] for each in manifests(bare)}


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            ({"ami_id": "ami-1"}, "ami_id", 'the id of an AMI such as "ami-0123456789abcdef0"'),
            ({"ami_release": "newest"}, "ami_release", 'a release of the EKS-optimized AMIs such as "v20261023"'),
            ({"ami_release": "v20261332"}, "ami_release", "got 'v20261332'"),
            (
                {"ami_release": "v20261001", "ami_id": "ami-0123456789abcdef0"},
                "ami_release",
                "Has no effect with ami_id, which names the AMI. Remove one of the two.",
            ),
            ({"instance_types": ["m6i.large"]}, "instance_types", "must run an AMI for arm64, got m6i.large"),
            ({"instance_types": ["t4g.small"]}, "instance_types", "room for pods beside the add-ons"),
            (
                {"min_nodes": 7},
                "max_nodes",
                "must be at least min_nodes (7), got 6. Raise max_nodes or lower min_nodes.",
            ),
            ({"desired_nodes": 3}, "desired_nodes", "To pin it, set min_nodes = max_nodes."),
            ({"operating_system": "bottlerocket"}, "operating_system", "Unknown setting"),
            ({"kubernetes_version": "1.30"}, "kubernetes_version", "support of Kubernetes 1.30 ended on 2025-07-23"),
            ({"storage": ["efs"]}, "storage.0", "Must be ebs."),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(PATTERN, **settings)
        assert list(said) == [path]
        assert remedy in said[path]

    @pytest.fixture(scope="class")
    def owned(self) -> dict[str, Any]:
        stack = cdk.Stack(unchecked_app())
        network = Network(stack, "Network", posture=SANDBOX)
        kubernetes = EksCluster(stack, "Eks", network=network, posture=SANDBOX, service_cidr="172.20.0.0/16")
        return {"cluster": kubernetes, "role": node_role(stack, "Role"), "posture": SANDBOX}

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"ami_id": "mine"}, "ami_id must be the id of an AMI .*, got 'mine'"),
            ({"min_nodes": 3, "max_nodes": 2}, r"must be at least min_nodes \(3\), got 2\."),
            ({"ami_release": "1.36"}, "ami_release must be a release of the EKS-optimized AMIs .*, got '1.36'"),
            ({"spot_percent": 101}, r"spot_percent must be 0 to 100, got 101\."),
            ({"instance_types": ["m6i.large"]}, "an AMI for arm64"),
        ],
    )
    def test_constructs(self, owned: dict[str, Any], wrong: dict[str, Any], message: str) -> None:
        stack = cdk.Stack.of(owned["cluster"])
        with pytest.raises(ValueError, match=message):
            SelfManagedNodes(stack, "Refused", **owned, **wrong)
        assert stack.node.try_find_child("Refused") is None

    def test_nodes_of_a_cluster_without_service_cidr(self) -> None:
        stack = cdk.Stack()
        cluster = EksCluster(stack, "Eks", network=Network(stack, "Network", posture=SANDBOX), posture=SANDBOX)
        with pytest.raises(ValueError, match="Make the cluster with service_cidr"):
            SelfManagedNodes(stack, "Refused", cluster=cluster, role=node_role(stack, "Role"), posture=SANDBOX)
        assert stack.node.try_find_child("Refused") is None

    def test_taints_are_for_the_kubelet(self, owned: dict[str, Any]) -> None:
        stack = cdk.Stack.of(owned["cluster"])
        taints = [Taint(key="gpu", value="yes"), Taint(key="old", effect="NO_EXECUTE")]
        SelfManagedNodes(stack, "Nodes", **owned, taints=taints)
        flags = node_config(Reading(stack))["spec"]["kubelet"]["flags"]
        assert flags == ["--register-with-taints=gpu=yes:NoSchedule,old=:NoExecute"]


class TestDrawing(DrawingPromises):
    """What docs/eks-self-managed-nodes.d2 shows."""
