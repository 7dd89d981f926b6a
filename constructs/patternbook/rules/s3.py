"""Rules for S3 buckets: their notifications, and their ACLs."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.permissions import listed
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Resource, Template

BUCKET: Final = "AWS::S3::Bucket"
FUNCTION: Final = "AWS::Lambda::Function"
PUBLISHED: Final = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
_TARGETS: Final = (
    ("LambdaConfigurations", "Function", (FUNCTION, *PUBLISHED), "AWS::Lambda::Permission"),
    ("QueueConfigurations", "Queue", ("AWS::SQS::Queue",), "AWS::SQS::QueuePolicy"),
    ("TopicConfigurations", "Topic", ("AWS::SNS::Topic",), "AWS::SNS::TopicPolicy"),
)
"""The kinds of targets: where a bucket names them, their types, and the resource that admits S3."""
_ACLS: Final = ("PublicRead", "PublicReadWrite", "AuthenticatedRead", "LogDeliveryWrite", "AwsExecRead")
"""The canned ACLs that admit others than the owner of the bucket."""
_NAMES: Final = ("FunctionName", "Queues", "Topics")
"""The properties by which that resource names its target."""


@rule("s3-notification-permission", ERROR)
def notification_permission(template: Template) -> Iterator[Problem]:
    """A bucket may be created before the permission or policy that lets it notify its target, which S3 refuses.

    Let the bucket depend on the permission of the function, or on the policy of the queue or topic (DependsOn). These
    must not depend on the bucket in turn: limit them by SourceAccount, or write the ARN of the bucket as a text.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-notificationconfiguration.html
    """
    for bucket in template.of_type(BUCKET):
        for configuration, key, types, admitting in _TARGETS:
            for each in bucket["NotificationConfiguration"][configuration].items:
                target = each[key].resource(*types)
                if target is None or not template.complete:
                    continue
                names = {target.id, *target["FunctionName"].references}
                permissions = template.of_type(admitting)
                if any(_target(permission).unknown for permission in permissions):
                    continue
                found = {one.id for one in permissions if _target(one).references & names and _admits_s3(one)}
                if found and not template.waits_for(bucket, found):
                    yield each[key].problem(f"{bucket.id} does not depend on {' or '.join(sorted(found))}.")
                elif not found and not template.is_given_to_nested_stack(target, bucket):
                    kind = admitting.rpartition("::")[2]
                    yield each[key].problem(f"The template has no {kind} by which {target.id} admits S3.")


def _target(permission: Resource) -> Node:
    return next((permission[key] for key in _NAMES if not permission[key].missing), permission["FunctionName"])


def _admits_s3(permission: Resource) -> bool:
    """Whether a permission admits S3, or may do so. The statements of policies are left to the deployment."""
    principal = permission["Principal"]
    return principal.missing or principal.text is None or listed(principal)[0].startswith("s3.")


@rule("s3-acl-ownership", ERROR)
def acl_ownership(template: Template) -> Iterator[Problem]:
    """A bucket has an ACL for others, but ACLs are off, as they are by default, so S3 refuses the bucket.

    Replace AccessControl by a bucket policy, or set OwnershipControls to BucketOwnerPreferred.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    for bucket in template.of_type(BUCKET):
        control, ownership = bucket["AccessControl"], bucket["OwnershipControls"]
        rules = [each["ObjectOwnership"].text for each in ownership["Rules"].items]
        if control.text in _ACLS and (ownership.missing or rules == ["BucketOwnerEnforced"]):
            yield control.problem(f"AccessControl is {control.text}.")
