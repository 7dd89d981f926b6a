"""The check of the order finds each kind of need, and nothing else."""

import pytest

from tests.policy.ordering import WORKLOADS, Order
from tests.policy.ordering_cases import (
    ASSOCIATED,
    BUCKET,
    CASES,
    EVENTS,
    FUNCTION,
    GATEWAY_ENDPOINT,
    INSTANCES,
    JOINING,
    MIXED,
    NETWORK,
    POLICY,
    ROLE,
    SERVICE,
    Resources,
    associated,
    bucket_policy,
    get,
    interface_endpoint,
    ref,
    resource,
    rule,
)


@pytest.mark.parametrize("name", CASES)
def test_a_workload_that_depends_on_its_needs_has_no_finding(name: str) -> None:
    assert Order(CASES[name].template()).findings() == set()


@pytest.mark.parametrize(("name", "needed"), [(name, needed) for name, case in CASES.items() for needed in case.needed])
def test_a_workload_without_one_of_its_needs_is_a_finding(name: str, needed: str) -> None:
    case = CASES[name]
    [found] = Order(case.template(without=needed)).findings()
    assert (found.workload, found.workload_type) == ("Workload", case.workload["Type"])
    assert (found.kind, found.needed) == (case.kind, needed)
    assert found.reason.endswith(".")


def test_the_cases_have_each_kind_and_each_type() -> None:
    assert {case.kind for case in CASES.values()} == {
        kind.__name__.replace("_", " ") for kinds in WORKLOADS.values() for kind in kinds
    }
    assert {case.workload["Type"] for case in CASES.values()} == {*WORKLOADS, "Custom::Manifest"}


INTERNAL = resource("ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("Subnet")], Scheme="internal")
UPLOAD = resource("CloudFormation::CustomResource", ServiceToken=get("Function"), Bucket=ref("Bucket"))


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(
            {"Workload": SERVICE, **NETWORK, "OtherVpc": resource("EC2::VPC")}
            | {"Endpoint": interface_endpoint("OtherVpc", "OtherGroup")},
            id="endpoint in another VPC",
        ),
        pytest.param(
            {"Workload": SERVICE, **NETWORK, "Table": resource("EC2::RouteTable"), "Endpoint": GATEWAY_ENDPOINT},
            id="gateway endpoint of another route table",
        ),
        pytest.param(
            {"Workload": SERVICE, **NETWORK, "In": rule("Ingress", "OtherGroup", CidrIp="10.0.0.0/16")},
            id="rule of another group",
        ),
        pytest.param(
            {
                "Workload": INTERNAL,
                **NETWORK,
                "Table": resource("EC2::RouteTable"),
                "Associated": associated("Subnet", "Table"),
            },
            id="route of an internal load balancer",
        ),
        pytest.param(
            {"Workload": UPLOAD, **FUNCTION, **BUCKET, "Policy": bucket_policy("Deny", {"AWS": "*"})},
            id="policy that only denies",
        ),
        pytest.param(
            {"Workload": UPLOAD, **FUNCTION, **BUCKET, "Policy": bucket_policy("Allow", {"Service": "cloudfront"})},
            id="policy for an AWS service",
        ),
        pytest.param(
            {
                "Workload": resource("AutoScaling::AutoScalingGroup", MixedInstancesPolicy=MIXED),
                **JOINING,
                **ASSOCIATED,
            },
            id="capacity provider of the cluster that instances join",
        ),
        pytest.param(
            {
                "Workload": resource("ECS::Service", Cluster=ref("Cluster"), LaunchType="FARGATE"),
                **JOINING,
                **INSTANCES,
            },
            id="instances of a service on Fargate",
        ),
        pytest.param(
            {
                "Workload": resource("ECS::Service", Cluster=ref("OtherCluster"), LaunchType="EC2"),
                **JOINING,
                **INSTANCES,
            }
            | {"OtherCluster": resource("ECS::Cluster")},
            id="instances of another cluster",
        ),
        pytest.param(
            {
                "Workload": resource("ECS::Service", TaskRole=ref("Role")),
                **ROLE,
                "Policy": resource("IAM::Policy", Roles=[ref("Role")], PolicyDocument={"Resource": ref("Workload")}),
            },
            id="policy that refers to the service",
        ),
    ],
)
def test_resources_that_a_workload_does_not_need(resources: Resources) -> None:
    assert Order({"Resources": resources}).findings() == set()


@pytest.mark.parametrize(
    "between", ["AWS::CloudWatch::Alarm", "AWS::EC2::SecurityGroup", "AWS::IAM::Role", "AWS::KMS::Key"]
)
def test_a_reference_of_a_part_to_another_workload_makes_it_no_part(between: str) -> None:
    refers = resource("ECS::Service", Refers=ref("Between"))
    resources = {"Workload": refers, "Between": {"Type": between, "Properties": {"Other": ref("Role")}}, **ROLE}
    assert Order({"Resources": {**resources, "Policy": POLICY}}).findings() == set()


def test_a_need_that_depends_on_its_workload_is_a_finding() -> None:
    """Only a reference excuses it, because ``DependsOn`` can be turned around."""
    policy = {**POLICY, "DependsOn": "Workload"}
    [found] = Order({"Resources": {"Workload": EVENTS, **FUNCTION, "Policy": policy}}).findings()
    assert found.needed == "Policy"


def test_a_dependency_may_lead_through_other_resources() -> None:
    between = {**resource("SNS::Topic"), "DependsOn": ["Policy"]}
    workload = {**EVENTS, "DependsOn": "Between"}
    resources = {"Workload": workload, **FUNCTION, "Policy": POLICY, "Between": between}
    assert Order({"Resources": resources}).findings() == set()


def test_the_gateway_endpoint_of_its_route_table_is_a_need() -> None:
    workload = {**SERVICE, "DependsOn": "Associated"}
    table = {"Table": resource("EC2::RouteTable"), "Associated": associated("Subnet", "Table")}
    [found] = Order({"Resources": {"Workload": workload, **NETWORK, **table, "Gateway": GATEWAY_ENDPOINT}}).findings()
    assert (found.kind, found.needed) == ("endpoints", "Gateway")


def test_rules_of_the_endpoints_that_a_workload_uses_are_needs() -> None:
    endpoint = interface_endpoint("Vpc", "OtherGroup")
    admits = rule("Ingress", "OtherGroup", CidrIp="10.0.0.0/16")
    workload = {**SERVICE, "DependsOn": "Endpoint"}
    [found] = Order({"Resources": {"Workload": workload, **NETWORK, "Endpoint": endpoint, "In": admits}}).findings()
    assert (found.kind, found.needed) == ("security group rules", "In")


def test_a_function_without_a_log_group_of_the_template_is_found() -> None:
    group = resource("Logs::LogGroup")
    refers = resource("Lambda::Function", LoggingConfig={"LogGroup": ref("Group")})
    named = resource("Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${Named}"})
    resources = {"Group": group, "Refers": refers, "Named": resource("Lambda::Function"), "NamedGroup": named}
    assert Order({"Resources": resources}).unlogged_functions() == set()
    del resources["NamedGroup"]
    assert Order({"Resources": resources}).unlogged_functions() == {"Named"}


def test_functions_at_the_edge_need_no_log_group_of_the_template() -> None:
    version = resource("Lambda::Version", FunctionName=ref("Function"))
    distribution = resource("CloudFront::Distribution", DistributionConfig={"LambdaFunctionARN": ref("Version")})
    resources = {"Function": resource("Lambda::Function"), "Version": version}
    assert Order({"Resources": resources}).unlogged_functions() == {"Function"}
    assert Order({"Resources": {**resources, "Distribution": distribution}}).unlogged_functions() == set()
