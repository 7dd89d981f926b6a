"""S3 buckets in the emulated account."""

from typing import Any

from tests.rehearsal.templates import (
    Stack,
    check_life_cycle,
    of,
    only,
)


def test_buckets(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/some"}}]

    def read() -> Any:
        s3, bucket = stack.client("s3"), stack.id_of("Bucket")
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        try:
            rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except s3.exceptions.ClientError:
            rules = []
        lifecycle = [(rule["Expiration"]["Days"], rule["Filter"], rule["Status"]) for rule in rules]
        return only(encryption)["ApplyServerSideEncryptionByDefault"], lifecycle

    first, second = check_life_cycle(
        stack,
        {
            "Bucket": of(
                "S3::Bucket",
                BucketEncryption={"ServerSideEncryptionConfiguration": encrypted},
                LifecycleConfiguration={
                    "Rules": [{"ExpirationInDays": "365", "Prefix": "AWSLogs", "Status": "Enabled"}]
                },
            )
        },
        {"Bucket": of("S3::Bucket")},
        read,
    )
    assert first == (encrypted[0]["ServerSideEncryptionByDefault"], [(365, {"Prefix": "AWSLogs"}, "Enabled")])
    assert second == ({"SSEAlgorithm": "AES256"}, [])


def test_a_bucket_with_the_aws_managed_key_accepts_uploads(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    stack.deploy({"Bucket": of("S3::Bucket", BucketEncryption={"ServerSideEncryptionConfiguration": encrypted})})
    s3, bucket = stack.client("s3"), stack.id_of("Bucket")
    rule = only(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"])
    algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]  # the CDK CLI uploads assets with this key
    s3.put_object(Bucket=bucket, Key="some", ServerSideEncryption=algorithm)
    s3.delete_object(Bucket=bucket, Key="some")


def test_lifecycles_move_objects_and_remove_markers(stack: Stack) -> None:
    move = {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}
    rules = [
        {"ExpirationInDays": 9, "Prefix": "a/", "Status": "Enabled", "Transitions": [move]},
        {"ExpiredObjectDeleteMarker": True, "Status": "Enabled"},
    ]
    stack.deploy({"Bucket": of("S3::Bucket", LifecycleConfiguration={"Rules": rules})})
    found = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.id_of("Bucket"))["Rules"]
    assert [each["Expiration"] for each in found] == [{"Days": 9}, {"ExpiredObjectDeleteMarker": True}]
    assert found[0]["Transitions"] == [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}]
