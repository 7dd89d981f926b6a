"""EKS in the emulated account: clusters, add-ons, access entries, Fargate profiles and Kubernetes objects."""

import json
from typing import Any

import pytest

from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    trust,
)

ROLE = "arn:aws:iam::111122223333:role"
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


STORAGE_CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "gp3"}}


def kubernetes(**changed: Any) -> dict[str, Any]:
    """A cluster with a node group, an add-on, an access entry and a Kubernetes object."""
    return {
        **NETWORK,
        "Second": of("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.16.0/20", AvailabilityZone="us-east-1c"),
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("eks.amazonaws.com")),
        "Pods": of("IAM::Role", AssumeRolePolicyDocument=trust("pods.eks.amazonaws.com")),
        "Cluster": of(
            "EKS::Cluster",
            Name="one",
            AccessConfig={"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False},
            DeletionProtection=changed.get("protected", False),
            EncryptionConfig=[{"Provider": {"KeyArn": get_att("Key", "Arn")}, "Resources": ["secrets"]}],
            Logging={"ClusterLogging": {"EnabledTypes": [{"Type": kind} for kind in changed.get("logs", ["api"])]}},
            ResourcesVpcConfig={
                "EndpointPrivateAccess": True,
                "EndpointPublicAccess": bool(changed.get("cidrs")),
                "PublicAccessCidrs": changed.get("cidrs", []),
                "SubnetIds": [ref("Subnet"), ref("Second")],
            },
            RoleArn=get_att("Role", "Arn"),
            UpgradePolicy={"SupportType": changed.get("support", "STANDARD")},
            Version="1.36",
        ),
        "Template": of("EC2::LaunchTemplate", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}}),
        "Nodes": of(
            "EKS::Nodegroup",
            CapacityType="SPOT",
            ClusterName=ref("Cluster"),
            LaunchTemplate={"Id": ref("Template"), "Version": get_att("Template", "LatestVersionNumber")},
            NodeRepairConfig={"Enabled": True},
            NodeRole=get_att("Role", "Arn"),
            ScalingConfig={"MinSize": 1, "DesiredSize": 1, "MaxSize": changed.get("nodes", 2)},
            Subnets=[ref("Subnet"), ref("Second")],
        ),
        "AddOn": of(
            "EKS::Addon",
            AddonName="vpc-cni",
            ClusterName=ref("Cluster"),
            **changed.get("add_on", {}),
        ),
        "Admin": of(
            "EKS::AccessEntry",
            AccessPolicies=[{"PolicyArn": ADMIN_POLICY, "AccessScope": {"Type": "cluster"}}]
            if changed.get("admin", True)
            else [],
            ClusterName=ref("Cluster"),
            PrincipalArn=get_att("Role", "Arn"),
        ),
        "Object": {
            "Type": "Custom::AWSCDK-EKS-KubernetesResource",
            "Properties": {
                "ServiceToken": "nobody",
                "ClusterName": ref("Cluster"),
                "Manifest": json.dumps(changed.get("objects", [STORAGE_CLASS])),
            },
        },
    }


def test_clusters_with_nodes_add_ons_and_access(stack: Stack) -> None:
    def read() -> Any:
        eks = stack.client("eks")
        cluster = eks.describe_cluster(name="one")["cluster"]
        network = cluster["resourcesVpcConfig"]
        [group] = stack.client("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])[
            "SecurityGroups"
        ]
        assert group["VpcId"] == network["vpcId"] == stack.id_of("Vpc")
        assert only(group["IpPermissions"])["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
        assert cluster["encryptionConfig"][0]["provider"]["keyArn"].endswith(stack.id_of("Key"))
        assert cluster["accessConfig"]["authenticationMode"] == "API"
        group_name = only(eks.list_nodegroups(clusterName="one")["nodegroups"])
        nodes = eks.describe_nodegroup(clusterName="one", nodegroupName=group_name)
        add_on = eks.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
        associations = eks.list_pod_identity_associations(clusterName="one")["associations"]
        assert [each["associationArn"] for each in associations] == add_on["podIdentityAssociations"]
        role = only(eks.list_access_entries(clusterName="one")["accessEntries"])
        admin = eks.list_associated_access_policies(clusterName="one", principalArn=role)["associatedAccessPolicies"]
        return (
            {kind for each in cluster["logging"]["clusterLogging"] if each["enabled"] for kind in each["types"]},
            (network["endpointPublicAccess"], network["publicAccessCidrs"]),
            (cluster["deletionProtection"], cluster["upgradePolicy"]["supportType"]),
            (nodes["nodegroup"]["capacityType"], nodes["nodegroup"]["nodeRepairConfig"]),
            nodes["nodegroup"]["scalingConfig"]["maxSize"],
            (add_on["addonVersion"], add_on["configurationValues"]),
            [each["serviceAccount"] for each in associations],
            [policy["policyArn"] for policy in admin],
            stack.account.inventory()["eks.OBJECTS"],
        )

    second = kubernetes(
        logs=["api", "audit"],
        cidrs=["203.0.113.0/24"],
        support="EXTENDED",
        nodes=5,
        add_on={
            "AddonVersion": "v1.2.3-eksbuild.4",
            "ConfigurationValues": '{"a": "b"}',
            "PodIdentityAssociations": [{"ServiceAccount": "aws-node", "RoleArn": get_att("Pods", "Arn")}],
        },
        admin=False,
        objects=[{**STORAGE_CLASS, "metadata": {"name": "other"}}],
    )
    at_first, changed = check_life_cycle(stack, kubernetes(), second, read)
    assert at_first == (
        {"api"},
        (False, []),
        (False, "STANDARD"),
        ("SPOT", {"enabled": True}),
        2,
        ("v1.0.0-eksbuild.1", ""),
        [],
        [ADMIN_POLICY],
        ["one/storage.k8s.io/v1/StorageClass//gp3"],
    )
    assert changed == (
        {"api", "audit"},
        (True, ["203.0.113.0/24"]),
        (False, "EXTENDED"),
        ("SPOT", {"enabled": True}),
        5,
        ("v1.2.3-eksbuild.4", '{"a": "b"}'),
        ["aws-node"],
        [],
        ["one/storage.k8s.io/v1/StorageClass//other"],
    )


def test_deletion_protection_of_a_cluster_can_be_disabled(stack: Stack) -> None:
    stack.deploy(kubernetes(protected=True))
    with pytest.raises(AssertionError, match="deletion protection is enabled"):
        stack.delete()
    stack.client("eks").update_cluster_config(name="one", deletionProtection=False)
    stack.delete()


@pytest.mark.parametrize(
    ("resource", "wrong", "message"),
    [
        ("Cluster", {"RoleArn": "arn:aws:iam::000000000000:role/missing"}, "role/missing does not exist"),
        (
            "Cluster",
            {"ResourcesVpcConfig": {"SubnetIds": [ref("Subnet")], "EndpointPrivateAccess": True}},
            "at least two different AZs",
        ),
        ("Nodes", {"ClusterName": "missing"}, "No cluster found for name: missing"),
        ("Nodes", {"LaunchTemplate": {"Id": "lt-missing", "Version": "1"}}, "Launch template lt-missing not found"),
        ("AddOn", {"ClusterName": "missing"}, "No cluster found for name: missing"),
        ("AddOn", {"ConfigurationValues": "a: b"}, "ConfigurationValue provided in request is not supported"),
        (
            "AddOn",
            {"PodIdentityAssociations": [{"ServiceAccount": "a", "RoleArn": "arn:missing"}]},
            "The role arn:missing does not exist",
        ),
        (
            "Admin",
            {"PrincipalArn": "arn:aws:sts::111122223333:assumed-role/a/b"},
            "The specified principalArn is invalid",
        ),
        ("Admin", {"PrincipalArn": f"{ROLE}/aws-service-role/a/b"}, "The specified principalArn is invalid"),
        ("Object", {"Manifest": "[{}]"}, "unable to decode the manifest"),
        ("Object", {"ClusterName": "missing"}, "No cluster found for name: missing"),
    ],
)
def test_eks_refuses_invalid_properties(stack: Stack, resource: str, wrong: dict[str, Any], message: str) -> None:
    resources = kubernetes()
    resources[resource]["Properties"].update(wrong)
    with pytest.raises(AssertionError, match=message):
        stack.deploy(resources)


def test_fargate_profiles(stack: Stack) -> None:
    def resources(team: str) -> Resources:
        profile = of(
            "EKS::FargateProfile",
            ClusterName=ref("Cluster"),
            PodExecutionRoleArn=get_att("Role", "Arn"),
            Selectors=[{"Namespace": "default", "Labels": [{"Key": "team", "Value": team}]}],
            Subnets=[ref("Subnet"), ref("Second")],
        )
        return {**kubernetes(), "Profile": profile}

    def read() -> Any:
        eks = stack.client("eks")
        name = only(eks.list_fargate_profiles(clusterName="one")["fargateProfileNames"])
        profile = eks.describe_fargate_profile(clusterName="one", fargateProfileName=name)["fargateProfile"]
        assert profile["status"] == "ACTIVE"
        return profile["selectors"]

    first, second = check_life_cycle(stack, resources("a"), resources("b"), read)
    assert first == [{"namespace": "default", "labels": {"team": "a"}}]
    assert second == [{"namespace": "default", "labels": {"team": "b"}}]


def test_pod_identity_associations_without_an_add_on(stack: Stack) -> None:
    def resources(role: str) -> Resources:
        association = of(
            "EKS::PodIdentityAssociation",
            ClusterName=ref("Cluster"),
            Namespace="trident",
            ServiceAccount="trident-controller",
            RoleArn=get_att(role, "Arn"),
        )
        return {**kubernetes(), "Association": association}

    def read() -> Any:
        eks = stack.client("eks")
        [summary] = eks.list_pod_identity_associations(clusterName="one")["associations"]
        assert stack.id_of("Association") == summary["associationArn"]
        described = eks.describe_pod_identity_association(clusterName="one", associationId=summary["associationId"])
        return summary["namespace"], summary["serviceAccount"], described["association"]["roleArn"].rpartition("/")[2]

    first, second = check_life_cycle(stack, resources("Pods"), resources("Role"), read)
    assert first[:2] == second[:2] == ("trident", "trident-controller")
    assert first[2] != second[2]


def test_objects_that_the_cluster_would_create(stack: Stack) -> None:
    def resources(kind: str, name: str) -> Resources:
        look = {
            "ServiceToken": "nobody",
            "ClusterName": ref("Cluster"),
            "ObjectType": kind,
            "ObjectName": name,
            "JsonPath": ".metadata.name",
        }
        parameter = of("SSM::Parameter", Type="String", Value=get_att("Look", "Value"))
        look_up = {
            "Type": "Custom::AWSCDK-EKS-KubernetesObjectValue",
            "Properties": look,
            "DependsOn": ["Object"],
        }
        return {**kubernetes(), "Look": look_up, "Found": parameter}

    for kind, name in (("customresourcedefinition", "things.example.com"), ("storageclass", "gp3")):
        stack.deploy(resources(kind, name))
        found = stack.client("ssm").get_parameter(Name=stack.id_of("Found"))["Parameter"]
        assert found["Value"] == name
    with pytest.raises(AssertionError, match="thing is not found"):
        stack.deploy(resources("pod", "thing"))
    stack.delete()


def identity(audience: str = "sts.amazonaws.com") -> dict[str, Any]:
    """The OIDC provider of a cluster, and a role with a trust policy that is a text."""
    provider = of("IAM::OIDCProvider", Url=get_att("Cluster", "OpenIdConnectIssuerUrl"), ClientIdList=[audience])
    trusted = {"Effect": "Allow", "Principal": {"Federated": "${Provider}"}, "Action": "sts:AssumeRoleWithWebIdentity"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trusted]}, sort_keys=True)
    return {
        **kubernetes(),
        "Provider": provider,
        "Application": of("IAM::Role", AssumeRolePolicyDocument={"Fn::Sub": text}),
    }


def test_oidc_providers_of_clusters(stack: Stack) -> None:
    def read() -> Any:
        iam, arn = stack.client("iam"), stack.id_of("Provider")
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        issuer = stack.client("eks").describe_cluster(name="one")["cluster"]["identity"]["oidc"]["issuer"]
        assert arn.partition(":oidc-provider/")[2] == issuer.partition("://")[2]
        role = iam.get_role(RoleName=stack.id_of("Application"))["Role"]["AssumeRolePolicyDocument"]
        assert role["Statement"][0]["Principal"] == {"Federated": arn}
        return found["ClientIDList"]

    before, after = check_life_cycle(stack, identity(), identity("other"), read)
    assert (before, after) == (["sts.amazonaws.com"], ["other"])
    assert stack.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
