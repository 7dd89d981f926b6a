"""Names of CloudFront and of DNS that a template chooses, and that somebody may have already."""

from collections.abc import Iterator
from typing import Final

from patternbook.preflight.account import Account
from patternbook.preflight.domains.certificates import DISTRIBUTION, records_of
from patternbook.preflight.domains.names import answer
from patternbook.preflight.questions import Answer, fine, question, stops, unknown
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node


@question("names-aliases", "cloudfront:ListDistributions")
def alternate_names(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is each alternate domain name free, which one distribution of all accounts can have?

    Remove the name from the other distribution, or move it: aws cloudfront associate-alias.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/alternate-domain-names-move.html
    """
    for resource in stack.of_type(DISTRIBUTION):
        for node in resource["DistributionConfig"]["Aliases"].items:
            name = node.text
            if name is None:
                continue
            taken = [
                each["Id"]
                for each in account.all("cloudfront.list_distributions", "DistributionList.Items")
                if name in each.get("Aliases", {}).get("Items", [])
            ]
            if taken and not stack.owns(resource, taken[0]):
                yield stops(f"{resource.id}: the distribution {taken[0]} has {name} already.")
            elif taken:
                yield fine(f"{resource.id}: it has {name} already.")
            else:
                yield unknown(
                    f"{resource.id}: no distribution of the account has {name}. Other accounts are not asked.",
                    f"If it leads to CloudFront today, find its distribution: dig {name}",
                )


_LISTS: Final[tuple[tuple[str, tuple[str, ...], str, str, str, dict[str, str]], ...]] = (
    (
        "AWS::CloudFront::CachePolicy",
        ("CachePolicyConfig", "Name"),
        "cloudfront.list_cache_policies",
        "CachePolicyList.Items",
        "CachePolicy.CachePolicyConfig.Name",
        {"Type": "custom"},
    ),
    (
        "AWS::CloudFront::ResponseHeadersPolicy",
        ("ResponseHeadersPolicyConfig", "Name"),
        "cloudfront.list_response_headers_policies",
        "ResponseHeadersPolicyList.Items",
        "ResponseHeadersPolicy.ResponseHeadersPolicyConfig.Name",
        {"Type": "custom"},
    ),
    (
        "AWS::CloudFront::OriginAccessControl",
        ("OriginAccessControlConfig", "Name"),
        "cloudfront.list_origin_access_controls",
        "OriginAccessControlList.Items",
        "Name",
        {},
    ),
    (
        "AWS::CloudFront::Function",
        ("Name",),
        "cloudfront.list_functions",
        "FunctionList.Items",
        "Name",
        {"Stage": "DEVELOPMENT"},
    ),
)


@question(
    "names-cloudfront",
    *("cloudfront:ListCachePolicies", "cloudfront:ListResponseHeadersPolicies"),
    *("cloudfront:ListOriginAccessControls", "cloudfront:ListFunctions"),
)
def cloudfront_names(stack: Stack, account: Account) -> Iterator[Answer]:
    """Are the names of policies, origin access controls and CloudFront Functions free, which an account has once?

    Delete the old one, or deploy the second copy in a stage of its own.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateCachePolicy.html
    """
    for resource_type, path, operation, member, name_path, parameters in _LISTS:
        for resource in stack.added(resource_type):
            node: Node = resource
            for key in path:
                node = node[key]
            if node.text is None:
                continue
            found = account.all(operation, f"{member}[].{name_path}", **parameters)
            yield answer(resource, "one of the name", node.text, node.text in found)


@question("names-records", "route53:ListResourceRecordSets")
def dns_records(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the name of each DNS record free, which CloudFormation does not replace?

    Delete the record just before the deployment, or leave it out of the template and change it afterwards.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    for record in stack.added("AWS::Route53::RecordSet"):
        zone, name, kind = (record[key].text for key in ("HostedZoneId", "Name", "Type"))
        if not zone or not name or not kind or not record["SetIdentifier"].missing:
            continue
        found = records_of(account, zone, name, kind)
        yield answer(record, f"a record {kind}", name.rstrip("."), bool(found))
