"""The code of the function of :class:`patternbook.edge.site.SiteUpload`, with the AWS SDK of Lambda's runtime.

CloudFormation calls it for each change of the custom resource, and waits for its response:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import io
import json
import mimetypes
import time
import urllib.request
import zipfile
from typing import Any

import boto3
from botocore.exceptions import ClientError

PAGES = (".html", ".htm")
DENIED = ("AccessDenied", "AccessDeniedException")
DENIED_SECONDS = 60
"""Time for which the function tries again if access is denied. IAM needs seconds until it knows a new policy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""
PAUSE_SECONDS = 5


def handler(event: dict[str, Any], _context: object) -> None:
    status, reason = "SUCCESS", ""
    try:
        perform_once_permitted(event)
    except Exception as error:  # without a response, CloudFormation would wait until the timeout
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    answer = {
        "Status": status,
        "Reason": reason[:1000],
        # A new bucket is a new resource, so CloudFormation asks to delete the files of the old bucket.
        "PhysicalResourceId": event["ResourceProperties"]["Bucket"],
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30):
        print(json.dumps(answer))


def perform_once_permitted(event: dict[str, Any]) -> None:
    """Does all of it again if access is denied. The same files and the same invalidation twice are harmless."""
    deadline = time.monotonic() + DENIED_SECONDS
    while True:
        try:
            return perform(event)
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED or time.monotonic() >= deadline:
                raise
        print("Access is denied. IAM may not know the policy yet, so the function tries again.")
        time.sleep(PAUSE_SECONDS)


def perform(event: dict[str, Any]) -> None:
    properties = event["ResourceProperties"]
    s3, bucket = boto3.client("s3"), properties["Bucket"]
    if event["RequestType"] == "Delete":
        if properties["EmptyOnDelete"] == "true":
            delete(s3, bucket, keys_of(s3, bucket))
        return
    archive = s3.get_object(Bucket=properties["SourceBucket"], Key=properties["SourceKey"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = [name for name in files.namelist() if not name.endswith("/")]
        # Pages come last, so that the files they refer to exist already.
        for name in sorted(names, key=lambda name: name.endswith(PAGES)):
            s3.put_object(Bucket=bucket, Key=name, Body=files.read(name), ContentType=content_type(name))
    delete(s3, bucket, [key for key in keys_of(s3, bucket) if key not in names])
    boto3.client("cloudfront").create_invalidation(
        DistributionId=properties["Distribution"],
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": event["RequestId"]},
    )


def keys_of(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def delete(s3: Any, bucket: str, keys: list[str]) -> None:
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


def content_type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
