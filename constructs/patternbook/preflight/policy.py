"""The IAM policy that the questions need, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from patternbook.preflight.questions import Question

BEFORE_ALL_QUESTIONS: Final = (
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "ssm:GetParameters",
)
"""What reading the stack itself needs, before any question."""

_STACKS: Final = ("arn:{partition}:cloudformation:*:*:stack/*",)
_REPOSITORIES: Final = ("arn:{partition}:ecr:*:*:repository/*",)
_ZONES: Final = ("arn:{partition}:route53:::hostedzone/*",)
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "acm:DescribeCertificate": ("arn:{partition}:acm:*:*:certificate/*",),
    "apigateway:GET": ("arn:{partition}:apigateway:*::/account",),
    "cloudformation:DescribeStacks": _STACKS,
    "cloudformation:ListStackResources": _STACKS,
    "dynamodb:DescribeTable": ("arn:{partition}:dynamodb:*:*:table/*",),
    "ecr:BatchGetImage": _REPOSITORIES,
    "ecr:DescribeRepositories": _REPOSITORIES,
    "ecr:GetDownloadUrlForLayer": _REPOSITORIES,
    "ecs:DescribeCapacityProviders": ("arn:{partition}:ecs:*:*:capacity-provider/*",),
    "ecs:DescribeClusters": ("arn:{partition}:ecs:*:*:cluster/*",),
    "eks:DescribeCluster": ("arn:{partition}:eks:*:*:cluster/*",),
    "iam:GetInstanceProfile": ("arn:{partition}:iam::*:instance-profile/*",),
    "iam:GetPolicy": ("arn:{partition}:iam::*:policy/*",),
    "iam:GetRole": ("arn:{partition}:iam::*:role/*",),
    "iam:GetUser": ("arn:{partition}:iam::*:user/*",),
    "kms:DescribeKey": ("arn:{partition}:kms:*:*:key/*", "arn:{partition}:kms:*:*:alias/*"),
    "lambda:GetFunctionConcurrency": ("arn:{partition}:lambda:*:*:function:*",),
    "rds:DescribeDBClusters": ("arn:{partition}:rds:*:*:cluster:*",),
    "route53:GetHostedZone": _ZONES,
    "route53:ListResourceRecordSets": _ZONES,
    "secretsmanager:DescribeSecret": ("arn:{partition}:secretsmanager:*:*:secret:*",),
    "sqs:GetQueueUrl": ("arn:{partition}:sqs:*:*:*",),
    # The values of parameters are read, so the policy names only those that everybody has.
    "ssm:GetParameters": (
        "arn:{partition}:ssm:*::parameter/aws/service/*",
        "arn:{partition}:ssm:*:*:parameter/cdk-bootstrap/*",
    ),
}
"""The resources of an action, where AWS supports that. The policy is for any template, so it names kinds of resources.
The other actions list or describe, and take no resource.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""


def permissions_of(questions: Iterable[Question]) -> list[str]:
    """The actions that the preflight needs for some questions."""
    return sorted({*BEFORE_ALL_QUESTIONS, *(action for each in questions for action in each.permissions)})


def policy_of(questions: Iterable[Question], *, partition: str = "aws") -> dict[str, Any]:
    """The policy document."""
    return policy_for(permissions_of(questions), partition=partition)


def policy_for(actions: Iterable[str], *, partition: str = "aws") -> dict[str, Any]:
    """The policy document for some actions, each with the kinds of resources that AWS lets a policy name."""
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for action in actions:
        resources = tuple(each.format(partition=partition) for each in RESOURCES.get(action, ("*",)))
        by_resources.setdefault(resources, []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resources[0] if len(resources) == 1 else list(resources)}
            for resources, actions in sorted(by_resources.items())
        ],
    }
