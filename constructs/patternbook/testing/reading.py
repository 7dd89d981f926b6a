"""A template, read by what its resources are and refer to, never by their logical ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template


@dataclass(frozen=True)
class Resource:
    id: str
    type: str
    body: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.body.get("Properties", {})[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.body.get("Properties", {}).get(name, default)

    @property
    def depends_on(self) -> list[str]:
        return self.body.get("DependsOn", [])

    @property
    def kept(self) -> tuple[str | None, str | None]:
        """The deletion policy and the update-replace policy."""
        return self.body.get("DeletionPolicy"), self.body.get("UpdateReplacePolicy")


class Reading:
    """The resources of a stack, and the references between them."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.stack = stack
        self.document: dict[str, Any] = dict(Template.from_stack(stack).to_json())
        self.resources = {
            name: Resource(name, body["Type"], body) for name, body in self.document.get("Resources", {}).items()
        }

    def all(self, resource_type: str) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.type == resource_type]

    def one(self, resource_type: str) -> Resource:
        found = self.all(resource_type)
        assert len(found) == 1, f"expected one {resource_type}, found {len(found)}"
        return found[0]

    def to(self, value: Any) -> Resource:
        """The resource that a ``Ref`` or ``Fn::GetAtt`` points to."""
        names = list(_referred(value))
        assert len(names) == 1, f"no reference to one resource: {value}"
        return self.resources[names[0]]

    def types_of(self, references: Iterable[str]) -> dict[str, str]:
        """The types of the resources that references of the stack's constructs point to, by reference."""
        return {reference: self.to(self.stack.resolve(reference)).type for reference in references}

    def refers(self, resource: Resource, other: Resource) -> bool:
        return other.id in _referred(resource.body.get("Properties", {}))

    def before(self, resource: Resource) -> set[str]:
        """The ids of everything that exists before a resource does, and is deleted after it."""
        found: set[str] = set()

        def add(resource: Resource) -> None:
            for name in (*resource.depends_on, *_referred(resource.body.get("Properties", {}))):
                if name in self.resources and name not in found:
                    found.add(name)
                    add(self.resources[name])

        add(resource)
        return found

    def shown(self, value: Any) -> Any:
        """The value with its references as types: ``${AWS::Region}``, ``${AWS::EFS::FileSystem.Arn}``."""
        if isinstance(value, list):
            return [self.shown(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": str(name)}:
                return f"${{{self.resources[name].type if name in self.resources else name}}}"
            case {"Fn::GetAtt": [str(name), attribute]}:
                return f"${{{self.resources[name].type}.{attribute}}}"
            case {"Fn::Join": [str(between), list(parts)]}:
                return between.join(str(self.shown(part)) for part in parts)
            case {"Fn::Select": _}:
                return "${Fn::Select}"
        return {name: self.shown(item) for name, item in value.items()}

    def output(self, name: str) -> str:
        return self.shown(self.document["Outputs"][name]["Value"])

    def statements(self, role: Resource) -> list[dict[str, Any]]:
        """Everything that a role is allowed and denied by inline policies."""
        documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        documents += [
            policy["PolicyDocument"]
            for policy in self.all("AWS::IAM::Policy")
            if role.id in [self.to(attached).id for attached in policy["Roles"]]
        ]
        return [self.shown(statement) for document in documents for statement in document["Statement"]]

    def inbound(self) -> list[tuple[Resource, dict[str, Any]]]:
        """Every inbound rule, with its security group."""
        inline = [
            (group, rule)
            for group in self.all("AWS::EC2::SecurityGroup")
            for rule in group.get("SecurityGroupIngress", [])
        ]
        separate = [
            (self.to(rule["GroupId"]), rule.body["Properties"]) for rule in self.all("AWS::EC2::SecurityGroupIngress")
        ]
        return inline + separate

    def outbound(self, group: Resource) -> list[dict[str, Any]]:
        """Every outbound rule of a security group."""
        return [
            *group.get("SecurityGroupEgress", []),
            *(
                rule.body["Properties"]
                for rule in self.all("AWS::EC2::SecurityGroupEgress")
                if self.to(rule["GroupId"]) == group
            ),
        ]

    def subnets(self, tier: str) -> list[Resource]:
        """The public, private or isolated subnets; the default route says which a subnet is."""
        return [subnet for subnet in self.all("AWS::EC2::Subnet") if self._tier(subnet) == tier]

    def default_route(self, subnet: Resource) -> Resource | None:
        associations = self.all("AWS::EC2::SubnetRouteTableAssociation")
        (table,) = [self.to(item["RouteTableId"]) for item in associations if self.to(item["SubnetId"]) == subnet]
        routes = [
            route
            for route in self.all("AWS::EC2::Route")
            if self.to(route["RouteTableId"]) == table and route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
        return routes[0] if routes else None

    def _tier(self, subnet: Resource) -> str:
        route = self.default_route(subnet)
        if route is None:
            return "isolated"
        return "public" if route.get("GatewayId") else "private"


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _referred(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "Ref":
                yield item
            elif name == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            else:
                yield from _referred(item)
