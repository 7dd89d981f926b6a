"""Ingress and egress rules of security groups as separate resources."""

from typing import Any

from ministack.services import ec2

from rehearsal.types.ec2 import check_vpc, security_group
from rehearsal.types.registry import Provisioned, amend_type, register_type
from rehearsal.types.shapes import Properties, parse_response, query_parameters, xml_text


def register() -> None:
    amend_type("AWS::EC2::SecurityGroup", check=check_vpc, complete=complete_security_group)
    for direction in (INGRESS, EGRESS):
        direction.register()


DECLARED = "EgressIsDeclared"
"""Key in the record of a group: whether its properties have egress rules. Otherwise all traffic is allowed at first."""


def complete_security_group(group_id: str, properties: Properties) -> None:
    ec2._security_groups[group_id][DECLARED] = "SecurityGroupEgress" in properties


class GroupRules:
    """The type of the rules in one direction. MiniStack only knows rules in the properties of a security group."""

    def __init__(self, direction: str, peer: str, permissions: str, authorize: Any, revoke: Any) -> None:
        """
        :param peer: the beginning of the names of the properties for the other end.
        :param permissions: the key of the rules in the record of a security group.
        """
        self.type = f"AWS::EC2::SecurityGroup{direction}"
        self.peer_group = f"{peer}SecurityGroupId"
        self.peer_prefix_list = f"{peer}PrefixListId"
        self.permissions = permissions
        self.authorize = authorize
        self.revoke = revoke

    def register(self) -> None:
        register_type(self.type, create=self.create, update=self.update, delete=self.delete)

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        group = security_group(properties["GroupId"])
        if self.peer_group in properties:
            security_group(properties[self.peer_group])
        if self.permissions == "IpPermissionsEgress" and not group.get(DECLARED, True):
            # The first rule removes the rule that allows all outbound traffic: https://github.com/aws/aws-cdk/issues/987
            group[self.permissions] = [rule for rule in group[self.permissions] if rule["IpProtocol"] != "-1"]
        before = len(group[self.permissions])
        request = {"GroupId": properties["GroupId"], "IpPermissions": [self.permission(properties)]}
        answer = parse_response(self.authorize(query_parameters(request)))
        if len(group[self.permissions]) == before:
            raise ValueError("the specified rule already exists")
        rule_id = xml_text(answer, "securityGroupRuleId")
        return rule_id, {"Id": rule_id}

    def permission(self, properties: Properties) -> dict[str, Any]:
        """The rule as input of the API."""
        described = {name: properties[name] for name in ("Description",) if properties.get(name)}
        peers = {
            "CidrIp": ("IpRanges", "CidrIp"),
            "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
            self.peer_group: ("Groups", "GroupId"),
        }
        permission: dict[str, Any] = {
            name: properties[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in properties
        }
        for name, (member, key) in peers.items():
            if name in properties:
                permission[member] = [{key: properties[name], **described}]
        return permission

    def update(self, rule_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
        """Only the description changes in place."""
        for rule in security_group(new["GroupId"])[self.permissions]:
            if rule.get("SecurityGroupRuleId") == rule_id:
                for peer in (*rule["IpRanges"], *rule["Ipv6Ranges"], *rule["UserIdGroupPairs"]):
                    peer.pop("Description", None)
                    if new.get("Description"):
                        peer["Description"] = new["Description"]
        return rule_id, {"Id": rule_id}

    def delete(self, rule_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group and any(rule.get("SecurityGroupRuleId") == rule_id for rule in group[self.permissions]):
            request = {"GroupId": properties["GroupId"], "SecurityGroupRuleId": [rule_id]}
            parse_response(self.revoke(query_parameters(request)))


INGRESS = GroupRules("Ingress", "Source", "IpPermissions", ec2._authorize_sg_ingress, ec2._revoke_sg_ingress)
EGRESS = GroupRules("Egress", "Destination", "IpPermissionsEgress", ec2._authorize_sg_egress, ec2._revoke_sg_egress)
