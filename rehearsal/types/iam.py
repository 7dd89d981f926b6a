"""Managed policies, of which MiniStack leaves records behind, and OIDC providers."""

import json
from typing import Any

from ministack.services import iam

from rehearsal.types.registry import Provisioned, amend_drift, amend_type, register_type
from rehearsal.types.shapes import Properties, parse_response, query_parameters, xml_text


def register() -> None:
    amend_type("AWS::IAM::Role", clean_up=clean_up_role)
    amend_drift("AWS::IAM::Role", as_text)
    register_type(
        "AWS::IAM::OIDCProvider", create=create_provider, update=update_provider, delete=delete_provider, tags="Tags"
    )


def clean_up_role(_name: str, _properties: Properties) -> None:
    """Removes the attachment counts of 0 that MiniStack keeps for AWS managed policies."""
    counts = iam._aws_managed_attachment_counts
    for arn in [arn for arn, count in counts.items() if not count]:
        counts.pop(arn)


def as_text(found: Any, properties: Properties) -> Any:
    """A template can have the trust policy as a text. IAM returns an object, which is the same if it says the same."""
    given = properties.get("AssumeRolePolicyDocument")
    if found and isinstance(given, str) and json.loads(given) == found["AssumeRolePolicyDocument"]:
        return {**found, "AssumeRolePolicyDocument": given}
    return found


# OIDC providers


def create_provider(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    if not properties["Url"].startswith("https://"):
        raise ValueError("Invalid Open ID Connect Provider URL")
    answer = parse_response(iam._create_oidc_provider(query_parameters({"Url": properties["Url"]})))
    return update_provider(xml_text(answer, "OpenIDConnectProviderArn"), {}, properties, "")


def update_provider(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    iam._oidc_providers[physical_id]["ClientIDList"] = list(new.get("ClientIdList", []))
    return physical_id, {"Arn": physical_id}


def delete_provider(physical_id: str, _properties: Properties) -> None:
    iam._oidc_providers.pop(physical_id, None)
