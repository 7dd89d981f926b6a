"""Settings of a private registry, public repositories, and properties of private repositories that MiniStack drops.

A registry has one scanning configuration and one replication configuration. A second resource of the same type
overwrites the first, as on AWS.
"""

import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from rehearsal.types.actions import ApiError, add_json_actions, amend_json_answer
from rehearsal.types.registry import Provisioned, amend_type, global_store, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, api_tags, policy_text, to_api

REGISTRY = regional_store()
"""The settings of the registry, by the name of the action that puts them."""
CACHE_RULES = regional_store()
"""Pull-through cache rules, by prefix."""
CREATION_TEMPLATES = regional_store()
"""Repository creation templates, by prefix."""
PROFILES = regional_store()
"""Names of signing profiles, by ARN."""
PUBLIC_REPOSITORIES = global_store()
"""Public repositories with their catalog data, policy and tags, by name."""


def register() -> None:
    for setting in (SCANNING, REPLICATION, SIGNING):
        register_type(setting.type, create=setting.create, update=setting.update, delete=setting.delete)
    register_type(
        "AWS::ECR::PullThroughCacheRule",
        create=create_cache_rule,
        update=update_cache_rule,
        delete=lambda prefix, _properties: CACHE_RULES.pop(prefix, None),
    )
    register_type(
        "AWS::ECR::RepositoryCreationTemplate",
        create=create_template,
        update=update_template,
        delete=lambda prefix, _properties: CREATION_TEMPLATES.pop(prefix, None),
    )
    register_type("AWS::Signer::SigningProfile", create=create_profile, update=update_profile, delete=cancel_profile)
    register_type(
        "AWS::ECR::PublicRepository",
        create=create_public_repository,
        update=update_public_repository,
        delete=lambda name, _properties: PUBLIC_REPOSITORIES.pop(name, None),
        tags="Tags",
    )
    amend_type("AWS::ECR::Repository", complete=complete_repository)
    amend_json_answer("ecr", "DescribeRepositories", add_exclusions)
    amend_json_answer("ecr", "DescribeRegistry", add_replication)
    add_json_actions(
        "ecr",
        {
            "GetRegistryScanningConfiguration": get_scanning,
            "GetSigningConfiguration": get_signing,
            "DescribePullThroughCacheRules": describe_cache_rules,
            "DescribeRepositoryCreationTemplates": describe_templates,
        },
    )
    add_json_actions(
        "ecr-public",
        {
            "DescribeRepositories": describe_public_repositories,
            "GetRepositoryCatalogData": get_catalog_data,
            "GetRepositoryPolicy": get_public_policy,
            "ListTagsForResource": list_public_tags,
        },
    )


# Settings of the registry


class RegistrySetting:
    """A type of which a registry has exactly one resource. Deleting it restores the default."""

    def __init__(
        self, resource_type: str, action: str, wrap: Callable[[Properties], Properties] = lambda given: given
    ) -> None:
        """:param action: the action that puts the setting.
        :param wrap: makes its input of the properties. By default, it has the same names.
        """
        self.type = resource_type
        self.action = action
        self.wrap = wrap

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        REGISTRY[self.action] = to_api("ecr", self.action, self.wrap(properties))
        return get_account_id(), {"RegistryId": get_account_id()}

    def update(self, _physical_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
        return self.create("", new, stack)

    def delete(self, _physical_id: str, _properties: Properties) -> None:
        REGISTRY.pop(self.action, None)


SCANNING = RegistrySetting("AWS::ECR::RegistryScanningConfiguration", "PutRegistryScanningConfiguration")
REPLICATION = RegistrySetting("AWS::ECR::ReplicationConfiguration", "PutReplicationConfiguration")
SIGNING = RegistrySetting(
    "AWS::ECR::SigningConfiguration", "PutSigningConfiguration", lambda given: {"SigningConfiguration": given}
)


def get_scanning(_request: dict[str, Any]) -> dict[str, Any]:
    configuration = {"scanType": "BASIC", "rules": [], **REGISTRY.get(SCANNING.action, {})}
    return {"registryId": get_account_id(), "scanningConfiguration": configuration}


def get_signing(_request: dict[str, Any]) -> dict[str, Any]:
    if SIGNING.action not in REGISTRY:
        raise ApiError("SigningConfigurationNotFoundException", "The registry has no signing configuration")
    return {"registryId": get_account_id(), **REGISTRY[SIGNING.action]}


def add_replication(answer: dict[str, Any]) -> None:
    answer.update(REGISTRY.get(REPLICATION.action, {}))


# Signing profiles


def create_profile(logical_id: str, _properties: Properties, stack: str) -> Provisioned:
    """A profile has a name of letters, digits and underscores, and a version."""
    name = physical_name(stack, logical_id, max_len=64).replace("-", "_")
    arn = f"arn:aws:signer:{get_region()}:{get_account_id()}:/signing-profiles/{name}"
    PROFILES[arn] = name
    version = name[-10:].rjust(10, "0")
    attributes = {"ProfileName": name, "ProfileVersion": version, "ProfileVersionArn": f"{arn}/{version}", "Arn": arn}
    return arn, attributes


def update_profile(arn: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """CloudFormation replaces the resource for every change except its tags, so this changes nothing."""
    return arn, {}


def cancel_profile(arn: str, _properties: Properties) -> None:
    PROFILES.pop(arn, None)


# Pull-through cache rules

UPSTREAM_REGISTRIES = {
    "public.ecr.aws": "ecr-public",
    "registry-1.docker.io": "docker-hub",
    "quay.io": "quay",
    "ghcr.io": "github-container-registry",
    "registry.k8s.io": "k8s",
    "registry.gitlab.com": "gitlab-container-registry",
}


def create_cache_rule(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    prefix = properties["EcrRepositoryPrefix"]
    if prefix in CACHE_RULES:
        raise ValueError(f"A pull through cache rule with the repository prefix '{prefix}' already exists")
    rule = to_api("ecr", "CreatePullThroughCacheRule", properties)
    upstream = UPSTREAM_REGISTRIES.get(properties.get("UpstreamRegistryUrl", ""))
    now = time.time()
    CACHE_RULES[prefix] = {
        "registryId": get_account_id(),
        "createdAt": now,
        "updatedAt": now,
        **({"upstreamRegistry": upstream} if upstream else {}),
        **rule,
    }
    return prefix, {}


def update_cache_rule(prefix: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """CloudFormation replaces the resource for every change, so this changes nothing."""
    return prefix, {}


def describe_cache_rules(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "pullThroughCacheRules": records_of(CACHE_RULES, request.get("ecrRepositoryPrefixes"), "PullThroughCacheRule")
    }


# Repository creation templates


def create_template(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    prefix = properties["Prefix"]
    if prefix in CREATION_TEMPLATES:
        raise ValueError(f"A repository creation template with the prefix '{prefix}' already exists")
    return put_template(properties, time.time())


def update_template(prefix: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_template(new, CREATION_TEMPLATES[prefix]["createdAt"])


def put_template(properties: Properties, created: float) -> Provisioned:
    prefix = properties["Prefix"]
    template = to_api("ecr", "CreateRepositoryCreationTemplate", with_exclusions(properties))
    CREATION_TEMPLATES[prefix] = {
        "imageTagMutability": "MUTABLE",
        **template,
        "createdAt": created,
        "updatedAt": time.time(),
    }
    record = CREATION_TEMPLATES[prefix]
    return prefix, {"CreatedAt": str(record["createdAt"]), "UpdatedAt": str(record["updatedAt"])}


def describe_templates(request: dict[str, Any]) -> dict[str, Any]:
    templates = records_of(CREATION_TEMPLATES, request.get("prefixes"), "Template")
    return {"registryId": get_account_id(), "repositoryCreationTemplates": templates}


# Private repositories: MiniStack drops the filters for tags that are exceptions from immutability


def complete_repository(name: str, properties: Properties) -> None:
    exclusions = with_exclusions(properties).get("ImageTagMutabilityExclusionFilters", [])
    ecr._repositories[name]["imageTagMutabilityExclusionFilters"] = exclusions


def add_exclusions(answer: dict[str, Any]) -> None:
    for repository in answer["repositories"]:
        exclusions = ecr._repositories[repository["repositoryName"]].get("imageTagMutabilityExclusionFilters")
        if exclusions:
            repository["imageTagMutabilityExclusionFilters"] = exclusions


def with_exclusions(properties: Properties) -> Properties:
    """The properties with the API's names in the filters: ``filterType`` and ``filter``."""
    name = "ImageTagMutabilityExclusionFilters"
    if name not in properties:
        return properties
    filters = [
        {
            "filterType": one["ImageTagMutabilityExclusionFilterType"],
            "filter": one["ImageTagMutabilityExclusionFilterValue"],
        }
        for one in properties[name]
    ]
    return {**properties, name: filters}


# Public repositories


def create_public_repository(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    if get_region() != "us-east-1":
        raise ValueError(f"AWS::ECR::PublicRepository exists in us-east-1 only, not in {get_region()}")
    name = properties.get("RepositoryName") or physical_name(stack, logical_id, lowercase=True, max_len=205)
    if name in PUBLIC_REPOSITORIES:
        raise ValueError(f"The repository with name '{name}' already exists in the registry")
    return put_public_repository(name, properties, time.time())


def update_public_repository(name: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_public_repository(name, new, PUBLIC_REPOSITORIES[name]["repository"]["createdAt"])


def put_public_repository(name: str, properties: Properties, created: float) -> Provisioned:
    catalog = dict(properties.get("RepositoryCatalogData", {}))
    if "RepositoryDescription" in catalog:
        catalog["Description"] = catalog.pop("RepositoryDescription")
    arn = f"arn:aws:ecr-public::{get_account_id()}:repository/{name}"
    PUBLIC_REPOSITORIES[name] = {
        "repository": {
            "repositoryArn": arn,
            "registryId": get_account_id(),
            "repositoryName": name,
            "repositoryUri": f"public.ecr.aws/{get_account_id()}/{name}",
            "createdAt": created,
        },
        "catalog": to_api("ecr-public", "PutRepositoryCatalogData", {"catalogData": catalog})["catalogData"],
        "policy": policy_text(properties.get("RepositoryPolicyText")),
        "tags": api_tags(properties.get("Tags"), "Key", "Value"),
    }
    return name, {"Arn": arn}


def describe_public_repositories(request: dict[str, Any]) -> dict[str, Any]:
    found = records_of(PUBLIC_REPOSITORIES, request.get("repositoryNames"), "Repository")
    return {"repositories": [record["repository"] for record in found]}


def get_catalog_data(request: dict[str, Any]) -> dict[str, Any]:
    return {"catalogData": public_repository(request)["catalog"]}


def get_public_policy(request: dict[str, Any]) -> dict[str, Any]:
    record = public_repository(request)
    if not record["policy"]:
        raise ApiError("RepositoryPolicyNotFoundException", "Repository policy does not exist")
    return {**record["repository"], "policyText": record["policy"]}


def list_public_tags(request: dict[str, Any]) -> dict[str, Any]:
    name = request["resourceArn"].partition("repository/")[2]
    return {"tags": public_repository({"repositoryName": name})["tags"]}


def public_repository(request: dict[str, Any]) -> Record:
    return records_of(PUBLIC_REPOSITORIES, [request["repositoryName"]], "Repository")[0]


def records_of(store: Any, keys: list[str] | None, kind: str) -> list[Record]:
    """The records with these keys. Without keys, all records.

    :raises ApiError: if a key does not exist.
    """
    missing = next((key for key in keys or () if key not in store), None)
    if missing is not None:
        raise ApiError(f"{kind}NotFoundException", f"{missing} does not exist in the registry of {get_account_id()}")
    return [store[key] for key in keys] if keys else store.values()
