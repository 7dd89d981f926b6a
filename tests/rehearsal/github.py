"""Runs the jobs of a workflow as GitHub does, on this machine and in an emulated account.

Each job has a fresh clone. ``run`` steps run by the shell and with the variables that GitHub gives. Of the actions,
configure-aws-credentials exchanges a token for credentials. The others only prepare a runner, as a clone does here.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from botocore import UNSIGNED
from botocore.config import Config

from rehearsal.account import BIN, EmulatedAccount

ISSUER: Final = "https://token.actions.githubusercontent.com"
REPOSITORY: Final = "octo-org/shop"
SHELLS: Final = {None: ("bash", "-e"), "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail")}
"""https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell"""
_EXPRESSION: Final = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
_SETUP: Final = ("requirements.txt", "package-lock.json", "Makefile", "tools/run.py")
"""The files that are newer than an environment that has to be installed again."""


@dataclass
class Ran:
    """What is left of a job."""

    status: int
    """The exit status of its last step."""
    output: str
    summary: str
    outputs: Mapping[str, str] = field(default_factory=dict)


def token(environment: str, **claims: str) -> str:
    """A token of GitHub for a job in an environment. Its signature is empty, because the account checks none.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    given = {
        "iss": ISSUER,
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{REPOSITORY}:environment:{environment}",
        "ref": "refs/heads/main",
        **claims,
    }
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, given)]
    return ".".join([*parts, ""])


def exchanged(account: EmulatedAccount, role: str, web_identity: str) -> dict[str, str]:
    """The variables that configure-aws-credentials sets."""
    sts = account.session.client("sts", config=Config(signature_version=UNSIGNED, proxies={}))
    given = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="GitHubActions", WebIdentityToken=web_identity
    )["Credentials"]
    names = {"AccessKeyId": "ACCESS_KEY_ID", "SecretAccessKey": "SECRET_ACCESS_KEY", "SessionToken": "SESSION_TOKEN"}
    return {f"AWS_{name}": given[key] for key, name in names.items()}


class Runner:
    """Runs the jobs of a reusable workflow."""

    def __init__(self, account: EmulatedAccount, origin: Path, folder: Path, variables: Mapping[str, str]) -> None:
        """:param origin: the repository whose last commit is checked out.
        :param variables: ``AWS_ROLE_ARN`` of each environment.
        """
        self._account, self._origin, self._folder, self._variables = account, origin, folder, variables
        self._number = 0

    def run(self, workflow: Mapping[str, Any], job: str, **context: Mapping[str, Any]) -> Ran:
        """:param context: ``inputs`` and ``needs``."""
        self._number += 1
        clone = self._clone()
        given: dict[str, Any] = {"github": {"run_id": "7", "run_attempt": str(self._number)}, "steps": {}, **context}
        definition = workflow["jobs"][job]
        environment = _filled(definition["environment"], given)
        given["vars"] = {"AWS_ROLE_ARN": self._variables[environment], "AWS_REGION": "us-east-1"}
        own = {name: value for name, value in self._account.environment.items() if "ACCESS_KEY" not in name}
        variables = {
            **own,
            # The environment of the project is not on the path of a runner.
            "PATH": own["PATH"].removeprefix(f"{BIN}{os.pathsep}"),
            "PYTHONPATH": f"{clone / 'constructs'}{os.pathsep}{clone}",
            "GITHUB_ACTIONS": "true",
            **{name: _filled(value, given) for name, value in workflow["env"].items()},
        }
        ran = Ran(0, "", "")
        for step in definition["steps"]:
            if "run" in step:
                self._step(step, given, clone, variables, ran)
                if ran.status:
                    break
            elif step["uses"].startswith("aws-actions/configure-aws-credentials@"):
                inputs = {name: _filled(value, given) for name, value in step["with"].items()}
                variables |= exchanged(self._account, inputs["role-to-assume"], token(environment))
                variables |= {"AWS_REGION": inputs["aws-region"], "AWS_DEFAULT_REGION": inputs["aws-region"]}
            else:
                assert step["uses"].startswith(("actions/checkout@", "actions/setup-python@")), step["uses"]
        if not ran.status:
            ran.outputs = {name: _filled(value, given) for name, value in definition.get("outputs", {}).items()}
        return ran

    def _step(
        self, step: Mapping[str, Any], given: dict[str, Any], clone: Path, variables: Mapping[str, str], ran: Ran
    ) -> None:
        script, output, summary = (clone.with_suffix(name) for name in (".sh", ".output", ".summary"))
        script.write_text(step["run"], encoding="utf-8")
        output.write_text("", encoding="utf-8")
        files = {"GITHUB_OUTPUT": f"{output}", "GITHUB_STEP_SUMMARY": f"{summary}"}
        own = {name: _filled(value, given) for name, value in step.get("env", {}).items()}
        done = self._account.run(
            *(*SHELLS[step.get("shell")], str(script)),
            folder=clone,
            environment={**variables, **files, **own},
            seconds=300,
        )
        ran.status, ran.output = done.status, ran.output + done.output
        ran.summary = summary.read_text(encoding="utf-8") if summary.exists() else ""
        if "id" in step:
            lines = output.read_text(encoding="utf-8").splitlines()
            given["steps"][step["id"]] = {"outputs": dict(line.split("=", 1) for line in lines)}

    def _clone(self) -> Path:
        """A clone in which everything is installed, so that ``make setup`` has nothing to do."""
        clone = self._folder / f"job-{self._number}"
        subprocess.run(["git", "clone", "--quiet", str(self._origin), str(clone)], check=True)
        environment = Path(sys.prefix).resolve()
        (clone / ".venv").symlink_to(environment)
        (clone / "node_modules").symlink_to((BIN.parents[1] / "node_modules").resolve())
        for name in _SETUP:
            os.utime(clone / name, (0, 0))
        return clone


def _filled(text: Any, context: Mapping[str, Any]) -> str:
    """A text with the values of its expressions.

    :raises KeyError: if there is no such value.
    """

    def value(found: re.Match[str]) -> str:
        inner: Any = context
        for name in found[1].split("."):
            inner = inner[name]
        return str(inner)

    return _EXPRESSION.sub(value, str(text))


def workflow(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
