"""The promises of stacks/ecr, in both postures and with settings that turn on optional parts."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Annotations, Match, Template
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.events.models import EventPattern

from patternbook import SANDBOX
from patternbook.posture import POSTURES
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.synthesis import refusal, template_of, unchecked_app, variant
from stacks.ecr import EcrSettings, EcrStack

PATTERN = EcrStack

EVERY_OPTION: Mapping[str, Any] = {
    "repository_name": "team/app",
    "mutable_tags": ["latest*"],
    "other_days": 90,
    "scanning": "enhanced",
    "scan_severities": ["CRITICAL", "UNTRIAGED"],
    "alarm_email": "ops@example.com",
    "pull_account_ids": ["111122223333"],
    "pull_organization_id": "o-a1b2c3d4e5",
    "cache_ecr_public_prefix": "ecr-public",
    "cache_docker_hub_prefix": "docker-hub",
    "cache_docker_hub_secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:"
    "secret:ecr-pullthroughcache/docker-hub-AbCdEf",
    "cache_kubernetes_prefix": "kubernetes",
    "cache_quay_prefix": "quay",
    "cache_github_prefix": "github",
    "cache_github_secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:"
    "secret:ecr-pullthroughcache/github-AbCdEf",
    "signing": True,
    "public_repository": {"description": "An app", "operating_systems": ["Linux"]},
    "replicate_to_regions": ["eu-west-1"],
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"archive_days": 90}

REPOSITORY = "AWS::ECR::Repository"
ACCOUNT, REGION, NAME = "123456789012", "us-east-2", "amazon/amazon-ecs-sample"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Template]:
    """The template with settings of a test's own, given as JSON; made once for the same settings."""

    @cache
    def make(given: str) -> Template:
        return template_of(EcrStack, tmp_path_factory.mktemp("ecr"), **json.loads(given))

    return lambda **settings: make(json.dumps(settings))


@pytest.fixture(params=POSTURES)
def default(request: pytest.FixtureRequest, made: Callable[..., Template]) -> Template:
    return made(posture=request.param)


def properties(template: Template, kind: str) -> dict[str, Any]:
    (resource,) = template.find_resources(kind).values()
    return resource["Properties"]


def said(value: Any, template: Template) -> Any:
    """A value with CloudFormation's functions resolved, for a repository called NAME in ACCOUNT and REGION."""
    (logical_id,) = template.find_resources(REPOSITORY)
    names = {logical_id: NAME, "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}

    def work_out(value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return names.get(name, name)
            case {"Fn::GetAtt": [name, "Arn"]} if name == logical_id:
                return ARN
            case {"Fn::Join": [separator, parts]}:
                return separator.join(map(work_out, parts))
            case {"Fn::Select": [index, parts]}:
                return work_out(parts)[int(index)]
            case {"Fn::Split": [separator, text]}:
                return work_out(text).split(separator)
            case dict():
                return {key: work_out(item) for key, item in value.items()}
            case list():
                return [work_out(item) for item in value]
        return value

    return work_out(value)


def output(template: Template, name: str) -> str:
    return said(template.find_outputs(name)[name]["Value"], template)


def lifecycle(template: Template) -> list[dict[str, Any]]:
    return json.loads(properties(template, REPOSITORY)["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]


def matches(template: Template, event: dict[str, Any]) -> bool:
    pattern = said(properties(template, "AWS::Events::Rule")["EventPattern"], template)
    return EventPattern.load(json.dumps(pattern)).matches_event(event)  # ty: ignore[invalid-argument-type]


# Sample events: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
# and https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html


def scan_event(*, repository: str = NAME, status: str = "COMPLETE", **counts: int) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "85fc3613-e913-7fc4-a80c-a3753e4aa9ae",
        "detail-type": "ECR Image Scan",
        "source": "aws.ecr",
        "account": ACCOUNT,
        "time": "2019-10-29T02:36:48Z",
        "region": REGION,
        "resources": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"],
        "detail": {
            "scan-status": status,
            "repository-name": repository,
            "finding-severity-counts": counts,
            "image-digest": "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234",
            "image-tags": [],
        },
    }


def finding_event(*, image_of: str = ARN, severity: str = "HIGH", status: str = "ACTIVE") -> dict[str, Any]:
    image = f"{image_of}/sha256:36c7b282abd0186e01419f2e58743e1bf635808231049bbc9d77eEXAMPLE"
    return {
        "version": "0",
        "id": "42dbea55-45ad-b2b4-87a8-afaEXAMPLE",
        "detail-type": "Inspector2 Finding",
        "source": "aws.inspector2",
        "account": ACCOUNT,
        "time": "2021-12-03T18:02:30Z",
        "region": REGION,
        "resources": [image],
        "detail": {
            "awsAccountId": ACCOUNT,
            "resources": [{"id": image, "type": "AWS_ECR_CONTAINER_IMAGE"}],
            "severity": severity,
            "status": status,
            "title": "CVE-2019-17498 - libssh2",
            "type": "PACKAGE_VULNERABILITY",
        },
    }


class TestRepository:
    def test_no_tag_can_be_moved(self, default: Template) -> None:
        default.has_resource_properties(
            REPOSITORY, {"ImageTagMutability": "IMMUTABLE", "ImageTagMutabilityExclusionFilters": Match.absent()}
        )

    def test_only_tags_of_the_setting_can_be_moved(self, made: Callable[..., Template]) -> None:
        repository = properties(made(mutable_tags=["latest*", "dev"]), REPOSITORY)
        assert repository["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert repository["ImageTagMutabilityExclusionFilters"] == [
            {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": tag}
            for tag in ("latest*", "dev")
        ]

    def test_images_are_scanned_at_their_push(self, default: Template) -> None:
        default.has_resource_properties(REPOSITORY, {"ImageScanningConfiguration": {"ScanOnPush": True}})

    def test_sandbox_uses_aes256_and_goes_with_its_images(self, made: Callable[..., Template]) -> None:
        template = made(posture="sandbox")
        template.has_resource(
            REPOSITORY,
            {
                "Properties": {"EmptyOnDelete": True, "EncryptionConfiguration": Match.absent()},
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Delete",
            },
        )
        template.resource_count_is("AWS::KMS::Key", 0)

    def test_production_uses_its_own_key_and_is_retained(self, made: Callable[..., Template]) -> None:
        template = made(posture="production")
        ((key, _),) = template.find_resources("AWS::KMS::Key", {"Properties": {"EnableKeyRotation": True}}).items()
        template.has_resource(
            REPOSITORY,
            {
                "Properties": {
                    "EmptyOnDelete": False,
                    "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [key, "Arn"]}},
                },
                "DeletionPolicy": "RetainExceptOnCreate",
                "UpdateReplacePolicy": "Retain",
            },
        )

    def test_nothing_is_emptied_by_a_lambda_function(self, default: Template) -> None:
        default.resource_count_is("AWS::Lambda::Function", 0)

    def test_nothing_of_the_whole_registry_is_touched_unasked(self, default: Template) -> None:
        kinds = {resource["Type"] for resource in default.to_json()["Resources"].values()}
        assert {kind for kind in kinds if kind.startswith("AWS::ECR::")} == {REPOSITORY}

    def test_the_name_is_free_unless_set(self, default: Template, made: Callable[..., Template]) -> None:
        default.has_resource_properties(REPOSITORY, {"RepositoryName": Match.absent()})
        made(repository_name="team/app").has_resource_properties(REPOSITORY, {"RepositoryName": "team/app"})


class TestLifecycle:
    def test_default(self, default: Template) -> None:
        expire = {"type": "expire"}
        assert lifecycle(default) == [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": expire,
            },
            {
                "rulePriority": 2,
                "selection": {
                    "tagStatus": "tagged",
                    "tagPrefixList": ["v"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 30,
                },
                "action": expire,
            },
        ]

    def test_releases_keep_their_order_and_everything_else_comes_last(self, made: Callable[..., Template]) -> None:
        releases = [{"prefix": "v1", "keep": 5}, {"prefix": "v", "keep": 10}]
        rules = lifecycle(made(untagged_days=3, releases=releases, other_days=90))
        assert [(rule["rulePriority"], rule["selection"]["countNumber"]) for rule in rules] == [
            (1, 3),
            (2, 5),
            (3, 10),
            (4, 90),
        ]
        assert [rule["selection"].get("tagPrefixList") for rule in rules] == [None, ["v1"], ["v"], None]
        assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "tagged", "tagged", "any"]

    def test_images_that_nobody_pulls_are_archived(self, made: Callable[..., Template]) -> None:
        assert lifecycle(made(archive_days=90))[-1] == {
            "rulePriority": 3,
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePulled",
                "countUnit": "days",
                "countNumber": 90,
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        }

    def test_the_longest_policy_is_within_the_quota(self, made: Callable[..., Template]) -> None:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html: lifecycle policy length
        releases = [{"prefix": f"{index:02}".ljust(128, "x"), "keep": 100_000} for index in range(48)]
        template = made(untagged_days=3650, releases=releases, other_days=3650)
        assert len(lifecycle(template)) == 50
        assert len(properties(template, REPOSITORY)["LifecyclePolicy"]["LifecyclePolicyText"]) <= 30_720

    def test_ecr_takes_the_policy_and_not_a_broken_one(
        self, default: Template, made: Callable[..., Template], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        taken = [default, made(other_days=90), made(cache_ecr_public_prefix="ecr-public")]
        policies = [properties(template, REPOSITORY)["LifecyclePolicy"]["LifecyclePolicyText"] for template in taken]
        policies.append(properties(taken[-1], "AWS::ECR::RepositoryCreationTemplate")["LifecyclePolicy"])
        with mock_aws():
            client = boto3.client("ecr", region_name=REGION)
            client.create_repository(repositoryName=NAME)
            for policy in policies:
                client.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=policy)
                rules = json.loads(policy)["rules"]
                assert (
                    json.loads(client.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"])["rules"]
                    == rules
                )
                rules[0]["selection"]["countNumber"] = 0
                with pytest.raises(ClientError, match="InvalidParameterException"):
                    client.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=json.dumps({"rules": rules}))


class TestFindings:
    @pytest.mark.parametrize(
        ("event", "reported"),
        [
            (scan_event(CRITICAL=10, MEDIUM=9), True),
            (scan_event(HIGH=1), True),
            (scan_event(HIGH=0, MEDIUM=9), False),
            (scan_event(MEDIUM=9), False),
            (scan_event(), False),
            (scan_event(CRITICAL=10, repository=f"{NAME}/other"), False),
            (scan_event(CRITICAL=10, status="FAILED"), False),
            (finding_event(), False),
        ],
    )
    def test_of_basic_scanning(self, default: Template, event: dict[str, Any], reported: bool) -> None:
        assert matches(default, event) is reported

    def test_a_single_severity_needs_no_or(self, made: Callable[..., Template]) -> None:
        template = made(scan_severities=["MEDIUM"])
        assert "$or" not in properties(template, "AWS::Events::Rule")["EventPattern"]["detail"]
        assert matches(template, scan_event(MEDIUM=1))
        assert not matches(template, scan_event(CRITICAL=1))

    @pytest.mark.parametrize(
        ("event", "reported"),
        [
            (finding_event(), True),
            (finding_event(severity="CRITICAL"), True),
            (finding_event(severity="MEDIUM"), False),
            (finding_event(status="CLOSED"), False),
            (finding_event(status="SUPPRESSED"), False),
            (finding_event(image_of=f"{ARN}/other"), False),
            (finding_event(image_of=f"{ARN}2"), False),
            (scan_event(CRITICAL=10), False),
        ],
    )
    def test_of_enhanced_scanning(self, made: Callable[..., Template], event: dict[str, Any], reported: bool) -> None:
        assert matches(made(scanning="enhanced"), event) is reported

    @pytest.mark.parametrize("settings", [{}, {"scanning": "enhanced"}], ids=["basic", "enhanced"])
    def test_reach_the_topic_as_a_sentence(
        self, made: Callable[..., Template], settings: dict[str, Any], subtests: pytest.Subtests
    ) -> None:
        template = made(**settings)
        (topic,) = template.find_resources("AWS::SNS::Topic")
        (target,) = properties(template, "AWS::Events::Rule")["Targets"]
        assert target["Arn"] == {"Ref": topic}
        event = finding_event() if settings else scan_event(CRITICAL=10)
        sentence = json.loads(said(target["InputTransformer"]["InputTemplate"], template))
        for name, path in target["InputTransformer"]["InputPathsMap"].items():
            with subtests.test(path):
                assert f"<{name}>" in sentence
                assert at(event, path) is not None
        assert f"{REGION}.console.aws.amazon.com" in sentence

    def test_come_from_a_role_that_can_do_nothing_else(self, default: Template) -> None:
        (target,) = properties(default, "AWS::Events::Rule")["Targets"]
        ((role, _),) = default.find_resources("AWS::IAM::Role").items()
        assert target["RoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
        actions: dict[str, Any] = {}
        for statement in properties(default, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]:
            for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
                actions[action] = statement["Resource"]
        (topic,) = default.find_resources("AWS::SNS::Topic")
        keys = list(default.find_resources("AWS::KMS::Key"))
        use = {
            action: {"Fn::GetAtt": [key, "Arn"]} for key in keys for action in ("kms:Decrypt", "kms:GenerateDataKey")
        }
        assert actions == {"sns:Publish": {"Ref": topic}} | use

    def test_are_encrypted_with_the_key_in_production(self, made: Callable[..., Template]) -> None:
        template = made(posture="production")
        (key,) = template.find_resources("AWS::KMS::Key")
        template.has_resource_properties("AWS::SNS::Topic", {"KmsMasterKeyId": {"Fn::GetAtt": [key, "Arn"]}})

    def test_no_service_uses_the_key_without_an_iam_policy(self, made: Callable[..., Template]) -> None:
        [statement] = properties(made(posture="production"), "AWS::KMS::Key")["KeyPolicy"]["Statement"]
        assert statement["Action"] == "kms:*"
        assert statement["Principal"].keys() == {"AWS"}

    def test_travel_over_tls_only(self, default: Template) -> None:
        default.has_resource_properties(
            "AWS::SNS::TopicPolicy",
            {
                "PolicyDocument": {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Effect": "Deny",
                                    "Action": "sns:Publish",
                                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                                }
                            )
                        ]
                    )
                }
            },
        )

    def test_are_mailed_to_whom_the_setting_names(self, default: Template, made: Callable[..., Template]) -> None:
        default.resource_count_is("AWS::SNS::Subscription", 0)
        made(alarm_email="ops@example.com").has_resource_properties(
            "AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "ops@example.com"}
        )


def at(event: Any, path: str) -> Any:
    """The part of an event that EventBridge's JSON path selects."""
    for part in path.removeprefix("$.").replace("[0]", ".0").split("."):
        event = event[int(part)] if part.isdigit() else event[part]
    return event


class TestSharing:
    def test_nobody_else_may_pull_by_default(self, default: Template) -> None:
        default.has_resource_properties(REPOSITORY, {"RepositoryPolicyText": Match.absent()})

    def test_accounts_and_an_organization_may_pull_and_no_more(self, made: Callable[..., Template]) -> None:
        template = made(pull_account_ids=["111122223333", "444455556666"], pull_organization_id="o-a1b2c3d4e5")
        accounts, organization = properties(template, REPOSITORY)["RepositoryPolicyText"]["Statement"]
        assert "arn:aws:iam::111122223333:root" in flat(accounts["Principal"]["AWS"])
        assert "arn:aws:iam::444455556666:root" in flat(accounts["Principal"]["AWS"])
        assert organization["Principal"] == {"AWS": "*"}
        assert organization["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
        for statement in (accounts, organization):
            assert (statement["Effect"], statement["Action"]) == ("Allow", PULL)

    def test_images_that_nobody_pulls_are_archived(self, made: Callable[..., Template]) -> None:
        assert lifecycle(made(archive_days=90))[-1] == {
            "rulePriority": 3,
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePulled",
                "countUnit": "days",
                "countNumber": 90,
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        }

    def test_the_longest_policy_is_within_the_quota(self, made: Callable[..., Template]) -> None:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html: 10,240 characters
        accounts = [f"{index:012}" for index in range(100)]
        template = made(pull_account_ids=accounts, pull_organization_id="o-a1b2c3d4e5")
        policy = properties(template, REPOSITORY)["RepositoryPolicyText"]
        assert len(json.dumps(said(policy, template))) <= 10_240

    def test_replication_is_of_this_repository_to_the_chosen_regions(self, made: Callable[..., Template]) -> None:
        template = made(replicate_to_regions=["eu-west-1", "eu-central-1"])
        configuration = properties(template, "AWS::ECR::ReplicationConfiguration")["ReplicationConfiguration"]
        assert said(configuration, template) == {
            "Rules": [
                {
                    "Destinations": [
                        {"Region": "eu-west-1", "RegistryId": ACCOUNT},
                        {"Region": "eu-central-1", "RegistryId": ACCOUNT},
                    ],
                    "RepositoryFilters": [{"Filter": NAME, "FilterType": "PREFIX_MATCH"}],
                }
            ]
        }


def flat(value: Any) -> list[str]:
    """The texts of a value, each with its ``Fn::Join`` as one text."""
    items = value if isinstance(value, list) else [value]
    return [
        "".join(p if isinstance(p, str) else "aws" for p in i["Fn::Join"][1]) if isinstance(i, dict) else i
        for i in items
    ]


class TestRegistry:
    def test_enhanced_scanning_is_continuous_for_this_repository(self, made: Callable[..., Template]) -> None:
        template = made(scanning="enhanced")
        assert said(properties(template, "AWS::ECR::RegistryScanningConfiguration"), template) == {
            "ScanType": "ENHANCED",
            "Rules": [
                {
                    "ScanFrequency": "CONTINUOUS_SCAN",
                    "RepositoryFilters": [{"Filter": NAME, "FilterType": "WILDCARD"}],
                }
            ],
        }

    def test_enhanced_scanning_covers_cached_images(self, made: Callable[..., Template]) -> None:
        template = made(scanning="enhanced", cache_quay_prefix="quay", cache_ecr_public_prefix="ecr-public")
        [rule] = said(properties(template, "AWS::ECR::RegistryScanningConfiguration"), template)["Rules"]
        assert [each["Filter"] for each in rule["RepositoryFilters"]] == [NAME, "ecr-public/*", "quay/*"]

    @pytest.mark.parametrize("posture", POSTURES)
    def test_the_configuration_of_scanning_stays(self, made: Callable[..., Template], posture: str) -> None:
        """CloudFormation would disable Amazon Inspector for the account, also when a first deployment fails."""
        made(posture=posture, scanning="enhanced").has_resource(
            "AWS::ECR::RegistryScanningConfiguration", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        )

    @pytest.mark.parametrize(
        ("settings", "upstream", "secret"),
        [
            ({"cache_ecr_public_prefix": "cached"}, "public.ecr.aws", Match.absent()),
            (
                {"cache_docker_hub_prefix": "cached", "cache_docker_hub_secret_arn": SECRET},
                "registry-1.docker.io",
                SECRET,
            ),
            ({"cache_kubernetes_prefix": "cached"}, "registry.k8s.io", Match.absent()),
            ({"cache_quay_prefix": "cached"}, "quay.io", Match.absent()),
            ({"cache_github_prefix": "cached", "cache_github_secret_arn": SECRET}, "ghcr.io", SECRET),
        ],
        ids=["ecr-public", "docker-hub", "kubernetes", "quay", "github"],
    )
    def test_a_cache_keeps_what_it_pulled_for_some_days(
        self, made: Callable[..., Template], settings: dict[str, str], upstream: str, secret: Any
    ) -> None:
        template = made(cache_days=5, **settings)
        ((creation, cached),) = template.find_resources("AWS::ECR::RepositoryCreationTemplate").items()
        template.resource_count_is("AWS::ECR::PullThroughCacheRule", 1)
        template.has_resource(
            "AWS::ECR::PullThroughCacheRule",
            {
                "Properties": {
                    "EcrRepositoryPrefix": "cached",
                    "UpstreamRegistryUrl": upstream,
                    "CredentialArn": secret,
                },
                # A pull before the template is there would make a repository that grows for ever.
                "DependsOn": [creation],
            },
        )
        assert cached["Properties"]["Prefix"] == "cached"
        assert cached["Properties"]["AppliedFor"] == ["PULL_THROUGH_CACHE"]
        (rule,) = json.loads(cached["Properties"]["LifecyclePolicy"])["rules"]
        assert (rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) == ("any", 5)

    def test_a_tag_of_a_cache_keeps_its_image_except_for_latest(self, made: Callable[..., Template]) -> None:
        template = made(cache_quay_prefix="quay")
        found = properties(template, "AWS::ECR::RepositoryCreationTemplate")
        assert found["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        [exclusion] = found["ImageTagMutabilityExclusionFilters"]
        assert exclusion["ImageTagMutabilityExclusionFilterValue"] == "latest"
        assert "EncryptionConfiguration" not in found

    def test_a_creation_template_still_has_no_scanning(self) -> None:
        """The page says so. When AWS adds it, the templates of the caches should use it."""
        known = ecr.CfnRepositoryCreationTemplate.__init__.__annotations__
        assert {"applied_for", "image_tag_mutability", "lifecycle_policy", "encryption_configuration"} <= known.keys()
        assert not [name for name in known if "scan" in name]

    def test_production_encrypts_cached_images_with_its_key(self, made: Callable[..., Template]) -> None:
        template = made(posture="production", cache_quay_prefix="quay", cache_kubernetes_prefix="kubernetes")
        ((key, _),) = template.find_resources("AWS::KMS::Key").items()
        arn = {"Fn::GetAtt": [key, "Arn"]}
        [role] = [
            name
            for name, each in template.find_resources("AWS::IAM::Role").items()
            if "ecr.amazonaws.com" in json.dumps(each["Properties"]["AssumeRolePolicyDocument"])
        ]
        [(policy, granted)] = [
            (name, each["Properties"]["PolicyDocument"]["Statement"])
            for name, each in template.find_resources("AWS::IAM::Policy").items()
            if each["Properties"]["Roles"] == [{"Ref": role}]
        ]
        for each in template.find_resources("AWS::ECR::RepositoryCreationTemplate").values():
            assert each["Properties"]["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": arn}
            assert each["Properties"]["CustomRoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
            # ECR creates a repository by the role at the first pull.
            assert policy in each["DependsOn"]
        [repositories, using_the_key] = granted
        assert [said(each, template).rpartition(":")[2] for each in repositories["Resource"]] == [
            *("repository/kubernetes/*", "repository/quay/*"),
        ]
        assert using_the_key["Resource"] == arn
        assert using_the_key["Action"] == ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]

    def test_cached_images_have_an_address(self, made: Callable[..., Template]) -> None:
        template = made(cache_ecr_public_prefix="ecr-public")
        assert output(template, "EcrPublicCacheUri") == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ecr-public"


class TestSigning:
    def test_images_of_this_repository_are_signed(self, made: Callable[..., Template]) -> None:
        template = made(signing=True)
        ((profile, body),) = template.find_resources("AWS::Signer::SigningProfile").items()
        assert body["Properties"]["PlatformId"] == "Notation-OCI-SHA384-ECDSA"
        [rule] = properties(template, "AWS::ECR::SigningConfiguration")["Rules"]
        assert rule["SigningProfileArn"] == {"Fn::GetAtt": [profile, "Arn"]}
        [only] = rule["RepositoryFilters"]
        assert (said(only["Filter"], template), only["FilterType"]) == (NAME, "WILDCARD_MATCH")

    @pytest.mark.parametrize(("posture", "policy"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_the_profile_goes_by_posture(self, made: Callable[..., Template], posture: str, policy: str) -> None:
        template = made(posture=posture, signing=True)
        template.has_resource("AWS::Signer::SigningProfile", {"DeletionPolicy": policy})

    def test_none_is_signed_by_default(self, default: Template) -> None:
        default.resource_count_is("AWS::ECR::SigningConfiguration", 0)


class TestPublicRepository:
    def test_the_gallery_shows_the_catalog_data(self, made: Callable[..., Template]) -> None:
        public = {
            "name": "app",
            "description": "An app",
            "about": "# App",
            "usage": "docker run",
            "architectures": ["ARM 64", "x86-64"],
            "operating_systems": ["Linux"],
        }
        made(public_repository=public).has_resource_properties(
            "AWS::ECR::PublicRepository",
            {
                "RepositoryName": "app",
                "RepositoryCatalogData": {
                    "RepositoryDescription": "An app",
                    "AboutText": "# App",
                    "UsageText": "docker run",
                    "Architectures": ["ARM 64", "x86-64"],
                    "OperatingSystems": ["Linux"],
                },
            },
        )

    @pytest.mark.parametrize(
        ("posture", "policy"), [("sandbox", ("Delete", "Delete")), ("production", ("RetainExceptOnCreate", "Retain"))]
    )
    def test_it_needs_no_settings_and_goes_by_posture(
        self, made: Callable[..., Template], posture: str, policy: tuple[str, str]
    ) -> None:
        made(posture=posture, public_repository={}).has_resource(
            "AWS::ECR::PublicRepository",
            {"Properties": Match.absent(), "DeletionPolicy": policy[0], "UpdateReplacePolicy": policy[1]},
        )

    @pytest.mark.parametrize(("settings", "region"), [({}, "unknown-region"), ({"public_repository": {}}, "us-east-1")])
    def test_only_it_pins_the_stack_to_us_east_1(self, tmp_path: Path, settings: dict[str, Any], region: str) -> None:
        assert variant(EcrStack, tmp_path, **settings).environment == f"aws://unknown-account/{region}"

    def test_it_says_how_to_push(self, made: Callable[..., Template]) -> None:
        template = made(public_repository={})
        assert output(template, "PublicLoginCommand") == (
            "aws ecr-public get-login-password --region us-east-1"
            " | docker login --username AWS --password-stdin public.ecr.aws"
        )
        (public,) = template.find_resources("AWS::ECR::PublicRepository")
        assert output(template, "PublicUriCommand") == (
            f"aws ecr-public describe-repositories --region us-east-1 --repository-names {public}"
            " --query 'repositories[0].repositoryUri' --output text"
        )


def test_the_parts_of_the_stack_are_attributes() -> None:
    every = EcrSettings.model_validate(EVERY_OPTION)
    stack = EcrStack(cdk.App(), "Every", settings=every, posture=SANDBOX)
    assert stack.repository.repository_uri
    assert stack.findings.topic
    assert stack.public_repository
    assert EcrStack(cdk.App(), "Default", settings=EcrSettings(), posture=SANDBOX).public_repository is None


def test_outputs_can_be_pasted(default: Template) -> None:
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    assert output(default, "RepositoryUri") == f"{registry}/{NAME}"
    assert output(default, "LoginCommand") == (
        f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {registry}"
    )
    assert output(default, "BuildCommand") == f"docker build --tag {registry}/{NAME}:v1.0.0 ."
    assert output(default, "PushCommand") == f"docker push {registry}/{NAME}:v1.0.0"


def test_every_region_may_get_copies_unless_the_stack_is_there(made: Callable[..., Template]) -> None:
    made(replicate_to_regions=["us-east-1"]).resource_count_is("AWS::ECR::ReplicationConfiguration", 1)


def wrong_settings() -> Iterator[tuple[dict[str, Any], str, str]]:
    """Settings, the path of the only mistake, and a part of its message."""
    release = {"prefix": "v", "keep": 3}
    yield {"releases": [release, release]}, "releases", 'Must not list prefix "v" after "v"'
    yield {"releases": [release, {"prefix": "v1", "keep": 3}]}, "releases", 'Must not list prefix "v1" after "v"'
    yield {"releases": [{"prefix": "v*", "keep": 3}]}, "releases.0.prefix", "the beginning of an image tag"
    yield {"releases": [{"prefix": "v", "keep": 0}]}, "releases.0.keep", "from 1 to 100,000"
    yield {"untagged_days": 0}, "untagged_days", "from 1 to 3,650"
    yield {"other_days": 90, "archive_days": 30}, "archive_days", "Must be unset if other_days is set"
    yield {"cache_github_prefix": "github"}, "cache_github_secret_arn", "because cache_github_prefix is set"
    yield {"cache_github_secret_arn": SECRET}, "cache_github_secret_arn", "Must be unset without cache_github_prefix"
    yield (
        {"cache_kubernetes_prefix": "same", "cache_quay_prefix": "same"},
        "cache_quay_prefix",
        "Must differ from cache_kubernetes_prefix, got same for both",
    )
    yield {"mutable_tags": ["latest", "latest"]}, "mutable_tags", "repeated: latest"
    yield {"mutable_tags": ["a", "b", "c", "d", "e", "f"]}, "mutable_tags", "at most 5"
    yield {"mutable_tags": ["feature/x"]}, "mutable_tags.0", "an image tag"
    yield (
        {"scan_severities": ["CRITICAL", "UNTRIAGED"]},
        "scan_severities",
        "severities of basic scanning, got UNTRIAGED",
    )
    yield (
        {"scan_severities": ["UNDEFINED"], "scanning": "enhanced"},
        "scan_severities",
        "severities of enhanced scanning, got UNDEFINED",
    )
    yield {"scan_severities": []}, "scan_severities", "a list"
    yield {"repository_name": "App"}, "repository_name", "lower-case"
    yield {"repository_name": "team//app"}, "repository_name", "lower-case"
    yield {"pull_account_ids": ["1"]}, "pull_account_ids.0", "12 digits"
    yield {"pull_account_ids": ["111122223333"] * 2}, "pull_account_ids", "are repeated"
    yield {"pull_organization_id": "*"}, "pull_organization_id", "Organizations id"
    yield {"cache_ecr_public_prefix": "x" * 31}, "cache_ecr_public_prefix", "2 to 30"
    yield {"cache_docker_hub_prefix": "docker-hub"}, "cache_docker_hub_secret_arn", "ARN of a secret"
    yield {"cache_docker_hub_secret_arn": SECRET}, "cache_docker_hub_secret_arn", "cache_docker_hub_prefix"
    yield (
        {
            "cache_docker_hub_prefix": "docker-hub",
            "cache_docker_hub_secret_arn": SECRET.replace("ecr-pullthroughcache/", ""),
        },
        "cache_docker_hub_secret_arn",
        "secret:ecr-pullthroughcache/",
    )
    yield (
        {
            "cache_ecr_public_prefix": "same",
            "cache_docker_hub_prefix": "same",
            "cache_docker_hub_secret_arn": SECRET,
        },
        "cache_docker_hub_prefix",
        "Must differ from cache_ecr_public_prefix",
    )
    yield {"replicate_to_regions": ["eu-west-1", "eu-west-1"]}, "replicate_to_regions", "are repeated"
    yield {"replicate_to_regions": ["eu-west-9"]}, "replicate_to_regions.0", "an AWS Region such as"
    yield (
        {"replicate_to_regions": ["us-east-1"], "public_repository": {}},
        "replicate_to_regions",
        "Must not list us-east-1",
    )
    yield {"public_repository": {"description": "x" * 1025}}, "public_repository.description", "1,024"
    yield {"public_repository": {"architectures": ["arm64"]}}, "public_repository.architectures.0", "ARM 64"


@pytest.mark.parametrize(("settings", "path", "remedy"), wrong_settings())
def test_wrong_settings_are_refused(settings: dict[str, Any], path: str, remedy: str) -> None:
    said = refusal(EcrStack, **settings)
    assert list(said) == [path]
    assert remedy in said[path]


def test_all_mistakes_are_reported_at_once() -> None:
    said = refusal(
        EcrStack, untagged_days="soon", scanning="thorough", scan_severities=["AWFUL"], releases=[{"keep": 1}]
    )
    assert set(said) == {"untagged_days", "scanning", "scan_severities.0", "releases.0.prefix"}


class TestTwoStages:
    """One account has one registry."""

    def warnings(self, tmp_path: Path, **settings: Any) -> str:
        """The warnings of the second of two stages."""
        app = unchecked_app(tmp_path)
        made = [
            EcrStack(scope, "EcrStack", settings=EcrSettings.model_validate(settings), posture=SANDBOX)
            for scope in (app, cdk.Stage(app, "production"))
        ]
        said = [Annotations.from_stack(each).find_warning("*", Match.any_value()) for each in made]
        assert said[0] == []
        return " ".join(str(each.entry.data) for each in said[1])

    @pytest.mark.parametrize(
        "settings",
        [
            {"scanning": "enhanced"},
            {"signing": True},
            {"cache_quay_prefix": "quay"},
            {"repository_name": "team/app"},
            {"replicate_to_regions": ["eu-west-1"]},
            {"cache_ecr_public_prefix": "ecr-public"},
            {"public_repository": {"name": "team/app"}},
        ],
    )
    def test_the_second_is_warned_of_what_the_account_has_once(self, settings: dict[str, Any], tmp_path: Path) -> None:
        assert f"EcrStack sets {next(iter(settings))}, too." in self.warnings(tmp_path, **settings)

    def test_the_defaults_share_nothing(self, tmp_path: Path) -> None:
        assert self.warnings(tmp_path) == ""

    def test_generated_names_of_public_repositories_differ(self, tmp_path: Path) -> None:
        assert self.warnings(tmp_path, public_repository={"description": "Images"}) == ""


def test_replication_to_the_own_region_refuses_the_stack(tmp_path: Path) -> None:
    app = unchecked_app(tmp_path)
    found = {}
    for region in ("eu-west-1", "us-west-2"):
        settings = EcrSettings.model_validate({"replicate_to_regions": ["eu-west-1"]})
        env = cdk.Environment(account="111122223333", region=region)
        stack = EcrStack(app, f"In-{region}", settings=settings, posture=SANDBOX, env=env)
        found[region] = Annotations.from_stack(stack).find_error("*", Match.any_value())
    assert found["us-west-2"] == []
    [error] = found["eu-west-1"]
    assert "replicate_to_regions must not list eu-west-1, the Region of the stack" in str(error.entry.data)


class TestDrawing(DrawingPromises):
    """What docs/ecr.d2 shows."""
