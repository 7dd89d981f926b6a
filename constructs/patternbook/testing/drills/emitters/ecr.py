"""Amazon ECR and Amazon Inspector, which send events for scans of images.

- https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html: basic scanning, one event for each scan.
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html: enhanced scanning, one
  event for each finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Repository:
    name: str
    arn: str
    enhanced: bool
    """Whether Amazon Inspector scans its images."""

    def critical_finding(self) -> Mapping[str, Any]:
        return self._finding(self.name, self.arn, "CRITICAL")

    def low_finding(self) -> Mapping[str, Any]:
        return self._finding(self.name, self.arn, "LOW")

    def finding_in_another(self) -> Mapping[str, Any]:
        """In a repository whose name begins with this one's."""
        return self._finding(f"{self.name}-2", f"{self.arn}-2", "CRITICAL")

    def closed_finding(self) -> Mapping[str, Any]:
        """Inspector sends one when a finding is over. Basic scanning sends a scan without findings."""
        return self._finding(self.name, self.arn, "CRITICAL", over=True)

    def _finding(self, name: str, arn: str, severity: str, *, over: bool = False) -> Mapping[str, Any]:
        if self.enhanced:
            return {
                "source": "aws.inspector2",
                "detail-type": "Inspector2 Finding",
                "resources": [f"{arn}/sha256:0"],
                "detail": {"status": "CLOSED" if over else "ACTIVE", "severity": severity, "title": "CVE-2026-1"},
            }
        return {
            "source": "aws.ecr",
            "detail-type": "ECR Image Scan",
            "resources": [arn],
            "detail": {
                "scan-status": "COMPLETE",
                "repository-name": name,
                "finding-severity-counts": {} if over else {severity: 1},
                "image-digest": "sha256:0",
            },
        }
