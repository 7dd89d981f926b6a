"""EKS: what MiniStack drops of clusters and node groups, what it lacks beside them, and kubectl.

There is no Kubernetes behind a cluster. Node groups have no nodes, and objects that a stack applies are written down.
"""

import json
from typing import Any

from ministack.services import ec2, eks, iam

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.seams import (
    ApiError,
    Properties,
    Provisioned,
    Record,
    add_rest_actions,
    amend_type,
    physical_name,
    query_parameters,
    regional_store,
    register_type,
    required,
    succeed,
    to_api,
    xml_text,
)

OBJECTS = regional_store()
"""Kubernetes objects that stacks have applied, by cluster, kind, namespace and name."""
FARGATE_PROFILES = regional_store()
"""By cluster and name."""

NAMESPACES = {"amazon-cloudwatch-observability": "amazon-cloudwatch", "netapp_trident-operator": "trident"}
"""Where an add-on has its service accounts, if not in ``kube-system``."""


def register() -> None:
    amend_type(
        "AWS::EKS::Cluster",
        check=check_cluster,
        keep=keep_cluster,
        attributes=cluster_attributes,
        refuse=refuse_to_delete,
        forget=forget_cluster,
    )
    amend_type("AWS::EKS::Nodegroup", check=check_node_group, keep=keep_node_group)
    register_type("AWS::EKS::Addon", create=create_add_on, update=update_add_on, delete=delete_add_on, tags="Tags")
    register_type("AWS::EKS::AccessEntry", create=create_entry, update=update_entry, delete=delete_entry, tags="Tags")
    register_type(
        "AWS::EKS::FargateProfile", create=create_profile, update=update_profile, delete=delete_profile, tags="Tags"
    )
    register_type(
        "AWS::EKS::PodIdentityAssociation",
        create=create_association,
        update=update_association,
        delete=delete_association,
        tags="Tags",
    )
    register_type(
        "Custom::AWSCDK-EKS-KubernetesResource", create=apply_objects, update=update_objects, delete=delete_objects
    )
    register_type(
        "Custom::AWSCDK-EKS-KubernetesObjectValue",
        create=find_object,
        update=lambda physical_id, _old, new, stack: (physical_id, find_object("", new, stack)[1]),
        delete=lambda _physical_id, _properties: None,
    )
    add_rest_actions(
        "eks",
        {
            r"POST /clusters/([\w-]+)/update-config": update_cluster_config,
            r"GET /clusters/([\w-]+)/fargate-profiles": list_profiles,
            r"GET /clusters/([\w-]+)/fargate-profiles/([\w-]+)": describe_profile,
        },
    )


def cluster(name: str) -> Record:
    return required(eks._clusters.get(name), f"No cluster found for name: {name}.")


def check_role(arn: str) -> None:
    required(any(record["Arn"] == arn for record in iam._roles.values()), f"The role {arn} does not exist")


def map_of(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


# Clusters

KEPT = (*("AccessConfig", "ComputeConfig", "DeletionProtection", "EncryptionConfig", "StorageConfig", "UpgradePolicy"),)
"""Properties of a cluster that MiniStack drops, of which the API has members of the same names."""


def check_cluster(properties: Properties) -> None:
    check_role(properties["RoleArn"])
    network = properties["ResourcesVpcConfig"]
    for subnet_id in network["SubnetIds"]:
        ec2_types.subnet(subnet_id)
    for group_id in network.get("SecurityGroupIds", []):
        ec2_types.security_group(group_id)
    if len({ec2_types.subnet(subnet_id)["AvailabilityZone"] for subnet_id in network["SubnetIds"]}) < 2:
        raise ValueError("Subnets specified must be in at least two different AZs")


def keep_cluster(name: str, properties: Properties) -> None:
    record = cluster(name)
    asked = to_api("eks", "CreateCluster", {key: properties[key] for key in KEPT if key in properties})
    record.update({"deletionProtection": False, "upgradePolicy": {"supportType": "EXTENDED"}, **asked})
    record["kubernetesNetworkConfig"].update(
        to_api("eks", "CreateCluster", {"KubernetesNetworkConfig": properties.get("KubernetesNetworkConfig", {})})[
            "kubernetesNetworkConfig"
        ]
    )
    record["status"] = "ACTIVE"
    record["certificateAuthority"] = {"data": "bm8gY2VydGlmaWNhdGU="}
    network, asked_for = record["resourcesVpcConfig"], properties["ResourcesVpcConfig"]
    network["vpcId"] = ec2_types.subnet(asked_for["SubnetIds"][0])["VpcId"]
    anywhere = ["0.0.0.0/0"] if network["endpointPublicAccess"] else []
    network["publicAccessCidrs"] = asked_for.get("PublicAccessCidrs", anywhere)
    if network["clusterSecurityGroupId"] not in ec2._security_groups:
        network["clusterSecurityGroupId"] = create_group(name, network["vpcId"])


def create_group(name: str, vpc_id: str) -> str:
    """The security group that EKS makes, whose members talk to each other."""
    description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes"
    request = {"GroupName": f"eks-cluster-sg-{name}", "GroupDescription": description, "VpcId": vpc_id}
    group_id = xml_text(succeed(ec2._create_security_group(query_parameters(request))), "groupId")
    each_other = {"IpProtocol": "-1", "Groups": [{"GroupId": group_id}]}
    succeed(ec2._authorize_sg_ingress(query_parameters({"GroupId": group_id, "IpPermissions": [each_other]})))
    return group_id


def cluster_attributes(name: str, _properties: Properties) -> dict[str, Any]:
    record = cluster(name)
    return {
        "ClusterSecurityGroupId": record["resourcesVpcConfig"]["clusterSecurityGroupId"],
        "CertificateAuthorityData": record["certificateAuthority"]["data"],
    }


def refuse_to_delete(name: str, _properties: Properties) -> None:
    if eks._clusters.get(name, {}).get("deletionProtection"):
        raise ValueError(f"The cluster {name} cannot be deleted because deletion protection is enabled.")
    inside = [key for store in (eks._nodegroups, FARGATE_PROFILES) for key in store if key.startswith(f"{name}/")]
    if inside:
        raise ValueError(f"Cluster has nodegroups or Fargate profiles attached: {', '.join(inside)}")


def forget_cluster(name: str, _properties: Properties) -> None:
    for group_id in [
        group_id for group_id, record in ec2._security_groups.items() if record["GroupName"] == f"eks-cluster-sg-{name}"
    ]:
        succeed(ec2._delete_security_group(query_parameters({"GroupId": group_id})))
    for key in [key for key in OBJECTS if key.startswith(f"{name}/")]:
        OBJECTS.pop(key)


def update_cluster_config(body: Record, name: str) -> Record:
    """Of what UpdateClusterConfig can change: deletion protection."""
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
        required(ec2._launch_templates.get(template), f"Launch template {template} not found.")


def keep_node_group(name: str, properties: Properties) -> None:
    record = eks._nodegroups[f"{properties['ClusterName']}/{name.rpartition('/')[2]}"]
    asked = {key: properties[key] for key in ("CapacityType", "NodeRepairConfig") if key in properties}
    record.update({"nodeRepairConfig": {"enabled": False}, **to_api("eks", "CreateNodegroup", asked)})


# Add-ons


def create_add_on(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name, add_on = properties["ClusterName"], properties["AddonName"]
    cluster(name)
    check_add_on(properties)
    succeed(eks._create_addon(name, {"addonName": add_on}))
    keep_add_on(properties)
    return f"{name}|{add_on}", {"Arn": eks._addons[f"{name}/{add_on}"]["addonArn"]}


def update_add_on(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_add_on(new)
    keep_add_on(new)
    return physical_id, {"Arn": eks._addons[physical_id.replace("|", "/")]["addonArn"]}


def delete_add_on(physical_id: str, _properties: Properties) -> None:
    name, _, add_on = physical_id.partition("|")
    if f"{name}/{add_on}" in eks._addons:
        associate_pods(name, add_on, [])
        succeed(eks._delete_addon(name, add_on))


def check_add_on(properties: Properties) -> None:
    try:
        json.loads(properties.get("ConfigurationValues", "{}"))
    except ValueError as error:
        raise ValueError(f"ConfigurationValue provided in request is not supported: {error}") from error
    for association in properties.get("PodIdentityAssociations", []):
        check_role(association["RoleArn"])


def keep_add_on(properties: Properties) -> None:
    name, add_on = properties["ClusterName"], properties["AddonName"]
    record = eks._addons[f"{name}/{add_on}"]
    record["addonVersion"] = properties.get("AddonVersion", "v1.0.0-eksbuild.1")
    record["configurationValues"] = properties.get("ConfigurationValues", "")
    record["tags"] = map_of(properties.get("Tags"))
    record["podIdentityAssociations"] = associate_pods(name, add_on, properties.get("PodIdentityAssociations", []))


def associate_pods(name: str, add_on: str, wanted: list[dict[str, str]]) -> list[str]:
    """Associations of an add-on's service accounts with roles, in place of those that it has; their ARNs."""
    owner = eks._addons[f"{name}/{add_on}"]["addonArn"]
    for record in list(eks._pod_identity_associations.values()):
        if record["ownerArn"] == owner:
            succeed(eks._delete_pod_identity_association(name, record["associationId"]))
    namespace = NAMESPACES.get(add_on, "kube-system")
    arns = []
    for each in wanted:
        request = {"namespace": namespace, "serviceAccount": each["ServiceAccount"], "roleArn": each["RoleArn"]}
        made = succeed(eks._create_pod_identity_association(name, request))["association"]
        association_of(made["associationId"])["ownerArn"] = owner
        arns.append(made["associationArn"])
    return arns


# Pod identity associations that no add-on owns


def create_association(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name = properties["ClusterName"]
    cluster(name)
    check_role(properties["RoleArn"])
    request = to_api("eks", "CreatePodIdentityAssociation", properties, but=("ClusterName", "Tags"))
    made = succeed(eks._create_pod_identity_association(name, {**request, "tags": map_of(properties.get("Tags"))}))
    arn, association_id = made["association"]["associationArn"], made["association"]["associationId"]
    # None of an add-on: what an add-on is taken its own away by looks at this.
    association_of(association_id)["ownerArn"] = ""
    return arn, {"AssociationArn": arn, "AssociationId": association_id}


def update_association(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_role(new["RoleArn"])
    association_id = arn.rpartition("/")[2]
    association_of(association_id)["roleArn"] = new["RoleArn"]
    return arn, {"AssociationArn": arn, "AssociationId": association_id}


def delete_association(arn: str, properties: Properties) -> None:
    name, association_id = properties["ClusterName"], arn.rpartition("/")[2]
    if any(record["associationId"] == association_id for record in eks._pod_identity_associations.values()):
        succeed(eks._delete_pod_identity_association(name, association_id))


def association_of(association_id: str) -> Record:
    return next(
        record for record in eks._pod_identity_associations.values() if record["associationId"] == association_id
    )


# Access entries


def create_entry(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    cluster(name)
    check_role(principal)
    succeed(eks._create_access_entry(name, entry_request(properties)))
    keep_policies(properties)
    return f"{principal}|{name}", {
        "AccessEntryArn": eks._access_entries[eks._ae_key(name, principal)]["accessEntryArn"]
    }


def update_entry(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    name, principal = new["ClusterName"], new["PrincipalArn"]
    record = eks._access_entries[eks._ae_key(name, principal)]
    record.update({"kubernetesGroups": [], **entry_request(new)})
    keep_policies(new)
    return physical_id, {"AccessEntryArn": record["accessEntryArn"]}


def delete_entry(_physical_id: str, properties: Properties) -> None:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    if eks._ae_key(name, principal) in eks._access_entries:
        succeed(eks._delete_access_entry(name, principal))


def entry_request(properties: Properties) -> Record:
    request = to_api("eks", "CreateAccessEntry", properties, but=("AccessPolicies", "ClusterName", "Tags"))
    return {**request, "tags": map_of(properties.get("Tags"))}


def keep_policies(properties: Properties) -> None:
    name, principal = properties["ClusterName"], properties["PrincipalArn"]
    prefix = eks._ap_key(name, principal, "")
    for key in [key for key in eks._access_policies if key.startswith(prefix)]:
        eks._access_policies.pop(key)
    for policy in properties.get("AccessPolicies", []):
        succeed(eks._associate_access_policy(name, principal, to_api("eks", "AssociateAccessPolicy", policy)))


# Fargate profiles


def create_profile(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties["ClusterName"]
    arn = cluster(name)["arn"].replace(":cluster/", ":fargateprofile/")
    profile = properties.get("FargateProfileName") or physical_name(stack, logical_id, max_len=100)
    check_role(properties["PodExecutionRoleArn"])
    for subnet_id in properties["Subnets"]:
        ec2_types.subnet(subnet_id)
    if f"{name}/{profile}" in FARGATE_PROFILES:
        raise ValueError(f"Fargate profile already exists: {profile}")
    selectors = [
        {**selector, "Labels": {label["Key"]: label["Value"] for label in selector.get("Labels", [])}}
        for selector in properties["Selectors"]
    ]
    record = to_api("eks", "CreateFargateProfile", {**properties, "Selectors": selectors}, but=("Tags",))
    FARGATE_PROFILES[f"{name}/{profile}"] = {
        **record,
        "fargateProfileName": profile,
        "fargateProfileArn": f"{arn}/{profile}",
        "status": "ACTIVE",
        "tags": map_of(properties.get("Tags")),
    }
    return f"{name}|{profile}", {"Arn": f"{arn}/{profile}"}


def update_profile(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    """All but tags is replaced."""
    record = FARGATE_PROFILES[physical_id.replace("|", "/")]
    record["tags"] = map_of(new.get("Tags"))
    return physical_id, {"Arn": record["fargateProfileArn"]}


def delete_profile(physical_id: str, _properties: Properties) -> None:
    FARGATE_PROFILES.pop(physical_id.replace("|", "/"), None)


def list_profiles(_body: Record, name: str) -> Record:
    prefix = f"{name}/"
    return {"fargateProfileNames": [key.removeprefix(prefix) for key in FARGATE_PROFILES if key.startswith(prefix)]}


def describe_profile(_body: Record, name: str, profile: str) -> Record:
    record = FARGATE_PROFILES.get(f"{name}/{profile}")
    if record is None:
        raise ApiError("ResourceNotFoundException", f"No Fargate Profile found with name: {profile}.")
    return {"fargateProfile": record}


# Kubernetes objects: in place of the functions of CDK, which would call kubectl


def apply_objects(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties["ClusterName"]
    cluster(name)
    for key, each in objects_of(properties).items():
        OBJECTS[key] = each
    return physical_name(stack, logical_id, max_len=63), {}


def update_objects(physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
    """As ``kubectl apply`` without pruning: what is no longer said stays, but here it goes with the new state."""
    wanted = objects_of(new)
    for key in objects_of(old).keys() - wanted.keys():
        OBJECTS.pop(key, None)
    OBJECTS.update(wanted)
    return physical_id, {}


def delete_objects(_physical_id: str, properties: Properties) -> None:
    for key in objects_of(properties):
        OBJECTS.pop(key, None)


def objects_of(properties: Properties) -> dict[str, Record]:
    """
    :raises ValueError: for what is no list of Kubernetes objects with a kind and a name.
    """
    manifest = json.loads(properties["Manifest"])
    found = {}
    for each in manifest:
        try:
            kind, name = f"{each['apiVersion']}/{each['kind']}", each["metadata"]["name"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"error: unable to decode the manifest: no {error} in {each}") from error
        namespace = each["metadata"].get("namespace", "")
        found[f"{properties['ClusterName']}/{kind}/{namespace}/{name}"] = each
    return found


def find_object(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    """In place of a look for what something inside of the cluster makes: here its kinds are always there, and an object
    that a stack has applied has whatever is looked for."""
    name = properties["ClusterName"]
    cluster(name)
    applied = {key.rpartition("/")[2] for key in OBJECTS if key.startswith(f"{name}/")}
    if properties["ObjectType"] != "customresourcedefinition" and properties["ObjectName"] not in applied:
        raise ValueError(f"{properties['ObjectName']} is not found, as no Kubernetes is emulated that could make it")
    return physical_name(stack, logical_id, max_len=63), {"Value": properties["ObjectName"]}
