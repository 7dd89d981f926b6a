"""Checks of a deployed ``AppRunnerStack``."""

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests.deployed.changes import (
    ADMITS,
    ALARMS,
    ANYWHERE,
    ATTACHED,
    BODY,
    EVERYTHING,
    OTHER_KEY,
    PUBLIC_WAY,
    REACHES,
    SECURITY_GROUPS,
    STATEMENTS,
    SUBNET_ZONES,
    TRUST,
    WAYS_OUT,
    allow,
    by,
    made,
    may,
    no_output,
    opened,
    output,
)
from tests.deployed.looking import (
    Rule,
    alarms_of,
    check_private_subnets,
    check_zones,
    inline_statements,
    listed,
    page_with,
    policies_of,
    rules_of,
    shown,
    zones_of,
)
from tests.deployed.proving import fails, skips
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "AppRunnerStack"

SERVICE, SCALING = "AWS::AppRunner::Service", "AWS::AppRunner::AutoScalingConfiguration"
TRACING, CONNECTOR = "AWS::AppRunner::ObservabilityConfiguration", "AWS::AppRunner::VpcConnector"
INGRESS, WEB_ACL = "AWS::AppRunner::VpcIngressConnection", "AWS::WAFv2::WebACLAssociation"

DEMONSTRATION = "public.ecr.aws/aws-containers/hello-app-runner:"
MEMORY_MIB: Mapping[str, tuple[str, ...]] = {
    "256": ("512", "1024"),
    "512": ("1024",),
    "1024": ("2048", "3072", "4096"),
    "2048": ("4096", "6144"),
    "4096": ("8192", "10240", "12288"),
}
PULL = {
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
    *("ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"),
}
TRACES = {"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
READS = {"secretsmanager:GetSecretValue", "ssm:GetParameters", "kms:Decrypt"}

DEADLINE_SECONDS = 300.0

RUNNING = "apprunner.describe_service Service"
SOURCE = f"{RUNNING} SourceConfiguration"
SUMMARY = "AutoScalingConfigurationSummary AutoScalingConfigurationArn"
IMAGE = f"{SOURCE} ImageRepository"
OLD = "public.ecr.aws/aws-containers/hello-app-runner:old"
BRANCH = f"{SOURCE} CodeRepository SourceCodeVersion Value"
OPERATIONS = "apprunner.list_operations OperationSummaryList"
ROLLED_BACK = {"Type": "UPDATE_SERVICE", "Status": "ROLLBACK_SUCCEEDED"}
SCALES = "apprunner.describe_auto_scaling_configuration AutoScalingConfiguration"
OBSERVED = f"{RUNNING} ObservabilityConfiguration"
VENDOR = "apprunner.describe_observability_configuration ObservabilityConfiguration TraceConfiguration"
INGRESSES = "apprunner.describe_vpc_ingress_connection VpcIngressConnection"
LED_TO = "ec2.describe_vpc_endpoints VpcEndpoints 0"
CONNECTED = "apprunner.describe_vpc_connector VpcConnector"
EGRESS = f"{RUNNING} NetworkConfiguration EgressConfiguration"
PUBLIC = f"{RUNNING} NetworkConfiguration IngressConfiguration IsPubliclyAccessible"
FRONT = "wafv2.get_web_acl_for_resource WebACL"

# An emulated account runs no application.
BY_HAND = {"http.get": {"status": 200, "headers": {}, "body": "Hello from App Runner"}}


CODE = {"RepositoryUrl": "https://github.com/team/app", "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"}}


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {"5xxStatusResponses", "RequestLatency"}

    def watched(self, stack: DeployedStack) -> set[str]:
        """There is an alarm on the number of instances if it can grow."""
        scaling = _scaling(stack)
        return self.WATCHED | ({"ActiveInstances"} if scaling["MinSize"] < scaling["MaxSize"] else set())


@fails("the service is CREATE_FAILED", f"{RUNNING} Status", "CREATE_FAILED")
@fails("the service is PAUSED", f"{RUNNING} Status", "PAUSED")
def test_the_service_runs(stack: DeployedStack) -> None:
    status = _service(stack)["Status"]
    assert status == "RUNNING", f"the service is {status}"


@fails("UPDATE_SERVICE is ROLLBACK_SUCCEEDED: the service runs what", f"{OPERATIONS} 0", ROLLED_BACK)
@fails("CREATE_SERVICE is FAILED", f"{OPERATIONS} 0 Status", "FAILED")
@fails("App Runner knows no operation", OPERATIONS, [])
def test_the_last_operation_succeeded(stack: DeployedStack) -> None:
    """App Runner rolls a failed update back, and CloudFormation takes that for a success."""
    operations = stack.ask("apprunner.list_operations", ServiceArn=stack.only(SERVICE))["OperationSummaryList"]
    assert operations, "App Runner knows no operation of the service"
    last = operations[0]
    assert last["Status"] == "SUCCEEDED", (
        f"{last['Type']} is {last['Status']}: the service runs what it ran before, and its own log group says why"
    )


@fails("runs .*hello-app-runner:old, .* not .*hello-app-runner:latest", f"{IMAGE} ImageIdentifier", OLD, only="sandbox")
@fails("with 300 CPU units and .*, not", f"{RUNNING} InstanceConfiguration Cpu", "300")
@fails("branch other, with .*, not .*branch release", BRANCH, "other", only="otherwise")
def test_it_runs_what_was_deployed(stack: DeployedStack) -> None:
    """The output says what the stack deployed, the service what runs."""
    service = _service(stack)
    source, instance = service["SourceConfiguration"], service["InstanceConfiguration"]
    if code := source.get("CodeRepository"):
        name = f"{code['RepositoryUrl']}, branch {code['SourceCodeVersion']['Value']}"
    else:
        name = source["ImageRepository"]["ImageIdentifier"]
    runs = f"{name}, with {instance['Cpu']} CPU units and {instance['Memory']} MiB"
    deployed = stack.outputs.get("Runs")
    assert runs == deployed, f"the service runs {runs}, not {deployed}: App Runner may have rolled an update back"


@fails(r"sources \['CodeRepository', 'ImageRepository'\], not one", f"{SOURCE} CodeRepository", CODE, only="sandbox")
@fails(r"the sources \[\], not one", f"{SOURCE} ImageRepository", only="sandbox")
@fails("no connection to read the source", f"{SOURCE} AuthenticationConfiguration ConnectionArn", only="otherwise")
@fails("is pulled as ECR_PUBLIC", f"{IMAGE} ImageRepositoryType", "ECR_PUBLIC", only="everything")
@fails("is pulled by the role None", f"{SOURCE} AuthenticationConfiguration", only="everything")
@fails("pushes to ECR Public are to be deployed", f"{SOURCE} AutoDeploymentsEnabled", True, only="sandbox")
def test_it_runs_what_one_source_has(stack: DeployedStack) -> None:
    source = _service(stack)["SourceConfiguration"]
    kinds = sorted({"ImageRepository", "CodeRepository"} & source.keys())
    assert len(kinds) == 1, f"the service has the sources {kinds}, not one"
    authentication = source.get("AuthenticationConfiguration", {})
    if kinds == ["CodeRepository"]:
        assert authentication.get("ConnectionArn"), "App Runner has no connection to read the source repository by"
        return
    image = source["ImageRepository"]
    private = image["ImageRepositoryType"] == "ECR"
    of_a_private = re.match(r"\d{12}\.dkr\.ecr\.", image["ImageIdentifier"])
    assert bool(of_a_private) == private, f"{image['ImageIdentifier']} is pulled as {image['ImageRepositoryType']}"
    role = authentication.get("AccessRoleArn")
    assert bool(role) == private, f"{image['ImageIdentifier']} is pulled by the role {role}"
    watched = source["AutoDeploymentsEnabled"]
    assert private or not watched, "pushes to ECR Public are to be deployed, which App Runner does not see"


@fails(r"pulls from \*, not only from team", f"{STATEMENTS} +", allow("ecr:BatchGetImage"))
@fails("pulls from .*/app-2, not only from team/app", f"{STATEMENTS} +", allow("ecr:Get", "arn:repository/team/app-2"))
@fails("more .*ecr:PutImage", f"{STATEMENTS} +", allow("ecr:PutImage", "arn:repository/team/app"))
@fails("not even that: .*ecr:BatchGetImage", may())
@fails("the role .* is for .*tasks.*, not for build", f"{TRUST} Principal", by("tasks.apprunner.amazonaws.com"))
@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
def test_the_access_role_pulls_from_the_one_repository(stack: DeployedStack) -> None:
    source = _service(stack)["SourceConfiguration"]
    arn = source.get("AuthenticationConfiguration", {}).get("AccessRoleArn")
    if arn is None:
        pytest.skip("only a private image has an access role")
    _check_role(stack, arn, "build.apprunner.amazonaws.com")
    name = re.split("[:@]", source["ImageRepository"]["ImageIdentifier"].partition("/")[2])[0]
    granted: set[str] = set()
    for actions, resources in _allowed(stack, arn):
        if actions == {"ecr:GetAuthorizationToken"}:
            continue
        granted |= actions
        for resource in resources:
            assert resource.endswith(f":repository/{name}"), f"App Runner pulls from {resource}, not only from {name}"
    assert granted == PULL, f"App Runner may do more than pull, or not even that: {sorted(granted ^ PULL)}"


@fails("may s3:GetObject", may(allow("s3:GetObject", "arn:aws:s3:::a/b")))
@fails(r"GetSecretValue on \*", may(allow("secretsmanager:GetSecretValue")))
@fails("the role .* is for .*build.*, not for tasks", f"{TRUST} Principal", by("build.apprunner.amazonaws.com"))
@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
def test_the_instance_role_reads_what_it_is_given_and_traces(stack: DeployedStack) -> None:
    arn = _service(stack)["InstanceConfiguration"]["InstanceRoleArn"]
    _check_role(stack, arn, "tasks.apprunner.amazonaws.com")
    for actions, resources in _allowed(stack, arn):
        tracing = actions <= TRACES
        assert tracing or actions <= READS, f"the application may {', '.join(sorted(actions - READS))}"
        for resource in resources:
            assert tracing or "*" not in resource, f"the application may {', '.join(sorted(actions))} on {resource}"


@fails("cannot read .*PASSWORD", may())
@fails("cannot read .*PASSWORD", f"{STATEMENTS} * Resource", ["arn:other"])
def test_secrets_are_read_by_the_role(stack: DeployedStack) -> None:
    """A service does not start if its role may not read a secret that one of its variables names."""
    service = _service(stack)
    source = service["SourceConfiguration"]
    image = source.get("ImageRepository", {}).get("ImageConfiguration", {})
    code = source.get("CodeRepository", {}).get("CodeConfiguration", {}).get("CodeConfigurationValues", {})
    named = {**image, **code}.get("RuntimeEnvironmentSecrets", {})
    role = service["InstanceConfiguration"]["InstanceRoleArn"]
    readable = {resource for actions, resources in _allowed(stack, role) if actions & READS for resource in resources}
    if not named and not readable:
        pytest.skip("the service has no secrets and no parameters")
    lacking = {name for name, arn in named.items() if arn not in readable}
    assert not lacking, f"the application cannot read {', '.join(sorted(lacking))}"


@fails("offers no 512 MiB with", f"{RUNNING} InstanceConfiguration Memory", "512", only="everything")
@fails("with 300 CPU units", f"{RUNNING} InstanceConfiguration Cpu", "300")
def test_cpu_and_memory_are_offered_together(stack: DeployedStack) -> None:
    instance = _service(stack)["InstanceConfiguration"]
    cpu, memory = instance["Cpu"], instance["Memory"]
    assert memory in MEMORY_MIB.get(cpu, ()), f"App Runner offers no {memory} MiB with {cpu} CPU units"


@fails("by arn:default, not by the", f"{RUNNING} {SUMMARY}", "arn:default")
@fails("at least 70 instances and at most", f"{SCALES} MinSize", 70)
@fails("configuration is INACTIVE", f"{SCALES} Status", "INACTIVE")
def test_it_scales_as_the_stack_says(stack: DeployedStack) -> None:
    used, expected = _scaling_arn(stack), stack.only(SCALING)
    assert used == expected, f"the service scales by {used}, not by the stack's {expected}"
    scaling = _scaling(stack)
    least, most = scaling["MinSize"], scaling["MaxSize"]
    assert least <= most, f"the service has at least {least} instances and at most {most}"
    status = scaling["Status"].upper()
    assert status == "ACTIVE", f"the auto scaling configuration is {status}"


@fails("by HTTP asks for /up, which the demon", f"{RUNNING} HealthCheckConfiguration Path", "/up", only="sandbox")
@fails("by HTTP asks for no path", f"{RUNNING} HealthCheckConfiguration Path", only="everything")
def test_health_is_checked(stack: DeployedStack) -> None:
    service = _service(stack)
    check = service["HealthCheckConfiguration"]
    protocol, path = check["Protocol"], check.get("Path")
    if _is_demonstration(stack):
        assert (protocol, path) in (("HTTP", "/"), ("TCP", None)), (
            f"the health check by {protocol} asks for {path}, which the demonstration does not have"
        )
    assert protocol == "TCP" or path, f"the health check by {protocol} asks for no path"


@fails("observability is off", f"{OBSERVED} ObservabilityEnabled", False)
@fails("observability is off", OBSERVED)
@fails("traced by arn:other, not by", f"{OBSERVED} ObservabilityConfigurationArn", "arn:other")
@fails("traces go to None", VENDOR)
@fails("may not send traces: .*PutTraceSegments", may())
@skips("tracing is off", made(TRACING))
def test_traces_go_to_x_ray(stack: DeployedStack) -> None:
    if not stack.all(TRACING):
        pytest.skip("tracing is off")
    service = _service(stack)
    observed = service.get("ObservabilityConfiguration", {"ObservabilityEnabled": False})
    assert observed["ObservabilityEnabled"], "nothing is traced: observability is off"
    used, expected = observed.get("ObservabilityConfigurationArn"), stack.only(TRACING)
    assert used == expected, f"the service is traced by {used}, not by the stack's {expected}"
    found = stack.ask("apprunner.describe_observability_configuration", ObservabilityConfigurationArn=used)
    vendor = found["ObservabilityConfiguration"].get("TraceConfiguration", {}).get("Vendor")
    assert vendor == "AWSXRAY", f"traces go to {vendor}"
    role = service["InstanceConfiguration"]["InstanceRoleArn"]
    granted = {action for actions, _ in _allowed(stack, role) for action in actions}
    assert granted >= TRACES, f"the application may not send traces: it lacks {sorted(TRACES - granted)}"


@fails("with no key of the stack", f"{RUNNING} EncryptionConfiguration", only="production")
@fails("with arn:.*other, not with", f"{RUNNING} EncryptionConfiguration KmsKey", OTHER_KEY, only="production")
@fails("is Disabled: nothing can be deployed", "kms.describe_key KeyMetadata KeyState", "Disabled", only="production")
@fails("does not rotate", "kms.get_key_rotation_status KeyRotationEnabled", False, only="production")
@fails("where sandbox has no key", f"{RUNNING} EncryptionConfiguration", {"KmsKey": OTHER_KEY}, only="sandbox")
def test_the_source_is_encrypted_with_the_key_of_production(stack: DeployedStack) -> None:
    used = _service(stack).get("EncryptionConfiguration", {}).get("KmsKey")
    if not stack.production:
        assert used is None, f"the service is encrypted with {used}, where sandbox has no key"
        return
    key = stack.only("AWS::KMS::Key")
    assert used is not None, "the service is encrypted with no key of the stack"
    assert used.endswith(key), f"the service is encrypted with {used}, not with the stack's key {key}"
    state = stack.ask("kms.describe_key", KeyId=key)["KeyMetadata"]["KeyState"]
    assert state == "Enabled", f"the key {key} is {state}: nothing can be deployed"
    assert stack.ask("kms.get_key_rotation_status", KeyId=key)["KeyRotationEnabled"], f"the key {key} does not rotate"


@fails("the internet reaches the service, which has an ingress", PUBLIC, True, only="everything")
@fails("does not reach the service, which has no ingress", PUBLIC, False, only="sandbox")
def test_the_internet_reaches_it_unless_an_endpoint_does(stack: DeployedStack) -> None:
    public = _service(stack)["NetworkConfiguration"]["IngressConfiguration"]["IsPubliclyAccessible"]
    private = bool(stack.all(INGRESS))
    assert public != private, (
        f"the internet {'reaches' if public else 'does not reach'} the service, which "
        f"has {'an' if private else 'no'} ingress from a VPC"
    )


@fails("ingress from the VPC is FAILED_CREATION", f"{INGRESSES} Status", "FAILED_CREATION")
@fails("leads to arn:other, not to", f"{INGRESSES} ServiceArn", "arn:other")
@fails(r"endpoint is for com\.amazonaws\.logs", f"{LED_TO} ServiceName", "com.amazonaws.logs")
@fails("vpce-.* is not the stack's", made("AWS::EC2::VPCEndpoint"))
@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("admits nobody", f"{SECURITY_GROUPS} IpPermissions", [])
@fails("more than HTTPS: tcp/80", ADMITS, opened(80, "10.0.0.0/16"))
@fails(r"private addresses: tcp/443 0\.0\.0\.0/0", ADMITS, opened(443, ANYWHERE))
@fails("private addresses: tcp/443 ::/0", ADMITS, opened(443, "::/0"))
def test_only_given_addresses_reach_the_endpoint(stack: DeployedStack) -> None:
    if not stack.all(INGRESS):
        pytest.skip("the service is public: private_ingress is off")
    connection = _ingress(stack)
    state = connection["Status"]
    assert state == "AVAILABLE", f"the ingress from the VPC is {state}"
    leads_to, expected = connection["ServiceArn"], stack.only(SERVICE)
    assert leads_to == expected, f"the ingress leads to {leads_to}, not to {expected}"
    way = connection["IngressVpcConfiguration"]
    assert way["VpcEndpointId"] in stack.all("AWS::EC2::VPCEndpoint"), f"{way['VpcEndpointId']} is not the stack's"
    [endpoint] = stack.ask("ec2.describe_vpc_endpoints", VpcEndpointIds=[way["VpcEndpointId"]])["VpcEndpoints"]
    name = endpoint["ServiceName"]
    assert name.endswith(".apprunner.requests"), f"the endpoint is for {name}"
    check_zones(stack, "the endpoint is", zones_of(stack, endpoint["SubnetIds"]))
    admitted = rules_of(stack, [group["GroupId"] for group in endpoint["Groups"]])
    assert admitted, "the endpoint admits nobody"
    for rule in admitted:
        assert rule[:3] == ("tcp", 443, 443), f"the endpoint admits more than HTTPS: {rule}"
        narrow = re.fullmatch(r"[\d./]+", rule.peer) and ipaddress.IPv4Network(rule.peer).prefixlen >= 8
        assert narrow, f"the endpoint admits more than blocks of private addresses: {rule}"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of the connector", WAYS_OUT, PUBLIC_WAY)
@fails("not every subnet of the connect", WAYS_OUT)
@fails("1 NAT gateways serve the connector", f"{WAYS_OUT} NatGatewayId", "nat-1", only="production")
def test_the_connector_is_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    connector = _connector(stack)
    check_private_subnets(stack, "the connector", connector["Subnets"])


@fails(r"instances reach .*tcp/22 0\.0\.0\.0/0", REACHES, opened(22, ANYWHERE))
@fails("connector admits .*tcp/443", ADMITS, opened(443, "10.0.0.0/16"))
@fails("the connector has .*sg-1", f"{CONNECTED} SecurityGroups", ["sg-1"])
@fails("output ConnectorGroupId is None", no_output("ConnectorGroupId"))
def test_instances_reach_https_and_the_vpc(stack: DeployedStack) -> None:
    connector = _connector(stack)
    groups = connector["SecurityGroups"]
    own = stack.outputs.get("ConnectorGroupId")
    assert groups == [own], f"the output ConnectorGroupId is {own}, the connector has {groups}"
    admitted = rules_of(stack, groups)
    assert not admitted, f"the connector admits {shown(admitted)}"
    [subnet, *_] = stack.ask("ec2.describe_subnets", SubnetIds=connector["Subnets"])["Subnets"]
    [vpc] = stack.ask("ec2.describe_vpcs", VpcIds=[subnet["VpcId"]])["Vpcs"]
    expected = {Rule("tcp", 443, 443, "0.0.0.0/0"), Rule("tcp", 0, 65535, vpc["CidrBlock"])}
    reached = rules_of(stack, groups, "IpPermissionsEgress")
    assert reached == expected, f"instances reach {shown(reached)}, not {shown(expected)}"


@fails("goes by .*DEFAULT.*, not by .*VPC", f"{EGRESS} EgressType", "DEFAULT", only="everything")
@fails(r"goes by \('VPC', 'other'\), not by", f"{EGRESS} VpcConnectorArn", "other", only="everything")
@fails(r"goes by \('VPC', None\), not by \('DEFAULT'", f"{EGRESS} EgressType", "VPC", only="sandbox")
def test_what_instances_send_goes_through_the_connector(stack: DeployedStack) -> None:
    egress = _service(stack)["NetworkConfiguration"]["EgressConfiguration"]
    given = (egress["EgressType"], egress.get("VpcConnectorArn"))
    [connector] = stack.all(CONNECTOR) or [None]
    expected = ("VPC", connector) if connector else ("DEFAULT", None)
    assert given == expected, f"what instances send goes by {given}, not by {expected}"


@fails("no web ACL is in front", FRONT)
@fails("in front of the service is arn:aws:other", f"{FRONT} ARN", "arn:aws:other-other-other")
def test_a_web_acl_is_in_front(stack: DeployedStack) -> None:
    if not stack.all(WEB_ACL):
        pytest.skip("the service has no web ACL: web_acl_arn is not set")
    found = stack.ask("wafv2.get_web_acl_for_resource", ResourceArn=stack.only(SERVICE)).get("WebACL", {}).get("ARN")
    # CloudFormation's physical id of the association contains both ARNs.
    assert found, "no web ACL is in front of the service"
    assert found in stack.only(WEB_ACL), f"the web ACL in front of the service is {found}"


@fails("alarm on .* watches {'A': 'x'}, not", f"{ALARMS} * Dimensions", [{"Name": "A", "Value": "x"}])
@fails("ActiveInstances rings above 99, and", f"{ALARMS} MetricName=ActiveInstances Threshold", 99.0, only="sandbox")
def test_alarms_are_on_this_service(stack: DeployedStack) -> None:
    scaling = _scaling(stack)
    service = _service(stack)
    expected = {"ServiceName": service["ServiceName"], "ServiceID": service["ServiceId"]}
    for alarm in alarms_of(stack):
        inside = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
        for metric in inside or [alarm]:
            given = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            assert given == expected, f"the alarm on {metric['MetricName']} watches {given}, not {expected}"
        most = scaling["MaxSize"]
        rings = alarm.get("MetricName") != "ActiveInstances" or alarm["Threshold"] == most - 1
        assert rings, f"the alarm on ActiveInstances rings above {alarm['Threshold']:g}, and there are {most} at most"


@fails("output ServiceArn is arn:other, the service", output("ServiceArn"), "arn:other")
@fails("output PauseCommand is None, not aws apprunner pause", no_output("PauseCommand"))
@fails("output DeployCommand is aws, not", output("DeployCommand"), "aws")
@fails("LogsCommand does not name", output("LogsCommand"), "aws logs tail x --follow")
@fails("RetentionCommand does not name", output("RetentionCommand"), "for group in x;")
@fails("output Url is https://other, the service is at", output("Url"), "https://other")
@fails("the output Url is .*, the service is at moved", f"{INGRESSES} DomainName", "moved", only="everything")
def test_outputs_name_what_exists(stack: DeployedStack) -> None:
    service = _service(stack)
    arn, outputs = service["ServiceArn"], stack.outputs
    assert outputs.get("ServiceArn") == arn, (
        f"the output ServiceArn is {outputs.get('ServiceArn')}, the service is {arn}"
    )
    for name, operation in {"Deploy": "start-deployment", "Pause": "pause-service", "Resume": "resume-service"}.items():
        command, given = f"aws apprunner {operation} --service-arn {arn}", outputs.get(f"{name}Command")
        assert given == command, f"the output {name}Command is {given}, not {command}"
    groups = [
        f"/aws/apprunner/{service['ServiceName']}/{service['ServiceId']}/{kind}" for kind in ("application", "service")
    ]
    assert f" {groups[0]} " in outputs.get("LogsCommand", ""), f"the output LogsCommand does not name {groups[0]}"
    for group in groups:
        named = re.search(rf" {group}[ ;]", outputs.get("RetentionCommand", ""))
        assert named, f"the output RetentionCommand does not name {group}"
    domain = _ingress(stack)["DomainName"] if stack.all(INGRESS) else service["ServiceUrl"]
    assert outputs.get("Url") == f"https://{domain}", (
        f"the output Url is {outputs.get('Url')}, the service is at {domain}"
    )


@fails("shows no page, after 300 seconds: .*It works", BODY, "<h1>It works!</h1>")
@pytest.mark.real_account
def test_the_page_is_there(stack: DeployedStack) -> None:
    if stack.all(INGRESS) or not _is_demonstration(stack):
        pytest.skip("the page is the demonstration's, and the internet's to see")
    page = page_with(stack, lambda text: "App Runner" in text, seconds=DEADLINE_SECONDS)
    assert "App Runner" in page, (
        f"{stack.outputs['Url']} shows no page, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"
    )


def _service(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("apprunner.describe_service", ServiceArn=stack.only(SERVICE))["Service"]


def _scaling_arn(stack: DeployedStack) -> str:
    return _service(stack)["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]


def _scaling(stack: DeployedStack) -> dict[str, Any]:
    found = stack.ask("apprunner.describe_auto_scaling_configuration", AutoScalingConfigurationArn=_scaling_arn(stack))
    return found["AutoScalingConfiguration"]


def _ingress(stack: DeployedStack) -> dict[str, Any]:
    found = stack.ask("apprunner.describe_vpc_ingress_connection", VpcIngressConnectionArn=stack.only(INGRESS))
    return found["VpcIngressConnection"]


def _connector(stack: DeployedStack) -> dict[str, Any]:
    if not stack.all(CONNECTOR):
        pytest.skip("instances send nothing through a VPC: vpc_connector is off")
    found = stack.ask("apprunner.describe_vpc_connector", VpcConnectorArn=stack.only(CONNECTOR))
    return found["VpcConnector"]


def _is_demonstration(stack: DeployedStack) -> bool:
    image = _service(stack)["SourceConfiguration"].get("ImageRepository", {})
    return image.get("ImageIdentifier", "").startswith(DEMONSTRATION)


def _check_role(stack: DeployedStack, arn: str, principal: str) -> None:
    """A role is for one service of AWS, and has no managed policies."""
    name = arn.rpartition("/")[2]
    trust = stack.ask("iam.get_role", RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    document = json.loads(trust) if isinstance(trust, str) else trust
    trusted = [statement["Principal"] for statement in listed(document["Statement"])]
    assert trusted == [{"Service": principal}], f"the role {name} is for {trusted}, not for {principal}"
    attached = policies_of(stack, name)
    assert not attached, f"the role {name} has managed policies: {attached}"


def _allowed(stack: DeployedStack, arn: str) -> list[tuple[set[str], list[str]]]:
    """Actions and resources of each statement of a role."""
    return [
        (set(listed(statement["Action"])), listed(statement["Resource"]))
        for statement in inline_statements(stack, arn.rpartition("/")[2])
    ]
