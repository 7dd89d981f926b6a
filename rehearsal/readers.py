"""Reads settings of deployed patterns by boto3."""

import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import boto3

PhysicalIds = Mapping[str, str]
"""The physical ids of the stack's resources, by construct path below the stack."""
Reader = Callable[[boto3.Session, PhysicalIds], Any]


def task_memory(service: str) -> Reader:
    """The memory of the tasks of a service, which the path names."""

    def read(session: boto3.Session, ids: PhysicalIds) -> int:
        ecs = session.client("ecs")
        [found] = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids[service]])["services"]
        definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return int(definition["memory"])

    return read


def volume_size(template: str) -> Reader:
    """The size of the volumes of nodes with the newest version of a launch template, which the path names."""

    def read(session: boto3.Session, ids: PhysicalIds) -> int:
        [version] = session.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=ids[template], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        [device] = version["LaunchTemplateData"]["BlockDeviceMappings"]
        return device["Ebs"]["VolumeSize"]

    return read


def acceptance_required(session: boto3.Session, ids: PhysicalIds) -> bool:
    [service] = session.client("ec2").describe_vpc_endpoint_service_configurations(
        ServiceIds=[ids["EndpointService/Service/Service"]]
    )["ServiceConfigurations"]
    return service["AcceptanceRequired"]


def untagged_days(session: boto3.Session, ids: PhysicalIds) -> int:
    answer = session.client("ecr").get_lifecycle_policy(repositoryName=ids["Repository/Resource"])
    [untagged] = [
        rule["selection"]
        for rule in json.loads(answer["lifecyclePolicyText"])["rules"]
        if rule["selection"]["tagStatus"] == "untagged"
    ]
    return untagged["countNumber"]


def trusted_repository(session: boto3.Session, ids: PhysicalIds) -> str | None:
    if "ProductionDeploy/Resource" not in ids:
        return None  # the stack has no role without a repository
    role = session.client("iam").get_role(RoleName=ids["ProductionDeploy/Resource"])["Role"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    [subject] = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    return subject.split(":")[1]


def alias_memory(*functions: str) -> Reader:
    """The memory of the versions that the aliases of functions point to, which the paths name."""

    def read(session: boto3.Session, ids: PhysicalIds) -> int:
        client = session.client("lambda")
        found = {
            client.get_function_configuration(FunctionName=ids[each], Qualifier="live")["MemorySize"]
            for each in functions
        }
        [memory] = found
        return memory

    return read


def content_types(session: boto3.Session, ids: PhysicalIds) -> list[str]:
    """From the version that the alias of the processing points to."""
    found = session.client("lambda").get_function_configuration(
        FunctionName=ids["Functions/Process/Function/Resource"], Qualifier="live"
    )
    return found["Environment"]["Variables"]["CONTENT_TYPES"].split(",")


def approval_above(session: boto3.Session, ids: PhysicalIds) -> int:
    """From the version that the alias points to."""
    client = session.client("stepfunctions")
    [routed] = client.describe_state_machine_alias(stateMachineAliasArn=ids["Workflow/Alias"])["routingConfiguration"]
    definition = client.describe_state_machine(stateMachineArn=routed["stateMachineVersionArn"])["definition"]
    found = re.search(r"\$order\.amount > (\d+)", definition)
    return int(found[1]) if found else -1


def read_rate(session: boto3.Session, ids: PhysicalIds) -> int:
    stage = session.client("apigatewayv2").get_stage(ApiId=ids["Http/Api/Resource"], StageName="$default")
    return int(stage["RouteSettings"]["GET /items"]["ThrottlingRateLimit"])


def max_write_request_units(session: boto3.Session, ids: PhysicalIds) -> int:
    table = session.client("dynamodb").describe_table(TableName=ids["Items/Table/Resource"])["Table"]
    return table["OnDemandThroughput"]["MaxWriteRequestUnits"]


def target_capacity(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [provider] = ecs.describe_capacity_providers(capacityProviders=[ids["Capacity/Provider/Provider"]])[
        "capacityProviders"
    ]
    return provider["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"]


def max_vcpus(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    [provider] = ecs.describe_capacity_providers(capacityProviders=[ids["Capacity/Provider/Provider"]])[
        "capacityProviders"
    ]
    launch = provider["managedInstancesProvider"]["instanceLaunchTemplate"]
    return launch["instanceRequirements"]["vCpuCount"]["max"]


def max_tasks(session: boto3.Session, ids: PhysicalIds) -> int:
    arn = ids["Express/Service"]
    found = session.client("ecs").describe_express_gateway_service(serviceArn=arn)["service"]
    return found["activeConfigurations"][0]["scalingTarget"]["maxTaskCount"]


def host_port(session: boto3.Session, ids: PhysicalIds) -> int:
    ecs = session.client("ecs")
    found = ecs.describe_services(cluster=ids["Cluster/Resource"], services=[ids["Anywhere/Service/Service"]])
    [service] = found["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    [mapping] = definition["containerDefinitions"][0]["portMappings"]
    return int(mapping["hostPort"])


def max_spot_nodes(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Spot/Group/Resource"].rpartition("/")[2]
    found = session.client("eks").describe_nodegroup(clusterName=ids["Eks/Cluster/Resource"], nodegroupName=name)
    return found["nodegroup"]["scalingConfig"]["maxSize"]


def support_type(session: boto3.Session, ids: PhysicalIds) -> str:
    found = session.client("eks").describe_cluster(name=ids["Eks/Cluster/Resource"])
    return found["cluster"]["upgradePolicy"]["supportType"]


def access_of(principal: str) -> Reader:
    """The access of a team, as in the setting."""

    def read(session: boto3.Session, ids: PhysicalIds) -> list[dict[str, Any]]:
        eks, cluster = session.client("eks"), ids["Eks/Cluster/Resource"]
        if principal not in eks.list_access_entries(clusterName=cluster)["accessEntries"]:
            return []
        answer = eks.list_associated_access_policies(clusterName=cluster, principalArn=principal)
        return [
            {
                "principal": principal,
                "level": each["policyArn"].rpartition("/AmazonEKS")[2].removesuffix("Policy").lower(),
                "namespaces": each["accessScope"]["namespaces"],
            }
            for each in answer["associatedAccessPolicies"]
        ]

    return read


def version_of(add_on: str) -> Reader:
    """The version of an add-on, as in the setting."""

    def read(session: boto3.Session, ids: PhysicalIds) -> dict[str, Any]:
        eks, cluster = session.client("eks"), ids["Eks/Cluster/Resource"]
        if add_on not in eks.list_addons(clusterName=cluster)["addons"]:
            return {}
        found = eks.describe_addon(clusterName=cluster, addonName=add_on)
        return {add_on: {"version": found["addon"]["addonVersion"]}}

    return read


def fargate_namespaces(session: boto3.Session, ids: PhysicalIds) -> list[str]:
    name, profile = ids["Pods/Own/Resource"].split("|")
    found = session.client("eks").describe_fargate_profile(clusterName=name, fargateProfileName=profile)
    return [selector["namespace"] for selector in found["fargateProfile"]["selectors"]]


def max_nodes(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Nodes/Group/ASG"]
    [group] = session.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return group["MaxSize"]


def price_class(session: boto3.Session, ids: PhysicalIds) -> str:
    distribution = session.client("cloudfront").get_distribution_config(Id=ids["Distribution/Resource"])
    return distribution["DistributionConfig"]["PriceClass"].removeprefix("PriceClass_")


def variant_b_percent(session: boto3.Session, ids: PhysicalIds) -> int:
    """From the package of the version that the distribution calls."""
    config = session.client("cloudfront").get_distribution_config(Id=ids["Distribution/Resource"])["DistributionConfig"]
    [version] = [
        each["LambdaFunctionARN"]
        for each in config["DefaultCacheBehavior"]["LambdaFunctionAssociations"]["Items"]
        if each["EventType"] == "viewer-request"
    ]
    package = session.client("lambda").get_function(FunctionName=version)["Code"]["Location"]
    with urllib.request.urlopen(package) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as files:
        return json.loads(files.read("settings.json"))["b_percent"]


def max_concurrency(session: boto3.Session, ids: PhysicalIds) -> int:
    app_runner = session.client("apprunner")
    service = app_runner.describe_service(ServiceArn=ids["AppRunner/Service"])["Service"]
    used = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
    found = app_runner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=used)
    return found["AutoScalingConfiguration"]["MaxConcurrency"]


def max_acu(session: boto3.Session, ids: PhysicalIds) -> float:
    [cluster] = session.client("rds").describe_db_clusters(DBClusterIdentifier=ids["Database/Cluster/Resource"])[
        "DBClusters"
    ]
    return cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"]


def buffer_seconds(session: boto3.Session, ids: PhysicalIds) -> int:
    name = ids["Stream/Stream/Resource"]
    described = session.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    [destination] = described["DeliveryStreamDescription"]["Destinations"]
    return destination["ExtendedS3DestinationDescription"]["BufferingHints"]["IntervalInSeconds"]


def retention_days(session: boto3.Session, ids: PhysicalIds) -> int:
    """The retention of the files of the table."""
    found = session.client("s3").get_bucket_lifecycle_configuration(Bucket=ids["Events/Bucket/Resource"])
    [days] = [rule["Expiration"]["Days"] for rule in found["Rules"] if rule.get("Filter") == {"Prefix": "events/"}]
    return days
