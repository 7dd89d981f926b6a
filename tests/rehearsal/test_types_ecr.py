"""ECR in the emulated account: repositories, and the settings of the registry."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import ACCOUNT_ID, REGION
from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    tags,
    without_aws_tags,
)


def test_repositories(stack: Stack) -> None:
    exclusion = {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "latest*",
    }

    def read() -> Any:
        ecr = stack.client("ecr")
        found = only(ecr.describe_repositories(repositoryNames=[stack.id_of("Repository")])["repositories"])
        return found["imageTagMutability"], found.get("imageTagMutabilityExclusionFilters")

    first, second = check_life_cycle(
        stack,
        {
            "Repository": of(
                "ECR::Repository",
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[exclusion],
            )
        },
        {"Repository": of("ECR::Repository", ImageTagMutability="IMMUTABLE")},
        read,
    )
    assert first == ("IMMUTABLE_WITH_EXCLUSION", [{"filterType": "WILDCARD", "filter": "latest*"}])
    assert second == ("IMMUTABLE", None)


def test_settings_of_the_registry(stack: Stack) -> None:
    def resources(scan: str, region: str) -> Resources:
        filters = [{"Filter": "team/app", "FilterType": "WILDCARD"}]
        prefixes = [{"Filter": "team/app", "FilterType": "PREFIX_MATCH"}]
        destinations = [{"Region": region, "RegistryId": ref("AWS::AccountId")}]
        return {
            "Scanning": of(
                "ECR::RegistryScanningConfiguration",
                Rules=[{"RepositoryFilters": filters, "ScanFrequency": "CONTINUOUS_SCAN"}],
                ScanType=scan,
            ),
            "Replication": of(
                "ECR::ReplicationConfiguration",
                ReplicationConfiguration={"Rules": [{"Destinations": destinations, "RepositoryFilters": prefixes}]},
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        return (
            ecr.get_registry_scanning_configuration()["scanningConfiguration"],
            ecr.describe_registry()["replicationConfiguration"],
        )

    untouched = read()
    first, second = check_life_cycle(stack, resources("ENHANCED", "eu-west-1"), resources("BASIC", "eu-west-3"), read)
    scanning = {
        "scanType": "ENHANCED",
        "rules": [
            {
                "repositoryFilters": [{"filter": "team/app", "filterType": "WILDCARD"}],
                "scanFrequency": "CONTINUOUS_SCAN",
            }
        ],
    }
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT_ID}],
        "repositoryFilters": [{"filter": "team/app", "filterType": "PREFIX_MATCH"}],
    }
    assert first == (scanning, {"rules": [rule]})
    assert second[0]["scanType"] == "BASIC"
    assert second[1]["rules"][0]["destinations"] == [{"region": "eu-west-3", "registryId": ACCOUNT_ID}]
    assert read() == untouched == ({"scanType": "BASIC", "rules": []}, {"rules": []})


def test_signing(stack: Stack) -> None:
    def resources(repository: str) -> Resources:
        filters = [{"Filter": repository, "FilterType": "WILDCARD_MATCH"}]
        return {
            "Profile": of("Signer::SigningProfile", PlatformId="Notation-OCI-SHA384-ECDSA"),
            "Signing": of(
                "ECR::SigningConfiguration",
                Rules=[{"RepositoryFilters": filters, "SigningProfileArn": get_att("Profile", "Arn")}],
            ),
        }

    def read() -> Any:
        return only(stack.client("ecr").get_signing_configuration()["signingConfiguration"]["rules"])

    rules = check_life_cycle(stack, resources("one"), resources("two"), read)
    for found, repository in zip(rules, ("one", "two"), strict=True):
        assert re.fullmatch(rf"arn:aws:signer:{REGION}:{ACCOUNT_ID}:/signing-profiles/\w+", found["signingProfileArn"])
        assert found["repositoryFilters"] == [{"filter": repository, "filterType": "WILDCARD_MATCH"}]
    with pytest.raises(ClientError, match="SigningConfigurationNotFoundException"):
        read()


def test_pull_through_caches(stack: Stack) -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"

    def resources(prefix: str, policy: str, **more: Any) -> Resources:
        return {
            "Template": of(
                "ECR::RepositoryCreationTemplate",
                AppliedFor=["PULL_THROUGH_CACHE"],
                LifecyclePolicy=policy,
                Prefix=prefix,
                **more,
            ),
            "Cache": of(
                "ECR::PullThroughCacheRule",
                CredentialArn=secret,
                EcrRepositoryPrefix=prefix,
                UpstreamRegistryUrl="registry-1.docker.io",
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        rule = only(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"])
        template = only(ecr.describe_repository_creation_templates()["repositoryCreationTemplates"])
        assert stack.id_of("Cache") == rule["ecrRepositoryPrefix"]
        for made in (rule, template):
            del made["createdAt"], made["updatedAt"]
        return rule, template

    first, second = check_life_cycle(
        stack, resources("one", '{"rules": []}', Description="Docker Hub"), resources("two", '{"rules": [1]}'), read
    )
    assert first == (
        {
            "credentialArn": secret,
            "ecrRepositoryPrefix": "one",
            "registryId": ACCOUNT_ID,
            "upstreamRegistry": "docker-hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
        },
        {
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "description": "Docker Hub",
            "imageTagMutability": "MUTABLE",
            "lifecyclePolicy": '{"rules": []}',
            "prefix": "one",
        },
    )
    assert second[0]["ecrRepositoryPrefix"] == second[1]["prefix"] == "two"
    assert "description" not in second[1]


def test_public_repositories(stack: Stack) -> None:
    def resources(**catalog: Any) -> Resources:
        return {
            "Public": of(
                "ECR::PublicRepository", RepositoryName="team/app", RepositoryCatalogData=catalog, Tags=tags(Team="one")
            )
        }

    def read() -> Any:
        public = stack.client("ecr-public")
        repository = only(public.describe_repositories(repositoryNames=["team/app"])["repositories"])
        assert repository["repositoryUri"].startswith("public.ecr.aws/")
        found = public.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        assert without_aws_tags(found) == tags(Team="one")
        with pytest.raises(public.exceptions.RepositoryPolicyNotFoundException):
            public.get_repository_policy(repositoryName="team/app")
        return public.get_repository_catalog_data(repositoryName="team/app")["catalogData"]

    first, second = check_life_cycle(
        stack, resources(RepositoryDescription="An app", OperatingSystems=["Linux"]), resources(AboutText="It is"), read
    )
    assert first == {"description": "An app", "operatingSystems": ["Linux"]}
    assert second == {"aboutText": "It is"}
    public = stack.client("ecr-public")
    with pytest.raises(public.exceptions.RepositoryNotFoundException):
        public.describe_repositories(repositoryNames=["team/app"])
