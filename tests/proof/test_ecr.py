"""That every check of tests/deployed/test_ecr.py passes on a sound account in memory, and fails on a spoilt one."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from email.message import Message
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError
from urllib.request import Request

import boto3
import pytest
from moto.events.models import EventPattern

from tests.deployed import test_ecr as checks
from tests.deployed.stack import DeployedStack
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven

ACCOUNT, REGION, NAME = "123456789012", "us-east-1", "app"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
URI = f"{REGISTRY}/{NAME}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:findings"
RULE, ROLE, CACHE, PUBLIC = "findings-rule", "findings-role", "ecr-public", "gallery-app"

# Each in both postures: with the default settings, and with those that turn on what is off by default.
ACCOUNTS = ("sandbox", "production", "sandbox with options", "production with options")


# What the stack leaves in an account.


@contextmanager
def sound(account: str) -> Generator[DeployedStack, None, None]:
    """One of ACCOUNTS, as the stack leaves it."""
    posture, _, options = account.partition(" ")
    with account_in_memory(REGION) as session, patch.object(checks, "urlopen", registry_over_http):
        yield deployed(session, posture, options=bool(options))


def deployed(session: boto3.Session, posture: str, *, options: bool) -> DeployedStack:
    resources = {
        "AWS::ECR::Repository": [NAME],
        "AWS::Events::Rule": [RULE],
        "AWS::IAM::Role": [ROLE],
        "AWS::SNS::Topic": [TOPIC],
    }
    outputs = {
        "RepositoryUri": URI,
        "LoginCommand": f"aws ecr get-login-password --region {REGION}"
        f" | docker login --username AWS --password-stdin {REGISTRY}",
        "BuildCommand": f"docker build --tag {URI}:v1.0.0 .",
        "PushCommand": f"docker push {URI}:v1.0.0",
    }
    stack = DeployedStack(name="EcrStack", posture=posture, outputs=outputs, resources=resources, session=session)
    if stack.production:
        kms = stack.client("kms")
        resources["AWS::KMS::Key"] = [kms.create_key()["KeyMetadata"]["KeyId"]]
        kms.enable_key_rotation(KeyId=stack.only("AWS::KMS::Key"))
    create_repository(stack, options=options)
    ecr = stack.client("ecr")
    ecr.put_lifecycle_policy(**lifecycle(UNTAGGED, RELEASES, *([OTHERS] if options else [])))
    create_findings(stack, "enhanced" if options else "basic")
    if not options:
        return stack

    ecr.set_repository_policy(**sharing())
    resources["AWS::ECR::RegistryScanningConfiguration"] = [ACCOUNT]
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[CONTINUOUS])
    resources["AWS::ECR::ReplicationConfiguration"] = [ACCOUNT]
    replicates(ELSEWHERE | ONLY_THIS)(stack)
    resources["AWS::ECR::PullThroughCacheRule"] = resources["AWS::ECR::RepositoryCreationTemplate"] = [CACHE]
    has_caches(CACHE)(stack)
    has_templates(template(OTHERS))(stack)
    resources["AWS::ECR::PublicRepository"] = [PUBLIC]
    has_public(PUBLIC)(stack)
    outputs["PublicUriCommand"] = f"aws ecr-public describe-repositories --repository-names {PUBLIC} --query 'x'"
    return stack


def create_repository(stack: DeployedStack, *, options: bool = False, **different: Any) -> None:
    production = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key_arn(stack)}}
    mutable_tags = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
    }
    default = {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}}
    posture, chosen = production if stack.production else {}, mutable_tags if options else {}
    stack.client("ecr").create_repository(repositoryName=NAME, **default | posture | chosen | different)


def create_findings(stack: DeployedStack, scanning: str) -> None:
    key = {"KmsMasterKeyId": key_arn(stack)} if stack.production else {}
    stack.client("sns").create_topic(Name="findings", Attributes={"Policy": policy(TLS_ONLY), **key})
    iam = stack.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    granted = [allow("sns:Publish", TOPIC)]
    if stack.production:
        granted.append(allow(["kms:Decrypt", "kms:GenerateDataKey*"], key_arn(stack)))
    iam.put_role_policy(**role_policy(*granted))
    events = stack.client("events")
    events.put_rule(**rule(BASIC if scanning == "basic" else ENHANCED))
    events.put_targets(Rule=RULE, Targets=[{"Id": "Target0", "Arn": TOPIC, "RoleArn": role}])

    # Moto does not test event patterns by its API. It does match events with them, which is what the API tells.
    def matches(request: dict[str, str]) -> dict[str, bool]:
        pattern = EventPattern.load(request["EventPattern"])
        return {"Result": pattern.matches_event(json.loads(request["Event"]))}

    answer("eventbridge.TestEventPattern", matches)(stack)


def key_arn(stack: DeployedStack) -> str:
    [key] = stack.all("AWS::KMS::Key") or [""]
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"


# What goes into the calls, sound by default.


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(actions: str | list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role_policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"RoleName": ROLE, "PolicyName": "publish", "PolicyDocument": policy(*statements)}


def sharing(**different: Any) -> dict[str, str]:
    """Two statements, as the stack has them; the second is for an organization, or different."""
    account = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": sorted(checks.PULL)}
    organization = {
        "Principal": {"AWS": "*"},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    }
    return {"repositoryName": NAME, "policyText": policy(account, account | organization | different)}


def lifecycle(*selections: dict[str, Any], action: str = "expire") -> dict[str, str]:
    rules = [
        {"rulePriority": priority, "selection": selection, "action": {"type": action}}
        for priority, selection in enumerate(selections, start=1)
    ]
    return {"repositoryName": NAME, "lifecyclePolicyText": json.dumps({"rules": rules})}


def by_age(**selection: Any) -> dict[str, Any]:
    return {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14, **selection}


def by_number(**selection: Any) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": 30, **selection}


UNTAGGED, OTHERS = by_age(tagStatus="untagged"), by_age(tagStatus="any")
RELEASES = by_number(tagStatus="tagged", tagPrefixList=["v"])

TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

HIGH = {"finding-severity-counts": {"HIGH": [{"numeric": [">", 0]}]}}
CRITICAL = {"finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]}}
BASIC = {
    "source": ["aws.ecr"],
    "detail-type": ["ECR Image Scan"],
    "detail": {"scan-status": ["COMPLETE"], "repository-name": [NAME], "$or": [CRITICAL, HIGH]},
}
ENHANCED = {
    "source": ["aws.inspector2"],
    "detail-type": ["Inspector2 Finding"],
    "resources": [{"prefix": f"{ARN}/sha256:"}],
    "detail": {"status": ["ACTIVE"], "severity": ["CRITICAL", "HIGH"]},
}


def rule(pattern: dict[str, Any]) -> dict[str, str]:
    return {"Name": RULE, "EventPattern": json.dumps(pattern), "State": "ENABLED"}


CONTINUOUS = {
    "scanFrequency": "CONTINUOUS_SCAN",
    "repositoryFilters": [{"filter": NAME, "filterType": "WILDCARD"}],
}


ELSEWHERE = {"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}
HERE = {"destinations": [{"region": REGION, "registryId": "210987654321"}]}
ONLY_THIS = {"repositoryFilters": [{"filter": NAME, "filterType": "PREFIX_MATCH"}]}
AND_ANOTHER = {"repositoryFilters": [*ONLY_THIS["repositoryFilters"], {"filter": "web", "filterType": "PREFIX_MATCH"}]}


# What moto has no notion of: botocore takes an answer from here instead of asking for it.

Spoil = Callable[[DeployedStack], None]


def answer(operation: str, respond: Callable[[Any], dict[str, Any]]) -> Spoil:
    """From now on a call, such as ``ecr.DescribeRegistry``, gets what ``respond`` makes of its parameters."""

    def instead(params: dict[str, Any], **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        return SimpleNamespace(status_code=200), respond(json.loads(params["body"]))

    def spoil(stack: DeployedStack) -> None:
        event = f"before-call.{operation}"
        stack.session.events.unregister(event, unique_id=event)  # an answer given before
        stack.session.events.register(event, instead, unique_id=event)

    return spoil


def has_caches(*prefixes: str) -> Spoil:
    rules = [{"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "public.ecr.aws"} for prefix in prefixes]
    return answer("ecr.DescribePullThroughCacheRules", lambda _: {"pullThroughCacheRules": rules})


def template(*selections: dict[str, Any], action: str = "expire") -> dict[str, Any]:
    expire = lifecycle(*selections, action=action)["lifecyclePolicyText"]
    return {"prefix": CACHE, "appliedFor": ["PULL_THROUGH_CACHE"], "lifecyclePolicy": expire}


def has_templates(*templates: dict[str, Any]) -> Spoil:
    return answer("ecr.DescribeRepositoryCreationTemplates", lambda _: {"repositoryCreationTemplates": templates})


def replicates_twice(stack: DeployedStack) -> None:
    """Moto takes a single rule of replication."""
    rules = [ELSEWHERE | ONLY_THIS, ELSEWHERE]
    answer("ecr.DescribeRegistry", lambda _: {"replicationConfiguration": {"rules": rules}})(stack)


def has_public(*names: str, registry: str = "public.ecr.aws/a1b2c3d4") -> Spoil:
    found = [{"repositoryName": name, "repositoryUri": f"{registry}/{name}"} for name in names]
    return answer("ecr-public.DescribeRepositories", lambda _: {"repositories": found})


def registry_over_http(request: Request, **_: Any) -> Any:
    """Lets in who has moto's token."""
    if request.get_header("Authorization") != "Basic QVdTOjEyMzQ1Njc4OTAxMi1hdXRoLXRva2Vu":
        raise HTTPError(request.full_url, 401, "Unauthorized", Message(), BytesIO())
    return nullcontext(SimpleNamespace(status=200))


# What can be wrong.


def call(service: str, operation: str, **arguments: Any) -> Spoil:
    """One call."""

    def spoil(stack: DeployedStack) -> None:
        getattr(stack.client(service), operation)(**arguments)

    return spoil


def put_lifecycle(*selections: dict[str, Any]) -> Spoil:
    return call("ecr", "put_lifecycle_policy", **lifecycle(*selections))


def put_rule(pattern: dict[str, Any]) -> Spoil:
    return call("events", "put_rule", **rule(pattern))


def grant(*statements: dict[str, Any]) -> Spoil:
    return call("iam", "put_role_policy", **role_policy(*statements))


def share(**different: Any) -> Spoil:
    return call("ecr", "set_repository_policy", **sharing(**different))


def replicates(*rules: dict[str, Any]) -> Spoil:
    return call("ecr", "put_replication_configuration", replicationConfiguration={"rules": list(rules)})


def topic_has(name: str, value: str) -> Spoil:
    return call("sns", "set_topic_attributes", TopicArn=TOPIC, AttributeName=name, AttributeValue=value)


def target_is(**target: str) -> Spoil:
    return call("events", "put_targets", Rule=RULE, Targets=[{"Id": "Target0", **target}])


def tags_are(mutability: str, *filters: str) -> Spoil:
    exclusions = [{"filterType": "WILDCARD", "filter": tags} for tags in filters]
    more = {"imageTagMutabilityExclusionFilters": exclusions} if filters else {}
    return call("ecr", "put_image_tag_mutability", repositoryName=NAME, imageTagMutability=mutability, **more)


def encrypted(**configuration: str) -> Spoil:
    """Another repository of the same name: none can change its encryption."""

    def spoil(stack: DeployedStack) -> None:
        stack.client("ecr").delete_repository(repositoryName=NAME)
        create_repository(stack, encryptionConfiguration=configuration)

    return spoil


def with_key(operation: str) -> Spoil:
    return lambda stack: call("kms", operation, KeyId=stack.only("AWS::KMS::Key"))(stack)


def without_key_grant(stack: DeployedStack) -> None:
    grant(allow("sns:Publish", TOPIC), allow("kms:Decrypt", key_arn(stack)))(stack)


def output(name: str, value: str) -> Callable[[DeployedStack], DeployedStack]:
    return lambda stack: replace(stack, outputs={**stack.outputs, name: value})


without_scanning = call(
    "ecr", "put_image_scanning_configuration", repositoryName=NAME, imageScanningConfiguration={"scanOnPush": False}
)
without_lifecycle = call("ecr", "delete_lifecycle_policy", repositoryName=NAME)


def registry_scans(kind: str, *rules: dict[str, Any]) -> Spoil:
    return call("ecr", "put_registry_scanning_configuration", scanType=kind, rules=list(rules))


def with_a_token_of_nobody(stack: DeployedStack) -> None:
    answer("ecr.GetAuthorizationToken", lambda _: {"authorizationData": [{"authorizationToken": "bm9ib2R5"}]})(stack)


# Each line is an account in which one thing is wrong, and what the check says of it.

SANDBOX, PRODUCTION, OPTIONS, PRODUCTION_OPTIONS = ACCOUNTS

PROOFS = [
    Proof(checks.test_images_are_scanned_at_their_push, without_scanning, "app does not scan images at their push"),
    Proof(checks.test_no_tag_can_be_moved_but_those_of_a_filter, tags_are("MUTABLE"), "can be moved: they are MUTABLE"),
    Proof(
        checks.test_no_tag_can_be_moved_but_those_of_a_filter,
        tags_are("MUTABLE_WITH_EXCLUSION", "v*"),
        "can be moved: they are MUTABLE_WITH_EXCLUSION",
    ),
    Proof(
        checks.test_no_tag_can_be_moved_but_those_of_a_filter,
        tags_are("IMMUTABLE_WITH_EXCLUSION", "latest", "**"),
        "can be moved: all of them match a filter",
    ),
    Proof(
        checks.test_images_are_encrypted_at_rest,
        encrypted(encryptionType="KMS"),
        "app is encrypted with KMS, sandbox wants AES256",
    ),
    Proof(
        checks.test_images_are_encrypted_at_rest,
        encrypted(encryptionType="AES256"),
        "app is encrypted with AES256, production wants KMS",
        PRODUCTION,
    ),
    Proof(
        checks.test_images_are_encrypted_at_rest,
        encrypted(encryptionType="KMS"),  # with the AWS managed key
        "app has another key than the stack's",
        PRODUCTION,
    ),
    Proof(
        checks.test_the_key_is_enabled_and_rotates,
        with_key("disable_key_rotation"),
        "key .* does not rotate",
        PRODUCTION,
    ),
    Proof(checks.test_the_key_is_enabled_and_rotates, with_key("disable_key"), "key .* is Disabled", PRODUCTION),
    Proof(checks.test_untagged_images_expire, without_lifecycle, "pile up: it has no lifecycle policy"),
    Proof(
        checks.test_untagged_images_expire,
        put_lifecycle(RELEASES, by_age(tagStatus="tagged", tagPrefixList=["dev"])),
        "untagged images .* never expire",
    ),
    Proof(
        checks.test_untagged_images_expire,
        put_lifecycle(by_number(tagStatus="untagged"), RELEASES),
        "untagged images .* never expire",
    ),
    Proof(
        checks.test_the_newest_of_each_kind_of_release_are_kept,
        put_lifecycle(UNTAGGED),
        "tagged images .* pile up: no rule selects them",
    ),
    Proof(
        checks.test_the_newest_of_each_kind_of_release_are_kept,
        put_lifecycle(UNTAGGED, by_age(tagStatus="tagged", tagPrefixList=["v"])),
        r"releases \['v'\] .* do not go by number",
    ),
    Proof(
        checks.test_images_that_are_no_release_expire_last,
        put_lifecycle(UNTAGGED, OTHERS, RELEASES),
        "rule .* for any image precedes one for some",
        OPTIONS,
    ),
    Proof(
        checks.test_images_that_are_no_release_expire_last,
        put_lifecycle(UNTAGGED, RELEASES, by_number(tagStatus="any")),
        "images .* that are no release do not go by age",
        OPTIONS,
    ),
    Proof(
        checks.test_others_may_pull_and_no_more,
        share(Action=["ecr:BatchGetImage", "ecr:PutImage"]),
        "others may do more in the repository app than pull: ecr:PutImage$",
        OPTIONS,
    ),
    Proof(checks.test_others_may_pull_and_no_more, share(Action="ecr:*"), r"more .* than pull: ecr:\*$", OPTIONS),
    Proof(checks.test_others_may_pull_and_no_more, share(Condition={}), "app is open to the world", OPTIONS),
    Proof(checks.test_others_may_pull_and_no_more, share(Principal="*", Condition={}), "open to the world", PRODUCTION),
    Proof(checks.test_findings_go_to_the_topic, call("events", "disable_rule", Name=RULE), "rule .* is DISABLED"),
    Proof(
        checks.test_findings_go_to_the_topic,
        call("events", "remove_targets", Rule=RULE, Ids=["Target0"]),
        "rule .* has 0 targets",
    ),
    Proof(
        checks.test_findings_go_to_the_topic,
        target_is(Arn=f"{TOPIC}-of-others"),
        "findings go to .*:findings-of-others, not to the topic",
    ),
    Proof(checks.test_findings_may_be_published, grant(allow("sns:Subscribe", TOPIC)), "lacks sns:Publish on"),
    Proof(
        checks.test_findings_may_be_published,
        grant(allow("sns:Publish", TOPIC) | {"Effect": "Deny"}),
        "lacks sns:Publish on",
    ),
    Proof(checks.test_findings_may_be_published, target_is(Arn=TOPIC), "lost: the rule .* has no role"),
    Proof(checks.test_findings_may_be_published, grant(allow("sns:Publish", f"{TOPIC}2")), "lacks sns:Publish on"),
    Proof(checks.test_findings_may_be_published, without_key_grant, "lacks kms:GenerateDataKey on .*:key/", PRODUCTION),
    Proof(
        checks.test_findings_are_of_this_repository_only,
        put_rule(BASIC | {"detail": {"repository-name": ["application"]}}),
        "does not hear of findings in the repository app",
    ),
    Proof(
        checks.test_findings_are_of_this_repository_only,
        put_rule(BASIC | {"detail": {"scan-status": ["COMPLETE"]}}),
        "also hears of findings in .*/app/other",
    ),
    Proof(
        checks.test_findings_are_of_this_repository_only,
        put_rule(ENHANCED | {"resources": [{"prefix": f"{ARN}2"}, {"prefix": f"{ARN}/sha256:"}]}),
        "also hears of findings in .*/app2",
        OPTIONS,
    ),
    Proof(
        checks.test_findings_are_of_this_repository_only,
        put_rule(BASIC),  # with enhanced scanning
        "does not hear of findings in the repository app",
        OPTIONS,
    ),
    Proof(
        checks.test_the_topic_refuses_plain_transport,
        topic_has("Policy", policy(TLS_ONLY | {"Effect": "Allow"})),
        "topic .* takes messages without TLS",
    ),
    Proof(
        checks.test_the_topic_refuses_plain_transport,
        topic_has("Policy", policy(TLS_ONLY | {"Principal": {"AWS": ACCOUNT}})),
        "topic .* takes messages without TLS",
        PRODUCTION,
    ),
    Proof(
        checks.test_the_topic_refuses_plain_transport,
        topic_has("Policy", policy(TLS_ONLY | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}})),
        "topic .* takes messages without TLS",
    ),
    Proof(
        checks.test_the_topic_refuses_plain_transport,
        topic_has("Policy", policy(TLS_ONLY | {"Action": "sns:Subscribe"})),
        "topic .* takes messages without TLS",
    ),
    Proof(
        checks.test_the_topic_is_encrypted_with_a_key_that_events_may_use,
        topic_has("KmsMasterKeyId", "alias/aws/sns"),
        "topic .* is encrypted with alias/aws/sns, where sandbox has no key",
    ),
    Proof(
        checks.test_the_topic_is_encrypted_with_a_key_that_events_may_use,
        topic_has("KmsMasterKeyId", ""),
        "topic .* is not encrypted with the stack's key",
        PRODUCTION,
    ),
    Proof(
        checks.test_outputs_name_what_exists,
        output("RepositoryUri", f"{URI}2"),
        "output RepositoryUri is .*/app2, the repository is .*/app$",
    ),
    Proof(
        checks.test_outputs_name_what_exists,
        output("LoginCommand", "docker login 210987654321.dkr.ecr.us-east-1.amazonaws.com"),
        "output LoginCommand does not name 123456789012",
    ),
    Proof(
        checks.test_outputs_name_what_exists,
        output("PushCommand", f"docker push {URI}2:v1"),
        "PushCommand does not name",
    ),
    Proof(
        checks.test_the_registry_scans_as_the_rule_expects,
        registry_scans("ENHANCED", CONTINUOUS),
        "nobody hears of findings: the registry scans ENHANCED, the rule waits for BASIC",
    ),
    Proof(
        checks.test_the_registry_scans_as_the_rule_expects,
        registry_scans("BASIC"),
        "nobody hears of findings: the registry scans BASIC, the rule waits for ENHANCED",
        OPTIONS,
    ),
    Proof(
        checks.test_enhanced_scanning_is_continuous,
        registry_scans("ENHANCED", CONTINUOUS | {"scanFrequency": "SCAN_ON_PUSH"}),
        "images of the repository app are not scanned continuously",
        OPTIONS,
    ),
    Proof(
        checks.test_enhanced_scanning_is_continuous,
        registry_scans("ENHANCED", CONTINUOUS | {"repositoryFilters": [{"filter": "web", "filterType": "WILDCARD"}]}),
        "images of the repository app are not scanned continuously",
        PRODUCTION_OPTIONS,
    ),
    Proof(checks.test_cached_images_expire, has_caches(), "the registry has no cache ecr-public", OPTIONS),
    Proof(checks.test_cached_images_expire, has_templates(), "ecr-public pile up: no template", OPTIONS),
    Proof(
        checks.test_cached_images_expire,
        has_templates(template(OTHERS) | {"appliedFor": ["REPLICATION"]}),
        "ecr-public pile up: no template",
        OPTIONS,
    ),
    Proof(
        checks.test_cached_images_expire,
        has_templates({"prefix": CACHE, "appliedFor": ["PULL_THROUGH_CACHE"]}),
        "images of the cache ecr-public never expire",
        PRODUCTION_OPTIONS,
    ),
    Proof(
        checks.test_cached_images_expire,
        has_templates(template(UNTAGGED, by_number(tagStatus="any"))),
        "images of the cache ecr-public never expire",
        OPTIONS,
    ),
    Proof(
        checks.test_cached_images_expire,
        has_templates(template(OTHERS, action="transition")),
        "images of the cache ecr-public never expire",
        OPTIONS,
    ),
    Proof(
        checks.test_this_repository_is_replicated_to_other_regions,
        replicates(),
        "app is not replicated",
        OPTIONS,
    ),
    Proof(
        checks.test_this_repository_is_replicated_to_other_regions,
        replicates(HERE | ONLY_THIS),
        "app is replicated to its own Region",
        OPTIONS,
    ),
    Proof(
        checks.test_this_repository_is_replicated_to_other_regions,
        replicates(ELSEWHERE),
        "replicates other repositories than app",
        OPTIONS,
    ),
    Proof(
        checks.test_this_repository_is_replicated_to_other_regions,
        replicates(ELSEWHERE | AND_ANOTHER),
        "replicates other repositories than app",
        PRODUCTION_OPTIONS,
    ),
    Proof(
        checks.test_this_repository_is_replicated_to_other_regions,
        replicates_twice,
        "replicates other repositories than app",
        OPTIONS,
    ),
    Proof(checks.test_the_public_repository_is_in_the_gallery, has_public(), "no repository gallery-app", OPTIONS),
    Proof(
        checks.test_the_public_repository_is_in_the_gallery,
        has_public(PUBLIC, registry=REGISTRY),
        "gallery-app is at .*amazonaws.com/gallery-app, not in the gallery",
        OPTIONS,
    ),
    Proof(
        checks.test_the_public_repository_is_in_the_gallery,
        output("PublicUriCommand", "aws ecr-public describe-repositories --repository-names gallery-app2 --query x"),
        "PublicUriCommand does not ask for gallery-app",
        OPTIONS,
    ),
    Proof(checks.test_docker_can_log_in, with_a_token_of_nobody, "refuses to log in: HTTP status 401"),
    Proof(
        checks.test_a_tag_is_taken_once_it_is_pushed,
        tags_are("MUTABLE"),
        "app took a second image under the tag check-",
    ),
]

FOR_OPTIONS = {
    checks.test_images_that_are_no_release_expire_last,
    checks.test_enhanced_scanning_is_continuous,
    checks.test_cached_images_expire,
    checks.test_this_repository_is_replicated_to_other_regions,
    checks.test_the_public_repository_is_in_the_gallery,
}
SKIPPED = {
    SANDBOX: FOR_OPTIONS | {checks.test_the_key_is_enabled_and_rotates},
    PRODUCTION: FOR_OPTIONS | {checks.test_a_tag_is_taken_once_it_is_pushed},
    OPTIONS: {checks.test_the_key_is_enabled_and_rotates, checks.test_a_tag_is_taken_once_it_is_pushed},
    PRODUCTION_OPTIONS: {checks.test_a_tag_is_taken_once_it_is_pushed},
}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_check_passes_on_a_sound_account(account: str) -> None:
    with sound(account) as stack:
        skipped = {check for check in checks_of(checks) if not passes(check, stack)}
    assert skipped == SKIPPED[account]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_on_a_spoilt_account(proof: Proof) -> None:
    with sound(proof.account) as stack:
        proof.run(stack)


def test_every_check_was_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


@pytest.mark.parametrize("mutability", ["IMMUTABLE", "MUTABLE"])
def test_nothing_is_left_of_what_a_check_pushed(mutability: str) -> None:
    with sound(SANDBOX) as stack:
        tags_are(mutability)(stack)
        with nullcontext() if mutability == "IMMUTABLE" else pytest.raises(AssertionError):
            checks.test_a_tag_is_taken_once_it_is_pushed(stack)
        assert stack.client("ecr").list_images(repositoryName=NAME)["imageIds"] == []
