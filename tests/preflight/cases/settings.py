"""Settings of the account."""

import json
from dataclasses import replace
from typing import Any

from tests.preflight.cases.compute import group, service
from tests.preflight.world import ACCOUNT_ID, Case, att, ref, resource


def on_instances(tasks: int, instances: int = 2) -> dict[str, Any]:
    made = service(tasks, LaunchType=None, NetworkConfiguration={"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}})
    provider = resource("AWS::ECS::CapacityProvider", AutoScalingGroupProvider={"AutoScalingGroupArn": ref("Group")})
    return {**made, **group(instances, instances), "Provider": provider}


def settings(**values: str) -> dict[str, Any]:
    return {"ecs.list_account_settings": {"settings": [{"name": k, "value": v} for k, v in values.items()]}}


def ebs(on: bool, key: str = "alias/aws/ebs") -> dict[str, Any]:
    return {
        "ec2.get_ebs_encryption_by_default": {"EbsEncryptionByDefault": on},
        "ec2.get_ebs_default_kms_key_id": {"KmsKeyId": key},
    }


SCANNING = {"Scanning": resource("AWS::ECR::RegistryScanningConfiguration", ScanType="ENHANCED")}
REPLICATION = {"Replication": resource("AWS::ECR::ReplicationConfiguration")}


def registry(scan_type: str, *rules: Any) -> dict[str, Any]:
    return {
        "ecr.get_registry_scanning_configuration": {
            "registryId": ACCOUNT_ID,
            "scanningConfiguration": {"scanType": scan_type, "rules": list(rules)},
        }
    }


RULE = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
COPY = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT_ID}]}]}


def inspector(status: str, code: str = "") -> dict[str, Any]:
    state = {"status": status, **({"errorCode": code, "errorMessage": "x"} if code else {})}
    off = {"status": "DISABLED"}
    full = {"errorCode": "RESOURCE_NOT_FOUND", "errorMessage": "x", **state}
    on = {"errorCode": "ALREADY_ENABLED", "errorMessage": "x", "status": status}
    resources = {"ec2": {**full, **off}, "ecr": full if code else on, "lambda": {**full, **off}}
    account = {"accountId": ACCOUNT_ID, "state": full if code else {**on, "errorCode": "RESOURCE_NOT_FOUND"}}
    return {"inspector2.batch_get_account_status": {"accounts": [{**account, "resourceState": resources}]}}


REST = {"Stage": resource("AWS::ApiGateway::Stage", AccessLogSetting={"DestinationArn": "x"})}
ROLE = {"apigateway.get_account": {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/Logs"}}


def stage(**properties: Any) -> dict[str, Any]:
    return {
        "Logs": resource("AWS::Logs::LogGroup", **properties),
        "Stage": resource("AWS::ApiGatewayV2::Stage", AccessLogSettings={"DestinationArn": att("Logs", "Arn")}),
    }


def policies(count: int, characters: int = 0) -> dict[str, Any]:
    found = [{"policyName": f"p{each}", "policyDocument": "{}"} for each in range(count)]
    if characters:
        document = json.dumps({"x": "y" * (characters - 8)}, separators=(",", ":"))
        found[0] = {"policyName": "AWSLogDeliveryWrite20150319", "policyDocument": document}
    return {"logs.describe_resource_policies": {"resourcePolicies": found}}


POLICY = {"Policy": resource("AWS::Logs::ResourcePolicy", PolicyName="x", PolicyDocument="{}")}
WATCH = {"Rule": resource("AWS::Events::Rule", EventPattern={"detail-type": ["AWS API Call via CloudTrail"]})}
trunking = Case("settings-eni-trunking", "fine", "interfaces for 4 tasks, or for 20", on_instances(4))
trunking = replace(trunking, given=settings(awsvpcTrunking="disabled"))
tags = Case("settings-ecs", "fine", "may have tags", service(PropagateTags="SERVICE"), settings())
volumes = Case("settings-ebs", "fine", "only if a template says so", group(), ebs(False))
scanning = Case("settings-registry", "fine", "nobody has set", SCANNING, registry("BASIC"))
scanned = Case("settings-inspector", "fine", "scans ECR images of the account already", SCANNING, inspector("ENABLED"))
rest = Case("settings-api-logs", "fine", "API Gateway writes logs as arn", REST, ROLE)
delivery = Case("settings-log-policies", "fine", "has 9 of at most 10 policies", stage(), policies(9, 4000))
trail = Case("settings-trail", "fine", "A trail records", WATCH, {"cloudtrail.describe_trails": {"trailList": [{}]}})
CASES = (
    trunking,
    replace(trunking, resources=on_instances(5), verdict="stops", says="which is disabled. The services start 5"),
    replace(trunking, resources=on_instances(5), given=settings(awsvpcTrunking="enabled"), says="which is enabled"),
    replace(
        trunking,
        resources=on_instances(21),
        given=settings(awsvpcTrunking="enabled"),
        verdict="stops",
        says="The services start 21",
    ),
    tags,
    replace(
        tags,
        given=settings(serviceLongArnFormat="disabled"),
        verdict="stops",
        says="Service has tags, but serviceLongArnFormat of the account is not enabled",
    ),
    volumes,
    replace(volumes, given=ebs(True), says="by the key of AWS"),
    replace(volumes, given=ebs(True, "arn:aws:kms:x"), verdict="may", says="whose policy must allow Auto Scaling"),
    scanning,
    replace(scanning, given=registry("ENHANCED", RULE), verdict="may", says="replaces the scanning of the registry"),
    replace(scanning, resources=REPLICATION, given={"ecr.describe_registry": {}}, says="replicates nothing yet"),
    replace(
        scanning,
        resources=REPLICATION,
        given={"ecr.describe_registry": {"replicationConfiguration": COPY}},
        verdict="may",
        says="replaces the replication of the registry, which has 1 rules",
    ),
    scanned,
    replace(scanned, given=inspector("DISABLED", "RESOURCE_NOT_FOUND"), verdict="may", says="Inspector is off for ECR"),
    replace(
        scanned,
        given=inspector("DISABLED", "BLOCKED_BY_ORGANIZATION_POLICY"),
        verdict="stops",
        says="Inspector is DISABLED for ECR (BLOCKED_BY_ORGANIZATION_POLICY)",
    ),
    rest,
    replace(rest, given={"apigateway.get_account": {}}, verdict="stops", says="API Gateway has no role for that"),
    delivery,
    replace(delivery, given=policies(9, 4900), verdict="may", says="has 4900 of 5120 characters"),
    replace(delivery, given=policies(10), verdict="stops", says="and services add one"),
    replace(delivery, resources=POLICY, given=policies(9)),
    replace(delivery, resources=POLICY, given=policies(10), verdict="stops", says="the template adds 1"),
    trail,
    replace(trail, given={"cloudtrail.describe_trails": {"trailList": []}}, verdict="stops", says="no trail records"),
)
VENDED = replace(delivery, resources=stage(LogGroupName="/aws/vendedlogs/web"), given={})
"""A log group whose name needs no statement of its own."""
OWN_ROLE = replace(rest, resources={**REST, "Account": resource("AWS::ApiGateway::Account")}, given={})
