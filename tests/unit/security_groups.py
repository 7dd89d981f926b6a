"""The outbound rules of a stack's security groups."""

from typing import Any

from patternbook.testing.reading import Reading

NOTHING = "255.255.255.255/32"
"""Destination of the rule by which CDK lets nothing out."""
EVERYTHING = ("0.0.0.0/0", "-1", None, None)
"""EC2's default rule for a group without outbound rules."""

Outbound = tuple[str, str, int | None, int | None]
"""Destination, protocol, first port and last port."""


def outbound(stack: Reading) -> dict[str, set[Outbound]]:
    """Everything that each security group lets out, by the description of the group."""
    found: dict[str, set[Outbound]] = {}
    for group in stack.all("AWS::EC2::SecurityGroup"):
        rules = stack.outbound(group)
        found[group["GroupDescription"]] = {
            (_destination(stack, rule), rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
            for rule in rules
            if rule.get("CidrIp") != NOTHING
        } or ({EVERYTHING} if not rules else set())
    return found


def _destination(stack: Reading, rule: dict[str, Any]) -> str:
    kinds = ("CidrIp", "CidrIpv6", "DestinationSecurityGroupId", "DestinationPrefixListId")
    return stack.shown(next(rule[kind] for kind in kinds if kind in rule))
