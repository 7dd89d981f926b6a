"""Elastic IP addresses, NAT gateways and flow logs, and checks of the references within a network."""

from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch_logs, ec2, iam

from rehearsal.types.actions import add_to_description
from rehearsal.types.registry import Provisioned, amend_type, register_type
from rehearsal.types.shapes import Properties, parse_response, query_parameters, require, xml_text


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

    amend_type("AWS::EC2::VPC", attributes=vpc_attributes)
    amend_type("AWS::EC2::Subnet", check=check_subnet, attributes=subnet_attributes)
    amend_type("AWS::EC2::RouteTable", check=check_vpc)
    amend_type("AWS::EC2::Route", check=check_route)
    amend_type("AWS::EC2::SubnetRouteTableAssociation", check=check_route_table_association)
    amend_type("AWS::EC2::VPCGatewayAttachment", check=check_gateway_attachment)

    add_to_description(
        ec2, "DescribeNatGateways", items="natGatewaySet", key="natGatewayId", more=described_nat_gateway
    )
    add_to_description(ec2, "DescribeFlowLogs", items="flowLogSet", key="flowLogId", more=described_flow_log)


def replace_tags(resource_id: str, properties: Properties) -> None:
    """Replaces all tags of a resource by those of the template and the stack."""
    tags = [{"Key": tag["Key"], "Value": str(tag.get("Value", ""))} for tag in properties.get("Tags", [])]
    if tags:
        ec2._tags[resource_id] = tags
    else:
        ec2._tags.pop(resource_id, None)


# Lookups, with the messages of AWS


def vpc(vpc_id: str) -> dict[str, Any]:
    return require(ec2._vpcs.get(vpc_id), f"The vpc ID '{vpc_id}' does not exist")


def subnet(subnet_id: str) -> dict[str, Any]:
    return require(ec2._subnets.get(subnet_id), f"The subnet ID '{subnet_id}' does not exist")


def route_table(route_table_id: str) -> dict[str, Any]:
    return require(ec2._route_tables.get(route_table_id), f"The routeTable ID '{route_table_id}' does not exist")


def security_group(group_id: str) -> dict[str, Any]:
    return require(ec2._security_groups.get(group_id), f"The security group '{group_id}' does not exist")


def internet_gateway(gateway_id: str) -> dict[str, Any]:
    return require(ec2._internet_gateways.get(gateway_id), f"The internetGateway ID '{gateway_id}' does not exist")


# Elastic IP addresses


def create_address(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    answer = parse_response(ec2._allocate_address(query_parameters({"Domain": properties.get("Domain", "vpc")})))
    replace_tags(xml_text(answer, "allocationId"), properties)
    return address(xml_text(answer, "publicIp"))


def update_address(public_ip: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    replace_tags(allocation_of(public_ip), new)
    return address(public_ip)


def delete_address(public_ip: str, _properties: Properties) -> None:
    allocation_id = allocation_of(public_ip)
    if allocation_id:
        parse_response(ec2._release_address(query_parameters({"AllocationId": allocation_id})))


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
        elastic_ip = require(
            ec2._addresses.get(allocation_id), f"Elastic IP address [{allocation_id}] could not be found"
        )
        if elastic_ip["AssociationId"]:
            raise ValueError(f"Elastic IP address [{allocation_id}] is already associated")
    members = {
        name: properties[name] for name in ("SubnetId", "AllocationId", "ConnectivityType") if name in properties
    }
    nat_gateway_id = xml_text(parse_response(ec2._create_nat_gateway(query_parameters(members))), "natGatewayId")
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
    """MiniStack does not describe the addresses of NAT gateways."""
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
        require(cloudwatch_logs._log_groups.get(group), f"Access error: the log group {group} does not exist")
        role = properties.get("DeliverLogsPermissionArn")
        known = any(record["Arn"] == role for record in iam._roles.values())
        require(known, f"Access error: unable to assume the IAM role {role}")
    members = {name: properties[name] for name in FLOW_LOG_MEMBERS if name in properties}
    request = query_parameters({**members, "ResourceId": [properties["ResourceId"]]})
    flow_log_id = xml_text(parse_response(ec2._create_flow_logs(request)), "item")
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
    parse_response(ec2._delete_flow_logs(query_parameters({"FlowLogId": [flow_log_id]})))


def described_flow_log(flow_log_id: str) -> dict[str, Any]:
    """MiniStack does not describe the role, the format and the interval, or a log group as the destination."""
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


# MiniStack creates these types without checking their references


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
        require(ec2._nat_gateways.get(nat_gateway_id), f"The gateway ID '{nat_gateway_id}' does not exist")
    if properties.get("GatewayId", "").startswith("igw-"):
        gateway = internet_gateway(properties["GatewayId"])
        attached = any(attachment["VpcId"] == table["VpcId"] for attachment in gateway["Attachments"])
        require(
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
