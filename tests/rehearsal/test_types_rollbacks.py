"""What a roll-back retains, and what it cannot delete, in the emulated account."""

from typing import Any

import pytest

from tests.rehearsal.templates import Resources, Stack, load_balancer, of, with_properties


def failing(resources: Resources) -> dict[str, Any]:
    return {**resources, "Broken": {**of("EC2::RouteTable", VpcId="vpc-missing"), "DependsOn": list(resources)}}


def fail_creation(stack: Stack, resources: Resources) -> str | None:
    with pytest.raises(AssertionError, match="vpc-missing"):
        stack.deploy(failing(resources))
    return stack.status()


def named_log_group(policy: str, name: str = "/types/deleted") -> dict[str, Any]:
    return {"Logs": {**of("Logs::LogGroup", LogGroupName=name), "DeletionPolicy": policy}}


@pytest.mark.parametrize("policy", ["Delete", "RetainExceptOnCreate"])
def test_a_failed_creation_deletes_what_it_created(stack: Stack, policy: str) -> None:
    assert fail_creation(stack, named_log_group(policy)) == "ROLLBACK_COMPLETE"
    stack.delete()
    stack.deploy(named_log_group("Delete"))


def test_a_retained_resource_with_a_fixed_name_blocks_the_next_creation(stack: Stack) -> None:
    name = "/types/retained"
    assert fail_creation(stack, named_log_group("Retain", name)) == "ROLLBACK_COMPLETE"
    stack.delete()
    with pytest.raises(
        AssertionError, match=r"AWS::Logs::LogGroup\W+ with identifier \W+types/retained\W+ already exists"
    ):
        stack.deploy(named_log_group("Delete", name))
    stack.delete()
    stack.client("logs").delete_log_group(logGroupName=name)


@pytest.mark.parametrize("policy", ["Delete", "RetainExceptOnCreate"])
def test_a_failed_update_deletes_what_it_added(stack: Stack, policy: str) -> None:
    topic = {"Topic": of("SNS::Topic")}
    stack.deploy(topic)
    stack.roll_back({**topic, **named_log_group(policy)})
    stack.deploy({**topic, **named_log_group("Delete")})


def test_a_protected_load_balancer_stays_with_its_network(stack: Stack) -> None:
    protection = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    assert fail_creation(stack, load_balancer(balancer=protection)) == "ROLLBACK_FAILED"
    left = stack.cloudformation.describe_stack_resources(StackName="Types")["StackResources"]
    assert {each["LogicalResourceId"] for each in left} == {"Balancer", "Group", "Subnet", "Vpc"}
    with pytest.raises(AssertionError, match="cannot be deleted because deletion protection is enabled"):
        stack.delete()
    protection[0]["Value"] = "false"
    stack.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=stack.id_of("Balancer"), Attributes=protection
    )
    stack.delete()


def test_a_bucket_with_objects_cannot_be_deleted(stack: Stack) -> None:
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    stack.deploy(with_properties({"Bucket": of("S3::Bucket")}, "Bucket", **versioned))
    s3, bucket = stack.client("s3"), stack.id_of("Bucket")
    version = s3.put_object(Bucket=bucket, Key="any", Body=b"")["VersionId"]
    with pytest.raises(AssertionError, match="The bucket you tried to delete is not empty"):
        stack.delete()
    s3.delete_object(Bucket=bucket, Key="any", VersionId=version)
    stack.delete()
