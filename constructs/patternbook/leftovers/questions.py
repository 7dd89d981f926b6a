"""What may be left. Each question is a function with its docstring: the question, the command that removes it, and the
source."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from patternbook.leftovers.stacks import EXPIRES, STACK_ID, STACK_NAME, Book, Leftover, tags_in
from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, Question, Verdict, question

BEFORE_ALL_QUESTIONS: Final = ("cloudformation:DescribeStacks", "cloudformation:ListStacks")
"""What listing the stacks needs, before any question."""
NAMES_PER_CALL: Final = 20
"""https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""
ENI_OF_FUNCTION: Final = "AWS Lambda VPC ENI-"
"""The start of the description of a network interface of Lambda, before the name of the function."""
CLUSTER_TAGS: Final = ("elbv2.k8s.aws/cluster", "eks:eks-cluster-name")
"""Tags with the name of the cluster: those of the AWS Load Balancer Controller, and those of EKS in Auto Mode."""
UNSEEN: Final = (
    "IAM roles, Auto Scaling groups and other resources that the Resource Groups Tagging API does not return: "
    "https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html",
    "resources without tags of stacks that were deleted more than 90 days ago, or whose record is gone",
    "recovery points in AWS Backup, images that somebody pushed, and objects in buckets that remain",
    "other Regions: functions at the edge and CloudFront are in us-east-1, and the logs of such functions in each "
    "Region that viewers were near to",
)
"""What the command cannot see."""


@question("stacks")
def stacks(book: Book, _: Account) -> Iterator[Answer]:
    """Which stacks exist?

    cdk destroy, or aws cloudformation delete-stack --stack-name NAME. The page of the pattern says what to do first.

    https://docs.aws.amazon.com/goto/WebAPI/cloudformation/ListStacks
    """
    for each in book.living:
        yield Leftover(Verdict.MAY, f"It is {each.status}.", name=each.name, stack=each.name, expires=each.expires)


@question("retained", "cloudformation:ListStackResources")
def retained(book: Book, account: Account) -> Iterator[Answer]:
    """Which resources did CloudFormation keep when it deleted a stack?

    Delete them by the service, the KMS key last: nobody can read the others without it.

    https://docs.aws.amazon.com/sdk-for-python/v4/reference/clients/cloudformation/operations/list_stack_resources/
    """
    for each in book.gone:
        kept = account.all("cloudformation.list_stack_resources", "StackResourceSummaries", StackName=each.id)
        for resource in kept:
            if resource["ResourceStatus"] == "DELETE_SKIPPED":
                said = f"{resource['ResourceType']}, which stayed on {each.deleted}. It may be deleted since."
                yield Leftover(Verdict.MAY, said, name=resource["PhysicalResourceId"], stack=each.name)


@question("tags", "tag:GetResources")
def tags(book: Book, account: Account) -> Iterator[Answer]:
    """Which resources have the tags of a stack that no longer exists?

    Delete them by the service.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    for arn, found in _tagged(book, account).items():
        yield _leftover("It has the tags of the stack.", arn, found, found.get(STACK_NAME, ""))


@question("clusters", "tag:GetResources")
def clusters(book: Book, account: Account) -> Iterator[Answer]:
    """Which load balancers, target groups and instances remain that a deleted cluster made?

    Delete them by the service: the load balancers, their target groups, their security groups, in this order.

    https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
    """
    for key in CLUSTER_TAGS:
        for arn, found in _with_tag(account, key).items():
            if stack := book.maker_of(found[key]):
                yield _leftover(f"The cluster {found[key]} made it.", arn, found, stack)


@question("log-groups", "logs:DescribeLogGroups")
def log_groups(book: Book, account: Account) -> Iterator[Answer]:
    """Which log groups did services make for a stack that no longer exists?

    aws logs delete-log-group --log-group-name NAME

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html
    """
    for group in account.all("logs.describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        if stack := book.maker_of(name):
            kept = f"{group['retentionInDays']} days" if "retentionInDays" in group else "for ever"
            yield Leftover(Verdict.MAY, f"A log group that keeps its events {kept}.", name=name, stack=stack)


@question("database-snapshots", "rds:DescribeDBClusterSnapshots")
def database_snapshots(book: Book, account: Account) -> Iterator[Answer]:
    """Which snapshots remain of a database cluster that no longer exists?

    aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier NAME

    https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/rds/aws.sdk.kotlin.services.rds.model/-describe-db-cluster-snapshots-request/snapshot-type.html
    """
    found = account.all("rds.describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual")
    yield from _not_of_living(
        book,
        "A snapshot of a database cluster.",
        [(each["DBClusterSnapshotIdentifier"], each["DBClusterIdentifier"], each.get("TagList", ())) for each in found],
    )


@question("volumes", "ec2:DescribeSnapshots", "ec2:DescribeVolumes")
def volumes(book: Book, account: Account) -> Iterator[Answer]:
    """Which volumes and snapshots remain that pods of a deleted cluster claimed?

    aws ec2 delete-volume --volume-id NAME, or aws ec2 delete-snapshot --snapshot-id NAME

    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/996
    """
    snapshots = account.all("ec2.describe_snapshots", "Snapshots", OwnerIds=["self"])
    for found, key, said in (
        (account.all("ec2.describe_volumes", "Volumes"), "VolumeId", "A volume of EBS."),
        (snapshots, "SnapshotId", "A snapshot of a volume."),
    ):
        yield from _not_of_living(
            book, said, [(each[key], " ".join(tags_in(each.get("Tags", ()))), each.get("Tags", ())) for each in found]
        )


@question("network-interfaces", "ec2:DescribeNetworkInterfaces")
def network_interfaces(book: Book, account: Account) -> Iterator[Answer]:
    """Which network interfaces remain, and keep a subnet or a VPC from being deleted?

    Wait: Lambda removes its own later. Otherwise, aws ec2 delete-network-interface --network-interface-id NAME

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    found = account.all("ec2.describe_network_interfaces", "NetworkInterfaces")
    yield from _not_of_living(
        book,
        "A network interface.",
        [
            (
                each["NetworkInterfaceId"],
                each.get("Description", "").removeprefix(ENI_OF_FUNCTION),
                each.get("TagSet", ()),
            )
            for each in found
        ],
    )


def _tagged(book: Book, account: Account) -> dict[str, dict[str, str]]:
    """The tags of resources of stacks that no longer exist, by ARN. AWS is asked once."""
    names = sorted({each.name for each in book.stacks})
    by_name = [names[start : start + NAMES_PER_CALL] for start in range(0, len(names), NAMES_PER_CALL)]
    found = _with_tag(account, EXPIRES)
    for each in by_name:
        found |= _with_tag(account, STACK_NAME, each)
    return {
        arn: tags
        for arn, tags in found.items()
        if not book.may_be_living(tags) and book.only in ("", tags.get(STACK_NAME, ""))
    }


def _with_tag(account: Account, key: str, values: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    chosen = {"Key": key, "Values": list(values)} if values else {"Key": key}
    found = account.all("resourcegroupstaggingapi.get_resources", "ResourceTagMappingList", TagFilters=[chosen])
    return {each["ResourceARN"]: tags_in(each["Tags"]) for each in found}


def _leftover(said: str, name: str, tags: Mapping[str, str], stack: str) -> Leftover:
    return Leftover(Verdict.MAY, said, name=name, stack=stack, expires=tags.get(EXPIRES, ""))


def _not_of_living(book: Book, said: str, found: Sequence[tuple[str, str, Sequence[Any]]]) -> Iterator[Answer]:
    """Those that a deleted stack made, by their tags or by a text with its name.

    :param found: the name of each, the text, and the tags.
    """
    ids = {each.id: each.name for each in book.gone}
    for name, text, pairs in found:
        tags = tags_in(pairs)
        stack = ids.get(tags.get(STACK_ID, "")) or book.maker_of(text) or book.maker_of(name)
        if stack and not book.may_be_living(tags):
            yield _leftover(said, name, tags, stack)


QUESTIONS: Final[tuple[Question, ...]] = (
    stacks,
    retained,
    tags,
    clusters,
    log_groups,
    database_snapshots,
    volumes,
    network_interfaces,
)
"""All questions, in the order of the report."""
