"""Event patterns for the findings of image scans, each with the message that reports an event."""

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events

from patternbook.partitions import console_url
from stacks.ecr.settings import Severity

REPOSITORIES = "ecr/private-registry/repositories"


def basic_scan_findings(repository: ecr.Repository, severities: Sequence[Severity]) -> tuple[events.EventPattern, str]:
    """Findings of basic scanning. ECR sends one event per scan, with the number of findings per severity.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    counts = [{"finding-severity-counts": {severity: events.Match.greater_than(0)}} for severity in severities]
    pattern = events.EventPattern(
        source=["aws.ecr"],
        detail_type=["ECR Image Scan"],
        detail={
            "scan-status": ["COMPLETE"],
            "repository-name": [repository.repository_name],
            # EventBridge takes $or with one alternative for a field of that name.
            **(counts[0] if len(counts) == 1 else {"$or": counts}),
        },
    )
    field = events.EventField.from_path
    image = f"{repository.repository_uri}@{field('$.detail.image-digest')}, tags {field('$.detail.image-tags')}"
    return (
        pattern,
        f"{field('$.detail.finding-severity-counts')} findings in {image}. {console_url(repository, REPOSITORIES)}",
    )


def enhanced_scan_findings(
    repository: ecr.Repository, severities: Sequence[Severity]
) -> tuple[events.EventPattern, str]:
    """Findings of enhanced scanning. Amazon Inspector sends one event per finding.

    It sends the event after the first scan, and whenever it learns of a vulnerability later. The event of a finished
    scan ("Inspector2 Scan") comes after the first scan only.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    """
    pattern = events.EventPattern(
        source=["aws.inspector2"],
        detail_type=["Inspector2 Finding"],
        # The beginning of an image's ARN, up to its digest. Without "/sha256:", "app" would also match "app/other".
        resources=events.Match.prefix(f"{repository.repository_arn}/sha256:"),
        detail={"status": ["ACTIVE"], "severity": list(severities)},
    )
    field = events.EventField.from_path
    finding = f"{field('$.detail.severity')}: {field('$.detail.title')}, in {field('$.resources[0]')}."
    return pattern, f"{finding} {console_url(repository, REPOSITORIES)}"
