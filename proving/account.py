"""The account of the user's credentials, in one Region."""

import os
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse

import boto3
from botocore.config import Config

from patternbook.preflight.access import Identity
from rehearsal.account import BIN
from rehearsal.interruption import Interruption
from rehearsal.running import Account, Limits

AWS: Final = Limits(command_seconds=3 * 3600, roll_back_seconds=3 * 3600, pause_seconds=10)
"""The limits in AWS. CloudFormation waits up to three hours for an ECS service whose tasks do not run."""
STEP_SECONDS: Final = 0.2


class UserAccount(Account):
    """An account in which the user's own credentials, profiles and proxies have effect."""

    def __init__(
        self,
        session: boto3.Session,
        identity: Identity,
        *,
        region: str,
        folder: Path,
        interruption: Interruption,
        limits: Limits = AWS,
    ) -> None:
        """:param folder: the working directory of commands, without a cdk.json that would make the CLI start an app."""
        self.session = session
        self.identity = identity
        self.region = region
        self.limits = limits
        self.folder = folder
        self._interruption = interruption
        self._clients: dict[str, Any] = {}
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",  # the CLI would send it to AWS
            "CI": "true",  # the CLI asks nothing, and draws no progress bar
        }

    def client(self, service: str) -> Any:
        """A client that repeats a call that AWS throttles."""
        if service not in self._clients:
            config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8})
            self._clients[service] = self.session.client(service, region_name=self.region, config=config)
        return self._clients[service]

    @property
    def is_emulated(self) -> bool:
        """Whether the credentials lead to an emulated account, such as that of ``make rehearsal``."""
        host = urlparse(self.client("cloudformation").meta.endpoint_url).hostname or ""
        known = self.session._session.get_component("data_loader").load_data("partitions")["partitions"]
        suffixes = [each["outputs"][name] for each in known for name in ("dnsSuffix", "dualStackDnsSuffix")]
        return not host.endswith(tuple(f".{suffix}" for suffix in suffixes))

    def check_running(self) -> None:
        """:raises StopRequestError: after a signal to end."""
        self._interruption.raise_if_set()

    def pause(self, seconds: float) -> None:
        """Waits.

        :raises StopRequestError: after a signal to end.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_running()
            time.sleep(STEP_SECONDS)
