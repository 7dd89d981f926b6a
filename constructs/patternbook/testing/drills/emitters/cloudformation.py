"""AWS CloudFormation, which sends the status of each resource to EventBridge.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-resource-status-change.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StackResource:
    stack_id: str
    logical_id: str
    resource_type: str

    def update_failed(self) -> Mapping[str, Any]:
        return self._status("UPDATE_FAILED", "Received response status [FAILED] from custom resource.")

    def updated(self) -> Mapping[str, Any]:
        return self._status("UPDATE_COMPLETE", "")

    def _status(self, status: str, reason: str) -> Mapping[str, Any]:
        return {
            "source": "aws.cloudformation",
            "detail-type": "CloudFormation Resource Status Change",
            "detail": {
                "stack-id": self.stack_id,
                "logical-resource-id": self.logical_id,
                "physical-resource-id": "schema",
                "status-details": {"status": status, "status-reason": reason},
                "resource-type": self.resource_type,
            },
        }
