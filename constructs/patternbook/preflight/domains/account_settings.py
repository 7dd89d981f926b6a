"""Settings of the account that a template relies on, or changes for everybody."""

import json
from collections.abc import Iterator
from typing import Final

from patternbook.limits.instance_types import INSTANCE_TYPES
from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops
from patternbook.preflight.quotas.capacity import fargate_tasks, fleets_of, task_counts
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node

TRUNKING: Final = "awsvpcTrunking"
LONG_ARNS: Final = ("serviceLongArnFormat", "taskLongArnFormat")
EBS_KEY: Final = "alias/aws/ebs"
RESOURCE_POLICIES: Final = 10
"""Resource policies of CloudWatch Logs in a Region, which AWS does not raise.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""
RESOURCE_POLICY_CHARACTERS: Final = 5120
"""Size of such a policy: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html"""
DELIVERY_POLICY: Final = "AWSLogDeliveryWrite"
"""Start of the name of the policy to which AWS adds a statement for each log group that a service delivers to."""
VENDED: Final = "/aws/vendedlogs/"
"""Log groups of this prefix need no statement of their own:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html"""
BY_TRAIL: Final = "AWS API Call via CloudTrail"


def _settings(account: Account) -> dict[str, str]:
    found = account.all("ecs.list_account_settings", "settings", effectiveSettings=True)
    return {each["name"]: each.get("value", "") for each in found}


@question("settings-eni-trunking", "ecs:ListAccountSettings")
def eni_trunking(stack: Stack, account: Account) -> Iterator[Answer]:
    """Have the instances network interfaces for all tasks, which takes the account setting awsvpcTrunking?

    aws ecs put-account-setting-default --name awsvpcTrunking --value enabled. Instances that run already keep the old
    limit. Or use larger or more instances.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
    """
    providers = stack.of_type("AWS::ECS::CapacityProvider")
    groups = {name for each in providers for name in each["AutoScalingGroupProvider"].references}
    fleets = [
        each
        for each in fleets_of(stack.template)
        if each.resource.id in groups and each.types and all(name in INSTANCE_TYPES for name in each.types)
    ]
    on_fargate = {each.service.id for each in fargate_tasks(stack.template)}
    services = [each for each in stack.of_type("AWS::ECS::Service") if each.id not in on_fargate]
    tasks = sum(task_counts(each)[0] for each in services if not each["NetworkConfiguration"].missing)
    if not fleets or not tasks:
        return
    types = [each for name, each in INSTANCE_TYPES.items() if any(name in fleet.types for fleet in fleets)]
    instances = sum(each.at_most for each in fleets)
    without = instances * min(each.tasks for each in types)
    with_trunking = instances * min(each.trunked_tasks or each.tasks for each in types)
    setting = _settings(account).get(TRUNKING, "disabled")
    text = (
        f"{instances} instances have interfaces for {without} tasks, or for {with_trunking} with {TRUNKING}, which is "
        f"{setting}."
    )
    room = with_trunking if setting == "enabled" else without
    yield (fine if tasks <= room else stops)(f"{text} The services start {tasks}.")


@question("settings-ecs", "ecs:ListAccountSettings")
def long_arns(stack: Stack, account: Account) -> Iterator[Answer]:
    """May ECS services and tasks have tags, which takes the long format of ARNs?

    aws ecs put-account-setting-default --name serviceLongArnFormat --value enabled, and the same for taskLongArnFormat.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
    """
    services = [
        each
        for each in stack.of_type("AWS::ECS::Service")
        if each["Tags"].items or each["PropagateTags"].text in ("SERVICE", "TASK_DEFINITION")
    ]
    if not services:
        return
    settings = _settings(account)
    off = [name for name in LONG_ARNS if settings.get(name, "enabled") not in ("enabled", "on")]
    if off:
        yield stops(f"{services[0].id} has tags, but {' and '.join(off)} of the account is not enabled.")
    else:
        yield fine("ECS services and tasks of the account may have tags.")


@question("settings-ebs", "ec2:GetEbsEncryptionByDefault", "ec2:GetEbsDefaultKmsKeyId")
def ebs_encryption(stack: Stack, account: Account) -> Iterator[Answer]:
    """If the account encrypts all volumes by a key of its own, may Auto Scaling use this key?

    Allow the role AWSServiceRoleForAutoScaling to use the key and to create grants, in the policy of the key.
    Otherwise instances end with Client.InvalidKMSKey.InvalidState, or never start.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    if _names_key(stack) or not list(fleets_of(stack.template)):
        return
    if not account.ask("ec2.get_ebs_encryption_by_default").get("EbsEncryptionByDefault"):
        yield fine("The account encrypts volumes only if a template says so.")
        return
    key = account.ask("ec2.get_ebs_default_kms_key_id").get("KmsKeyId", EBS_KEY)
    if key.endswith(EBS_KEY):
        yield fine("The account encrypts all volumes by the key of AWS.")
    else:
        yield may(f"The account encrypts all volumes by {key}, whose policy must allow Auto Scaling.")


def _names_key(stack: Stack) -> bool:
    """Whether a volume of a launch template names its key, so that the default of the account does not count."""
    volumes = [
        volume["Ebs"]
        for each in stack.of_type("AWS::EC2::LaunchTemplate")
        for volume in each["LaunchTemplateData"]["BlockDeviceMappings"].items
    ]
    return bool(volumes) and all(not each["KmsKeyId"].missing for each in volumes)


@question("settings-registry", "ecr:GetRegistryScanningConfiguration", "ecr:DescribeRegistry")
def registry(stack: Stack, account: Account) -> Iterator[Answer]:
    """Would the template replace settings of the ECR registry that somebody has made already?

    Let one stack own the settings of the registry, with the rules of all.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-enabling.html
    """
    for each in stack.added("AWS::ECR::RegistryScanningConfiguration"):
        found = account.ask("ecr.get_registry_scanning_configuration")["scanningConfiguration"]
        rules = len(found.get("rules", []))
        if found.get("scanType") == "ENHANCED" or rules:
            yield may(f"{each.id} replaces the scanning of the registry: {found.get('scanType')}, {rules} rules.")
        else:
            yield fine(f"{each.id}: nobody has set the scanning of the registry.")
    for each in stack.added("AWS::ECR::ReplicationConfiguration"):
        rules = account.ask("ecr.describe_registry").get("replicationConfiguration", {}).get("rules", [])
        if rules:
            yield may(f"{each.id} replaces the replication of the registry, which has {len(rules)} rules.")
        else:
            yield fine(f"{each.id}: the registry replicates nothing yet.")


@question("settings-inspector", "inspector2:BatchGetAccountStatus")
def inspector(stack: Stack, account: Account) -> Iterator[Answer]:
    """Can Inspector scan the images, or does an organization keep it off?

    Enable Inspector for ECR, or have the delegated administrator of the organization do it.

    https://docs.aws.amazon.com/inspector/latest/user/scanning-ecr.html
    """
    scans = stack.of_type("AWS::ECR::RegistryScanningConfiguration")
    if not any(each["ScanType"].text == "ENHANCED" for each in scans):
        return
    answer = account.ask("inspector2.batch_get_account_status", accountIds=[stack.target.account_id])
    found = [*answer.get("accounts", []), *answer.get("failedAccounts", [])]
    state = next(iter(found), {})
    status = state.get("resourceState", {}).get("ecr", {}).get("status") or state.get("status", "DISABLED")
    code = state.get("state", {}).get("errorCode") or state.get("errorCode", "")
    if status in ("ENABLED", "ENABLING"):
        yield fine("Inspector scans ECR images of the account already.")
    elif code and code != "RESOURCE_NOT_FOUND":
        yield stops(f"Inspector is {status} for ECR ({code}).")
    else:
        yield may("Inspector is off for ECR. The template turns it on, for all repositories that its rules match.")


@question("settings-api-logs", "apigateway:GET")
def api_gateway_logs(stack: Stack, account: Account) -> Iterator[Answer]:
    """Has API Gateway a role to write logs of REST APIs?

    Add AWS::ApiGateway::Account with a role to one stack of the Region, or set it in the console.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    stages = [
        each
        for each in stack.of_type("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment")
        if _logs(each) or _logs(each["StageDescription"])
    ]
    if not stages or stack.of_type("AWS::ApiGateway::Account"):
        return
    role = account.ask("apigateway.get_account").get("cloudwatchRoleArn")
    if role:
        yield fine(f"API Gateway writes logs as {role}.")
    else:
        yield stops(f"{stages[0].id} writes logs, but API Gateway has no role for that in {account.region}.")


def _logs(stage: Node) -> bool:
    levels = [each["LoggingLevel"].text for each in stage["MethodSettings"].items]
    return not stage["AccessLogSetting"].missing or any(each in ("INFO", "ERROR") for each in levels)


@question("settings-log-policies", "logs:DescribeResourcePolicies")
def log_policies(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is there room in the resource policies of CloudWatch Logs, to which services add each log group they write to?

    Delete policies of log groups that are gone, or give log groups names that begin with /aws/vendedlogs/.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    """
    new = len(stack.added("AWS::Logs::ResourcePolicy"))
    delivered = sum(_is_delivered(each) for each in stack.added(*_DELIVERS))
    if not new and not delivered:
        return
    found = account.all("logs.describe_resource_policies", "resourcePolicies")
    if len(found) + new > RESOURCE_POLICIES:
        yield stops(f"The Region has {len(found)} of at most {RESOURCE_POLICIES} policies, the template adds {new}.")
        return
    delivery = [each for each in found if each.get("policyName", "").startswith(DELIVERY_POLICY)]
    size = max((len(_compact(each.get("policyDocument", ""))) for each in delivery), default=0)
    # A statement for one more log group takes its ARN, which is at most 600 characters long.
    if delivered and size + 600 * delivered > RESOURCE_POLICY_CHARACTERS:
        yield may(f"{DELIVERY_POLICY}… has {size} of {RESOURCE_POLICY_CHARACTERS} characters, and services add to it.")
    elif delivered and not delivery and len(found) + new >= RESOURCE_POLICIES:
        yield stops(f"The Region has {len(found)} of at most {RESOURCE_POLICIES} policies, and services add one.")
    else:
        yield fine(
            f"The Region has {len(found)} of at most {RESOURCE_POLICIES} policies, with room for more log groups."
        )


_DELIVERS: Final = ("AWS::ApiGatewayV2::Stage", "AWS::StepFunctions::StateMachine", "AWS::WAFv2::LoggingConfiguration")


def _is_delivered(resource: Node) -> bool:
    """Whether a service writes to a log group that needs a statement of its own."""
    destinations = [
        resource["AccessLogSettings"]["DestinationArn"],
        *(
            each["CloudWatchLogsLogGroup"]["LogGroupArn"]
            for each in resource["LoggingConfiguration"]["Destinations"].items
        ),
        *resource["LogDestinationConfigs"].items,
    ]
    for each in destinations:
        group = next(iter(each.references), "")
        found = each.template.resources.get(group)
        name = found["LogGroupName"].prefix if found else each.known_text
        if not each.missing and VENDED not in name:
            return True
    return False


def _compact(document: str) -> str:
    try:
        return json.dumps(json.loads(document), separators=(",", ":"))
    except ValueError:
        return document


@question("settings-trail", "cloudtrail:DescribeTrails")
def trails(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does a trail send the API calls to EventBridge that a rule of the template waits for?

    Create a trail for management events in the Region. Without one, the rule never matches.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    rules = [
        each
        for each in stack.of_type("AWS::Events::Rule")
        if any(item.text == BY_TRAIL for item in each["EventPattern"]["detail-type"].items)
    ]
    if not rules:
        return
    if account.all("cloudtrail.describe_trails", "trailList"):
        yield fine(f"A trail records API calls, for which {rules[0].id} waits.")
    else:
        yield stops(f"{rules[0].id} waits for API calls, but no trail records them in {account.region}.")
