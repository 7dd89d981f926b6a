"""Encryption and lifecycle of buckets, which MiniStack drops."""

from typing import Any

from ministack.services import s3

from rehearsal.types.seams import Properties, amend_type, request_body, succeed, to_api


def register() -> None:
    amend_type("AWS::S3::Bucket", check=configurations, keep=keep_bucket)


def keep_bucket(name: str, properties: Properties) -> None:
    encryption, lifecycle = configurations(properties)
    s3._delete_bucket_encryption(name)
    if encryption:
        succeed(s3._put_bucket_encryption(name, encryption))
    s3._delete_bucket_lifecycle(name)
    if lifecycle:
        succeed(s3._put_bucket_lifecycle(name, lifecycle))


def configurations(properties: Properties) -> tuple[bytes | None, bytes | None]:
    """What PutBucketEncryption and PutBucketLifecycleConfiguration take; None where the template has nothing."""
    encryption = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration")
    lifecycle = properties.get("LifecycleConfiguration", {}).get("Rules")
    return (
        body("PutBucketEncryption", encryption_rules(encryption)) if encryption and storable(encryption) else None,
        body("PutBucketLifecycleConfiguration", lifecycle_rules(lifecycle)) if lifecycle else None,
    )


def storable(rules: list[Properties]) -> bool:
    """Whether MiniStack takes objects for such a bucket: not with ``aws:kms`` and the key that S3 has of its own.

    So has the bucket of the bootstrap, whose encryption stays unknown.
    """
    defaults = [rule["ServerSideEncryptionByDefault"] for rule in rules]
    return all("KMSMasterKeyID" in default or default["SSEAlgorithm"] != "aws:kms" for default in defaults)


def body(action: str, configuration: Properties) -> bytes:
    return request_body("s3", action, to_api("s3", action, {"Bucket": "any", **configuration}))


def encryption_rules(rules: list[Properties]) -> dict[str, Any]:
    """As the API spells them: ``ApplyServerSideEncryptionByDefault``."""
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
    """As the API nests them; what the API calls the same goes through as it is."""
    return {"LifecycleConfiguration": {"Rules": [lifecycle_rule(rule) for rule in rules]}}


def lifecycle_rule(rule: Properties) -> dict[str, Any]:
    same = {name: value for name, value in rule.items() if name not in ("ExpirationInDays", "Prefix")}
    expiration = {"Expiration": {"Days": rule["ExpirationInDays"]}} if "ExpirationInDays" in rule else {}
    return {**same, **expiration, "Filter": {"Prefix": rule.get("Prefix", "")}}
