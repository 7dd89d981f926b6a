"""Checks the outbound traffic that security groups allow. All patterns with a network have the same rules."""

from patternbook.testing.reading import Reading, Resource

ENDPOINTS, FILES, CONSUMER = "AWS service endpoints", "EFS mount targets", "Endpoint of the service"
CLIENTS = ("Tasks", "Container instances", "Managed instances")
NOTHING = {"icmp 252-86 to 255.255.255.255/32"}
"""CDK's rule for a group that lets out nothing. It matches no traffic; a group without rules lets out everything."""


def description(group: Resource) -> str:
    found = group["GroupDescription"]
    return "Public load balancer" if found.startswith("Automatically created Security Group for ELB") else found


def lets_out(stack: Reading, group: Resource) -> set[str]:
    """The outbound rules of a group, such as ``tcp 443 to 0.0.0.0/0``."""

    def destination(rule: dict[str, object]) -> object:
        other = rule.get("DestinationSecurityGroupId")
        if not other:
            return stack.shown(rule["CidrIp"])
        resource = stack.to(other)
        return description(resource) if resource.type == "AWS::EC2::SecurityGroup" else stack.shown(other)

    def ports(rule: dict[str, object]) -> str:
        first, last = rule.get("FromPort"), rule.get("ToPort")
        if first is None:
            return ""
        return f" {first}" if first == last else f" {first}-{last}"

    return {f"{rule['IpProtocol']}{ports(rule)} to {destination(rule)}" for rule in stack.outbound(group)}


def needs(stack: Reading, group: Resource) -> set[str]:
    """The outbound rules that a group needs, beside which it has none."""
    groups = {description(each) for each in stack.all("AWS::EC2::SecurityGroup")}
    match description(group):
        case "Public load balancer" | "Internal load balancer":
            [port] = {
                mapping["ContainerPort"]
                for definition in stack.all("AWS::ECS::TaskDefinition")
                for container in definition["ContainerDefinitions"]
                for mapping in container.get("PortMappings", [])
            }
            return {f"tcp {port} to Tasks"}
        case client if client in CLIENTS:
            files = {f"tcp 2049 to {FILES}"} if client == "Tasks" and FILES in groups else set()
            endpoints = {f"tcp 443 to {ENDPOINTS}"} if ENDPOINTS in groups else set()
            return {"tcp 443 to 0.0.0.0/0", *files, *endpoints}
        case server:
            assert server in (ENDPOINTS, FILES, CONSUMER), f"{server}: say here what this group has to let out"
            return NOTHING


class OutboundTraffic:
    """Tests that a module with a ``PATTERN`` and ``VARIANTS`` inherits."""

    def test_security_groups_let_out_only_what_they_need(self, any_stack: Reading) -> None:
        groups = any_stack.all("AWS::EC2::SecurityGroup")
        assert groups
        for group in groups:
            assert lets_out(any_stack, group) == needs(any_stack, group), description(group)
