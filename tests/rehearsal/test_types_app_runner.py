"""App Runner in the emulated account: services, the resources that they refer to, and the API."""

from typing import Any

import pytest
from ministack.core import responses

from rehearsal.account import ACCOUNT_ID, REGION
from rehearsal.types import app_runner as app_runner_types
from tests.rehearsal.templates import (
    NETWORK,
    STACK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    ref,
    trust,
)

PUBLIC_IMAGE = {
    "ImageRepository": {
        "ImageIdentifier": "public.ecr.aws/aws-containers/hello-app-runner:latest",
        "ImageRepositoryType": "ECR_PUBLIC",
        "ImageConfiguration": {"Port": 8000},
    },
    "AutoDeploymentsEnabled": False,
}
PRIVATE_IMAGE = {
    "ImageRepository": {
        "ImageIdentifier": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/team/app:v1",
        "ImageRepositoryType": "ECR",
        "ImageConfiguration": {
            "RuntimeEnvironmentSecrets": [{"Name": "PASSWORD", "Value": "arn:aws:ssm:us-east-1:1:parameter/a"}]
        },
    },
    "AuthenticationConfiguration": {"AccessRoleArn": get_att("Access", "Arn")},
    "AutoDeploymentsEnabled": True,
}
SOURCE_CODE = {
    "CodeRepository": {
        "RepositoryUrl": "https://github.com/team/app",
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
        "CodeConfiguration": {"ConfigurationSource": "REPOSITORY"},
    },
    "AuthenticationConfiguration": {"ConnectionArn": "arn:aws:apprunner:us-east-1:000000000000:connection/github/1"},
}
REQUESTS = f"com.amazonaws.{REGION}.apprunner.requests"


def app_runner(**changed: Any) -> dict[str, Any]:
    """A private service with every resource that it can refer to."""
    return {
        **NETWORK,
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Access": of("IAM::Role", AssumeRolePolicyDocument=trust("build.apprunner.amazonaws.com")),
        "Instance": of("IAM::Role", AssumeRolePolicyDocument=trust("tasks.apprunner.amazonaws.com")),
        "Scaling": of("AppRunner::AutoScalingConfiguration", **changed.get("scaling", {"MaxConcurrency": 50})),
        "Tracing": of("AppRunner::ObservabilityConfiguration", TraceConfiguration={"Vendor": "AWSXRAY"}),
        "Connector": of(
            "AppRunner::VpcConnector", Subnets=[ref("Subnet")], SecurityGroups=changed.get("groups", [ref("Group")])
        ),
        "Service": of(
            "AppRunner::Service",
            SourceConfiguration=changed.get("source", PRIVATE_IMAGE),
            AutoScalingConfigurationArn=ref("Scaling"),
            InstanceConfiguration={"Cpu": 256, "Memory": "512", "InstanceRoleArn": get_att("Instance", "Arn")},
            NetworkConfiguration={
                "EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": ref("Connector")},
                "IngressConfiguration": {"IsPubliclyAccessible": "false"},
            },
            ObservabilityConfiguration={
                "ObservabilityEnabled": True,
                "ObservabilityConfigurationArn": ref("Tracing"),
            },
            EncryptionConfiguration={"KmsKey": get_att("Key", "Arn")},
            **changed.get("more", {"HealthCheckConfiguration": {"Protocol": "HTTP", "Path": "/healthz"}}),
        ),
        "Endpoint": of(
            "EC2::VPCEndpoint",
            ServiceName=REQUESTS,
            SubnetIds=[ref("Subnet")],
            VpcEndpointType="Interface",
            VpcId=ref("Vpc"),
        ),
        "Ingress": of(
            "AppRunner::VpcIngressConnection",
            ServiceArn=get_att("Service", "ServiceArn"),
            IngressVpcConfiguration={"VpcId": ref("Vpc"), "VpcEndpointId": ref("Endpoint")},
        ),
    }


def test_services_with_all_references(stack: Stack) -> None:
    def read() -> Any:
        client = stack.client("apprunner")
        service = client.describe_service(ServiceArn=stack.id_of("Service"))["Service"]
        network, key = service["NetworkConfiguration"], service["EncryptionConfiguration"]["KmsKey"]
        assert service["Status"] == "RUNNING"
        assert service["ServiceArn"].endswith(f"/{service['ServiceName']}/{service['ServiceId']}")
        assert len(service["ServiceId"]) == 32
        assert service["ServiceUrl"].endswith(f".{REGION}.awsapprunner.com")
        assert key.endswith(stack.id_of("Key"))
        assert not network["IngressConfiguration"]["IsPubliclyAccessible"]
        assert service["InstanceConfiguration"]["Cpu"] == "256"
        connector_arn = network["EgressConfiguration"]["VpcConnectorArn"]
        connector = client.describe_vpc_connector(VpcConnectorArn=connector_arn)["VpcConnector"]
        assert connector["Subnets"] == [stack.id_of("Subnet")]
        tracing = client.describe_observability_configuration(
            ObservabilityConfigurationArn=service["ObservabilityConfiguration"]["ObservabilityConfigurationArn"]
        )["ObservabilityConfiguration"]
        assert tracing["TraceConfiguration"] == {"Vendor": "AWSXRAY"}
        operations = client.list_operations(ServiceArn=stack.id_of("Service"))["OperationSummaryList"]
        assert {(each["Status"], each["TargetArn"]) for each in operations} == {("SUCCEEDED", service["ServiceArn"])}
        assert operations[-1]["Type"] == "CREATE_SERVICE"
        ingress = client.describe_vpc_ingress_connection(VpcIngressConnectionArn=stack.id_of("Ingress"))
        way = ingress["VpcIngressConnection"]["IngressVpcConfiguration"]
        assert way == {"VpcId": stack.id_of("Vpc"), "VpcEndpointId": stack.id_of("Endpoint")}
        assert ingress["VpcIngressConnection"]["ServiceArn"] == service["ServiceArn"]
        scaling = client.describe_auto_scaling_configuration(
            AutoScalingConfigurationArn=service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
        )["AutoScalingConfiguration"]
        return (
            service["ServiceId"],
            service["SourceConfiguration"],
            {name: scaling[name] for name in ("MaxConcurrency", "MinSize", "MaxSize")},
            bool(connector["SecurityGroups"]),
            service.get("HealthCheckConfiguration"),
        )

    second = app_runner(scaling={"MaxConcurrency": "80", "MaxSize": 3}, groups=[], source=PUBLIC_IMAGE, more={})
    first, changed = check_life_cycle(stack, app_runner(), second, read)
    assert first[0] == changed[0], "an update must not replace the service"
    configuration = first[1]["ImageRepository"]["ImageConfiguration"]
    assert configuration == {"RuntimeEnvironmentSecrets": {"PASSWORD": "arn:aws:ssm:us-east-1:1:parameter/a"}}
    assert first[1]["AutoDeploymentsEnabled"] is True
    assert first[2:] == (
        {"MaxConcurrency": 50, "MinSize": 1, "MaxSize": 25},
        True,
        {"Protocol": "HTTP", "Path": "/healthz"},
    )
    assert changed[1]["ImageRepository"]["ImageConfiguration"] == {"Port": "8000"}
    assert "AuthenticationConfiguration" not in changed[1]
    assert changed[2:] == ({"MaxConcurrency": 80, "MinSize": 1, "MaxSize": 3}, False, None)


def test_another_key_or_name_replaces_the_service(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        return {"Service": of("AppRunner::Service", ServiceName=name, SourceConfiguration=SOURCE_CODE)}

    def read() -> Any:
        service = stack.client("apprunner").describe_service(ServiceArn=stack.id_of("Service"))["Service"]
        scaling = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationName"]
        return service["ServiceName"], scaling, service["SourceConfiguration"]["CodeRepository"]["RepositoryUrl"]

    first, second = check_life_cycle(stack, resources("first"), resources("second"), read)
    assert first == ("first", "DefaultConfiguration", "https://github.com/team/app")
    assert second[0] == "second"


def test_web_acls_of_services(stack: Stack) -> None:
    acl = f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/one/1a2b3c4d"
    service = of("AppRunner::Service", SourceConfiguration=PUBLIC_IMAGE)
    stack.deploy({"Service": service, "Acl": of("WAFv2::WebACLAssociation", ResourceArn=ref("Service"), WebACLArn=acl)})
    found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=stack.id_of("Service"))
    assert found["WebACL"]["Name"] == "one"


def test_resources_in_use_by_a_service_cannot_be_deleted() -> None:
    """The test calls the functions directly, because CloudFormation would delete the service first."""
    with responses.request_scope(ACCOUNT_ID, REGION):
        scaling, _ = app_runner_types.create_scaling("Scaling", {}, STACK)
        properties = {"SourceConfiguration": SOURCE_CODE, "AutoScalingConfigurationArn": scaling}
        service, _ = app_runner_types.create_service("Service", properties, STACK)
        with pytest.raises(ValueError, match="is used by the services Types-Service"):
            app_runner_types.delete_scaling(scaling, {})
        app_runner_types.delete_service(service, {})
        app_runner_types.delete_scaling(scaling, {})
        assert not app_runner_types.SCALING


@pytest.mark.parametrize(
    ("resource", "wrong", "message"),
    [
        ("Service", {"SourceConfiguration": {}}, "Exactly one of CodeRepository and ImageRepository"),
        ("Service", {"SourceConfiguration": {**SOURCE_CODE, **PRIVATE_IMAGE}}, "Exactly one of CodeRepository"),
        (
            "Service",
            {"SourceConfiguration": {**PRIVATE_IMAGE, "AuthenticationConfiguration": {}}},
            "An access role is required for a private ECR repository",
        ),
        (
            "Service",
            {"SourceConfiguration": {**PUBLIC_IMAGE, "AutoDeploymentsEnabled": True}},
            "not supported for ECR Public",
        ),
        (
            "Service",
            {"SourceConfiguration": {**SOURCE_CODE, "AuthenticationConfiguration": {}}},
            "A connection is required",
        ),
        (
            "Service",
            {
                "SourceConfiguration": {
                    **PRIVATE_IMAGE,
                    "AuthenticationConfiguration": {"AccessRoleArn": get_att("Instance", "Arn")},
                }
            },
            "Error in assuming instance role or access role .* for build.apprunner",
        ),
        ("Service", {"InstanceConfiguration": {"InstanceRoleArn": "arn:missing"}}, "Role arn:missing does not exist"),
        ("Service", {"AutoScalingConfigurationArn": "arn:missing"}, "arn:missing not found"),
        (
            "Service",
            {"ObservabilityConfiguration": {"ObservabilityConfigurationArn": "arn:missing"}},
            "arn:missing not found",
        ),
        (
            "Service",
            {"NetworkConfiguration": {"EgressConfiguration": {"VpcConnectorArn": "arn:missing"}}},
            "arn:missing not found",
        ),
        ("Service", {"EncryptionConfiguration": {"KmsKey": "arn:missing"}}, "The KMS key arn:missing does not exist"),
        ("Service", {"Hue": "blue"}, "Encountered unsupported property Hue"),
        ("Scaling", {"MinSize": 3, "MaxSize": 2}, "MinSize 3 is greater than MaxSize 2"),
        ("Connector", {"Subnets": ["subnet-missing"]}, "subnet-missing"),
        ("Connector", {"SecurityGroups": ["sg-missing"]}, "sg-missing"),
        ("Ingress", {"ServiceArn": "arn:missing"}, "Service with arn arn:missing not found"),
        (
            "Ingress",
            {"IngressVpcConfiguration": {"VpcId": ref("Vpc"), "VpcEndpointId": "vpce-missing"}},
            "vpce-missing' does not exist",
        ),
        ("Endpoint", {"ServiceName": f"com.amazonaws.{REGION}.logs"}, "is not an endpoint of App Runner"),
        ("Service", {"NetworkConfiguration": {}}, "is publicly accessible"),
    ],
)
def test_app_runner_refuses_invalid_properties(
    stack: Stack, resource: str, wrong: dict[str, Any], message: str
) -> None:
    resources = app_runner()
    resources[resource]["Properties"].update(wrong)
    with pytest.raises(AssertionError, match=message):
        stack.deploy(resources)
