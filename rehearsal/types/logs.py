"""Log deliveries of AWS services: sources, destinations, and deliveries that connect them."""

from typing import Any

from ministack.services import cloudfront, cloudwatch_logs, s3

from rehearsal.types.registry import Provisioned, register_type
from rehearsal.types.shapes import Properties, parse_response, require, to_api


def register() -> None:
    register_type(
        "AWS::Logs::DeliverySource", create=create_source, update=update_source, delete=delete_source, tags="Tags"
    )
    register_type(
        "AWS::Logs::DeliveryDestination",
        create=create_destination,
        update=update_destination,
        delete=delete_destination,
        tags="Tags",
    )
    register_type(
        "AWS::Logs::Delivery", create=create_delivery, update=update_delivery, delete=delete_delivery, tags="Tags"
    )


def tag_map(properties: Properties) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


# Delivery sources. Only CloudFront distributions are supported.


def create_source(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    arn = properties["ResourceArn"]
    known = any(record["ARN"] == arn for record in cloudfront._distributions.values())
    require(known, f"The resource {arn} does not exist")
    request = to_api("logs", "PutDeliverySource", properties, excluding=["Tags"])
    source = parse_response(cloudwatch_logs._put_delivery_source({**request, "tags": tag_map(properties)}))[
        "deliverySource"
    ]
    return source["name"], {name: source[member] for name, member in SOURCE.items()}


SOURCE = {"Arn": "arn", "Service": "service", "ResourceArns": "resourceArns"}


def update_source(_physical_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    return create_source("", new, stack)


def delete_source(name: str, _properties: Properties) -> None:
    used = [each["id"] for each in cloudwatch_logs._deliveries.values() if each["deliverySourceName"] == name]
    if used:
        raise ValueError(f"The delivery source {name} is used by the delivery {used[0]}")
    cloudwatch_logs._delivery_sources.pop(name, None)


# Delivery destinations. Only S3 buckets are supported.


def create_destination(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    arn = properties["DestinationResourceArn"]
    require(arn.rpartition(":")[2] in s3._buckets, f"The bucket {arn} does not exist")
    request: dict[str, Any] = {
        "name": properties["Name"],
        "deliveryDestinationConfiguration": {"destinationResourceArn": arn},
        "tags": tag_map(properties),
    }
    if "OutputFormat" in properties:
        request["outputFormat"] = properties["OutputFormat"]
    answer = parse_response(cloudwatch_logs._put_delivery_destination(request))["deliveryDestination"]
    return answer["name"], {"Arn": answer["arn"], "DeliveryDestinationType": answer["deliveryDestinationType"]}


def update_destination(_physical_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    """Only tags change in place."""
    return create_destination("", new, stack)


def delete_destination(name: str, _properties: Properties) -> None:
    cloudwatch_logs._delivery_destinations.pop(name, None)


# Deliveries


def create_delivery(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    delivery = parse_response(cloudwatch_logs._create_delivery(delivery_request(properties)))["delivery"]
    return delivery["id"], {
        "DeliveryId": delivery["id"],
        "Arn": delivery["arn"],
        "DeliveryDestinationType": delivery["deliveryDestinationType"],
    }


def delivery_request(properties: Properties) -> dict[str, Any]:
    """The input of CreateDelivery. It nests some values that are separate properties in a template."""
    in_s3 = {
        member: properties[name]
        for name, member in (("S3SuffixPath", "suffixPath"), ("S3EnableHiveCompatiblePath", "enableHiveCompatiblePath"))
        if name in properties
    }
    return {
        "deliverySourceName": properties["DeliverySourceName"],
        "deliveryDestinationArn": properties["DeliveryDestinationArn"],
        "recordFields": properties.get("RecordFields", []),
        "fieldDelimiter": properties.get("FieldDelimiter", ""),
        "s3DeliveryConfiguration": in_s3,
        "tags": tag_map(properties),
    }


def update_delivery(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    record = require(cloudwatch_logs._deliveries.get(physical_id), f"Delivery does not exist: {physical_id}")
    record.update(delivery_request(new))
    return physical_id, {
        "DeliveryId": physical_id,
        "Arn": record["arn"],
        "DeliveryDestinationType": record["deliveryDestinationType"],
    }


def delete_delivery(physical_id: str, _properties: Properties) -> None:
    cloudwatch_logs._deliveries.pop(physical_id, None)
