"""Small templates for the tests of types, and the stack that the tests deploy."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rehearsal.account import EmulatedAccount

Resources = Mapping[str, Mapping[str, Any]]

STACK = "Types"
SECONDS = 20
"""Time limit for a deployment of the stack. It usually takes much less than 1 second."""


def of(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{resource_type}", "Properties": properties}


def ref(logical_id: str) -> dict[str, str]:
    return {"Ref": logical_id}


def get_att(logical_id: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, attribute]}


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


class Stack:
    """The one stack of a test."""

    def __init__(self, account: EmulatedAccount) -> None:
        self.account = account
        self.cloudformation = account.session.client("cloudformation")

    def deploy(self, resources: Resources) -> None:
        """Creates or updates the stack.

        :raises AssertionError: with CloudFormation's reasons if it does not succeed.
        """
        status = self.status()
        assert status is None or status.endswith("_COMPLETE")
        change = self.cloudformation.update_stack if status else self.cloudformation.create_stack
        template = json.dumps({"Resources": resources})
        change(StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
        assert self.wait() in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.failures()

    def roll_back(self, resources: Resources) -> None:
        """Updates the stack to ``resources`` and one more resource, which fails last. So everything is rolled back."""
        broken = {**of("EC2::RouteTable", VpcId="vpc-missing"), "DependsOn": list(resources)}
        with pytest.raises(AssertionError, match="vpc-missing"):
            self.deploy({**resources, "Broken": broken})
        assert self.status() == "UPDATE_ROLLBACK_COMPLETE"

    def delete(self) -> None:
        stack_id = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
        self.cloudformation.delete_stack(StackName=STACK)
        assert self.wait(stack_id) == "DELETE_COMPLETE", self.failures(stack_id)

    def wait(self, name: str = STACK) -> str | None:
        deadline = time.monotonic() + SECONDS
        while True:
            status = self.status(name)
            if status is None or not status.endswith("IN_PROGRESS"):
                return status
            assert time.monotonic() < deadline, f"{name} is {status} after {SECONDS} seconds"
            time.sleep(0.02)

    def status(self, name: str = STACK) -> str | None:
        try:
            return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except self.cloudformation.exceptions.ClientError:
            return None

    def failures(self, name: str = STACK) -> list[str]:
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("_FAILED")]

    def id_of(self, logical_id: str) -> str:
        [resource] = self.cloudformation.describe_stack_resources(StackName=STACK, LogicalResourceId=logical_id)[
            "StackResources"
        ]
        return resource["PhysicalResourceId"]

    def client(self, service: str) -> Any:
        return self.account.session.client(service)


NETWORK = {
    "Vpc": of("EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True, EnableDnsSupport=True),
    "Subnet": of("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/20", AvailabilityZone="us-east-1b"),
    "Group": of("EC2::SecurityGroup", GroupDescription="One", VpcId=ref("Vpc")),
}


def trust(principal: str) -> dict[str, Any]:
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": principal}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def load_balancer(**changed: Any) -> dict[str, Any]:
    """A load balancer with a listener and a target group."""
    return {
        **NETWORK,
        "Balancer": of(
            "ElasticLoadBalancingV2::LoadBalancer",
            LoadBalancerAttributes=changed.get("balancer", []),
            Scheme="internet-facing",
            SecurityGroups=[get_att("Group", "GroupId")],
            Subnets=[ref("Subnet")],
            Type="application",
        ),
        "Targets": of(
            "ElasticLoadBalancingV2::TargetGroup",
            HealthCheckIntervalSeconds=changed.get("interval", 15),
            HealthCheckPath=changed.get("path", "/"),
            Port=80,
            Protocol="HTTP",
            TargetGroupAttributes=changed.get("targets", []),
            TargetType="ip",
            VpcId=ref("Vpc"),
        ),
        "Listener": of(
            "ElasticLoadBalancingV2::Listener",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            LoadBalancerArn=ref("Balancer"),
            **changed.get("listener", {"Port": 80, "Protocol": "HTTP"}),
        ),
    }


def network_load_balancer(**changed: Any) -> dict[str, Any]:
    """A Network Load Balancer with a listener and a target group."""
    return {
        **NETWORK,
        "Balancer": of(
            "ElasticLoadBalancingV2::LoadBalancer",
            LoadBalancerAttributes=changed.get("balancer", []),
            Scheme="internal",
            SecurityGroups=[get_att("Group", "GroupId")],
            Subnets=[ref("Subnet")],
            Type="network",
            **changed.get("more", {}),
        ),
        "Targets": of(
            "ElasticLoadBalancingV2::TargetGroup",
            Port=80,
            Protocol="TCP",
            TargetGroupAttributes=changed.get("targets", []),
            TargetType="ip",
            VpcId=ref("Vpc"),
            **changed.get("health", {"HealthCheckProtocol": "TCP"}),
        ),
        "Listener": of(
            "ElasticLoadBalancingV2::Listener",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            LoadBalancerArn=ref("Balancer"),
            **changed.get("listener", {"Port": 80, "Protocol": "TCP"}),
        ),
    }


def service(task: Mapping[str, Any] = {}, settings: Mapping[str, Any] = {}, cluster: str = "enabled") -> dict[str, Any]:
    """A service behind a load balancer, on a cluster with Fargate."""
    container = {
        "Image": "public.ecr.aws/nginx/nginx:stable",
        "Name": "web",
        "PortMappings": [{"ContainerPort": 80, "Protocol": "tcp"}],
    }
    properties = {
        "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
        "Cluster": ref("Cluster"),
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {"SecurityGroups": [get_att("Group", "GroupId")], "Subnets": [ref("Subnet")]}
        },
        "TaskDefinition": ref("Task"),
        **load_balancers_property(ref("Targets"), "web", 80),
        **settings,
    }
    return {
        **load_balancer(),
        "Cluster": of("ECS::Cluster", ClusterSettings=[{"Name": "containerInsights", "Value": cluster}]),
        "Capacity": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
            Cluster=ref("Cluster"),
            DefaultCapacityProviderStrategy=[],
        ),
        "Task": of(
            "ECS::TaskDefinition",
            ContainerDefinitions=[{**container, **task.get("container", {})}],
            Cpu="256",
            Family="types",
            Memory="512",
            NetworkMode="awsvpc",
            RequiresCompatibilities=["FARGATE"],
            **{name: value for name, value in task.items() if name != "container"},
        ),
        "Service": {**of("ECS::Service", **properties), "DependsOn": ["Capacity", "Listener"]},
    }


def load_balancers_property(target_group: Any, container: str, port: int) -> dict[str, Any]:
    return {"LoadBalancers": [{"ContainerName": container, "ContainerPort": port, "TargetGroupArn": target_group}]}


def check_life_cycle(stack: Stack, first: Resources, second: Resources, read: Callable[[], Any]) -> tuple[Any, Any]:
    """Deploys two templates one after the other, and deletes the stack. In between, it checks that

    - a failed update leaves the state as it was, before and after the update
    - deploying the first template again restores its state.

    :param read: reads the state of the resources by boto3.
    :return: the state after the first deployment, and after the second.
    """
    stack.deploy(first)
    before = read()
    stack.roll_back(second)
    assert read() == before
    stack.deploy(second)
    after = read()
    assert after != before
    stack.roll_back(first)
    assert read() == after
    stack.deploy(first)
    assert read() == before
    stack.delete()
    return before, after


def only(found: list[Any]) -> Any:
    assert len(found) == 1, found
    return found[0]


def without_aws_tags(described: list[dict[str, str]]) -> list[dict[str, str]]:
    """The tags without those that CloudFormation adds."""
    return [tag for tag in described if not tag["Key"].startswith("aws:")]


def with_properties(resources: Resources, name: str, **properties: Any) -> Resources:
    """The resources, with other properties of one of them."""
    body = resources[name]
    return {**resources, name: {**body, "Properties": {**body["Properties"], **properties}}}
