"""Elastic IP addresses, NAT gateways, flow logs, rules of security groups and endpoint services; checks of what
refers to what.
"""

from typing import Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import alb, cloudwatch_logs, ec2, iam

from rehearsal.types.seams import (
    Properties,
    Provisioned,
    Record,
    add_ec2_actions,
    add_to_description,
    amend_type,
    is_true,
    query_parameters,
    regional_store,
    register_type,
    required,
    succeed,
    xml_text,
)


def register() -> None:
    register_type("AWS::EC2::EIP", create=create_address, update=update_address, delete=delete_address, tags="Tags")
    register_type(
        "AWS::EC2::NatGateway",
        create=create_nat_gateway,
        update=update_nat_gateway,
        delete=delete_nat_gateway,
        tags="Tags",
    )
    register_type(
        "AWS::EC2::FlowLog", create=create_flow_log, update=update_flow_log, delete=delete_flow_log, tags="Tags"
    )
    for direction in (INGRESS, EGRESS):
        direction.register()
    register_type(
        "AWS::EC2::VPCEndpointService",
        create=create_endpoint_service,
        update=update_endpoint_service,
        delete=delete_endpoint_service,
        tags="Tags",
    )
    register_type(
        "AWS::EC2::VPCEndpointServicePermissions",
        create=create_permissions,
        update=update_permissions,
        delete=delete_permissions,
    )
    add_ec2_actions(
        {
            "DescribeVpcEndpointServiceConfigurations": describe_endpoint_services,
            "DescribeVpcEndpointServicePermissions": describe_permissions,
        }
    )

    amend_type("AWS::EC2::VPC", attributes=vpc_attributes)
    amend_type("AWS::EC2::Subnet", check=check_subnet, attributes=subnet_attributes)
    amend_type("AWS::EC2::RouteTable", check=check_vpc)
    amend_type("AWS::EC2::Route", check=check_route)
    amend_type("AWS::EC2::SubnetRouteTableAssociation", check=check_route_table_association)
    amend_type("AWS::EC2::VPCGatewayAttachment", check=check_gateway_attachment)
    amend_type("AWS::EC2::SecurityGroup", check=check_vpc, keep=keep_security_group)
    amend_type("AWS::EC2::VPCEndpoint", check=check_endpoint, keep=keep_endpoint, attributes=endpoint_attributes)

    add_to_description(
        ec2, "DescribeNatGateways", items="natGatewaySet", key="natGatewayId", more=described_nat_gateway
    )
    add_to_description(ec2, "DescribeFlowLogs", items="flowLogSet", key="flowLogId", more=described_flow_log)
    add_to_description(
        ec2, "DescribeVpcEndpoints", items="vpcEndpointSet", key="vpcEndpointId", more=described_endpoint
    )


def replace_tags(resource_id: str, properties: Properties) -> None:
    """The tags of the template, and those of the stack, are all that the resource has."""
    tags = [{"Key": tag["Key"], "Value": str(tag.get("Value", ""))} for tag in properties.get("Tags", [])]
    if tags:
        ec2._tags[resource_id] = tags
    else:
        ec2._tags.pop(resource_id, None)


# Lookups, with the messages of AWS


def vpc(vpc_id: str) -> dict[str, Any]:
    return required(ec2._vpcs.get(vpc_id), f"The vpc ID '{vpc_id}' does not exist")


def subnet(subnet_id: str) -> dict[str, Any]:
    return required(ec2._subnets.get(subnet_id), f"The subnet ID '{subnet_id}' does not exist")


def route_table(route_table_id: str) -> dict[str, Any]:
    return required(ec2._route_tables.get(route_table_id), f"The routeTable ID '{route_table_id}' does not exist")


def security_group(group_id: str) -> dict[str, Any]:
    return required(ec2._security_groups.get(group_id), f"The security group '{group_id}' does not exist")


def internet_gateway(gateway_id: str) -> dict[str, Any]:
    return required(ec2._internet_gateways.get(gateway_id), f"The internetGateway ID '{gateway_id}' does not exist")


# Elastic IP addresses


def create_address(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    answer = succeed(ec2._allocate_address(query_parameters({"Domain": properties.get("Domain", "vpc")})))
    replace_tags(xml_text(answer, "allocationId"), properties)
    return address(xml_text(answer, "publicIp"))


def update_address(public_ip: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    replace_tags(allocation_of(public_ip), new)
    return address(public_ip)


def delete_address(public_ip: str, _properties: Properties) -> None:
    allocation_id = allocation_of(public_ip)
    if allocation_id:
        succeed(ec2._release_address(query_parameters({"AllocationId": allocation_id})))


def address(public_ip: str) -> Provisioned:
    return public_ip, {"AllocationId": allocation_of(public_ip), "PublicIp": public_ip}


def allocation_of(public_ip: str) -> str:
    found = (record["AllocationId"] for record in ec2._addresses.values() if record["PublicIp"] == public_ip)
    return next(found, "")


# NAT gateways


def create_nat_gateway(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    subnet(properties["SubnetId"])
    allocation_id = properties.get("AllocationId")
    elastic_ip = None
    if properties.get("ConnectivityType", "public") == "public":
        elastic_ip = required(
            ec2._addresses.get(allocation_id), f"Elastic IP address [{allocation_id}] could not be found"
        )
        if elastic_ip["AssociationId"]:
            raise ValueError(f"Elastic IP address [{allocation_id}] is already associated")
    members = {
        name: properties[name] for name in ("SubnetId", "AllocationId", "ConnectivityType") if name in properties
    }
    nat_gateway_id = xml_text(succeed(ec2._create_nat_gateway(query_parameters(members))), "natGatewayId")
    if elastic_ip:
        # MiniStack associates addresses with instances only.
        elastic_ip["AssociationId"] = f"eipassoc-{new_uuid().replace('-', '')[:17]}"
    replace_tags(nat_gateway_id, properties)
    return nat_gateway_id, {"NatGatewayId": nat_gateway_id}


def update_nat_gateway(nat_gateway_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    replace_tags(nat_gateway_id, new)
    return nat_gateway_id, {"NatGatewayId": nat_gateway_id}


def delete_nat_gateway(nat_gateway_id: str, _properties: Properties) -> None:
    # DeleteNatGateway leaves a record in the state "deleted", which AWS removes after an hour.
    record = ec2._nat_gateways.pop(nat_gateway_id, {})
    ec2._tags.pop(nat_gateway_id, None)
    elastic_ip = ec2._addresses.get(record.get("AllocationId"))
    if elastic_ip:
        elastic_ip["AssociationId"] = None


def described_nat_gateway(nat_gateway_id: str) -> dict[str, Any]:
    """MiniStack describes NAT gateways without their addresses."""
    elastic_ip = ec2._addresses.get(ec2._nat_gateways[nat_gateway_id]["AllocationId"])
    if not elastic_ip:
        return {}
    return {
        "natGatewayAddressSet": [
            {
                "allocationId": elastic_ip["AllocationId"],
                "associationId": elastic_ip["AssociationId"],
                "isPrimary": True,
                "publicIp": elastic_ip["PublicIp"],
                "status": "succeeded",
            }
        ]
    }


# Flow logs

FLOW_LOG_RESOURCES = {"VPC": vpc, "Subnet": subnet}
FLOW_LOG_MEMBERS = ("LogDestination", "LogDestinationType", "LogGroupName", "ResourceType", "TrafficType")


def create_flow_log(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    FLOW_LOG_RESOURCES[properties["ResourceType"]](properties["ResourceId"])
    group = properties.get("LogGroupName")
    if group:
        required(cloudwatch_logs._log_groups.get(group), f"Access error: the log group {group} does not exist")
        role = properties.get("DeliverLogsPermissionArn")
        known = any(record["Arn"] == role for record in iam._roles.values())
        required(known, f"Access error: unable to assume the IAM role {role}")
    members = {name: properties[name] for name in FLOW_LOG_MEMBERS if name in properties}
    request = query_parameters({**members, "ResourceId": [properties["ResourceId"]]})
    flow_log_id = xml_text(succeed(ec2._create_flow_logs(request)), "item")
    ec2._flow_logs[flow_log_id].update(
        LogGroupName=group,
        DeliverLogsPermissionArn=properties.get("DeliverLogsPermissionArn"),
        LogFormat=properties.get("LogFormat"),
        MaxAggregationInterval=int(properties.get("MaxAggregationInterval", 600)),
    )
    replace_tags(flow_log_id, properties)
    return flow_log_id, {"Id": flow_log_id}


def update_flow_log(flow_log_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    replace_tags(flow_log_id, new)
    return flow_log_id, {"Id": flow_log_id}


def delete_flow_log(flow_log_id: str, _properties: Properties) -> None:
    succeed(ec2._delete_flow_logs(query_parameters({"FlowLogId": [flow_log_id]})))


def described_flow_log(flow_log_id: str) -> dict[str, Any]:
    """MiniStack takes the role, format and interval, and the log group for a destination, and describes none."""
    record = ec2._flow_logs[flow_log_id]
    group = record.get("LogGroupName")
    return {
        "deliverLogsPermissionArn": record.get("DeliverLogsPermissionArn"),
        "deliverLogsStatus": "SUCCESS",
        "logDestination": None if group else record.get("LogDestination"),
        "logFormat": record.get("LogFormat"),
        "logGroupName": group,
        "maxAggregationInterval": record.get("MaxAggregationInterval"),
    }


# Rules of security groups

DECLARED = "EgressIsDeclared"
"""In the record of a group: whether its own properties say what goes out. Where they don't, all does, at first."""


def keep_security_group(group_id: str, properties: Properties) -> None:
    ec2._security_groups[group_id][DECLARED] = "SecurityGroupEgress" in properties


class GroupRules:
    """The type of rules in one direction; MiniStack knows rules inside of a security group only."""

    def __init__(self, direction: str, peer: str, permissions: str, authorize: Any, revoke: Any) -> None:
        """
        :param peer: what the properties of the other end begin with.
        :param permissions: where the record of a security group has the rules.
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
            # The first rule takes the one that lets everything out away: https://github.com/aws/aws-cdk/issues/987
            group[self.permissions] = [rule for rule in group[self.permissions] if rule["IpProtocol"] != "-1"]
        before = len(group[self.permissions])
        request = {"GroupId": properties["GroupId"], "IpPermissions": [self.permission(properties)]}
        answer = succeed(self.authorize(query_parameters(request)))
        if len(group[self.permissions]) == before:
            raise ValueError("the specified rule already exists")
        rule_id = xml_text(answer, "securityGroupRuleId")
        return rule_id, {"Id": rule_id}

    def permission(self, properties: Properties) -> dict[str, Any]:
        """The rule as the API takes it."""
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
        """The description is all that changes in place."""
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
            succeed(self.revoke(query_parameters(request)))


INGRESS = GroupRules("Ingress", "Source", "IpPermissions", ec2._authorize_sg_ingress, ec2._revoke_sg_ingress)
EGRESS = GroupRules("Egress", "Destination", "IpPermissionsEgress", ec2._authorize_sg_egress, ec2._revoke_sg_egress)


# Endpoint services

ENDPOINT_SERVICES = regional_store()
"""By id, and the principals that may connect to each."""


def endpoint_service(service_id: str) -> Record:
    return required(ENDPOINT_SERVICES.get(service_id), f"The VpcEndpointService Id '{service_id}' does not exist")


def endpoint_service_of(service_name: str) -> Record | None:
    return next((service for service in ENDPOINT_SERVICES.values() if service["ServiceName"] == service_name), None)


def check_endpoint_service(properties: Properties) -> None:
    for arn in properties.get("NetworkLoadBalancerArns", []):
        balancer = required(alb._lbs.get(arn), f"The Load Balancer ARN '{arn}' does not exist")
        if balancer["Type"] != "network":
            raise ValueError(f"The Load Balancer '{arn}' is not a Network Load Balancer")


def create_endpoint_service(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    check_endpoint_service(properties)
    service_id = f"vpce-svc-{new_uuid().replace('-', '')[:17]}"
    ENDPOINT_SERVICES[service_id] = {
        "ServiceName": f"com.amazonaws.vpce.{get_region()}.{service_id}",
        "AllowedPrincipals": [],
    }
    return put_endpoint_service(service_id, properties)


def update_endpoint_service(service_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_endpoint_service(new)
    return put_endpoint_service(service_id, new)


def put_endpoint_service(service_id: str, properties: Properties) -> Provisioned:
    name = properties.get("PrivateDnsName")
    # The value is any text on AWS; one that the name decides on comes back with a roll-back.
    verification = {"Name": "_vpce", "State": "pendingVerification", "Type": "TXT", "Value": f"vpce:{name}"}
    ENDPOINT_SERVICES[service_id].update(
        AcceptanceRequired=is_true(properties.get("AcceptanceRequired", True)),
        NetworkLoadBalancerArns=properties.get("NetworkLoadBalancerArns", []),
        PrivateDnsName=name,
        PrivateDnsNameConfiguration=verification if name else None,
    )
    replace_tags(service_id, properties)
    nested = {f"PrivateDnsNameConfiguration.{key}": value for key, value in verification.items()} if name else {}
    return service_id, {"ServiceId": service_id, **nested}


def delete_endpoint_service(service_id: str, _properties: Properties) -> None:
    record = ENDPOINT_SERVICES.get(service_id, {})
    if any(endpoint["ServiceName"] == record.get("ServiceName") for endpoint in ec2._vpc_endpoints.values()):
        raise ValueError(f"Service '{service_id}' has existing active VPC Endpoint connections")
    ENDPOINT_SERVICES.pop(service_id, None)
    ec2._tags.pop(service_id, None)


def describe_endpoint_services(parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = ec2._parse_member_list(parameters, "ServiceId")
    return {
        "serviceConfigurationSet": [
            {
                "serviceType": [{"serviceType": "Interface"}],
                "serviceId": service_id,
                "serviceName": service["ServiceName"],
                "serviceState": "Available",
                "acceptanceRequired": service["AcceptanceRequired"],
                "networkLoadBalancerArnSet": service["NetworkLoadBalancerArns"],
                "privateDnsName": service["PrivateDnsName"],
                "privateDnsNameConfiguration": service["PrivateDnsNameConfiguration"]
                and {key.lower(): value for key, value in service["PrivateDnsNameConfiguration"].items()},
                "tagSet": [{"key": tag["Key"], "value": tag["Value"]} for tag in ec2._tags.get(service_id, [])],
            }
            for service_id, service in ENDPOINT_SERVICES.items()
            if not wanted or service_id in wanted
        ]
    }


def create_permissions(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    service_id = properties["ServiceId"]
    endpoint_service(service_id)["AllowedPrincipals"] = properties.get("AllowedPrincipals", [])
    return service_id, {}


def update_permissions(service_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    return create_permissions(service_id, new, stack)


def delete_permissions(service_id: str, _properties: Properties) -> None:
    if service_id in ENDPOINT_SERVICES:
        ENDPOINT_SERVICES[service_id]["AllowedPrincipals"] = []


def describe_permissions(parameters: dict[str, Any]) -> dict[str, Any]:
    service_id = parameters["ServiceId"][0]
    principals = ENDPOINT_SERVICES.get(service_id, {}).get("AllowedPrincipals", [])
    return {"allowedPrincipals": [{"principal": principal, "serviceId": service_id} for principal in principals]}


# Types of MiniStack, which creates them around whatever the references say


def vpc_attributes(vpc_id: str, _properties: Properties) -> dict[str, Any]:
    return {"CidrBlock": ec2._vpcs[vpc_id]["CidrBlock"], "CidrBlockAssociations": [], "Ipv6CidrBlocks": []}


def subnet_attributes(subnet_id: str, _properties: Properties) -> dict[str, Any]:
    record = ec2._subnets[subnet_id]
    return {"CidrBlock": record["CidrBlock"], "VpcId": record["VpcId"], "Ipv6CidrBlocks": []}


def check_vpc(properties: Properties) -> None:
    if "VpcId" in properties:
        vpc(properties["VpcId"])


def check_subnet(properties: Properties) -> None:
    vpc(properties["VpcId"])


def check_route(properties: Properties) -> None:
    table = route_table(properties["RouteTableId"])
    nat_gateway_id = properties.get("NatGatewayId")
    if nat_gateway_id:
        required(ec2._nat_gateways.get(nat_gateway_id), f"The gateway ID '{nat_gateway_id}' does not exist")
    if properties.get("GatewayId", "").startswith("igw-"):
        gateway = internet_gateway(properties["GatewayId"])
        attached = any(attachment["VpcId"] == table["VpcId"] for attachment in gateway["Attachments"])
        required(
            attached,
            f"route table {properties['RouteTableId']} and network gateway {properties['GatewayId']} "
            "belong to different networks",
        )


def check_route_table_association(properties: Properties) -> None:
    route_table(properties["RouteTableId"])
    subnet(properties["SubnetId"])


def check_gateway_attachment(properties: Properties) -> None:
    vpc(properties["VpcId"])
    if "InternetGatewayId" in properties:
        internet_gateway(properties["InternetGatewayId"])


def check_endpoint(properties: Properties) -> None:
    vpc(properties["VpcId"])
    for route_table_id in properties.get("RouteTableIds", []):
        route_table(route_table_id)
    for subnet_id in properties.get("SubnetIds", []):
        subnet(subnet_id)
    for group_id in properties.get("SecurityGroupIds", []):
        security_group(group_id)
    service_name = properties["ServiceName"]
    if service_name.startswith("com.amazonaws.vpce."):
        required(endpoint_service_of(service_name), f"The Vpc Endpoint Service '{service_name}' does not exist")


def keep_endpoint(endpoint_id: str, properties: Properties) -> None:
    """MiniStack knows no service to accept an endpoint, nor names for it."""
    record = ec2._vpc_endpoints[endpoint_id]
    if properties.get("VpcEndpointType") != "Interface":
        return
    service = endpoint_service_of(record["ServiceName"])
    if service and service["AcceptanceRequired"] and not record["DnsEntries"]:
        record["State"] = "pendingAcceptance"
    region, suffix = get_region(), record["ServiceName"].rpartition(f".{get_region()}.")[2]
    zones = [f"-{subnet(subnet_id)['AvailabilityZone']}" for subnet_id in record["SubnetIds"]]
    record["DnsEntries"] = [
        f"Z7HUB22UULQXV:{endpoint_id}-{endpoint_id[-8:]}{zone}.{suffix}.{region}.vpce.amazonaws.com"
        for zone in ("", *zones)
    ]


def endpoint_attributes(endpoint_id: str, _properties: Properties) -> dict[str, Any]:
    return {"DnsEntries": ec2._vpc_endpoints[endpoint_id]["DnsEntries"]}


def described_endpoint(endpoint_id: str) -> dict[str, Any]:
    """MiniStack keeps groups, private DNS and policy of an endpoint, and describes none."""
    record = ec2._vpc_endpoints[endpoint_id]
    groups = [
        {"groupId": group_id, "groupName": security_group(group_id)["GroupName"]}
        for group_id in record.get("SecurityGroupIds", [])
    ]
    return {
        "groupSet": groups,
        "privateDnsEnabled": bool(record.get("PrivateDnsEnabled")),
        "policyDocument": record.get("PolicyDocument"),
        "dnsEntrySet": [
            dict(zip(("hostedZoneId", "dnsName"), entry.split(":"), strict=True)) for entry in record["DnsEntries"]
        ],
    }
