"""Deliveries of CloudFront's access logs in the emulated account."""

from typing import Any

import pytest

from rehearsal.account import ACCOUNT_ID
from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    tags,
    with_properties,
)


def delivered(*, to: str = "Bucket", suffix: str = "{yyyy}/{MM}", log_type: str = "ACCESS_LOGS") -> Resources:
    """A distribution that delivers its access logs to a bucket."""
    origin = {
        "Id": "origin",
        "DomainName": "origin.example.com",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    behavior = {
        "TargetOriginId": "origin",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }
    arn = {"Fn::Sub": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/${{Distribution}}"}
    return {
        "Distribution": of(
            "CloudFront::Distribution",
            DistributionConfig={"Enabled": True, "Origins": [origin], "DefaultCacheBehavior": behavior},
        ),
        "Bucket": of("S3::Bucket"),
        "Other": of("S3::Bucket"),
        "Source": of("Logs::DeliverySource", Name="source", ResourceArn=arn, LogType=log_type),
        "Destination": of(
            "Logs::DeliveryDestination",
            Name=f"to-{to.lower()}",
            DestinationResourceArn=get_att(to, "Arn"),
            OutputFormat="json",
            Tags=tags(to=to),
        ),
        "Delivery": {
            **of(
                "Logs::Delivery",
                DeliverySourceName="source",
                DeliveryDestinationArn=get_att("Destination", "Arn"),
                S3SuffixPath=suffix,
            ),
            "DependsOn": "Source",
        },
    }


def test_deliveries_of_logs(stack: Stack) -> None:
    def read() -> Any:
        logs = stack.client("logs")
        source = only(logs.describe_delivery_sources()["deliverySources"])
        destination = only(logs.describe_delivery_destinations()["deliveryDestinations"])
        delivery = only(logs.describe_deliveries()["deliveries"])
        assert source["resourceArns"] == [
            f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{stack.id_of('Distribution')}"
        ]
        assert delivery["deliverySourceName"] == source["name"] == stack.id_of("Source")
        assert delivery["deliveryDestinationArn"] == destination["arn"]
        assert delivery["id"] == stack.id_of("Delivery")
        bucket = destination["deliveryDestinationConfiguration"]["destinationResourceArn"].rpartition(":")[2]
        name = next(name for name in ("Bucket", "Other") if stack.id_of(name) == bucket)
        return name, destination["outputFormat"], delivery["s3DeliveryConfiguration"]["suffixPath"]

    first, second = check_life_cycle(stack, delivered(), delivered(to="Other", suffix="{yyyy}"), read)
    assert first == ("Bucket", "json", "{yyyy}/{MM}")
    assert second == ("Other", "json", "{yyyy}")


def test_a_delivery_is_updated_in_place_if_possible(stack: Stack) -> None:
    stack.deploy(delivered())
    before = stack.id_of("Delivery")
    stack.deploy(delivered(suffix="{yyyy}"))
    assert stack.id_of("Delivery") == before


@pytest.mark.parametrize(
    ("name", "properties", "message"),
    [
        ("Source", {"ResourceArn": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/E1"}, "E1 does not exist"),
        ("Destination", {"DestinationResourceArn": "arn:aws:s3:::nobodys"}, "nobodys does not exist"),
        ("Delivery", {"DeliverySourceName": "nobodys"}, "Delivery source does not exist: nobodys"),
    ],
)
def test_deliveries_require_existing_resources(
    stack: Stack, name: str, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.deploy(with_properties(delivered(), name, **properties))
