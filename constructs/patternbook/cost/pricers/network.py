"""Prices of networks: gateways, addresses, endpoints, load balancers, distributions and zones."""

from typing import Final

from patternbook.cost.lines import Meter
from patternbook.rules.template import Node

_PAID_GROUPS: Final = tuple(f"AWSManagedRules{name}RuleSet" for name in ("ACFP", "ATP", "AntiDDoS", "BotControl"))


def _nat_gateway(meter: Meter) -> None:
    if meter.resource["AvailabilityMode"].text == "regional":
        meter.unknown("NAT gateways", "a regional NAT gateway is billed by the AZs that it expands to")
        return
    meter.hourly("NAT gateways", "nat_gateway.hour")
    meter.usage("Data through NAT gateways", "nat_gateway.gb", "nat_gb")


def _elastic_ip(meter: Meter) -> None:
    """AWS bills each public IPv4 address, whether it is in use or not:
    https://aws.amazon.com/blogs/aws/new-aws-public-ipv4-address-charge-public-ip-insights/
    """
    meter.hourly("Public IPv4 addresses", "public_ipv4.hour")


def _endpoint(meter: Meter) -> None:
    """Gateway endpoints cost nothing: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""
    kind = meter.resource["VpcEndpointType"]
    if kind.missing or kind.text == "Gateway":
        return
    if kind.text != "Interface":
        meter.unknown("VPC endpoints", f"no price of type {kind.text}")
        return
    meter.hourly("Interface endpoints", "interface_endpoint.hour", meter.count(meter.resource["SubnetIds"]))
    meter.usage("Data through interface endpoints", "interface_endpoint.gb", "endpoint_gb")


def _load_balancer(meter: Meter) -> None:
    """AWS bills an address for each subnet of a public load balancer."""
    kind = meter.resource["Type"].text or "application"
    prices = {"application": "alb", "network": "nlb"}
    if kind not in prices:
        meter.unknown("Load balancers", f"no price of type {kind}")
        return
    add_load_balancer(meter, prices[kind])
    if meter.resource["Scheme"].text not in (None, "internet-facing"):
        return
    meter.usage("Data to the internet", "internet.gb", "internet_gb")
    if meter.resource["IpAddressType"].text != "dualstack-without-public-ipv4":
        mappings = meter.resource["SubnetMappings" if meter.resource["Subnets"].missing else "Subnets"]
        # An Elastic IP address of the template is priced where it is.
        own = sum(each["AllocationId"].resource("AWS::EC2::EIP") is not None for each in mappings.items)
        meter.hourly("Public IPv4 addresses", "public_ipv4.hour", meter.count(mappings) - own)


def add_load_balancer(meter: Meter, kind: str) -> None:
    """Adds a load balancer without its addresses.

    :param kind: ``alb`` or ``nlb``.
    """
    meter.hourly("Load balancers", f"{kind}.hour")
    meter.usage("Capacity units of load balancers", f"{kind}.lcu_hour", "lcu", 7.3)  # 730 hours of 1 %


def _distribution(meter: Meter) -> None:
    meter.usage("Requests to CloudFront", "cloudfront.https_request", "requests")
    meter.usage("Data from CloudFront", "cloudfront.gb", "internet_gb")


def _edge_function(meter: Meter) -> None:
    meter.usage("Calls of CloudFront Functions", "cloudfront.function_call", "requests")


def _web_acl(meter: Meter) -> None:
    meter.add("Web ACLs", "waf.web_acl", 1)
    rules = meter.resource["Rules"]
    meter.add("Rules of web ACLs", "waf.rule", meter.count(rules, 0))
    meter.usage("Requests to web ACLs", "waf.request", "requests")
    groups = [each["Statement"]["ManagedRuleGroupStatement"] for each in rules.items]
    for name in [meter.known_text(each["Name"]) for each in groups if not each.missing and _is_paid(each)]:
        meter.unknown("Paid rule groups of web ACLs", f"no price of {name}")


def _is_paid(group: Node) -> bool:
    """Whether AWS bills a managed group of rules beside the rule: https://aws.amazon.com/waf/pricing/"""
    return group["VendorName"].text != "AWS" or group["Name"].text in _PAID_GROUPS


def _zone(meter: Meter) -> None:
    meter.add("Hosted zones", "route53.zone", 1)


def _flow_log(meter: Meter) -> None:
    """A log group is priced where it is. Elsewhere AWS bills the delivery:
    https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-s3.html
    """
    if meter.known_text(meter.resource["LogDestinationType"], "cloud-watch-logs") != "cloud-watch-logs":
        meter.unknown("Flow logs", "no price of their delivery to S3 or Firehose")


PRICERS = {
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudFront::Function": _edge_function,
    "AWS::EC2::EIP": _elastic_ip,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::Route53::HostedZone": _zone,
    "AWS::WAFv2::WebACL": _web_acl,
}
