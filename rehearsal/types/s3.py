"""S3 buckets: encryption and lifecycle rules, which MiniStack drops, and deletion."""

from typing import Any

from ministack.services import s3

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, parse_response, request_body, to_api


def register() -> None:
    amend_type("AWS::S3::Bucket", check=configurations, complete=complete_bucket, check_delete=check_delete_bucket)


def complete_bucket(name: str, properties: Properties) -> None:
    encryption, lifecycle = configurations(properties)
    s3._delete_bucket_encryption(name)
    if encryption:
        parse_response(s3._put_bucket_encryption(name, encryption))
    s3._delete_bucket_lifecycle(name)
    if lifecycle:
        parse_response(s3._put_bucket_lifecycle(name, lifecycle))


def check_delete_bucket(name: str, _properties: Properties) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"""
    if s3._buckets.get(name, {}).get("objects") or s3._bucket_has_versions(name):
        raise ValueError("The bucket you tried to delete is not empty")


def configurations(properties: Properties) -> tuple[bytes | None, bytes | None]:
    """The inputs of PutBucketEncryption and PutBucketLifecycleConfiguration, or None without a property."""
    encryption = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration")
    lifecycle = properties.get("LifecycleConfiguration", {}).get("Rules")
    return (
        body("PutBucketEncryption", encryption_rules(encryption)) if encryption and storable(encryption) else None,
        body("PutBucketLifecycleConfiguration", lifecycle_rules(lifecycle)) if lifecycle else None,
    )


def storable(rules: list[Properties]) -> bool:
    """Whether MiniStack accepts uploads to a bucket with this encryption.

    It refuses them for ``aws:kms`` with the AWS managed key of S3. The bootstrap bucket has this encryption, so its
    encryption is not stored.
    """
    defaults = [rule["ServerSideEncryptionByDefault"] for rule in rules]
    return all("KMSMasterKeyID" in default or default["SSEAlgorithm"] != "aws:kms" for default in defaults)


def body(action: str, configuration: Properties) -> bytes:
    return request_body("s3", action, to_api("s3", action, {"Bucket": "any", **configuration}))


def encryption_rules(rules: list[Properties]) -> dict[str, Any]:
    """The rules with the API's names, such as ``ApplyServerSideEncryptionByDefault``."""
    return {
        "ServerSideEncryptionConfiguration": {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                    "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
                for rule in rules
            ]
        }
    }


def lifecycle_rules(rules: list[Properties]) -> dict[str, Any]:
    """The rules with the API's nesting. Properties with the same name in the API stay as they are."""
    return {"LifecycleConfiguration": {"Rules": [lifecycle_rule(rule) for rule in rules]}}


def lifecycle_rule(rule: Properties) -> dict[str, Any]:
    other = ("ExpirationInDays", "ExpiredObjectDeleteMarker", "Prefix", "Transitions")
    same = {name: value for name, value in rule.items() if name not in other}
    names = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    expiration = {api: rule[name] for name, api in names.items() if name in rule}
    transitions = [
        {"StorageClass": each["StorageClass"], "Days": each["TransitionInDays"]} for each in rule.get("Transitions", [])
    ]
    return {
        **same,
        **({"Expiration": expiration} if expiration else {}),
        **({"Transitions": transitions} if transitions else {}),
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
