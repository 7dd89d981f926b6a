"""A deployed stack, as checks look at it: in a rehearsal, in a real account, or recorded."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from tests.deployed.account import Account
from tests.deployed.answers import HTTP, Answer

Seen = TypeVar("Seen")
PAUSE_SECONDS = 5.0
"""Time between two looks at something that may take time."""


class NotDeployedError(Exception):
    """Raised if no stack of Patternbook is deployed under a name."""


class NotAnsweredError(Exception):
    """AWS did not say whether the stack is deployed."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The start of every check: outputs, and resources by type."""

    name: str
    posture: str
    """``sandbox`` or ``production``."""
    outputs: Mapping[str, str]
    resources: Mapping[str, Sequence[str]]
    """Physical ids by CloudFormation type."""
    account: Account

    @classmethod
    def find(cls, name: str, account: Account) -> "DeployedStack":
        """:raises NotDeployedError: if the account has no such stack, or one of somebody else's.
        :raises NotAnsweredError: if AWS cannot be reached, or refuses to answer.
        """
        try:
            [description] = account.ask("cloudformation.describe_stacks", {"StackName": name})["Stacks"]
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and "does not exist" in str(error):
                message = f"{name} is not deployed in {account.region}. Set AWS_REGION to the Region of the stack."
                raise NotDeployedError(message) from error
            raise NotAnsweredError(f"AWS did not describe {name} in {account.region}: {error}") from error
        written = re.match(r"Patternbook \((\w+)\)", description.get("Description", ""))
        if written is None:
            raise NotDeployedError(f"{name} in {account.region} is no stack of Patternbook")
        resources: dict[str, list[str]] = {}
        made = account.ask("cloudformation.list_stack_resources", {"StackName": name})
        for resource in made["StackResourceSummaries"]:
            resources.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])
        outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
        return cls(name=name, posture=written[1], outputs=outputs, resources=resources, account=account)

    @property
    def production(self) -> bool:
        return self.posture == "production"

    @property
    def region(self) -> str:
        return self.account.region

    def ask(self, operation: str, /, *, absent: str | None = None, **parameters: Any) -> Answer:
        """Asks AWS, and returns all pages of the answer at once.

        :param operation: such as ``ecs.describe_services``.

        :param absent: the error that says that there is nothing; the answer is empty then.
        """
        try:
            return self.account.ask(operation, parameters)
        except ClientError as error:
            if error.response["Error"].get("Code") == absent:
                return {}
            raise

    def page(self, url: str, *, named: bool = True, **headers: str) -> Answer:
        """A page as the internet sees it: ``status``, ``headers`` with lower-case names, and ``body``.

        :param named: False for a host name that is on no certificate, such as a load balancer's own. The issuer of the
            certificate is verified all the same.
        """
        answer = self.account.ask(HTTP, {"url": url, "headers": headers, "named": named})
        assert not answer.get("untrusted"), f"{url} has a certificate not trusted here: {answer['body']}"
        return answer

    def eventually(self, look: Callable[[], Seen], there: Callable[[Seen], object], *, seconds: float) -> Seen:
        """Looks again and again until ``there`` is true or the time is over, and returns the last look."""
        deadline = time.monotonic() + seconds * self.account.patience
        seen = look()
        while not there(seen) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            seen = look()
        return seen

    def all(self, resource_type: str) -> Sequence[str]:
        """The physical ids of all resources of a type."""
        return self.resources.get(resource_type, ())

    def only(self, resource_type: str) -> str:
        """The physical id of the one resource of a type."""
        found = self.all(resource_type)
        assert len(found) == 1, f"expected one {resource_type} in {self.name}, found {len(found)}"
        return found[0]
