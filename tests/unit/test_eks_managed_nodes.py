"""The promises of EksManagedNodesStack."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from patternbook.limits.ec2_types import ec2_types
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.eks import (
    ClusterPromises,
    InsightsPromises,
    NetworkPromises,
    OperationPromises,
    add_on,
    add_ons,
    association,
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
from patternbook.testing.synthesis import refusal, variant
from stacks.eks_managed_nodes import EksManagedNodesStack

PATTERN = EksManagedNodesStack
EVERY_OPTION: Mapping[str, Any] = {
    **CLUSTER_OPTIONS,
    "add_ons": {
        "vpc-cni": {"version": "v1.20.4-eksbuild.1", "configuration": {"env": {"ENABLE_PREFIX_DELEGATION": "true"}}},
        "coredns": {"version": "v1.12.4-eksbuild.1"},
        **OPTIONAL_ADD_ONS,
    },
    "architecture": "x86_64",
    "volume_gib": 100,
    "storage": ["ebs", "efs", "fsx-lustre", "fsx-ontap"],
    "lustre_capacity_gib": 4800,
    "lustre_mbps_per_tib": 250,
    "ontap_capacity_gib": 2048,
    "ontap_mbps": 256,
    "system_instance_types": ["m6i.large"],
    "system_labels": {"example.com/nodes": "system"},
    "min_system_nodes": 3,
    "max_system_nodes": 6,
    "spot_instance_types": ["m6i.large", "m7i.large", "m5a.large"],
    "spot_labels": {"example.com/nodes": "spot"},
    "spot_taints": [{"key": "example.com/spot", "value": "true", "effect": "NO_EXECUTE"}, {"key": "batch"}],
    "min_spot_nodes": 0,
    "max_spot_nodes": 20,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"operating_system": "bottlerocket", "storage": ["efs", "fsx-lustre"]}
IN_EXISTING_VPC: Mapping[str, Any] = {"storage": ["ebs", "efs", "fsx-lustre"]}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
# Production with nothing that can be left out.
BARE: Mapping[str, Any] = {
    "posture": "production",
    "storage": [],
    "container_insights": False,
    "operating_system": "bottlerocket",
    "architecture": "x86_64",
    "spot_instance_types": ["m6i.large"],
}
SHARED: Mapping[str, Any] = {"storage": ["efs", "fsx-lustre", "fsx-ontap"]}
ROCKET: Mapping[str, Any] = {"storage": [], "operating_system": "bottlerocket"}
VARIANTS = {"full": FULL, "bare": BARE, "shared": SHARED, "rocket": ROCKET}

OF_NODES = {"coredns", "metrics-server", "eks-node-monitoring-agent"}
FIRST = {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}


def group(stack: Reading, capacity: str) -> Resource:
    [found] = [each for each in stack.all("AWS::EKS::Nodegroup") if each["CapacityType"] == capacity]
    return found


def launched(stack: Reading, nodes: Resource) -> dict[str, Any]:
    template = stack.to(nodes["LaunchTemplate"]["Id"])
    assert stack.shown(nodes["LaunchTemplate"]["Version"]) == "${AWS::EC2::LaunchTemplate.LatestVersionNumber}"
    return template["LaunchTemplateData"]


def of_fsx(stack: Reading, kind: str) -> Resource:
    [found] = [each for each in stack.all("AWS::FSx::FileSystem") if each["FileSystemType"] == kind]
    return found


def password(stack: Reading) -> Resource:
    return stack.one("AWS::SecretsManager::Secret")


def applying(stack: Reading, text: str) -> Resource:
    """The resource that applies the manifest with a text in it."""
    found = stack.all("Custom::AWSCDK-EKS-KubernetesResource")
    [one] = [each for each in found if text in str(stack.shown(each["Manifest"]))]
    return one


def said(stack: Reading, path: str) -> str:
    """The warnings of synth at a construct."""
    return " ".join(
        str(each.entry.data) for each in Annotations.from_stack(stack.stack).find_warning(path, Match.any_value())
    )


ROLE = "arn:aws:iam::111122223333:role"
TEAM: Mapping[str, Any] = {"principal": f"{ROLE}/team/developer", "level": "edit", "namespaces": ["team-*"]}


class TestNetwork(NetworkPromises):
    MORE_GROUPS = ("EFS mount targets", "FSx for Lustre", "FSx for ONTAP")
    OUTBOUND: ClassVar[Mapping[str, set[str]]] = {
        "FSx for Lustre": {
            f"tcp {ports} to {members}"
            for members in ("${AWS::EKS::Cluster.ClusterSecurityGroupId}", "FSx for Lustre")
            for ports in ("988", "1018-1023")
        }
    }


class TestFurtherAddOns(AddOnPromises):
    NODES = "AWS::EKS::Nodegroup"


class TestApplication(ApplicationPromises): ...


class TestContainerInsights(InsightsPromises): ...


class TestOperation(OperationPromises): ...


class TestCluster(ClusterPromises):
    def test_without_storage_there_are_no_manifests_and_no_kubectl(self, bare: Reading) -> None:
        assert not manifests(bare)
        assert not bare.all("AWS::Lambda::Function")

    def test_auto_mode_is_off(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["ComputeConfig"] == {"Enabled": False}
        assert cluster(any_stack)["StorageConfig"] == {"BlockStorage": {"Enabled": False}}
        assert cluster(any_stack)["KubernetesNetworkConfig"]["ElasticLoadBalancing"] == {"Enabled": False}

    def test_every_add_on_is_managed_by_eks(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["BootstrapSelfManagedAddons"] is False


class TestNodes:
    def test_two_groups_one_on_demand_and_one_on_spot_of_several_types(self, stack: Reading) -> None:
        assert {each["CapacityType"] for each in stack.all("AWS::EKS::Nodegroup")} == {"ON_DEMAND", "SPOT"}
        assert group(stack, "ON_DEMAND")["InstanceTypes"] == ["t4g.large", "m7g.large"]
        assert len(group(stack, "SPOT")["InstanceTypes"]) == 5

    def test_the_nodes_of_a_group_are_equal(self, any_stack: Reading) -> None:
        """Cluster Autoscaler takes them for equal."""
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            types = [ec2_types()[name] for name in nodes["InstanceTypes"]]
            assert len({(each.vcpus, each.memory_mib) for each in types}) == 1

    def test_nodes_are_in_private_subnets_without_ssh(self, any_stack: Reading) -> None:
        private = {subnet.id for subnet in any_stack.subnets("private")}
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            assert {any_stack.to(subnet).id for subnet in nodes["Subnets"]} == private
            assert "RemoteAccess" not in nodes.body["Properties"]
            assert {"NetworkInterfaces", "KeyName", "SecurityGroupIds", "ImageId", "UserData"}.isdisjoint(
                launched(any_stack, nodes)
            )

    @pytest.mark.parametrize(
        ("name", "ami_type", "devices"),
        [
            ("sandbox", "AL2023_ARM_64_STANDARD", {"/dev/xvda"}),
            ("full", "AL2023_x86_64_STANDARD", {"/dev/xvda"}),
            ("rocket", "BOTTLEROCKET_ARM_64", {"/dev/xvda", "/dev/xvdb"}),
            ("bare", "BOTTLEROCKET_x86_64", {"/dev/xvda", "/dev/xvdb"}),
        ],
    )
    def test_the_ami_is_of_the_operating_system_and_architecture(
        self, read: Callable[[str], Reading], name: str, ami_type: str, devices: set[str]
    ) -> None:
        for nodes in read(name).all("AWS::EKS::Nodegroup"):
            assert nodes["AmiType"] == ami_type
            architectures = {ec2_types()[each].architecture for each in nodes["InstanceTypes"]}
            assert architectures == {"arm64" if "ARM_64" in ami_type else "x86_64"}
            mapped = launched(read(name), nodes)["BlockDeviceMappings"]
            assert {device["DeviceName"] for device in mapped} == devices

    def test_instance_metadata_takes_imdsv2_with_a_hop_limit_of_1(self, any_stack: Reading) -> None:
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            options = launched(any_stack, nodes)["MetadataOptions"]
            assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)

    def test_volumes_are_gp3_and_encrypted(self, any_stack: Reading, full: Reading) -> None:
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            for device in launched(any_stack, nodes)["BlockDeviceMappings"]:
                ebs = device["Ebs"]
                assert (ebs["Encrypted"], ebs["VolumeType"], ebs["DeleteOnTermination"]) == (True, "gp3", True)
        sizes = [device["Ebs"]["VolumeSize"] for device in launched(full, group(full, "SPOT"))["BlockDeviceMappings"]]
        assert sizes[-1] == 100

    def test_nodes_have_the_version_of_the_cluster(self, stack: Reading, full: Reading) -> None:
        for each, version in ((stack, "1.36"), (full, "1.35")):
            assert {nodes["Version"] for nodes in each.all("AWS::EKS::Nodegroup")} == {version}
            assert cluster(each)["Version"] == version

    def test_nodes_are_repaired_and_replaced_one_by_one(self, any_stack: Reading) -> None:
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            assert nodes["NodeRepairConfig"] == {"Enabled": True}
            assert nodes["UpdateConfig"] == {"MaxUnavailable": 1}
            assert nodes["ForceUpdateEnabled"] is False

    def test_sizes_labels_and_taints(self, stack: Reading, full: Reading) -> None:
        system, spot = group(stack, "ON_DEMAND"), group(stack, "SPOT")
        assert system["ScalingConfig"] == {"MinSize": 2, "DesiredSize": 2, "MaxSize": 4}
        assert spot["ScalingConfig"] == {"MinSize": 1, "DesiredSize": 1, "MaxSize": 4}
        assert (system["Labels"], spot["Labels"]) == ({"nodes": "system"}, {"nodes": "spot"})
        assert not system.get("Taints")
        assert spot["Taints"] == [{"Key": "spot", "Value": "true", "Effect": "NO_SCHEDULE"}]
        system, spot = group(full, "ON_DEMAND"), group(full, "SPOT")
        assert system["ScalingConfig"] == {"MinSize": 3, "DesiredSize": 3, "MaxSize": 6}
        assert spot["ScalingConfig"] == {"MinSize": 0, "DesiredSize": 0, "MaxSize": 20}
        assert spot["Labels"] == {"example.com/nodes": "spot"}
        assert [(taint["Key"], taint["Effect"]) for taint in spot["Taints"]] == [
            ("example.com/spot", "NO_EXECUTE"),
            ("batch", "NO_SCHEDULE"),
        ]

    def test_the_role_is_for_the_kubelet_only(self, any_stack: Reading) -> None:
        [role] = {any_stack.to(nodes["NodeRole"]).id for nodes in any_stack.all("AWS::EKS::Nodegroup")}
        found = any_stack.resources[role]
        assert policies(any_stack, found) == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
        assert any_stack.statements(found) == []
        assert [each["Principal"] for each in trust(any_stack, found)] == [{"Service": "ec2.${AWS::URLSuffix}"}]

    def test_add_ons_routes_and_role_exist_before_the_nodes_and_outlive_them(self, any_stack: Reading) -> None:
        needed = {add_on(any_stack, name).id for name in FIRST}
        for nodes in any_stack.all("AWS::EKS::Nodegroup"):
            before = any_stack.before(nodes)
            assert needed <= before
            assert {any_stack.to(nodes["NodeRole"]).id, cluster(any_stack).id} <= before
            routes = {route.id for subnet in any_stack.subnets("private") if (route := any_stack.default_route(subnet))}
            assert len(routes) == 3
            assert routes <= before

    def test_spot_with_one_instance_type_is_a_warning(self, bare: Reading, sandbox: Reading) -> None:
        message = Match.string_like_regexp("The only Spot instance type is m6i.large")
        Annotations.from_stack(bare.stack).has_warning(f"/{bare.stack.node.path}/Spot", message)
        assert not Annotations.from_stack(sandbox.stack).find_warning("*", Match.any_value())


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, EksManagedNodesStack)
    assert stack.cluster.cluster.vpc == stack.network.vpc
    assert stack.system_nodes.group != stack.spot_nodes.group
    assert stack.storage.ebs_driver
    assert stack.storage.efs
    assert stack.storage.lustre
    assert stack.storage.ontap
    assert stack.monitoring.topic


class TestAddOns:
    def test_the_add_ons_of_the_page_are_there(self, stack: Reading, bare: Reading) -> None:
        assert add_ons(bare) == FIRST | OF_NODES
        assert add_ons(stack) == FIRST | OF_NODES | {"aws-ebs-csi-driver", "amazon-cloudwatch-observability"}

    def test_eks_chooses_add_on_versions_unless_they_are_set(self, stack: Reading, full: Reading) -> None:
        assert not any(each.get("AddonVersion") for each in stack.all("AWS::EKS::Addon"))
        assert add_on(full, "vpc-cni")["AddonVersion"] == "v1.20.4-eksbuild.1"
        assert add_on(full, "coredns")["AddonVersion"] == "v1.12.4-eksbuild.1"
        assert not add_on(full, "kube-proxy").get("AddonVersion")

    def test_network_policies_are_enforced(self, any_stack: Reading) -> None:
        assert configuration(any_stack, "vpc-cni")["enableNetworkPolicy"] == "true"

    def test_given_configuration_stands_beside_that_of_the_pattern(self, stack: Reading, full: Reading) -> None:
        assert configuration(stack, "vpc-cni") == {"enableNetworkPolicy": "true"}
        given = {"env": {"ENABLE_PREFIX_DELEGATION": "true"}}
        assert configuration(full, "vpc-cni") == {"enableNetworkPolicy": "true", **given}

    def test_the_vpc_cni_has_a_role_of_its_own(self, any_stack: Reading) -> None:
        role = pod_role(any_stack, "vpc-cni", "aws-node")
        assert policies(any_stack, role) == {"AmazonEKS_CNI_Policy"}
        assert any_stack.statements(role) == []

    def test_add_ons_that_run_on_nodes_wait_for_them(self, any_stack: Reading) -> None:
        system = group(any_stack, "ON_DEMAND")
        for name in add_ons(any_stack) - FIRST:
            assert system.id in any_stack.before(add_on(any_stack, name))


class TestStorage:
    def test_the_default_class_is_gp3_encrypted_where_the_pod_is_and_expandable(self, stack: Reading) -> None:
        found = manifest(stack, "StorageClass", "gp3")
        assert found["provisioner"] == "ebs.csi.aws.com"
        assert found["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
        assert (found["parameters"]["type"], found["parameters"]["encrypted"]) == ("gp3", "true")
        assert (found["volumeBindingMode"], found["allowVolumeExpansion"]) == ("WaitForFirstConsumer", True)

    def test_production_encrypts_with_the_key_of_the_stack(self, production: Reading, sandbox: Reading) -> None:
        parameters = manifest(production, "StorageClass", "gp3")["parameters"]
        assert parameters["kmsKeyId"] == "${AWS::KMS::Key.Arn}"
        assert "kmsKeyId" not in manifest(sandbox, "StorageClass", "gp3")["parameters"]

    def test_the_driver_has_a_role_of_its_own(self, production: Reading, sandbox: Reading) -> None:
        for stack in (production, sandbox):
            role = pod_role(stack, "aws-ebs-csi-driver", "ebs-csi-controller-sa")
            assert policies(stack, role) == {"service-role/AmazonEBSCSIDriverPolicy"}
        assert sandbox.statements(pod_role(sandbox, "aws-ebs-csi-driver", "ebs-csi-controller-sa")) == []

    def test_the_driver_asks_the_metadata_of_a_node_for_its_attachments(self, stack: Reading) -> None:
        """Metadata answers over one hop only, so not to a pod with an address of its own."""
        assert configuration(stack, "aws-ebs-csi-driver") == {"node": {"hostNetwork": True}}

    def test_the_driver_uses_the_key_for_volumes_only(self, production: Reading) -> None:
        grant, use = production.statements(pod_role(production, "aws-ebs-csi-driver", "ebs-csi-controller-sa"))
        assert grant["Action"] == ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
        assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        assert all(action.startswith("kms:") and "*" not in action for action in use["Action"])
        assert {grant["Resource"], use["Resource"]} == {"${AWS::KMS::Key.Arn}"}

    def test_the_storage_class_comes_after_its_driver(self, stack: Reading) -> None:
        [applied] = stack.all("Custom::AWSCDK-EKS-KubernetesResource")
        assert add_on(stack, "aws-ebs-csi-driver").id in stack.before(applied)

    def test_without_ebs_there_is_no_driver_and_no_storage_class(self, bare: Reading) -> None:
        assert "aws-ebs-csi-driver" not in add_ons(bare)
        assert not manifests(bare)


class TestEfs:
    """The variants with this storage: ``full`` in production, and ``shared`` in sandbox."""

    @pytest.fixture(scope="class", params=["full", "shared"])
    def stack(self, request: pytest.FixtureRequest, read: Any) -> Reading:
        return read(request.param)

    def test_the_class_makes_access_points_of_the_file_system(self, stack: Reading) -> None:
        found = manifest(stack, "StorageClass", "efs")
        assert found["provisioner"] == "efs.csi.aws.com"
        assert found["parameters"]["provisioningMode"] == "efs-ap"
        assert found["parameters"]["fileSystemId"] == "${AWS::EFS::FileSystem}"
        assert found["mountOptions"] == ["tls"]
        assert "annotations" not in found["metadata"]  # gp3 is the default

    def test_the_storage_class_comes_after_driver_and_mount_targets(self, stack: Reading) -> None:
        file_system = stack.one("AWS::EFS::FileSystem")
        [applied] = [
            each for each in stack.all("Custom::AWSCDK-EKS-KubernetesResource") if stack.refers(each, file_system)
        ]
        targets = {each.id for each in stack.all("AWS::EFS::MountTarget")}
        assert len(targets) == 3
        assert targets | {add_on(stack, "aws-efs-csi-driver").id} <= stack.before(applied)

    def test_the_driver_makes_access_points_of_one_file_system_and_deletes_its_own(self, stack: Reading) -> None:
        role = pod_role(stack, "aws-efs-csi-driver", "efs-csi-controller-sa")
        assert policies(stack, role) == set()
        points = "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:access-point/*"
        allowed = {
            action: (statement["Resource"], statement.get("Condition", {}))
            for statement in stack.statements(role)
            for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        }
        assert allowed.keys() == {
            *(f"elasticfilesystem:Describe{what}" for what in ("AccessPoints", "FileSystems", "MountTargets")),
            *("elasticfilesystem:CreateAccessPoint", "elasticfilesystem:TagResource"),
            *("elasticfilesystem:DeleteAccessPoint", "ec2:DescribeAvailabilityZones"),
        }
        assert allowed["elasticfilesystem:CreateAccessPoint"][0] == "${AWS::EFS::FileSystem.Arn}"
        assert allowed["elasticfilesystem:DescribeFileSystems"][0] == ["${AWS::EFS::FileSystem.Arn}", points]
        resource, condition = allowed["elasticfilesystem:DeleteAccessPoint"]
        assert (resource, condition) == (points, {"Null": {"aws:ResourceTag/efs.csi.aws.com/cluster": "false"}})
        resource, condition = allowed["elasticfilesystem:TagResource"]
        assert resource == points
        assert condition["StringEquals"] == {"elasticfilesystem:CreateAction": "CreateAccessPoint"}

    def test_only_the_cluster_reaches_the_files_by_tls_and_not_as_root(self, stack: Reading) -> None:
        [mount_group] = {stack.to(each["SecurityGroups"][0]).id for each in stack.all("AWS::EFS::MountTarget")}
        [rule] = [rule for group, rule in stack.inbound() if group.id == mount_group]
        assert stack.shown(rule["SourceSecurityGroupId"]) == "${AWS::EKS::Cluster.ClusterSecurityGroupId}"
        refuse, admit = stack.one("AWS::EFS::FileSystem")["FileSystemPolicy"]["Statement"]
        assert (refuse["Effect"], refuse["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        assert admit["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]

    def test_files_are_encrypted_with_the_key_of_the_stack_in_production(self, full: Reading) -> None:
        assert full.to(full.one("AWS::EFS::FileSystem")["KmsKeyId"]).type == "AWS::KMS::Key"

    def test_without_efs_there_is_no_file_system_and_no_driver(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::EFS::FileSystem")
        assert "aws-efs-csi-driver" not in add_ons(sandbox)


class TestLustre:
    """The variants with this storage: ``full`` in production, and ``shared`` in sandbox."""

    @pytest.fixture(scope="class", params=["full", "shared"])
    def stack(self, request: pytest.FixtureRequest, read: Any) -> Reading:
        return read(request.param)

    @staticmethod
    def file_system(stack: Reading) -> Resource:
        return of_fsx(stack, "LUSTRE")

    def test_it_is_persistent_in_an_isolated_subnet_and_of_the_given_size(self, full: Reading, stack: Reading) -> None:
        [subnet] = self.file_system(stack)["SubnetIds"]
        assert stack.to(subnet) in stack.subnets("isolated")
        assert self.file_system(stack)["FileSystemTypeVersion"] == "2.15"
        assert self.file_system(stack)["LustreConfiguration"]["DeploymentType"] == "PERSISTENT_2"
        assert self.file_system(full)["StorageCapacity"] == 4800
        assert self.file_system(full)["LustreConfiguration"]["PerUnitStorageThroughput"] == 250

    def test_production_keeps_backs_up_and_encrypts_it(self, full: Reading, read: Callable[[str], Reading]) -> None:
        found = self.file_system(full)
        assert full.to(found["KmsKeyId"]).type == "AWS::KMS::Key"
        assert found["LustreConfiguration"]["AutomaticBackupRetentionDays"] == 30
        assert found.kept == ("RetainExceptOnCreate", "Retain")
        found = self.file_system(read("shared"))
        assert found["LustreConfiguration"]["AutomaticBackupRetentionDays"] == 0
        assert found.kept == ("Delete", "Delete")

    def test_its_servers_and_the_nodes_reach_each_other_on_lustres_ports_only(self, stack: Reading) -> None:
        [reference] = self.file_system(stack)["SecurityGroupIds"]
        group, nodes = stack.to(reference), "${AWS::EKS::Cluster.ClusterSecurityGroupId}"
        inbound = {
            (stack.shown(rule["SourceSecurityGroupId"]), rule["FromPort"], rule["ToPort"])
            for admitting, rule in stack.inbound()
            if admitting == group
        }
        own = "${AWS::EC2::SecurityGroup.GroupId}"
        assert inbound == {(nodes, 988, 988), (nodes, 1018, 1023), (own, 988, 1023)}
        outbound = {
            (stack.shown(rule["DestinationSecurityGroupId"]), rule["FromPort"], rule["ToPort"])
            for rule in stack.outbound(group)
        }
        assert outbound == {(to, *ports) for to in (nodes, own) for ports in ((988, 988), (1018, 1023))}
        to_nodes = {
            (rule["FromPort"], rule["ToPort"])
            for rule in (each.body["Properties"] for each in stack.all("AWS::EC2::SecurityGroupIngress"))
            if stack.shown(rule["GroupId"]) == nodes and stack.to(rule["SourceSecurityGroupId"]) == group
        }
        assert to_nodes == {(988, 988), (1018, 1023)}

    def test_the_file_system_comes_after_the_rules_between_its_servers(self, stack: Reading) -> None:
        [reference] = self.file_system(stack)["SecurityGroupIds"]
        rules = {
            each.id
            for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
            for each in stack.all(kind)
            if stack.to(each["GroupId"]) == stack.to(reference)
        }
        assert len(rules) == 7
        assert rules <= stack.before(self.file_system(stack))

    def test_claims_share_one_volume_and_nothing_makes_another(self, stack: Reading) -> None:
        assert manifest(stack, "StorageClass", "fsx-lustre")["provisioner"] == "kubernetes.io/no-provisioner"
        volume = manifest(stack, "PersistentVolume", "fsx-lustre")["spec"]
        assert volume["accessModes"] == ["ReadWriteMany"]
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
        assert volume["csi"] == {
            "driver": "fsx.csi.aws.com",
            "volumeHandle": "${AWS::FSx::FileSystem}",
            "volumeAttributes": {
                "dnsname": "${AWS::FSx::FileSystem}.fsx.${AWS::Region}.${AWS::URLSuffix}",
                "mountname": "${AWS::FSx::FileSystem.LustreMountName}",
            },
        }
        gib = self.file_system(stack)["StorageCapacity"]
        assert volume["capacity"] == {"storage": f"{gib}Gi"}

    def test_the_volume_comes_after_driver_and_file_system(self, stack: Reading) -> None:
        applied = applying(stack, "fsx.csi.aws.com")
        assert {self.file_system(stack).id, add_on(stack, "aws-fsx-csi-driver").id} <= stack.before(applied)

    def test_the_driver_may_only_describe_file_systems(self, stack: Reading) -> None:
        role = pod_role(stack, "aws-fsx-csi-driver", "fsx-csi-controller-sa")
        assert policies(stack, role) == set()
        [statement] = stack.statements(role)
        assert statement["Action"] == "fsx:DescribeFileSystems"

    def test_an_alarm_rings_before_the_file_system_is_full(self, stack: Reading) -> None:
        [alarm] = [each for each in stack.all("AWS::CloudWatch::Alarm") if "Lustre" in each["AlarmDescription"]]
        assert alarm["Threshold"] == 80
        gib = self.file_system(stack)["StorageCapacity"]
        metrics = {each["Id"]: each for each in alarm["Metrics"]}
        assert f"100 * (1 - free / {gib * 2**30})" in {each.get("Expression") for each in metrics.values()}
        assert metrics["free"]["MetricStat"]["Metric"]["MetricName"] == "FreeDataStorageCapacity"
        assert metrics["free"]["MetricStat"]["Stat"] == "Sum"
        [dimension] = metrics["free"]["MetricStat"]["Metric"]["Dimensions"]
        assert dimension["Name"] == "FileSystemId"
        assert stack.to(dimension["Value"]) == self.file_system(stack)

    def test_synth_says_what_it_costs(self, full: Reading, sandbox: Reading) -> None:
        # 4,800 GiB at 0.21 USD
        assert "FSx for Lustre costs about 1,008 USD a month" in said(full, f"/{full.stack.node.path}/Lustre")
        assert said(sandbox, "*") == ""

    def test_without_lustre_there_is_no_file_system_and_no_driver(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::FSx::FileSystem")
        assert "aws-fsx-csi-driver" not in add_ons(sandbox)


class TestOntap:
    """The variants with this storage: ``full`` in production, and ``shared`` in sandbox."""

    @pytest.fixture(scope="class", params=["full", "shared"])
    def stack(self, request: pytest.FixtureRequest, read: Any) -> Reading:
        return read(request.param)

    @staticmethod
    def file_system(stack: Reading) -> Resource:
        return of_fsx(stack, "ONTAP")

    def test_production_has_a_standby_with_routes_in_the_private_subnets(self, full: Reading) -> None:
        found = self.file_system(full)
        configuration = found["OntapConfiguration"]
        assert configuration["DeploymentType"] == "MULTI_AZ_1"
        subnets = [full.to(each) for each in found["SubnetIds"]]
        assert len(subnets) == 2
        assert all(subnet in full.subnets("isolated") for subnet in subnets)
        assert full.to(configuration["PreferredSubnetId"]) == subnets[0]
        tables = {full.to(each).id for each in configuration["RouteTableIds"]}
        private = {
            full.to(route["RouteTableId"]).id for route in map(full.default_route, full.subnets("private")) if route
        }
        assert tables == private
        assert len(tables) == 3
        for table in tables:
            assert {"Key": "AmazonFSx", "Value": "ManagedByAmazonFSx"} in full.resources[table]["Tags"]

    def test_sandbox_is_in_one_az_and_leaves_routes_alone(self, read: Callable[[str], Reading]) -> None:
        stack = read("shared")
        configuration = self.file_system(stack)["OntapConfiguration"]
        assert configuration["DeploymentType"] == "SINGLE_AZ_1"
        assert "RouteTableIds" not in configuration
        assert len(self.file_system(stack)["SubnetIds"]) == 1
        assert "ManagedByAmazonFSx" not in json.dumps(stack.document)

    def test_capacity_and_throughput_are_the_given_ones(self, full: Reading, read: Callable[[str], Reading]) -> None:
        found = self.file_system(full)
        assert (found["StorageCapacity"], found["OntapConfiguration"]["ThroughputCapacity"]) == (2048, 256)
        found = self.file_system(read("shared"))
        assert (found["StorageCapacity"], found["OntapConfiguration"]["ThroughputCapacity"]) == (1024, 128)

    def test_production_keeps_backs_up_and_encrypts_it(self, full: Reading, read: Callable[[str], Reading]) -> None:
        found = self.file_system(full)
        assert full.to(found["KmsKeyId"]).type == "AWS::KMS::Key"
        assert found["OntapConfiguration"]["AutomaticBackupRetentionDays"] == 30
        assert self.file_system(read("shared"))["OntapConfiguration"]["AutomaticBackupRetentionDays"] == 0
        for stack, kept in ((full, ("RetainExceptOnCreate", "Retain")), (read("shared"), ("Delete", "Delete"))):
            machine = stack.one("AWS::FSx::StorageVirtualMachine")
            assert self.file_system(stack).kept == machine.kept == password(stack).kept == kept

    def test_only_the_cluster_reaches_the_file_system_by_nfs_4_and_its_api(self, stack: Reading) -> None:
        [reference] = self.file_system(stack)["SecurityGroupIds"]
        rules = [rule for group, rule in stack.inbound() if group == stack.to(reference)]
        assert sorted((rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules) == [
            ("tcp", 443, 443),
            ("tcp", 2049, 2049),
        ]
        sources = {stack.shown(rule["SourceSecurityGroupId"]) for rule in rules}
        assert sources == {"${AWS::EKS::Cluster.ClusterSecurityGroupId}"}
        assert [rule["CidrIp"] for rule in stack.outbound(stack.to(reference))] == ["255.255.255.255/32"]  # nobody
        assert manifest(stack, "StorageClass", "fsx-ontap")["mountOptions"] == ["nfsvers=4.1"]

    def test_secrets_manager_generates_the_password_of_the_svm(self, stack: Reading, full: Reading) -> None:
        machine = stack.one("AWS::FSx::StorageVirtualMachine")
        assert stack.to(machine["FileSystemId"]) == self.file_system(stack)
        secret = "{{resolve:secretsmanager:${AWS::SecretsManager::Secret}:SecretString:password::}}"
        assert stack.shown(machine["SvmAdminPassword"]) == secret
        generated = password(stack)["GenerateSecretString"]
        assert generated["PasswordLength"] == 32
        assert json.loads(generated["SecretStringTemplate"]) == {"username": "vsadmin"}
        assert full.to(password(full)["KmsKeyId"]).type == "AWS::KMS::Key"

    def test_trident_makes_volumes_of_this_file_system_and_reads_its_password(self, stack: Reading) -> None:
        found = association(stack, "trident-controller")
        assert found["Namespace"] == "trident"
        role = stack.to(found["RoleArn"])
        assert policies(stack, role) == set()
        allowed = {
            action: stack.shown(statement["Resource"])
            for statement in stack.statements(role)
            for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
            if not action.startswith("kms:")
        }
        volumes = "arn:${AWS::Partition}:fsx:${AWS::Region}:${AWS::AccountId}:volume/${AWS::FSx::FileSystem}/*"
        described = ("FileSystems", "StorageVirtualMachines", "Volumes")
        changed = ("CreateVolume", "DeleteVolume", "UpdateVolume", "TagResource", "UntagResource")
        read = ("DescribeSecret", "GetSecretValue")
        assert allowed == {
            **{f"fsx:Describe{what}": "*" for what in described},
            **{f"fsx:{action}": volumes for action in changed},
            **{f"secretsmanager:{action}": "${AWS::SecretsManager::Secret}" for action in read},
        }

    def test_trident_decrypts_its_password_through_secrets_manager_only(self, full: Reading) -> None:
        role = full.to(association(full, "trident-controller")["RoleArn"])
        [decrypt] = [each for each in full.statements(role) if each["Action"] == "kms:Decrypt"]
        assert full.shown(decrypt["Resource"]) == "${AWS::KMS::Key.Arn}"
        services = decrypt["Condition"]["StringEquals"]["kms:ViaService"]
        assert full.shown(services) == ["secretsmanager.${AWS::Region}.${AWS::URLSuffix}"]

    def test_trident_starts_after_its_role_and_the_storage_class_comes_after_a_working_backend(
        self, stack: Reading
    ) -> None:
        trident = add_on(stack, "netapp_trident-operator")
        assert association(stack, "trident-controller").id in stack.before(trident)
        found = {each["ObjectName"]: each for each in stack.all("Custom::AWSCDK-EKS-KubernetesObjectValue")}
        known, works = found["tridentbackendconfigs.trident.netapp.io"], found["fsx-ontap"]
        assert (known["ObjectType"], known["JsonPath"]) == ("customresourcedefinition", ".metadata.name")
        assert (works["ObjectType"], works["ObjectNamespace"]) == ("tridentbackendconfig", "trident")
        assert works["JsonPath"] == ".status.backendInfo.backendUUID"
        assert trident.id in stack.before(known)
        backend, offered = applying(stack, "TridentBackendConfig"), applying(stack, "csi.trident.netapp.io")
        assert {known.id, stack.one("AWS::FSx::StorageVirtualMachine").id} <= stack.before(backend)
        assert backend.id in stack.before(works)
        assert works.id in stack.before(offered)

    def test_the_backend_is_the_svm_for_addresses_of_the_vpc_only(self, stack: Reading) -> None:
        # The test compares the whole manifest, because no validator knows its kind.
        assert manifest(stack, "TridentBackendConfig", "fsx-ontap") == {
            "apiVersion": "trident.netapp.io/v1",
            "kind": "TridentBackendConfig",
            "metadata": {"name": "fsx-ontap", "namespace": "trident"},
            "spec": {
                "version": 1,
                "backendName": "fsx-ontap",
                "storageDriverName": "ontap-nas",
                "svm": stack.one("AWS::FSx::StorageVirtualMachine")["Name"],
                "aws": {"fsxFilesystemID": "${AWS::FSx::FileSystem}"},
                "credentials": {"name": "${AWS::SecretsManager::Secret}", "type": "awsarn"},
                "autoExportPolicy": True,
                "autoExportCIDRs": ["${AWS::EC2::VPC.CidrBlock}"],
            },
        }

    def test_an_alarm_rings_before_the_file_system_is_full(self, stack: Reading) -> None:
        [alarm] = [each for each in stack.all("AWS::CloudWatch::Alarm") if "ONTAP" in each["AlarmDescription"]]
        assert (alarm["MetricName"], alarm["Threshold"]) == ("StorageCapacityUtilization", 80)
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert stack.to(dimensions.pop("FileSystemId")) == self.file_system(stack)
        assert dimensions == {"StorageTier": "SSD", "DataType": "All"}

    def test_synth_says_what_it_costs_and_asks_for_the_subscription(self, full: Reading) -> None:
        # 2,048 GiB at 0.25 USD and 256 MB/s at 1.20 USD
        told = said(full, f"/{full.stack.node.path}/Ontap")
        assert "FSx for ONTAP costs about 819 USD a month" in told
        assert "in the AWS Marketplace before you deploy" in told


class TestRegions:
    REGIONS = ("eu-west-1", "us-east-2")

    @pytest.fixture(scope="class")
    def stacks(self, tmp_path_factory: pytest.TempPathFactory) -> dict[str, cdk.Stack]:
        first = variant(PATTERN, tmp_path_factory.mktemp("regions"), regions=list(self.REGIONS))
        siblings = first.node.root.node.children
        return {child.node.id: child for child in siblings if isinstance(child, cdk.Stack)}

    def test_each_region_has_a_stack_of_its_own(self, stacks: dict[str, cdk.Stack]) -> None:
        assert stacks.keys() == {f"EksManagedNodesStack-{region}" for region in self.REGIONS}
        for region in self.REGIONS:
            assert stacks[f"EksManagedNodesStack-{region}"].region == region
            assert f"--region {region}" in Reading(stacks[f"EksManagedNodesStack-{region}"]).output("KubeconfigCommand")

    def test_the_stacks_are_complete_and_share_nothing(self, stacks: dict[str, cdk.Stack], sandbox: Reading) -> None:
        for stack in stacks.values():
            reading = Reading(stack)
            assert {each.type for each in reading.resources.values()} == {
                each.type for each in sandbox.resources.values()
            }
            assert "Fn::ImportValue" not in json.dumps(reading.document)
            assert stack.dependencies == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            (
                {"kubernetes_version": "1.99"},
                "kubernetes_version",
                "in standard support, got '1.99'. Choose one of 1.36, 1.35",
            ),
            ({"kubernetes_version": "1.30"}, "kubernetes_version", "support of Kubernetes 1.30 ended on 2025-07-23"),
            ({"kubernetes_version": "1.33"}, "kubernetes_version", "support of Kubernetes 1.33 ended on 2026-07-29"),
            (
                {"public_access_cidrs": ["10.0.0.0/8"]},
                "public_access_cidrs",
                "must be public addresses, got 10.0.0.0/8.",
            ),
            ({"public_access_cidrs": ["1.2.3.4"]}, "public_access_cidrs.0", "an IPv4 block in CIDR notation"),
            (
                {"posture": "production", "public_access_cidrs": ["0.0.0.0/0"]},
                "public_access_cidrs",
                "must not admit everybody (0.0.0.0/0) in production, got 0.0.0.0/0. List your own",
            ),
            (
                {"posture": "production", "public_access_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]},
                "public_access_cidrs",
                "in production, got 0.0.0.0/1, 128.0.0.0/1.",
            ),
            ({"private_access_cidrs": ["10.0.0.1/8"]}, "private_access_cidrs.0", "an IPv4 block in CIDR notation"),
            (
                {"private_access_security_groups": ["bastion"]},
                "private_access_security_groups.0",
                'the id of a security group such as "sg-0123456789abcdef0"',
            ),
            ({"admin_principals": ["*"]}, "admin_principals.0", "but not *, which stands for all AWS accounts"),
            (
                {"add_ons": {"adot": {}}},
                "add_ons",
                "Must name add-ons of this pattern, got adot. Choose from",
            ),
            ({"add_ons": {"coredns": {"version": "1.12"}}}, "add_ons.coredns.version", 'such as "v1.20.4-eksbuild.1"'),
            ({"add_ons": {"coredns": "v1.12.4-eksbuild.1"}}, "add_ons.coredns", "an object with version"),
            (
                {"add_ons": {"vpc-cni": {"configuration": {"enableNetworkPolicy": "false"}}}},
                "add_ons",
                "The configuration of vpc-cni must leave enableNetworkPolicy to the pattern. Remove it.",
            ),
            ({"add_ons": {"external-dns": {}}}, "add_ons", "external-dns must have hosted_zones, because it changes"),
            (
                {"add_ons": {"coredns": {"configuration": {"replicaCount": float("nan")}}}},
                "add_ons.coredns.configuration.replicaCount.float",
                "Must be JSON, in which numbers are finite",
            ),
            (
                {"add_ons": {"cert-manager": {"hosted_zones": {"Z1": "example.com"}}}},
                "add_ons",
                "cert-manager must have no hosted_zones, because it calls no Route 53. Remove them.",
            ),
            ({"add_on_versions": {"coredns": "v1.12.4-eksbuild.1"}}, "add_on_versions", 'Write add_ons={"coredns"'),
            (
                {"access": [{**TEAM, "principal": "arn:aws:iam::111122223333:root"}]},
                "access.0.principal",
                "Must be the ARN of an IAM role or an IAM user",
            ),
            (
                {"access": [{**TEAM, "principal": "arn:aws:sts::111122223333:assumed-role/dev/me"}]},
                "access.0.principal",
                "To print its ARN, type: aws iam get-role --role-name dev --query Role.Arn",
            ),
            (
                {"access": [{**TEAM, "principal": f"{ROLE}/AWSReservedSSO_Dev_0123456789abcdef"}]},
                "access.0.principal",
                "needs the role itself, with its path. To print its ARN, type: aws iam get-role",
            ),
            (
                {"access": [{**TEAM, "principal": f"{ROLE}/aws-service-role/eks.amazonaws.com/AWSServiceRoleForEks"}]},
                "access.0.principal",
                "EKS takes no service-linked role here.",
            ),
            ({"access": [{**TEAM, "level": "write"}]}, "access.0.level", "Must be one of view, edit, admin."),
            ({"access": [{**TEAM, "namespaces": []}]}, "access.0.namespaces", "a list of 1 to 50 items"),
            ({"access": [{**TEAM, "namespaces": ["Team"]}]}, "access.0.namespaces.0", "a Kubernetes namespace such as"),
            ({"access": [{**TEAM, "namespaces": ["*", "a"]}]}, "access.0.namespaces", '"*" must stand alone'),
            ({"access": [TEAM, TEAM]}, "access", "Must contain each value only once."),
            (
                {"system_instance_types": ["m6i.large"]},
                "system_instance_types",
                "must run an AMI for arm64, got m6i.large",
            ),
            ({"spot_instance_types": ["t4g.small"]}, "spot_instance_types", "room for pods beside the add-ons"),
            ({"spot_instance_types": ["m7g.lage"]}, "spot_instance_types", "The family m7g has the sizes 12xlarge,"),
            ({"spot_instance_types": ["g5g.xlarge"]}, "spot_instance_types", "no drivers for GPUs and other acceler"),
            ({"architecture": "x86_64", "spot_instance_types": ["m7g.large"]}, "spot_instance_types", "for x86_64"),
            (
                {"min_system_nodes": 5},
                "max_system_nodes",
                "must be at least min_system_nodes (5), got 4. Raise max_system_nodes or",
            ),
            (
                {"min_spot_nodes": 5},
                "max_spot_nodes",
                "must be at least min_spot_nodes (5), got 4. Raise max_spot_nodes or lower min_spot",
            ),
            ({"max_spot_nodes": 451}, "max_spot_nodes", "a whole number from 1 to 450"),
            ({"desired_nodes": 3}, "desired_nodes", "Not supported: a node group starts with its minimum"),
            ({"regions": ["eu-west-9"]}, "regions.0", 'an AWS Region such as "eu-west-1"'),
            ({"regions": ["eu-west-1", "eu-west-1"]}, "regions", "repeated: eu-west-1"),
            ({"storage": ["s3"]}, "storage.0", "one of ebs, efs, fsx-lustre, fsx-ontap"),
            (
                {"operating_system": "bottlerocket", "storage": ["fsx-ontap"]},
                "storage",
                "which does not support NetApp",
            ),
            ({"lustre_capacity_gib": 2400}, "lustre_capacity_gib", "Requires fsx-lustre in storage."),
            ({"storage": ["fsx-lustre"], "ontap_mbps": 256}, "ontap_mbps", "Requires fsx-ontap in storage."),
            (
                {"storage": ["fsx-lustre"], "lustre_capacity_gib": 1800},
                "lustre_capacity_gib",
                "must be 1,200 GiB, or a multiple of 2,400 GiB up to 100,800, got 1,800.",
            ),
            (
                {"storage": ["fsx-lustre"], "lustre_capacity_gib": 0},
                "lustre_capacity_gib",
                "The capacity of FSx for Lustre must be 1,200 GiB, or a multiple of 2,400 GiB up to 100,800, got 0.",
            ),
            ({"lustre_mbps_per_tib": 100}, "lustre_mbps_per_tib", "one of 125, 250, 500, 1000"),
            (
                {"storage": ["fsx-ontap"], "ontap_capacity_gib": 1000},
                "ontap_capacity_gib",
                "The capacity of FSx for ONTAP must be 1,024 to 196,608 GiB, got 1,000.",
            ),
            ({"ontap_mbps": 100}, "ontap_mbps", "one of 128, 256, 512, 1024, 2048, 4096"),
            ({"system_labels": {"kubernetes.io/x": "y"}}, "system_labels.kubernetes.io/x", "a label key such as"),
            ({"spot_taints": [{"key": "a", "effect": "NO"}]}, "spot_taints.0.effect", "one of NO_SCHEDULE"),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(PATTERN, **settings)
        assert list(said) == [path]
        assert remedy in said[path]


class TestDrawing(DrawingPromises):
    """What docs/eks-managed-nodes.d2 shows."""
