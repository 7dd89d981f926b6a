"""EKS add-ons and pod identity associations."""

import json

from ministack.services import eks

from rehearsal.types.eks import check_role, cluster, map_of
from rehearsal.types.registry import Provisioned, register_type
from rehearsal.types.shapes import Properties, Record, parse_response, to_api

NAMESPACES = {
    "amazon-cloudwatch-observability": "amazon-cloudwatch",
    "external-dns": "external-dns",
    "netapp_trident-operator": "trident",
}
"""Namespaces of the service accounts of add-ons. For other add-ons it is ``kube-system``."""


def register() -> None:
    register_type("AWS::EKS::Addon", create=create_add_on, update=update_add_on, delete=delete_add_on, tags="Tags")
    register_type(
        "AWS::EKS::PodIdentityAssociation",
        create=create_association,
        update=update_association,
        delete=delete_association,
        tags="Tags",
    )


# Add-ons


def create_add_on(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name, add_on = properties["ClusterName"], properties["AddonName"]
    cluster(name)
    check_add_on(properties)
    parse_response(eks._create_addon(name, {"addonName": add_on}))
    complete_add_on(properties)
    return f"{name}|{add_on}", {"Arn": eks._addons[f"{name}/{add_on}"]["addonArn"]}


def update_add_on(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_add_on(new)
    complete_add_on(new)
    return physical_id, {"Arn": eks._addons[physical_id.replace("|", "/")]["addonArn"]}


def delete_add_on(physical_id: str, _properties: Properties) -> None:
    name, _, add_on = physical_id.partition("|")
    if f"{name}/{add_on}" in eks._addons:
        associate_pods(name, add_on, [])
        parse_response(eks._delete_addon(name, add_on))


def check_add_on(properties: Properties) -> None:
    try:
        json.loads(properties.get("ConfigurationValues", "{}"))
    except ValueError as error:
        raise ValueError(f"ConfigurationValue provided in request is not supported: {error}") from error
    for association in properties.get("PodIdentityAssociations", []):
        check_role(association["RoleArn"])


def complete_add_on(properties: Properties) -> None:
    name, add_on = properties["ClusterName"], properties["AddonName"]
    record = eks._addons[f"{name}/{add_on}"]
    record["addonVersion"] = properties.get("AddonVersion", "v1.0.0-eksbuild.1")
    record["configurationValues"] = properties.get("ConfigurationValues", "")
    record["tags"] = map_of(properties.get("Tags"))
    record["podIdentityAssociations"] = associate_pods(name, add_on, properties.get("PodIdentityAssociations", []))


def associate_pods(name: str, add_on: str, wanted: list[dict[str, str]]) -> list[str]:
    """Replaces the pod identity associations of an add-on.

    :return: the ARNs of the new ones.
    """
    owner = eks._addons[f"{name}/{add_on}"]["addonArn"]
    for record in list(eks._pod_identity_associations.values()):
        if record["ownerArn"] == owner:
            parse_response(eks._delete_pod_identity_association(name, record["associationId"]))
    namespace = NAMESPACES.get(add_on, "kube-system")
    arns = []
    for each in wanted:
        request = {"namespace": namespace, "serviceAccount": each["ServiceAccount"], "roleArn": each["RoleArn"]}
        made = parse_response(eks._create_pod_identity_association(name, request))["association"]
        association_of(made["associationId"])["ownerArn"] = owner
        arns.append(made["associationArn"])
    return arns


# Pod identity associations that do not belong to an add-on


def create_association(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name = properties["ClusterName"]
    cluster(name)
    check_role(properties["RoleArn"])
    request = to_api("eks", "CreatePodIdentityAssociation", properties, excluding=("ClusterName", "Tags"))
    made = parse_response(
        eks._create_pod_identity_association(name, {**request, "tags": map_of(properties.get("Tags"))})
    )
    arn, association_id = made["association"]["associationArn"], made["association"]["associationId"]
    # Without an owner, a change of an add-on does not delete this association.
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
        parse_response(eks._delete_pod_identity_association(name, association_id))


def association_of(association_id: str) -> Record:
    return next(
        record for record in eks._pod_identity_associations.values() if record["associationId"] == association_id
    )
