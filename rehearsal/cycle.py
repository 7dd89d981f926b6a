"""Deploys, updates and destroys stacks by the CDK CLI, as a person would, and checks each step."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.account import ACCOUNT_ID, REGION, ROOT, CommandResult, EmulatedAccount, RehearsalError
from rehearsal.plans import AS_CONFIGURED, CHANGED, PLANS, SANDBOX
from rehearsal.report import Report
from rehearsal.stack import Resource, Stack

CHANGE_SET = "rehearsal"
BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"


def bootstrap(account: EmulatedAccount, report: Report) -> None:
    """Prepares the account for the CDK CLI, once."""
    with report.step("bootstrap"):
        result = account.run("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
        if result.status:
            raise RehearsalError(_tail(result.output))


def rehearse(cycles: Sequence["Cycle"]) -> None:
    """Rehearses several stages in one account. All are deployed before the first is updated and destroyed.

    :raises RehearsalError: if a step fails, or if a step of one stage changes a stack of another.
    """
    for cycle in reversed(cycles):
        cycle.deploy_and_check()
    retained: list[Resource] = []
    for number, cycle in enumerate(cycles, start=1):
        others = cycles[number:]
        if others:
            cycle.check_isolation(others)
        events = [other.events() for other in others]
        retained += cycle.update_and_destroy(retained)
        touched = [other.stage for other, before in zip(others, events, strict=True) if other.events() != before]
        if touched:
            raise RehearsalError(f"The steps of {cycle.stage} changed stacks of {_list(touched)}.")


class Cycle:
    """The steps for some patterns in one stage. Each step raises :class:`RehearsalError` if it fails."""

    def __init__(
        self, account: EmulatedAccount, assemblies: Path, stage: str, patterns: Sequence[str], report: Report
    ) -> None:
        """:param assemblies: the folder of :mod:`rehearsal.assemblies`.
        :param stage: one of :data:`rehearsal.plans.STAGES`.
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

    def deploy_and_check(self) -> None:
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}")
        self.before = self.account.inventory()
        self.deploy()
        self.check("check")

    def update_and_destroy(self, retained_by_others: Sequence[Resource] = ()) -> list[Resource]:
        """:return: the retained resources of the stacks."""
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}, deployed")
        self.deploy_unchanged()
        self.update()
        self.check("check again")
        self.diff()
        self.drift()
        if self.production:
            self.refuse_to_destroy()
        retained = self.destroy()
        self.check_nothing_left(self.before, [*retained, *retained_by_others])
        return retained

    def check_isolation(self, others: Sequence["Cycle"]) -> None:
        """Checks that no resource of this stage is also a resource of another stage."""
        with self.report.step("check isolation") as details:
            own = {(each.type, each.physical_id) for stack in self.stacks for each in stack.resources()}
            for other in others:
                theirs = {(each.type, each.physical_id) for stack in other.stacks for each in stack.resources()}
                if own & theirs:
                    shared = _list(f"{kind} {physical_id}" for kind, physical_id in own & theirs)
                    raise RehearsalError(f"{self.stage} and {other.stage} share {shared}.")
            details.append(f"{len(own)} resources, none shared")

    def events(self) -> list[int]:
        """The number of events of each stack."""
        return [len(stack.events()) for stack in self.stacks]

    def deploy(self) -> None:
        with self.report.step("deploy") as details:
            self._deploy(self.as_configured)
            self._expect_status("CREATE_COMPLETE")
            for stack in self.stacks:
                stack.pin()
            details.append(f"{sum(len(stack.resources()) for stack in self.stacks)} resources")

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

    def deploy_unchanged(self) -> None:
        with self.report.step("deploy again") as details:
            events = self.events()
            result = self._deploy(self.as_configured)
            touched = [stack.name for stack, n in zip(self.stacks, events, strict=True) if len(stack.events()) != n]
            if touched or result.output.count("(no changes)") != len(self.stacks):
                raise RehearsalError(f"Deploying the same app again changed {_list(touched)}.\n{_tail(result.output)}")
            details.append("no change")

    def update(self) -> None:
        """Changes one setting, and checks that the change set lists the expected resources and no others.

        The first deployment only prepares a change set, and the second makes and executes another. The CLI can execute
        a prepared change set for a single stack only.
        """
        with self.report.step("update") as details:
            self._deploy(self.changed, "--method", "prepare-change-set", "--change-set-name", CHANGE_SET)
            for stack in self.stacks:
                plan = PLANS[stack.pattern]
                changes = stack.change_set(CHANGE_SET)
                if changes != plan.changes:
                    raise RehearsalError(
                        f"{stack.pattern}.{plan.setting} = {plan.value!r}: the plan expects {_changes(plan.changes)},\n"
                        f"but the change set has {_changes(changes)}."
                    )
                details.append(f"{plan.setting}: {len(changes)} resources" if len(changes) > 1 else plan.setting)
            self._deploy(self.changed)
            self._expect_status("UPDATE_COMPLETE")
            for stack in self.stacks:
                plan = PLANS[stack.pattern]
                value = self._read_value(stack)
                if value != plan.value:
                    raise RehearsalError(
                        f"{stack.pattern}.{plan.setting} = {plan.value!r} was deployed, but the account has {value!r}."
                    )

    def diff(self) -> None:
        with self.report.step("diff") as details:
            self._must_succeed(self._cdk("diff", self.changed, *self._paths, "--exclusively", "--fail"))
            details.append("no difference")

    def drift(self) -> None:
        """Detects drift. The emulated account cannot compare all resources: the CLI counts the others as unchecked."""
        with self.report.step("drift") as details:
            result = self._must_succeed(self._cdk("drift", self.changed, *self._paths, "--fail"))
            unchecked = sum(int(number) for number in re.findall(r"\((\d+) unchecked\)", result.output))
            checked = sum(len(stack.resources()) for stack in self.stacks) - unchecked
            details.append(f"none in {checked} resources, {unchecked} cannot be compared")

    def refuse_to_destroy(self) -> None:
        with self.report.step("refuse to destroy"):
            result = self._cdk("destroy", self.changed, *self._paths, "--exclusively", "--force")
            unprotected = [each.name for each in self.stacks if not each.describe()["EnableTerminationProtection"]]
            if unprotected or result.status == 0 or "TerminationProtection" not in result.output:
                raise RehearsalError(
                    f"These stacks have no termination protection: {_list(unprotected)}.\n{_tail(result.output)}"
                )

    def destroy(self) -> list[Resource]:
        """:returns: the retained resources of the stacks."""
        with self.report.step("destroy") as details:
            if self.production:
                self._disable_protection()
            self._must_succeed(self._cdk("destroy", self.changed, *self._paths, "--exclusively", "--force"))
            self._expect_status("DELETE_COMPLETE")
            for stack in self.stacks:
                retained = frozenset(resource.path for resource in stack.retained())
                plan = PLANS[stack.pattern]
                expected = plan.always_retained | (plan.retained_in_production if self.production else frozenset())
                if retained != expected:
                    raise RehearsalError(
                        f"{stack.name} retained {_list(retained)}. In {self.stage} it must retain {_list(expected)}."
                    )
            resources = [resource for stack in self.stacks for resource in stack.retained()]
            counts = Counter(resource.type.removeprefix("AWS::") for resource in resources)
            if counts:
                details.append("retained " + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())))
            return resources

    def check_nothing_left(self, before: Mapping[str, Sequence[str]], retained: Sequence[Resource]) -> None:
        """Compares the records in the account with those from before the deployment."""
        with self.report.step("check leftovers") as details:
            ids = [resource.physical_id for resource in retained]
            # The physical id of a queue is its URL. Some stores use the name, which is the end of the URL.
            names = [BOOTSTRAP_BUCKET, *ids, *(each.rpartition("/")[2] for each in ids if "://" in each)]
            expected = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])")
            left = [
                f"{store}: {key}"
                for store, keys in self.account.inventory().items()
                for key in sorted(set(keys) - set(before.get(store, ())))
                if not expected.search(key)
            ]
            if left:
                raise RehearsalError("These records are left in the emulated account:\n" + "\n".join(left))
            details.append("only retained resources" if retained else "none")

    def _read_value(self, stack: Stack) -> Any:
        ids = {resource.path: resource.physical_id for resource in stack.resources()}
        try:
            return PLANS[stack.pattern].read_value(self.account.session, ids)
        except KeyError as error:
            raise RehearsalError(
                f"{stack.name} has no resource {error}, which its plan in rehearsal/plans.py reads. "
                f"Choose one of {_list(ids)}."
            ) from error

    def _disable_protection(self) -> None:
        """Takes the steps that the pages of the patterns describe before ``cdk destroy`` in production."""
        load_balancers, clusters = self.account.session.client("elbv2"), self.account.session.client("eks")
        for stack in self.stacks:
            stack.disable_termination_protection()
            for resource in stack.resources():
                if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                    load_balancers.modify_load_balancer_attributes(
                        LoadBalancerArn=resource.physical_id,
                        Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
                    )
                if resource.type == "AWS::EKS::Cluster":
                    clusters.update_cluster_config(name=resource.physical_id, deletionProtection=False)

    @property
    def _paths(self) -> list[str]:
        return [stack.path for stack in self.stacks]

    def _cdk(self, command: str, assembly: Path, *arguments: str) -> CommandResult:
        return self.account.run("cdk", command, "--app", str(assembly), *arguments)

    def _deploy(self, assembly: Path, *arguments: str) -> CommandResult:
        always = ("--exclusively", "--require-approval", "never", "--concurrency", "4")
        return self._must_succeed(self._cdk("deploy", assembly, *self._paths, *always, *arguments))

    def _must_succeed(self, result: CommandResult) -> CommandResult:
        if result.status:
            failures = [failure for stack in self.stacks for failure in stack.failures()]
            raise RehearsalError(_unknown_types(result.output) or "\n".join(failures) or _tail(result.output))
        return result

    def _expect_status(self, status: str) -> None:
        for stack in self.stacks:
            if stack.status != status:
                reasons = "\n".join(stack.failures())
                raise RehearsalError(f"{stack.name} must be {status}, but is {stack.status}.\n{reasons}")


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


def _tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-25:])


def _changes(touched: Mapping[str, str]) -> str:
    return _list(f"{action} {path}" for path, action in touched.items())


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
