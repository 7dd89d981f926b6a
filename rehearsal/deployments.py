"""The steps that the CDK CLI takes with some stacks of one stage, in an emulated account or in a real one."""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rehearsal.account import ROOT
from rehearsal.plan import AS_CONFIGURED, CHANGED, SANDBOX, Plan, given
from rehearsal.plans import PLANS
from rehearsal.report import Report
from rehearsal.running import Account, CommandResult, RehearsalError
from rehearsal.stack import Resource, Stack

CHANGE_SET = "rehearsal"


class Deployments:
    """Some patterns in one stage, which the CLI deploys together."""

    def __init__(self, account: Account, assemblies: Path, stage: str, patterns: Sequence[str], report: Report) -> None:
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

    def plan_of(self, stack: Stack) -> Plan:
        return PLANS[stack.pattern]

    def cdk(self, command: str, assembly: Path, *arguments: str) -> CommandResult:
        self.started = datetime.now(timezone.utc)
        # Node compiles the CLI once for all calls.
        environment = {**self.account.environment, "NODE_COMPILE_CACHE": str(self.account.folder / "node")}
        return self.account.run("cdk", command, "--app", str(assembly), *arguments, environment=environment)

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
                name: setting.read(self.account.session, ids) for name, setting in self.plan_of(stack).settings.items()
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

    def deploy(self) -> None:
        with self.report.step("deploy") as details:
            self.deploy_assembly(self.as_configured)
            self.expect_status("CREATE_COMPLETE")
            for stack in self.stacks:
                stack.pin()
            details.append(f"{sum(len(stack.resources()) for stack in self.stacks)} resources")

    def deploy_unchanged(self, name: str, assembly: Path) -> None:
        """Deploys what is deployed."""
        with self.report.step(name) as details:
            before = self.last_events()
            result = self.deploy_assembly(assembly)
            touched = [stack for stack, event in self.last_events().items() if event != before[stack]]
            if touched or result.output.count("(no changes)") != len(self.stacks):
                raise RehearsalError(f"Deploying the same app again changed {names(touched)}.\n{tail(result.output)}")
            details.append("no change")

    def last_events(self) -> dict[str, str]:
        """The newest event of each stack, by the name of the stack."""
        return {stack.name: stack.last_event() for stack in self.stacks}

    def deploy_change(self) -> None:
        """Deploys the app with the changed settings."""
        self.deploy_assembly(self.changed)
        self.expect_status("UPDATE_COMPLETE")

    def expect_change(self, stack: Stack) -> None:
        """:raises RehearsalError: if the account does not have the changed settings."""
        plan, values = self.plan_of(stack), self.read_settings(stack)
        if values != plan.values:
            raise RehearsalError(
                f"{stack.pattern} was deployed with {plan.given}, but the account has {given(values)}."
            )

    def destroy(self) -> list[Resource]:
        """:returns: the retained resources of the stacks."""
        with self.report.step("destroy") as details:
            self.delete()
            resources: list[Resource] = []
            for stack in self.stacks:
                found = stack.retained()
                retained = frozenset(resource.path for resource in found)
                plan = self.plan_of(stack)
                expected = plan.always_retained | plan.replaced_and_retained
                expected |= plan.retained_in_production if self.production else frozenset()
                if retained != expected:
                    raise RehearsalError(
                        f"{stack.name} retained {names(retained)}. In {self.stage} it must retain {names(expected)}."
                    )
                resources += found
            details += about_retained(resources)
            return resources

    def delete(self) -> None:
        """Deletes the stacks, which must be pinned, whatever they retain."""
        if self.production:
            self.lift_protection()
        self.must_succeed(self.cdk("destroy", self.changed, *self.paths, "--exclusively", "--force"))
        self.expect_status("DELETE_COMPLETE")

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
                    self._lift_protection_of_cluster(resource.physical_id)
                if resource.type == "AWS::DynamoDB::GlobalTable":
                    client("dynamodb").update_table(TableName=resource.physical_id, DeletionProtectionEnabled=False)
                if resource.type == "AWS::Cognito::UserPool":
                    client("cognito-idp").update_user_pool(
                        UserPoolId=resource.physical_id, DeletionProtection="INACTIVE"
                    )

    def _lift_protection_of_cluster(self, name: str) -> None:
        """EKS answers before it has done so, and has an update of the type DeletionProtectionUpdate in the meantime.

        https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html
        """
        eks, limits = self.account.session.client("eks"), self.account.limits
        if eks.describe_cluster(name=name)["cluster"].get("deletionProtection"):
            eks.update_cluster_config(name=name, deletionProtection=False)
        deadline = time.monotonic() + limits.roll_back_seconds
        while (found := eks.describe_cluster(name=name)["cluster"]).get("deletionProtection") or (
            found["status"] == "UPDATING"
        ):
            self.account.check_running()
            if time.monotonic() > deadline:
                raise RehearsalError(f"The cluster {name} still has deletion protection, or is {found['status']}.")
            time.sleep(limits.pause_seconds)


def about_retained(resources: Iterable[Resource]) -> list[str]:
    """A detail about retained resources for the report, if there are any."""
    counts = Counter(resource.type.removeprefix("AWS::") for resource in resources)
    return ["retained " + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))] if counts else []


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
