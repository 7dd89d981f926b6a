"""Reads the state of a stack from CloudFormation. Resources are named by their construct paths."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.plan import SANDBOX
from rehearsal.running import RehearsalError
from tools.assembly import template_files


@dataclass(frozen=True)
class Resource:
    """A resource of a deployed stack."""

    path: str
    """Its construct path below the stack."""
    type: str
    physical_id: str


class Stack:
    """A stack, which may exist, not exist yet, or be deleted."""

    def __init__(self, session: boto3.Session, stage: str, pattern: str, assemblies: Sequence[Path]) -> None:
        """:param stage: one of :data:`rehearsal.plan.STAGES`.
        :param assemblies: the synthesized apps that it is deployed from.
        """
        self.pattern = pattern
        in_app = stage == SANDBOX
        self.path = pattern if in_app else f"{stage}/{pattern}"
        """Its construct path, which selects it in the CDK CLI."""
        self.name = pattern if in_app else f"{stage}-{pattern}"
        """Its name in CloudFormation."""
        self._assemblies = assemblies
        self._cloudformation = session.client("cloudformation")
        self._reference = self.name

    def pin(self) -> None:
        """Uses the id of the stack from now on. CloudFormation still describes a deleted stack by its id."""
        self._reference = self.describe()["StackId"]

    def unpin(self) -> None:
        """Uses the name of the stack again, for another stack of this name."""
        self._reference = self.name

    def describe(self) -> dict[str, Any]:
        return self._cloudformation.describe_stacks(StackName=self._reference)["Stacks"][0]

    @property
    def status(self) -> str:
        return self.describe()["StackStatus"]

    @property
    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe().get("Outputs", [])}

    def resources(self) -> list[Resource]:
        """The resources that exist. CloudFormation also lists those that it deleted, or failed to create.

        https://docs.aws.amazon.com/sdk-for-python/v4/reference/clients/cloudformation/operations/list_stack_resources/
        """
        return [
            Resource(self._path(resource), resource["ResourceType"], resource["PhysicalResourceId"])
            for page in self._pages("list_stack_resources")
            for resource in page["StackResourceSummaries"]
            if resource.get("PhysicalResourceId") and resource["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def events(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """The events of the stack, oldest first. A stack that never existed has none."""
        # CloudFormation lists the newest first. The pages of a long life are not read for its last minutes.
        newest_first = (event for page in self._pages("describe_stack_events") for event in page["StackEvents"])
        try:
            return list(takewhile(lambda event: since is None or event["Timestamp"] >= since, newest_first))[::-1]
        except ClientError:
            return []

    def last_event(self) -> str:
        """The id of the newest event of the stack, which must exist."""
        return self._cloudformation.describe_stack_events(StackName=self._reference)["StackEvents"][0]["EventId"]

    def failures(self, since: datetime | None = None) -> list[str]:
        """CloudFormation's reasons for failures, the first failure first."""
        return [
            f"{self.name}/{self._path(event)} ({event['ResourceType']}) {event['ResourceStatus']}: "
            f"{event.get('ResourceStatusReason', 'no reason given')}"
            for event in self.events(since)
            if event["ResourceStatus"].endswith("_FAILED")
        ]

    def retained(self, since: datetime | None = None) -> list[Resource]:
        """The resources that a deletion or a roll-back left in the account."""
        return [
            Resource(self._path(event), event["ResourceType"], event["PhysicalResourceId"])
            for event in self.events(since)
            if event["ResourceStatus"] == "DELETE_SKIPPED"
        ]

    def change_set(self, name: str) -> dict[str, str]:
        """The actions of a change set (``Add``, ``Modify``, ``Replace``, ``Remove``), by construct path.

        The CLI deletes a change set without changes. Then there are no actions.

        Resources that may or may not change are left out. They refer to an attribute of a changed resource, which
        CloudFormation evaluates only during the execution (``Dynamic``).
        """
        try:
            pages = list(self._pages("describe_change_set", StackName=self.name, ChangeSetName=name))
        except self._cloudformation.exceptions.ChangeSetNotFoundException:
            return {}
        changes = [change["ResourceChange"] for page in pages for change in page["Changes"]]
        found: dict[str, str] = {}
        for change in changes:
            if change["Action"] != "Modify" or any(detail["Evaluation"] == "Static" for detail in change["Details"]):
                path = self._path(change)
                # The logical id of a function's version contains a hash. So a new version is an Add and a Remove
                # under the same path.
                replaced = change.get("Replacement") == "True" or path in found
                found[path] = "Replace" if replaced else change["Action"]
        return found

    def execute(self, change_set: str) -> None:
        self._cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set)

    def expect_status(self, status: str) -> None:
        """:raises RehearsalError: with CloudFormation's reasons if the stack has another status."""
        if self.status != status:
            reasons = "\n".join(self.failures())
            raise RehearsalError(f"{self.name} must be {status}, but is {self.status}.\n{reasons}")

    def disable_termination_protection(self) -> None:
        self._cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=False)

    def _pages(self, operation: str, **arguments: str) -> Any:
        return self._cloudformation.get_paginator(operation).paginate(**{"StackName": self._reference, **arguments})

    def _path(self, resource: Mapping[str, Any]) -> str:
        return self._paths.get(resource["LogicalResourceId"], resource["LogicalResourceId"])

    @cached_property
    def _paths(self) -> dict[str, str]:
        """Construct paths below the stack, by logical id."""
        return {
            logical_id: resource.get("Metadata", {}).get("aws:cdk:path", logical_id).removeprefix(f"{self.path}/")
            for assembly in self._assemblies
            for logical_id, resource in self._resources_in(assembly).items()
        }

    def logical_ids(self, assembly: Path) -> set[str]:
        """The logical ids in the template of an assembly."""
        return set(self._resources_in(assembly))

    def _resources_in(self, assembly: Path) -> dict[str, Any]:
        return json.loads(template_files(assembly)[self.path].read_text(encoding="utf-8"))["Resources"]
