"""A deployed stack, as boto3 sees it: in a rehearsal, in a real account, or in the account of a proof."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError


class ThriftySession(boto3.Session):
    """Keeps its clients, which take longer to make than most answers."""

    @cache  # noqa: B019 - there are few sessions, and they last as long as the process
    def client(self, service_name: str, *_: Any, **__: Any) -> Any:
        return super().client(service_name)


class NotDeployedError(Exception):
    """No stack of Patternbook is deployed under that name."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """What the checks start from: outputs, and what CloudFormation made of which type."""

    name: str
    posture: str
    """``sandbox`` or ``production``."""
    outputs: Mapping[str, str]
    resources: Mapping[str, Sequence[str]]
    """Physical ids by CloudFormation type."""
    session: boto3.Session

    @classmethod
    def find(cls, name: str, session: boto3.Session) -> "DeployedStack":
        """:raises NotDeployedError: where the account has no such stack, or one of somebody else's, or does not say."""
        cloudformation = session.client("cloudformation")
        try:
            [description] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except (ClientError, BotoCoreError) as error:
            raise NotDeployedError(f"{name} is not deployed in {session.region_name}: {error}") from error
        written = re.match(r"Patternbook \((\w+)\)", description.get("Description", ""))
        if written is None:
            raise NotDeployedError(f"{name} in {session.region_name} is no stack of Patternbook")
        resources: dict[str, list[str]] = {}
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
            for resource in page["StackResourceSummaries"]:
                resources.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])
        outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
        return cls(name=name, posture=written[1], outputs=outputs, resources=resources, session=session)

    @property
    def production(self) -> bool:
        return self.posture == "production"

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def all(self, resource_type: str) -> Sequence[str]:
        """The physical ids of all resources of a type."""
        return self.resources.get(resource_type, ())

    def only(self, resource_type: str) -> str:
        """The physical id of the one resource of a type."""
        found = self.all(resource_type)
        assert len(found) == 1, f"expected one {resource_type} in {self.name}, found {len(found)}"
        return found[0]
