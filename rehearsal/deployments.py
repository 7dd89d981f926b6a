"""Deploys some stacks of one stage by the CDK CLI."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rehearsal.account import ACCOUNT_ID, REGION, ROOT, CommandResult, EmulatedAccount, RehearsalError
from rehearsal.plan import AS_CONFIGURED, CHANGED, SANDBOX
from rehearsal.plans import PLANS
from rehearsal.report import Report
from rehearsal.stack import Resource, Stack

CHANGE_SET = "rehearsal"
BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"


class Deployments:
    """Some patterns in one stage, which the CLI deploys together."""

    def __init__(
        self, account: EmulatedAccount, assemblies: Path, stage: str, patterns: Sequence[str], report: Report
    ) -> None:
        """:param assemblies: the folder of :mod:`rehearsal.assemblies`.
        :param stage: one of :data:`rehearsal.plan.STAGES`.
        """
        self.account = account
        self.stage = stage
        self.report = report
        self.as_configured, self.changed = assemblies / AS_CONFIGURED, assemblies / CHANGED
        both = (self.as_configured, self.changed)
        self.stacks = [Stack(account.session, stage, pattern, both) for pattern in patterns]
        self.patterns = list(patterns)

    @property
    def production(self) -> bool:
        return self.stage != SANDBOX

    @property
    def paths(self) -> list[str]:
        return [stack.path for stack in self.stacks]

    def cdk(self, command: str, assembly: Path, *arguments: str) -> CommandResult:
        self.started = datetime.now(timezone.utc)
        return self.account.run("cdk", command, "--app", str(assembly), *arguments)

    def deploy_assembly(self, assembly: Path, *arguments: str, paths: Sequence[str] = ()) -> CommandResult:
        """:param paths: the stacks to deploy, by their construct paths; defaults to all."""
        always = ("--exclusively", "--require-approval", "never", "--concurrency", "4")
        selected = paths or self.paths
        return self.must_succeed(
            self.cdk("deploy", assembly, *selected, *always, "--change-set-name", CHANGE_SET, *arguments)
        )

    def must_succeed(self, result: CommandResult) -> CommandResult:
        if result.status:
            failures = [failure for stack in self.stacks for failure in stack.failures(self.started)]
            raise RehearsalError(_unknown_types(result.output) or "\n".join(failures) or tail(result.output))
        return result

    def expect_status(self, status: str) -> None:
        for stack in self.stacks:
            stack.expect_status(status)

    def read_settings(self, stack: Stack) -> dict[str, Any]:
        """The values of the settings that the plan changes, as the account has them."""
        ids = {resource.path: resource.physical_id for resource in stack.resources()}
        try:
            return {
                name: setting.read(self.account.session, ids) for name, setting in PLANS[stack.pattern].settings.items()
            }
        except KeyError as error:
            raise RehearsalError(
                f"{stack.name} has no resource {error}, which its plan in rehearsal/plans.py reads. "
                f"Choose one of {names(ids)}."
            ) from error

    def check(self, name: str) -> None:
        """Runs the same checks by boto3 as in a real account."""
        with self.report.step(name) as details:
            stacks = [f"--stack={pattern}" for pattern in self.patterns]
            result = self.account.run(
                *("pytest", "--confcutdir=tests/deployed", "-p", "no:cacheprovider", "tests/deployed", *stacks),
                *((f"--stage={self.stage}",) if self.production else ()),
                folder=ROOT,
            )
            counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped)", result.output)}
            if result.status or "passed" not in counts:
                raise RehearsalError(result.output.strip())
            details.append(f"{counts['passed']} checks")
            if "skipped" in counts:
                details.append(f"{counts['skipped']} do not apply")

    def check_nothing_left(self, before: Mapping[str, Sequence[str]], retained: Sequence[Resource]) -> None:
        """Compares the records in the account with those from before the deployment."""
        # The physical id of a registry's setting is the account, which many records contain.
        ids = [resource.physical_id for resource in retained if resource.physical_id != ACCOUNT_ID]
        # The physical id of a queue is its URL. Some stores use the name, which is the end of the URL.
        known = [BOOTSTRAP_BUCKET, *ids, *(each.rpartition("/")[2] for each in ids if "://" in each)]
        # That of a secret is its ARN, which ends with a dash and six characters. The store uses the name.
        known += [each.rpartition(":")[2][: -len("-AbCdEf")] for each in ids if ":secretsmanager:" in each]
        known += self.final_snapshots()
        expected = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, known))})(?![\w-])")
        left = [
            f"{store}: {key}"
            for store, keys in self.account.inventory().items()
            for key in sorted(set(keys) - set(before.get(store, ())))
            if not expected.search(key)
        ]
        if left:
            raise RehearsalError("These records are left in the emulated account:\n" + "\n".join(left))

    def final_snapshots(self) -> list[str]:
        """The snapshots that production leaves of deleted databases."""
        if not self.production:
            return []
        found = self.account.session.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
        return [each["DBClusterSnapshotIdentifier"] for each in found]

    def lift_protection(self) -> None:
        """Takes the steps that the pages of the patterns describe before ``cdk destroy`` in production."""
        client = self.account.session.client
        for stack in self.stacks:
            stack.disable_termination_protection()
            for resource in stack.resources():
                if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                    client("elbv2").modify_load_balancer_attributes(
                        LoadBalancerArn=resource.physical_id,
                        Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
                    )
                if resource.type == "AWS::RDS::DBCluster":
                    client("rds").modify_db_cluster(
                        DBClusterIdentifier=resource.physical_id, DeletionProtection=False, ApplyImmediately=True
                    )
                if resource.type == "AWS::EKS::Cluster":
                    client("eks").update_cluster_config(name=resource.physical_id, deletionProtection=False)
                if resource.type == "AWS::DynamoDB::GlobalTable":
                    client("dynamodb").update_table(TableName=resource.physical_id, DeletionProtectionEnabled=False)
                if resource.type == "AWS::Cognito::UserPool":
                    client("cognito-idp").update_user_pool(
                        UserPoolId=resource.physical_id, DeletionProtection="INACTIVE"
                    )


def _unknown_types(output: str) -> str:
    """A message about types that the emulated account refuses, or nothing."""
    refused = re.search(r"Unrecognized resource types: \[([^\]]*)\]", output)
    if refused is None:
        return ""
    return "\n".join(
        f"The emulated account does not know the type {name}. Register it in rehearsal/types/{_module_of(name)}."
        for name in refused[1].split(", ")
    )


def _module_of(resource_type: str) -> str:
    """The module with the other types of the service, or the module to add."""
    service = resource_type.rpartition("::")[0]
    for path in sorted((ROOT / "rehearsal" / "types").glob("*.py")):
        if re.search(rf'(register|amend)_type\(\s*"{service}::', path.read_text(encoding="utf-8")):
            return path.name
    return f"{service.rpartition('::')[2].lower()}.py"


def tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-25:])


def changes(touched: Mapping[str, str]) -> str:
    return names(f"{action} {path}" for path, action in touched.items())


def names(found: Iterable[str]) -> str:
    return ", ".join(sorted(found)) or "nothing"
