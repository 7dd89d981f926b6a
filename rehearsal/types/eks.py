"""EKS clusters, node groups and access entries.

No Kubernetes runs behind a cluster, and node groups have no nodes. :mod:`rehearsal.types.eks_objects` stores the
objects that a stack applies.
"""

import re
from typing import Any

from ministack.services import ec2, eks, iam

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import add_rest_actions
from rehearsal.types.registry import Provisioned, amend_type, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, parse_response, query_parameters, require, to_api, xml_text

OBJECTS = regional_store()
"""Applied Kubernetes objects, by cluster, kind, namespace and name."""
FARGATE_PROFILES = regional_store()
"""Fargate profiles, by cluster and name."""


def register() -> None:
    amend_type(
        "AWS::EKS::Cluster",
        check=check_cluster,
        complete=complete_cluster,
        attributes=cluster_attributes,
        check_delete=check_delete,
        clean_up=clean_up_cluster,
    )
    amend_type("AWS::EKS::Nodegroup", check=check_node_group, complete=complete_node_group)
    register_type("AWS::EKS::AccessEntry", create=create_entry, update=update_entry, delete=delete_entry, tags="Tags")
    add_rest_actions("eks", {r"POST /clusters/([\w-]+)/update-config": update_cluster_config})


def cluster(name: str) -> Record:
    return require(eks._clusters.get(name), f"No cluster found for name: {name}.")


def check_role(arn: str) -> None:
    require(any(record["Arn"] == arn for record in iam._roles.values()), f"The role {arn} does not exist")


def map_of(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


# Clusters

DROPPED = (
    *("AccessConfig", "ComputeConfig", "DeletionProtection", "EncryptionConfig", "StorageConfig", "UpgradePolicy"),
)
"""Properties of a cluster that MiniStack drops. The API has the same names."""


def check_cluster(properties: Properties) -> None:
    check_role(properties["RoleArn"])
    network = properties["ResourcesVpcConfig"]
    for subnet_id in network["SubnetIds"]:
        ec2_types.subnet(subnet_id)
    for group_id in network.get("SecurityGroupIds", []):
        ec2_types.security_group(group_id)
    if len({ec2_types.subnet(subnet_id)["AvailabilityZone"] for subnet_id in network["SubnetIds"]}) < 2:
        raise ValueError("Subnets specified must be in at least two different AZs")


def complete_cluster(name: str, properties: Properties) -> None:
    record = cluster(name)
    completed = to_api("eks", "CreateCluster", {key: properties[key] for key in DROPPED if key in properties})
    record.update({"deletionProtection": False, "upgradePolicy": {"supportType": "EXTENDED"}, **completed})
    record["kubernetesNetworkConfig"].update(
        to_api("eks", "CreateCluster", {"KubernetesNetworkConfig": properties.get("KubernetesNetworkConfig", {})})[
            "kubernetesNetworkConfig"
        ]
    )
    record["status"] = "ACTIVE"
    record["certificateAuthority"] = {"data": "bm8gY2VydGlmaWNhdGU="}
    network, request = record["resourcesVpcConfig"], properties["ResourcesVpcConfig"]
    network["vpcId"] = ec2_types.subnet(request["SubnetIds"][0])["VpcId"]
    anywhere = ["0.0.0.0/0"] if network["endpointPublicAccess"] else []
    network["publicAccessCidrs"] = request.get("PublicAccessCidrs", anywhere)
    if network["clusterSecurityGroupId"] not in ec2._security_groups:
        network["clusterSecurityGroupId"] = create_group(name, network["vpcId"])


def create_group(name: str, vpc_id: str) -> str:
    """The security group that EKS creates for a cluster. It allows all traffic between its members."""
    description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes"
    request = {"GroupName": f"eks-cluster-sg-{name}", "GroupDescription": description, "VpcId": vpc_id}
    group_id = xml_text(parse_response(ec2._create_security_group(query_parameters(request))), "groupId")
    each_other = {"IpProtocol": "-1", "Groups": [{"GroupId": group_id}]}
    parse_response(ec2._authorize_sg_ingress(query_parameters({"GroupId": group_id, "IpPermissions": [each_other]})))
    return group_id


def cluster_attributes(name: str, _properties: Properties) -> dict[str, Any]:
    record = cluster(name)
    return {
        "ClusterSecurityGroupId": record["resourcesVpcConfig"]["clusterSecurityGroupId"],
        "CertificateAuthorityData": record["certificateAuthority"]["data"],
        # MiniStack's issuer has no TLS, and IAM takes no other issuers.
        "OpenIdConnectIssuerUrl": record["identity"]["oidc"]["issuer"].replace("http://", "https://"),
    }


def check_delete(name: str, _properties: Properties) -> None:
    if eks._clusters.get(name, {}).get("deletionProtection"):
        raise ValueError(f"The cluster {name} cannot be deleted because deletion protection is enabled.")
    inside = [key for store in (eks._nodegroups, FARGATE_PROFILES) for key in store if key.startswith(f"{name}/")]
    if inside:
        raise ValueError(f"Cluster has nodegroups or Fargate profiles attached: {', '.join(inside)}")


def clean_up_cluster(name: str, _properties: Properties) -> None:
    for group_id in [
        group_id for group_id, record in ec2._security_groups.items() if record["GroupName"] == f"eks-cluster-sg-{name}"
    ]:
        parse_response(ec2._delete_security_group(query_parameters({"GroupId": group_id})))
    for key in [key for key in OBJECTS if key.startswith(f"{name}/")]:
        OBJECTS.pop(key)


def update_cluster_config(body: Record, name: str) -> Record:
    """Changes the deletion protection. The emulated action ignores everything else."""
    cluster(name)["deletionProtection"] = body["deletionProtection"]
    return {"update": {"id": "1", "status": "Successful", "type": "DeletionProtectionUpdate"}}


# Node groups


def check_node_group(properties: Properties) -> None:
    cluster(properties["ClusterName"])
    check_role(properties["NodeRole"])
    for subnet_id in properties["Subnets"]:
        ec2_types.subnet(subnet_id)
    template = properties.get("LaunchTemplate", {}).get("Id")
    if template:
        require(ec2._launch_templates.get(template), f"Launch template {template} not found.")


def complete_node_group(name: str, properties: Properties) -> None:
    record = eks._nodegroups[f"{properties['ClusterName']}/{name.rpartition('/')[2]}"]
    completed = {key: properties[key] for key in ("CapacityType", "NodeRepairConfig") if key in properties}
    record.update({"nodeRepairConfig": {"enabled": False}, **to_api("eks", "CreateNodegroup", completed)})


# Access entries


def check_principal(arn: str) -> None:
    """EKS refuses principals that do not exist. Here, those of teams do not, so their ARNs only have to be possible."""
    role_or_user = re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+", arn)
    if not role_or_user or ":role/aws-service-role/" in arn:
        raise ValueError("The specified principalArn is invalid: invalid principal.")


def create_entry(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    cluster(name)
    check_principal(principal)
    parse_response(eks._create_access_entry(name, entry_request(properties)))
    complete_policies(properties)
    return f"{principal}|{name}", {
        "AccessEntryArn": eks._access_entries[eks._ae_key(name, principal)]["accessEntryArn"]
    }


def update_entry(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    name, principal = new["ClusterName"], new["PrincipalArn"]
    record = eks._access_entries[eks._ae_key(name, principal)]
    record.update({"kubernetesGroups": [], **entry_request(new)})
    complete_policies(new)
    return physical_id, {"AccessEntryArn": record["accessEntryArn"]}


def delete_entry(_physical_id: str, properties: Properties) -> None:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    if eks._ae_key(name, principal) in eks._access_entries:
        parse_response(eks._delete_access_entry(name, principal))


def entry_request(properties: Properties) -> Record:
    request = to_api("eks", "CreateAccessEntry", properties, excluding=("AccessPolicies", "ClusterName", "Tags"))
    return {**request, "tags": map_of(properties.get("Tags"))}


def complete_policies(properties: Properties) -> None:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    prefix = eks._ap_key(name, principal, "")
    for key in [key for key in eks._access_policies if key.startswith(prefix)]:
        eks._access_policies.pop(key)
    for policy in properties.get("AccessPolicies", []):
        parse_response(eks._associate_access_policy(name, principal, to_api("eks", "AssociateAccessPolicy", policy)))
