"""Which events report what a scan has found, by the kind of scanning."""

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events

from stacks.ecr.settings import Severity


def findings_at_push(repository: ecr.Repository, severities: tuple[Severity, ...]) -> tuple[events.EventPattern, str]:
    """Which events of basic scanning to report, and in which words: one event a scan, with counts.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    counts = [{"finding-severity-counts": {severity: events.Match.greater_than(0)}} for severity in severities]
    pattern = events.EventPattern(
        source=["aws.ecr"],
        detail_type=["ECR Image Scan"],
        detail={
            "scan-status": ["COMPLETE"],
            "repository-name": [repository.repository_name],
            # A single alternative is no $or, but a field of that name.
            **(counts[0] if len(counts) == 1 else {"$or": counts}),
        },
    )
    of = events.EventField.from_path
    image = f"{repository.repository_uri}@{of('$.detail.image-digest')}, tags {of('$.detail.image-tags')}"
    return pattern, f"{of('$.detail.finding-severity-counts')} findings in {image}."


def continuous_findings(
    repository: ecr.Repository, severities: tuple[Severity, ...]
) -> tuple[events.EventPattern, str]:
    """Which events of enhanced scanning to report, and in which words: one event a finding.

    Inspector sends it after the first scan, and when it learns of a vulnerability later; the event of a finished
    scan ("Inspector2 Scan") only comes after the first.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    """
    pattern = events.EventPattern(
        source=["aws.inspector2"],
        detail_type=["Inspector2 Finding"],
        # An image's ARN: its repository's, and the digest. Without that, "app" would also match "app/other".
        resources=events.Match.prefix(f"{repository.repository_arn}/sha256:"),
        detail={"status": ["ACTIVE"], "severity": list(severities)},
    )
    of = events.EventField.from_path
    return pattern, f"{of('$.detail.severity')}: {of('$.detail.title')}, in {of('$.resources[0]')}."
