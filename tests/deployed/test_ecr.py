"""Checks of a deployed ``EcrStack``."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.deployed.answers import Answer
from tests.deployed.changes import OTHER_KEY, STATEMENTS, output
from tests.deployed.events import matches
from tests.deployed.looking import inline_statements, listed
from tests.deployed.proving import fails, holds
from tests.deployed.stack import DeployedStack

STACK = "EcrStack"

REPOSITORY = "AWS::ECR::Repository"
REPLICATION = "AWS::ECR::ReplicationConfiguration"
ENHANCED = "AWS::ECR::RegistryScanningConfiguration"
SIGNING = "AWS::ECR::SigningConfiguration"
RULE, TOPIC, KEY = "AWS::Events::Rule", "AWS::SNS::Topic", "AWS::KMS::Key"

PULL = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}

REPO = "ecr.describe_repositories repositories 0"
ENCRYPTION = f"{REPO} encryptionConfiguration"
LIFECYCLE = "ecr.get_lifecycle_policy lifecyclePolicyText rules"
PULLERS = "ecr.get_repository_policy policyText Statement"
PATTERN = "events.describe_rule EventPattern"
TARGET = "events.list_targets_by_rule Targets 0"
TOPIC_POLICY = "sns.get_topic_attributes Attributes Policy Statement Effect=Deny"
TOPIC_KEY = "sns.get_topic_attributes Attributes KmsMasterKeyId"
SCANNING = "ecr.get_registry_scanning_configuration scanningConfiguration"
CACHES = "ecr.describe_pull_through_cache_rules pullThroughCacheRules"
TEMPLATES = "ecr.describe_repository_creation_templates repositoryCreationTemplates"
CACHE_RULE = f"{TEMPLATES} * lifecyclePolicy rules 0"
SIGNING_RULES = "ecr.get_signing_configuration signingConfiguration rules"
REPLICATED = "ecr.describe_registry replicationConfiguration rules"
GALLERY = "ecr-public.describe_repositories repositories"
ARN = "arn:aws:ecr:us-east-1:111122223333:repository/team/app"
ANOTHER = [{"filter": "web", "filterType": "PREFIX_MATCH"}]
ELSEWHERE = [{"region": "eu-west-1", "registryId": "111122223333"}]


def by_age(**selection: Any) -> dict[str, Any]:
    return {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14, **selection}


def by_number(**selection: Any) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": 30, **selection}


def expiring(*selections: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules of a lifecycle policy."""
    return [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in enumerate(selections, start=1)
    ]


UNTAGGED, OTHERS = by_age(tagStatus="untagged"), by_age(tagStatus="any")
RELEASES = by_number(tagStatus="tagged", tagPrefixList=["v"])

TAKEN = {"ImageTagAlreadyExistsException", "ImageAlreadyExistsException"}
PUSHED = {"image": {"imageId": {"imageDigest": "sha256:0"}}}
_tags: set[str] = set()


def _put_image(parameters: Mapping[str, Any]) -> Answer:
    """A repository whose tags cannot be moved."""
    tag = parameters["imageTag"]
    if tag in _tags:
        raise ClientError({"Error": {"Code": "ImageTagAlreadyExistsException"}}, "PutImage")
    _tags.add(tag)
    return PUSHED


# An emulated account has no registry to push to, and matches no events.
BY_HAND = {
    "ecr.get_authorization_token": {"authorizationData": [{"authorizationToken": "bm9ib2R5"}]},
    "http.get": {"status": 200, "headers": {}, "body": ""},
    "ecr.initiate_layer_upload": {"uploadId": "1", "partSize": 10485760},
    "ecr.upload_layer_part": {},
    "ecr.complete_layer_upload": {},
    "ecr.put_image": _put_image,
    "ecr.batch_delete_image": {},
    "events.test_event_pattern": matches,
}


@fails("does not scan images at their push", f"{REPO} imageScanningConfiguration scanOnPush", False)
def test_images_are_scanned_at_their_push(stack: DeployedStack) -> None:
    scanning = repository(stack)["imageScanningConfiguration"]
    assert scanning["scanOnPush"], f"the repository {stack.only(REPOSITORY)} does not scan images at their push"


@fails("can be moved: they are MUTABLE", f"{REPO} imageTagMutability", "MUTABLE")
@fails("can be moved: they are MUTABLE_WITH", f"{REPO} imageTagMutability", "MUTABLE_WITH_EXCLUSION", only="everything")
@fails("all of them match a filter", f"{REPO} imageTagMutabilityExclusionFilters 0 filter", "**", only="everything")
def test_no_tag_can_be_moved_but_those_of_a_filter(stack: DeployedStack) -> None:
    found = repository(stack)
    name, mutability = found["repositoryName"], found["imageTagMutability"]
    movable = [exclusion["filter"] for exclusion in found.get("imageTagMutabilityExclusionFilters", [])]
    expected = "IMMUTABLE_WITH_EXCLUSION" if movable else "IMMUTABLE"
    assert mutability == expected, f"tags of the repository {name} can be moved: they are {mutability}"
    unbounded = any(set(tags) == {"*"} for tags in movable)
    assert not unbounded, f"tags of the repository {name} can be moved: all of them match a filter"


@fails("encrypted with KMS, sandbox wants AES256", f"{ENCRYPTION} encryptionType", "KMS", only="sandbox")
@fails("with AES256, production wants KMS", f"{ENCRYPTION} encryptionType", "AES256", only="production")
@fails("has another key than the stack's", f"{ENCRYPTION} kmsKey", OTHER_KEY, only="production")
def test_images_are_encrypted_at_rest(stack: DeployedStack) -> None:
    found = repository(stack)
    name, encryption = found["repositoryName"], found["encryptionConfiguration"]
    expected = "KMS" if stack.production else "AES256"
    given = encryption["encryptionType"]
    assert given == expected, f"the repository {name} is encrypted with {given}, {stack.posture} wants {expected}"
    if stack.production:
        assert encryption["kmsKey"] == key(stack)["Arn"], f"the repository {name} has another key than the stack's"


@fails("key .* does not rotate", "kms.get_key_rotation_status KeyRotationEnabled", False)
@fails("key .* is Disabled", "kms.describe_key KeyMetadata KeyState", "Disabled")
def test_the_key_is_enabled_and_rotates(stack: DeployedStack) -> None:
    if not stack.production:
        pytest.skip("only production has a key of its own")
    found = key(stack)
    assert found["KeyState"] == "Enabled", f"the key {found['KeyId']} is {found['KeyState']}: no image can be pulled"
    rotates = stack.ask("kms.get_key_rotation_status", KeyId=found["KeyId"])["KeyRotationEnabled"]
    assert rotates, f"the key {found['KeyId']} does not rotate"


@fails("untagged images .* never expire", LIFECYCLE, expiring(by_age(tagStatus="tagged", tagPrefixList=["d"])))
@fails("untagged images .* never expire", LIFECYCLE, expiring(by_number(tagStatus="untagged"), RELEASES))
@fails("pile up: it has no lifecycle policy", "ecr.get_lifecycle_policy lifecyclePolicyText")
def test_untagged_images_expire(stack: DeployedStack) -> None:
    rules = selections(lifecycle_policy(stack))
    assert any(rule["tagStatus"] in ("untagged", "any") and expires_by_age(rule) for rule in rules), (
        f"untagged images of the repository {stack.only(REPOSITORY)} never expire"
    )


@fails("tagged images .* pile up: no rule selects them", LIFECYCLE, expiring(UNTAGGED))
@fails(r"releases \['v'\] .* not go by number", LIFECYCLE, expiring(by_age(tagStatus="tagged", tagPrefixList=["v"])))
def test_the_newest_of_each_kind_of_release_are_kept(stack: DeployedStack) -> None:
    name, rules = stack.only(REPOSITORY), selections(lifecycle_policy(stack))
    tagged = [rule for rule in rules if rule["tagStatus"] != "untagged"]
    assert tagged, f"tagged images of the repository {name} pile up: no rule selects them"
    for release in (rule for rule in tagged if rule["tagStatus"] == "tagged"):
        by_number = release["countType"] == "imageCountMoreThan"
        assert by_number, f"releases {release.get('tagPrefixList')} of the repository {name} do not go by number"


@fails("for any image precedes one for some", LIFECYCLE, expiring(OTHERS, RELEASES), only="everything")
@fails("no release do not go by age", LIFECYCLE, expiring(by_number(tagStatus="any")), only="everything")
def test_images_that_are_no_release_expire_last(stack: DeployedStack) -> None:
    rules = selections(lifecycle_policy(stack))
    anything = [rule for rule in rules if rule["tagStatus"] == "any"]
    if not anything:
        pytest.skip("images that are no release stay: other_days is not set")
    name = stack.only(REPOSITORY)
    assert anything == rules[-1:], f"a lifecycle rule of the repository {name} for any image precedes one for some"
    assert expires_by_age(rules[-1]), f"images of the repository {name} that are no release do not go by age"


@fails("more in the repository .* than pull: ecr:PutImage$", f"{PULLERS} 0 Action", ["ecr:PutImage"], only="everything")
@fails(r"more .* than pull: ecr:\*$", f"{PULLERS} * Action", "ecr:*", only="everything")
@fails("is open to the world", f"{PULLERS} * Condition", only="everything")
@fails("is open to the world", f"{PULLERS} +", {"Effect": "Allow", "Principal": "*", "Action": []}, only="everything")
@holds("ecr.get_repository_policy policyText", only="everything")
def test_others_may_pull_and_no_more(stack: DeployedStack) -> None:
    name = stack.only(REPOSITORY)
    found = stack.ask("ecr.get_repository_policy", absent="RepositoryPolicyNotFoundException", repositoryName=name)
    # A repository without a policy admits no other account.
    for statement in statements(found.get("policyText", '{"Statement": []}')):
        if statement["Effect"] == "Allow":
            more = set(listed(statement.get("Action", "*"))) - PULL
            assert not more, f"others may do more in the repository {name} than pull: {', '.join(sorted(more))}"
            organization = statement.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalOrgID")
            assert organization or not names_everybody(statement), f"the repository {name} is open to the world"


@fails("rule .* is DISABLED", "events.describe_rule State", "DISABLED")
@fails("rule .* has 2 targets", "events.list_targets_by_rule Targets +", {"Id": "two", "Arn": "arn:other"})
@fails("findings go to arn:other, not to the topic", f"{TARGET} Arn", "arn:other")
def test_findings_go_to_the_topic(stack: DeployedStack) -> None:
    rule = stack.only(RULE)
    state = stack.ask("events.describe_rule", Name=rule)["State"]
    assert state == "ENABLED", f"nobody hears of findings: the rule {rule} is {state}"
    goal = target(stack)["Arn"]
    assert goal == stack.only(TOPIC), f"findings go to {goal}, not to the topic {stack.only(TOPIC)}"


@fails("lacks sns:Publish on", f"{STATEMENTS} * Action", "sns:Subscribe")
@fails("lacks sns:Publish on", f"{STATEMENTS} * Effect", "Deny")
@fails("lacks sns:Publish on", f"{STATEMENTS} * Resource", "arn:other")
@fails("lost: the rule .* has no role", f"{TARGET} RoleArn")
@fails("lacks kms:.* on .*:key/", f"{STATEMENTS} 1", only="production")
def test_findings_may_be_published(stack: DeployedStack) -> None:
    """EventBridge silently drops an event that it may not publish."""
    arn = target(stack).get("RoleArn", "")
    assert arn, f"findings are lost: the rule {stack.only(RULE)} has no role to publish them by"
    role = arn.rpartition("/")[2]
    granted = list(inline_statements(stack, role))
    needed = [("sns:Publish", stack.only(TOPIC))]
    if stack.production:
        needed += [(action, key(stack)["Arn"]) for action in ("kms:Decrypt", "kms:GenerateDataKey")]
    for action, resource in needed:
        assert allows(granted, action, resource), f"findings are lost: the role {role} lacks {action} on {resource}"


@fails("does not hear of findings", f"{PATTERN} detail repository-name", ["application"], only="default")
@fails("also hears of findings in .*/other", f"{PATTERN} detail repository-name", only="default")
@fails("also hears of .*2$", f"{PATTERN} resources +", {"prefix": f"{ARN}2"}, only="everything")
@fails("does not hear of findings", f"{PATTERN} source", ["aws.ecr"], only="everything")
def test_findings_are_of_this_repository_only(stack: DeployedStack) -> None:
    rule, name = stack.only(RULE), stack.only(REPOSITORY)
    pattern = stack.ask("events.describe_rule", Name=rule)["EventPattern"]

    def heard(repository_arn: str) -> bool:
        return any(
            stack.ask("events.test_event_pattern", EventPattern=pattern, Event=json.dumps(event))["Result"]
            for event in findings(stack, repository_arn)
        )

    arn = repository(stack)["repositoryArn"]
    assert heard(arn), f"the rule {rule} does not hear of findings in the repository {name}"
    for other in (f"{arn}/other", f"{arn}2"):
        assert not heard(other), f"the rule {rule} also hears of findings in {other}"


@fails("topic .* takes messages without TLS", f"{TOPIC_POLICY} Effect", "Allow")
@fails("topic .* takes messages without TLS", f"{TOPIC_POLICY} Principal", {"AWS": "111122223333"})
@fails("topic .* takes messages without TLS", f"{TOPIC_POLICY} Condition Bool aws:SecureTransport", "true")
@fails("topic .* takes messages without TLS", f"{TOPIC_POLICY} Action", "sns:Subscribe")
def test_the_topic_refuses_plain_transport(stack: DeployedStack) -> None:
    refused = any(
        statement["Effect"] == "Deny"
        and names_everybody(statement)
        and "sns:publish" in map(str.lower, listed(statement["Action"]))
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in statements(topic(stack)["Policy"])
    )
    assert refused, f"the topic {stack.only(TOPIC)} takes messages without TLS"


@fails("encrypted with alias/aws/sns, where sandbox has no key", TOPIC_KEY, "alias/aws/sns", only="sandbox")
@fails("topic .* is not encrypted with the stack's key", TOPIC_KEY, only="production")
def test_the_topic_is_encrypted_with_a_key_that_events_may_use(stack: DeployedStack) -> None:
    """The AWS managed key for SNS does not let EventBridge publish."""
    used = topic(stack).get("KmsMasterKeyId")
    if stack.production:
        assert used == key(stack)["Arn"], f"the topic {stack.only(TOPIC)} is not encrypted with the stack's key"
    else:
        assert not used, f"the topic {stack.only(TOPIC)} is encrypted with {used}, where sandbox has no key"


@fails("output RepositoryUri is other, the repository is .*/", output("RepositoryUri"), "other")
@fails("output LoginCommand does not name 111122223333", output("LoginCommand"), "docker login 210987654321.dkr.ecr")
@fails("PushCommand does not name", output("PushCommand"), "docker push other:v1")
def test_outputs_name_what_exists(stack: DeployedStack) -> None:
    uri = repository(stack)["repositoryUri"]
    given = stack.outputs.get("RepositoryUri")
    assert given == uri, f"the output RepositoryUri is {given}, the repository is {uri}"
    registry = uri.partition("/")[0]
    for name, part in {"LoginCommand": registry, "BuildCommand": f"{uri}:", "PushCommand": f"{uri}:"}.items():
        assert f" {part}" in stack.outputs.get(name, ""), f"the output {name} does not name {part}"


@fails("registry scans ENHANCED, the rule waits for BASIC", f"{SCANNING} scanType", "ENHANCED", only="default")
@fails("registry scans BASIC, the rule waits for ENHANCED", f"{SCANNING} scanType", "BASIC", only="everything")
def test_the_registry_scans_as_the_rule_expects(stack: DeployedStack) -> None:
    """If another stack has configured the registry, events come from Inspector instead of basic scanning."""
    expected = "ENHANCED" if stack.all(ENHANCED) else "BASIC"
    given = registry_scanning(stack)["scanType"]
    assert given == expected, f"nobody hears of findings: the registry scans {given}, the rule waits for {expected}"


@fails("are not scanned continuously", f"{SCANNING} rules * scanFrequency", "SCAN_ON_PUSH")
@fails("are not scanned continuously", f"{SCANNING} rules * repositoryFilters 0 filter", "web")
def test_enhanced_scanning_is_continuous(stack: DeployedStack) -> None:
    if not stack.all(ENHANCED):
        pytest.skip("the stack leaves the scanning of the registry alone: scanning is not enhanced")
    name = stack.only(REPOSITORY)
    continuous = [rule for rule in registry_scanning(stack)["rules"] if rule["scanFrequency"] == "CONTINUOUS_SCAN"]
    assert name in filtered(continuous), f"images of the repository {name} are not scanned continuously"


@fails("no rule signs images", f"{SIGNING_RULES} * repositoryFilters 0 filter", "web", only="everything")
@fails("other than the profile", f"{SIGNING_RULES} * signingProfileArn", "arn:other", only="everything")
@fails("are signed by nobody", SIGNING_RULES, [], only="everything")
def test_images_are_signed(stack: DeployedStack) -> None:
    if not stack.all(SIGNING):
        pytest.skip("the stack leaves the signing of the registry alone: signing is not set")
    name, profile = stack.only(REPOSITORY), stack.outputs["SigningProfileArn"]
    rules = stack.ask("ecr.get_signing_configuration")["signingConfiguration"]["rules"]
    assert rules, f"images of the repository {name} are signed by nobody"
    own = [rule for rule in rules if name in filtered([rule])]
    assert own, f"no rule signs images of the repository {name}"
    given = own[0]["signingProfileArn"]
    assert given == profile, f"images of the repository {name} are signed by {given}, other than the profile {profile}"


@fails("tags of the cache .* move", f"{TEMPLATES} * imageTagMutability", "MUTABLE", only="everything")
@fails("latest of the cache .* never moves", f"{TEMPLATES} * imageTagMutabilityExclusionFilters", only="everything")
def test_tags_of_cached_images_stay_except_for_latest(stack: DeployedStack) -> None:
    own = set(stack.all("AWS::ECR::PullThroughCacheRule"))
    if not own:
        pytest.skip("the stack has no pull-through cache")
    for template in stack.ask("ecr.describe_repository_creation_templates")["repositoryCreationTemplates"]:
        if (prefix := template["prefix"]) in own:
            kept = template["imageTagMutability"].startswith("IMMUTABLE")
            assert kept, f"tags of the cache {prefix} move to other images"
            moving = {each["filter"] for each in template.get("imageTagMutabilityExclusionFilters", [])}
            assert moving == {"latest"}, f"latest of the cache {prefix} never moves"


@fails("the registry has no cache", CACHES, [])
@fails("pile up: no template", TEMPLATES, [])
@fails("pile up: no template", f"{TEMPLATES} * appliedFor", ["REPLICATION"])
@fails("images of the cache .* never expire", f"{TEMPLATES} * lifecyclePolicy")
@fails("images of the cache .* never expire", f"{CACHE_RULE} selection tagStatus", "untagged")
@fails("images of the cache .* never expire", f"{CACHE_RULE} selection", by_number(tagStatus="any"))
@fails("images of the cache .* never expire", f"{CACHE_RULE} action type", "transition")
def test_cached_images_expire(stack: DeployedStack) -> None:
    prefixes = stack.all("AWS::ECR::PullThroughCacheRule")
    if not prefixes:
        pytest.skip("the stack has no pull-through cache")
    rules = stack.ask("ecr.describe_pull_through_cache_rules")["pullThroughCacheRules"]
    templates = stack.ask("ecr.describe_repository_creation_templates")["repositoryCreationTemplates"]
    caches = {rule["ecrRepositoryPrefix"] for rule in rules}
    policies = {
        template["prefix"]: template.get("lifecyclePolicy", '{"rules": []}')
        for template in templates
        if "PULL_THROUGH_CACHE" in template["appliedFor"]
    }
    for prefix in prefixes:
        assert prefix in caches, f"the registry has no cache {prefix}"
        assert prefix in policies, f"images of the cache {prefix} pile up: no template is for its repositories"
        expire = any(rule["tagStatus"] == "any" and expires_by_age(rule) for rule in selections(policies[prefix]))
        assert expire, f"images of the cache {prefix} never expire"


@fails("is not replicated", REPLICATED, [])
@fails("is replicated to its own Region", f"{REPLICATED} 0 destinations 0 region", "us-east-1")
@fails("replicates other repositories than", f"{REPLICATED} 0 repositoryFilters")
@fails("replicates other repositories than", f"{REPLICATED} 0 repositoryFilters +", ANOTHER[0])
@fails("replicates other repositories than", f"{REPLICATED} +", {"destinations": ELSEWHERE})
def test_this_repository_is_replicated_to_other_regions(stack: DeployedStack) -> None:
    if not stack.all(REPLICATION):
        pytest.skip("the stack leaves the replication of the registry alone: replicate_to_regions is not set")
    name = stack.only(REPOSITORY)
    rules = stack.ask("ecr.describe_registry")["replicationConfiguration"]["rules"]
    regions = {destination["region"] for rule in rules for destination in rule["destinations"]}
    assert regions, f"the repository {name} is not replicated"
    assert stack.region not in regions, f"the repository {name} is replicated to its own Region"
    narrow = all(rule.get("repositoryFilters") for rule in rules) and filtered(rules) == {name}
    assert narrow, f"the registry replicates other repositories than {name}"


@fails("the gallery has no repository", GALLERY, [])
@fails("is at other, not in the gallery", f"{GALLERY} * repositoryUri", "other")
@fails("PublicUriCommand does not ask for", output("PublicUriCommand"), "aws --repository-names other --query x")
def test_the_public_repository_is_in_the_gallery(stack: DeployedStack) -> None:
    if not stack.all("AWS::ECR::PublicRepository"):
        pytest.skip("the stack has no public repository")
    name = stack.only("AWS::ECR::PublicRepository")
    found = stack.ask("ecr-public.describe_repositories")["repositories"]
    uris = {public["repositoryName"]: public["repositoryUri"] for public in found}
    assert name in uris, f"the gallery has no repository {name}"
    assert uris[name].startswith("public.ecr.aws/"), f"the repository {name} is at {uris[name]}, not in the gallery"
    command = stack.outputs.get("PublicUriCommand", "")
    assert f" --repository-names {name} " in command, f"the output PublicUriCommand does not ask for {name}"


@fails("refuses to log in: HTTP status 401", "http.get status", 401)
@pytest.mark.real_account
def test_docker_can_log_in(stack: DeployedStack) -> None:
    """The check sends the HTTP request that ``docker login`` sends."""
    [granted] = stack.ask("ecr.get_authorization_token")["authorizationData"]
    registry = stack.outputs["RepositoryUri"].partition("/")[0]
    basic = f"Basic {granted['authorizationToken']}"
    status = stack.page(f"https://{registry}/v2/", Authorization=basic)["status"]
    assert status == 200, f"the registry {registry} refuses to log in: HTTP status {status}"


@fails("took a second image under the tag check-", "ecr.put_image", PUSHED)
@pytest.mark.real_account
def test_a_tag_is_taken_once_it_is_pushed(stack: DeployedStack) -> None:
    if stack.production:
        pytest.skip("pushes images: no test writes into a repository of production")
    if stack.all(REPLICATION):
        pytest.skip("pushes images: their copies in other Regions would stay")
    name, tag = stack.only(REPOSITORY), f"check-{uuid4().hex}"
    with ExitStack() as afterwards:

        def push(content: str) -> None:
            image = {"imageDigest": push_image(stack, name, tag, content)}
            afterwards.callback(stack.ask, "ecr.batch_delete_image", repositoryName=name, imageIds=[image])

        push(f"{tag} first")
        try:
            push(f"{tag} second")
        except ClientError as error:
            if error.response["Error"].get("Code") in TAKEN:
                return
            raise
        raise AssertionError(f"the repository {name} took a second image under the tag {tag}")


def repository(stack: DeployedStack) -> dict[str, Any]:
    [found] = stack.ask("ecr.describe_repositories", repositoryNames=[stack.only(REPOSITORY)])["repositories"]
    return found


def registry_scanning(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("ecr.get_registry_scanning_configuration")["scanningConfiguration"]


def key(stack: DeployedStack) -> dict[str, Any]:
    """The customer managed key, which production has."""
    return stack.ask("kms.describe_key", KeyId=stack.only(KEY))["KeyMetadata"]


def topic(stack: DeployedStack) -> dict[str, str]:
    return stack.ask("sns.get_topic_attributes", TopicArn=stack.only(TOPIC))["Attributes"]


def target(stack: DeployedStack) -> dict[str, Any]:
    """The target of the rule, which gets the findings."""
    targets = stack.ask("events.list_targets_by_rule", Rule=stack.only(RULE))["Targets"]
    assert len(targets) == 1, f"the rule {stack.only(RULE)} has {len(targets)} targets, where findings have one"
    return targets[0]


def lifecycle_policy(stack: DeployedStack) -> str:
    name = stack.only(REPOSITORY)
    found = stack.ask("ecr.get_lifecycle_policy", absent="LifecyclePolicyNotFoundException", repositoryName=name)
    assert "lifecyclePolicyText" in found, f"images of the repository {name} pile up: it has no lifecycle policy"
    return found["lifecyclePolicyText"]


def selections(policy: str) -> list[dict[str, Any]]:
    """The selections of a lifecycle policy's rules that let images expire, in the order of the rules."""
    rules = sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"])
    return [rule["selection"] for rule in rules if rule["action"]["type"] == "expire"]


def expires_by_age(selection: dict[str, Any]) -> bool:
    return selection["countType"] == "sinceImagePushed"


def filtered(rules: list[dict[str, Any]]) -> set[str]:
    """The repositories that rules of the registry are about."""
    return {repositories["filter"] for rule in rules for repositories in rule.get("repositoryFilters", [])}


def statements(policy: str | dict[str, Any]) -> list[dict[str, Any]]:
    return listed((json.loads(policy) if isinstance(policy, str) else policy)["Statement"])


def names_everybody(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", "*")
    return "*" in listed(principal.get("AWS") if isinstance(principal, dict) else principal)


def allows(granted: list[dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in listed(statement.get("Action", [])))
        and resource in listed(statement.get("Resource", []))
        for statement in granted
    )


def findings(stack: DeployedStack, repository_arn: str) -> list[dict[str, Any]]:
    """Events of findings of every severity in an image: one in all from basic scanning, one each from enhanced.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    """
    account, region = repository_arn.split(":")[4], repository_arn.split(":")[3]
    envelope = {"version": "0", "id": "0", "account": account, "region": region, "time": "2026-01-01T00:00:00Z"}
    # The severities of both kinds of scanning. Each kind has another name for findings without a severity.
    severities = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
    if not stack.all(ENHANCED):
        detail = {
            "scan-status": "COMPLETE",
            "repository-name": repository_arn.partition(":repository/")[2],
            "finding-severity-counts": dict.fromkeys([*severities, "UNDEFINED"], 1),
        }
        basic = {"source": "aws.ecr", "detail-type": "ECR Image Scan", "resources": [repository_arn], "detail": detail}
        return [envelope | basic]
    image = f"{repository_arn}/sha256:{'0' * 64}"
    enhanced = {"source": "aws.inspector2", "detail-type": "Inspector2 Finding", "resources": [image]}
    return [
        envelope | enhanced | {"detail": {"status": "ACTIVE", "severity": severity}}
        for severity in [*severities, "UNTRIAGED"]
    ]


def push_image(stack: DeployedStack, name: str, tag: str, content: str) -> str:
    """Pushes an image of one empty file, and returns its digest.

    https://github.com/opencontainers/image-spec/blob/main/manifest.md
    """
    oci = "application/vnd.oci.image"

    def push_blob(media_type: str, blob: bytes) -> dict[str, Any]:
        begun = stack.ask("ecr.initiate_layer_upload", repositoryName=name)
        upload = {"repositoryName": name, "uploadId": begun["uploadId"]}
        stack.ask("ecr.upload_layer_part", **upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
        stack.ask("ecr.complete_layer_upload", **upload, layerDigests=[digest(blob)])
        return {"mediaType": f"{oci}.{media_type}", "digest": digest(blob), "size": len(blob)}

    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(content))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [digest(files.getvalue())]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{oci}.manifest.v1+json",
        "config": push_blob("config.v1+json", json.dumps(config).encode()),
        "layers": [push_blob("layer.v1.tar+gzip", gzip.compress(files.getvalue()))],
    }
    image = stack.ask(
        "ecr.put_image",
        repositoryName=name,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=manifest["mediaType"],
        imageTag=tag,
    )
    return image["image"]["imageId"]["imageDigest"]


def digest(blob: bytes) -> str:
    return f"sha256:{sha256(blob).hexdigest()}"
