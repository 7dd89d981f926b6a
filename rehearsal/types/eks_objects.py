"""Kubernetes objects of a stack. These types replace the functions of the CDK, which would call kubectl."""

import json

from rehearsal.types.eks import OBJECTS, cluster
from rehearsal.types.registry import Provisioned, physical_name, register_type
from rehearsal.types.shapes import Properties, Record


def register() -> None:
    register_type(
        "Custom::AWSCDK-EKS-KubernetesResource", create=apply_objects, update=update_objects, delete=delete_objects
    )
    register_type(
        "Custom::AWSCDK-EKS-KubernetesObjectValue",
        create=find_object,
        update=lambda physical_id, _old, new, stack: (physical_id, find_object("", new, stack)[1]),
        delete=lambda _physical_id, _properties: None,
    )


def apply_objects(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties["ClusterName"]
    cluster(name)
    for key, each in objects_of(properties).items():
        OBJECTS[key] = each
    return physical_name(stack, logical_id, max_len=63), {}


def update_objects(physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
    """Replaces the objects. ``kubectl apply`` without pruning would keep objects that are no longer in the manifest."""
    wanted = objects_of(new)
    for key in objects_of(old).keys() - wanted.keys():
        OBJECTS.pop(key, None)
    OBJECTS.update(wanted)
    return physical_id, {}


def delete_objects(_physical_id: str, properties: Properties) -> None:
    for key in objects_of(properties):
        OBJECTS.pop(key, None)


def objects_of(properties: Properties) -> dict[str, Record]:
    """The objects of a manifest, by the key in the store.

    :raises ValueError: if the manifest is not a list of objects with a kind and a name.
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
    """Finds an object that something inside the cluster would create, such as a custom resource definition.

    Here every custom resource definition exists. Other objects exist if a stack has applied them, with any value.
    """
    name = properties["ClusterName"]
    cluster(name)
    applied = {key.rpartition("/")[2] for key in OBJECTS if key.startswith(f"{name}/")}
    if properties["ObjectType"] != "customresourcedefinition" and properties["ObjectName"] not in applied:
        raise ValueError(f"{properties['ObjectName']} is not found. The emulated account runs no Kubernetes.")
    return physical_name(stack, logical_id, max_len=63), {"Value": properties["ObjectName"]}
