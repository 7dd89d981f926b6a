"""The life of stacks, from deployment to destruction, as a person leads it: by the CDK CLI."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.account import ACCOUNT_ID, REGION, ROOT, EmulatedAccount, Finished, RehearsalError
from rehearsal.plans import AS_CONFIGURED, CHANGED, PLANS, SANDBOX
from rehearsal.report import Report
from rehearsal.stack import Resource, Stack

CHANGE_SET = "rehearsal"
BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"


def bootstrap(account: EmulatedAccount, report: Report) -> None:
    """Prepares the account for the CDK CLI, once."""
    with report.step("bootstrap"):
        finished = account.run("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
        if finished.status:
            raise RehearsalError(_tail(finished.output))


def rehearse(cycles: Sequence["Cycle"]) -> None:
    """Takes stages of one account through their lives. All are deployed before the first is changed and destroyed, and
    none touches another.

    :raises RehearsalError: see :class:`Cycle`; and where a step of one stage changes a stack of another.
    """
    for cycle in reversed(cycles):
        cycle.begin()
    kept: list[Resource] = []
    for number, cycle in enumerate(cycles, start=1):
        others = cycles[number:]
        if others:
            cycle.is_apart_from(others)
        events = [other.events() for other in others]
        kept += cycle.go_on(kept)
        touched = [other.stage for other, before in zip(others, events, strict=True) if other.events() != before]
        if touched:
            raise RehearsalError(f"The steps of {cycle.stage} changed stacks of {_list(touched)}.")


class Cycle:
    """The steps for some patterns in one stage. Each raises :class:`RehearsalError` where it comes out otherwise."""

    def __init__(
        self, account: EmulatedAccount, assemblies: Path, stage: str, patterns: Sequence[str], report: Report
    ) -> None:
        """:param assemblies: what :mod:`rehearsal.assemblies` synthesized.
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

    def begin(self) -> None:
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}")
        self.before = self.account.inventory()
        self.deploy()
        self.check("check")

    def go_on(self, kept_by_others: Sequence[Resource] = ()) -> list[Resource]:
        """:return: what the stacks keep."""
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}, deployed")
        self.deploy_unchanged()
        self.update()
        self.check("check again")
        self.diff()
        self.drift()
        if self.production:
            self.refuse_to_destroy()
        kept = self.destroy()
        self.nothing_left(self.before, [*kept, *kept_by_others])
        return kept

    def is_apart_from(self, others: Sequence["Cycle"]) -> None:
        """Nothing in this stage is the same thing in another one of the same account."""
        with self.report.step("apart from other stages") as remarks:
            own = {(each.type, each.physical_id) for stack in self.stacks for each in stack.resources()}
            for other in others:
                theirs = {(each.type, each.physical_id) for stack in other.stacks for each in stack.resources()}
                if own & theirs:
                    shared = _list(f"{kind} {physical_id}" for kind, physical_id in own & theirs)
                    raise RehearsalError(f"{self.stage} and {other.stage} share {shared}.")
            remarks.append(f"{len(own)} resources of its own")

    def events(self) -> list[int]:
        """How many events each stack has had."""
        return [len(stack.events()) for stack in self.stacks]

    def deploy(self) -> None:
        with self.report.step("deploy") as remarks:
            self._deploy(self.as_configured)
            self._must_be("CREATE_COMPLETE")
            for stack in self.stacks:
                stack.pin()
            remarks.append(f"{sum(len(stack.resources()) for stack in self.stacks)} resources")

    def check(self, name: str) -> None:
        """What boto3 finds in the account, by the same checks as in a real one."""
        with self.report.step(name) as remarks:
            stacks = [f"--stack={pattern}" for pattern in self.patterns]
            finished = self.account.run(
                *("pytest", "--confcutdir=tests/deployed", "-p", "no:cacheprovider", "tests/deployed", *stacks),
                *((f"--stage={self.stage}",) if self.production else ()),
                folder=ROOT,
            )
            counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped)", finished.output)}
            if finished.status or "passed" not in counts:
                raise RehearsalError(finished.output.strip())
            remarks.append(f"{counts['passed']} checks")
            if "skipped" in counts:
                remarks.append(f"{counts['skipped']} do not apply")

    def deploy_unchanged(self) -> None:
        with self.report.step("deploy again") as remarks:
            events = self.events()
            finished = self._deploy(self.as_configured)
            touched = [stack.name for stack, n in zip(self.stacks, events, strict=True) if len(stack.events()) != n]
            if touched or finished.output.count("(no changes)") != len(self.stacks):
                raise RehearsalError(f"The same deployment again changed {_list(touched)}.\n{_tail(finished.output)}")
            remarks.append("no change")

    def update(self) -> None:
        """One setting changed: by a change set that names the resources it should and no other.

        One change set is looked at and another executed, as the CLI executes a prepared one of a single stack only.
        """
        with self.report.step("deploy a change") as remarks:
            self._deploy(self.changed, "--method", "prepare-change-set", "--change-set-name", CHANGE_SET)
            for stack in self.stacks:
                plan = PLANS[stack.pattern]
                changes = stack.change_set(CHANGE_SET)
                if changes != plan.touches:
                    raise RehearsalError(
                        f"{stack.pattern}.{plan.setting} = {plan.value!r} has to {_changes(plan.touches)}\n"
                        f"but the change set would {_changes(changes)}"
                    )
                remarks.append(f"{plan.setting}: {len(changes)} resources" if len(changes) > 1 else plan.setting)
            self._deploy(self.changed)
            self._must_be("UPDATE_COMPLETE")
            for stack in self.stacks:
                plan = PLANS[stack.pattern]
                value = self._in_effect(stack)
                if value != plan.value:
                    raise RehearsalError(
                        f"{stack.pattern}.{plan.setting} = {plan.value!r} was deployed, but {value!r} is in effect."
                    )

    def diff(self) -> None:
        with self.report.step("diff") as remarks:
            self._must_succeed(self._cdk("diff", self.changed, *self._paths, "--exclusively", "--fail"))
            remarks.append("clean")

    def drift(self) -> None:
        """As far as the emulated account can compare; what it cannot, the CLI counts as unchecked."""
        with self.report.step("drift") as remarks:
            finished = self._must_succeed(self._cdk("drift", self.changed, *self._paths, "--fail"))
            unchecked = sum(int(number) for number in re.findall(r"\((\d+) unchecked\)", finished.output))
            checked = sum(len(stack.resources()) for stack in self.stacks) - unchecked
            remarks.append(f"none in {checked} resources, {unchecked} cannot be compared")

    def refuse_to_destroy(self) -> None:
        with self.report.step("refuse to destroy"):
            finished = self._cdk("destroy", self.changed, *self._paths, "--exclusively", "--force")
            open_ones = [each.name for each in self.stacks if not each.describe()["EnableTerminationProtection"]]
            if open_ones or finished.status == 0 or "TerminationProtection" not in finished.output:
                raise RehearsalError(f"Not protected from termination: {_list(open_ones)}.\n{_tail(finished.output)}")

    def destroy(self) -> list[Resource]:
        """:returns: what the stacks keep."""
        with self.report.step("destroy") as remarks:
            if self.production:
                self._lift_protection()
            self._must_succeed(self._cdk("destroy", self.changed, *self._paths, "--exclusively", "--force"))
            self._must_be("DELETE_COMPLETE")
            for stack in self.stacks:
                kept = frozenset(resource.path for resource in stack.kept())
                plan = PLANS[stack.pattern]
                expected = plan.outlives | (plan.keeps if self.production else frozenset())
                if kept != expected:
                    raise RehearsalError(
                        f"{stack.name} keeps {_list(kept)}; in {self.stage} it has to keep {_list(expected)}."
                    )
            resources = [resource for stack in self.stacks for resource in stack.kept()]
            counts = Counter(resource.type.removeprefix("AWS::") for resource in resources)
            if counts:
                remarks.append("keeps " + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())))
            return resources

    def nothing_left(self, before: Mapping[str, Sequence[str]], kept: Sequence[Resource]) -> None:
        """Compares all that is in the account with what was there before the deployment."""
        with self.report.step("nothing left") as remarks:
            ids = [resource.physical_id for resource in kept]
            # A queue is known by its URL, and by the name that this ends with.
            names = [BOOTSTRAP_BUCKET, *ids, *(each.rpartition("/")[2] for each in ids if "://" in each)]
            accounted_for = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])")
            left = [
                f"{store}: {key}"
                for store, keys in self.account.inventory().items()
                for key in sorted(set(keys) - set(before.get(store, ())))
                if not accounted_for.search(key)
            ]
            if left:
                raise RehearsalError("Left behind, by the emulated account's own stores:\n" + "\n".join(left))
            remarks.append("but what the stack keeps" if kept else "but the bootstrap")

    def _in_effect(self, stack: Stack) -> Any:
        ids = {resource.path: resource.physical_id for resource in stack.resources()}
        try:
            return PLANS[stack.pattern].in_effect(self.account.session, ids)
        except KeyError as error:
            raise RehearsalError(
                f"{stack.name}: the plan, in rehearsal/plans.py, asks for {error}. There are {_list(ids)}."
            ) from error

    def _lift_protection(self) -> None:
        """What the patterns' pages tell a person to do before ``cdk destroy`` in production."""
        load_balancers, clusters = self.account.session.client("elbv2"), self.account.session.client("eks")
        for stack in self.stacks:
            stack.unprotect()
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

    def _cdk(self, command: str, assembly: Path, *arguments: str) -> Finished:
        return self.account.run("cdk", command, "--app", str(assembly), *arguments)

    def _deploy(self, assembly: Path, *arguments: str) -> Finished:
        always = ("--exclusively", "--require-approval", "never", "--concurrency", "4")
        return self._must_succeed(self._cdk("deploy", assembly, *self._paths, *always, *arguments))

    def _must_succeed(self, finished: Finished) -> Finished:
        if finished.status:
            failures = [failure for stack in self.stacks for failure in stack.failures()]
            raise RehearsalError(_unknown_types(finished.output) or "\n".join(failures) or _tail(finished.output))
        return finished

    def _must_be(self, status: str) -> None:
        for stack in self.stacks:
            if stack.status != status:
                reasons = "\n".join(stack.failures())
                raise RehearsalError(f"{stack.name} is {stack.status}, not {status}.\n{reasons}")


def _unknown_types(output: str) -> str:
    """What to do about types that the emulated account refuses."""
    refused = re.search(r"Unrecognized resource types: \[([^\]]*)\]", output)
    if refused is None:
        return ""
    return "\n".join(
        f"The emulated account knows no {name}: register it in rehearsal/types/{_module_of(name)}."
        for name in refused[1].split(", ")
    )


def _module_of(resource_type: str) -> str:
    """The module that has the other types of the service, or the one to add."""
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
