"""A defect, and the functions that write defects into templates."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tests.rules.cases.base import TODAY

Template = dict[str, Any]
Body = dict[str, Any]
Apply = Callable[[Template], bool]
"""Writes a defect into a template. Returns false if the template has no place for it."""
SERVICE: Final = "AWS::ECS::Service"
TASK: Final = "AWS::ECS::TaskDefinition"
PROVIDER: Final = "AWS::ECS::CapacityProvider"
CLUSTER: Final = "AWS::EKS::Cluster"
NODES: Final = "AWS::EKS::Nodegroup"
ADD_ON: Final = "AWS::EKS::Addon"
FUNCTION: Final = "AWS::Lambda::Function"
DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
MANIFEST: Final = "Custom::AWSCDK-EKS-KubernetesResource"
REPOSITORY: Final = "AWS::ECR::Repository"
APP_RUNNER: Final = "AWS::AppRunner::Service"
REMOVED: Final = object()


@dataclass(frozen=True)
class Defect:
    """A change that breaks one rule."""

    rule: str
    name: str
    apply: Apply
    resource_type: str
    """Only a template with a resource of this type has a place for the defect."""
    today: date = TODAY
    region: str | None = None


def of_type(template: Template, resource_type: str) -> Iterator[tuple[str, Body]]:
    """The logical id and the properties of each resource of a type."""
    for name, body in template["Resources"].items():
        if body["Type"] == resource_type:
            yield name, body.setdefault("Properties", {})


def put(value: Any, path: str, new: Any) -> None:
    """Sets or removes the value at a path."""
    *keys, last = path.split(".")
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value.setdefault(key, {})
    key = int(last) if isinstance(value, list) else last
    if new is REMOVED:
        del value[key]
    else:
        value[key] = new


def get(value: Any, path: str) -> Any:
    """The value at a path, or None."""
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def set_properties(
    resource_type: str, changes: Mapping[str, Any], *, having: str = "", when: Callable[[Body], bool] = lambda _: True
) -> Apply:
    """Sets properties of the first resource of a type that has a place for the defect.

    :param having: the path of a property that the resource must have.
    :param when: a condition on its properties.
    """

    def apply(template: Template) -> bool:
        for _, properties in of_type(template, resource_type):
            if (not having or get(properties, having) is not None) and when(properties):
                for path, value in changes.items():
                    put(properties, path, value)
                return True
        return False

    return apply


def add_resource(name: str, resource_type: str, properties: Callable[[str], Body], *, beside: str) -> Apply:
    """Adds a resource if the template has one of another type.

    :param properties: makes the properties from the logical id of that other resource.
    :param beside: the type of the other resource.
    """

    def apply(template: Template) -> bool:
        for other, _ in of_type(template, beside):
            template["Resources"][name] = {"Type": resource_type, "Properties": properties(other)}
            return True
        return False

    return apply


def all_of(*changes: Apply) -> Apply:
    """Several changes that are one defect together."""
    return lambda template: all(apply(template) for apply in changes)


def delete(template: Template, name: str) -> None:
    """Deletes a resource, and the dependencies on it."""
    del template["Resources"][name]
    for body in template["Resources"].values():
        after = body.get("DependsOn", [])
        if name in after:
            body["DependsOn"] = [each for each in after if each != name] if isinstance(after, list) else []
