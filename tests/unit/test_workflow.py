"""The promises of stacks/workflow."""

from collections.abc import Mapping
from typing import Any

from stacks.workflow import WorkflowStack

PATTERN = WorkflowStack
EVERY_OPTION: Mapping[str, Any] = {
    "approval_above": 0,
    "approval_timeout_seconds": 1_209_600,
    "vpc_cidr": "10.20.0.0/20",
    "availability_zones": [1, 3],
    "max_read_request_units": 2000,
    "max_write_request_units": 3000,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
VARIANTS = {"full": FULL}
