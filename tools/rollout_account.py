"""The account that :mod:`tools.rollout` rolls a stage out to: what it asks of AWS, and the commands that it runs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3


@dataclass(frozen=True, kw_only=True)
class StackOf:
    """A stack of a stage, as its assembly has it."""

    path: str
    """Construct path, such as ``production/FargateEfsStack``."""
    name: str
    region: str
    lookup_role: str
    template: Path


class Account(Protocol):
    """What a rollout asks of AWS, and the commands that it runs."""

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> int:
        """Runs a command, and returns its exit status."""
        ...

    def credentials(self, stack: StackOf) -> Mapping[str, str]:
        """The environment of a command that may read everything in the account, in the Region of a stack."""
        ...

    def change_set(self, stack: StackOf, name: str) -> dict[str, Any]:
        """All pages of a change set.

        :raises RolloutError: if there is none.
        """
        ...

    def ringing(self, stack: StackOf) -> list[str]:
        """The names of the stack's alarms that are in alarm."""
        ...


class RolloutError(Exception):
    """A rollout cannot go on. The message is written for the person who started it."""


class Aws:
    """The account of the credentials."""

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> int:
        # The CDK CLI starts the first node on the path. A runner may have another one than this environment.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(command, env={**os.environ, "PATH": path, **(environment or {})}, check=False).returncode

    def credentials(self, stack: StackOf) -> Mapping[str, str]:
        sts = boto3.client("sts", region_name=stack.region)
        given = sts.assume_role(RoleArn=stack.lookup_role, RoleSessionName="rollout")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "AWS_REGION": stack.region,
            "AWS_DEFAULT_REGION": stack.region,
        }

    def change_set(self, stack: StackOf, name: str) -> dict[str, Any]:
        cloudformation = self._client(stack, "cloudformation")
        paginator = cloudformation.get_paginator("describe_change_set")
        try:
            answers = list(paginator.paginate(StackName=stack.name, ChangeSetName=name))
        except cloudformation.exceptions.ChangeSetNotFoundException:
            # CloudFormation deletes the others as soon as one is executed:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-execute.html
            raise RolloutError(
                f"{stack.path} in {stack.region} has no change set {name}. Somebody has deployed the stack since the "
                "review, or deleted the change set. Start the rollout again, from the review."
            ) from None
        return {**answers[0], "Changes": [each for page in answers for each in page["Changes"]], "NextToken": None}

    def ringing(self, stack: StackOf) -> list[str]:
        pages = (
            self._client(stack, "cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
        )
        kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        made = [each for page in pages for each in page["StackResourceSummaries"] if each["ResourceType"] in kinds]
        own = {each["PhysicalResourceId"] for each in made}
        alarms = (
            self._client(stack, "cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        )
        found = [
            each["AlarmName"] for page in alarms for kind in page.values() if isinstance(kind, list) for each in kind
        ]
        return sorted(own.intersection(found))

    def _client(self, stack: StackOf, service: str) -> Any:
        given = self.credentials(stack)
        session = boto3.Session(
            given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given["AWS_SESSION_TOKEN"], stack.region
        )
        return session.client(service)
