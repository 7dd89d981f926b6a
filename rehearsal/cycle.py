"""Deploys, updates and destroys stacks by the CDK CLI, as a person would, and checks each step."""

import re
from collections.abc import Sequence

from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount, RehearsalError
from rehearsal.deployments import CHANGE_SET, changes, names, tail
from rehearsal.emulated import EmulatedDeployments
from rehearsal.late_failures import fail_first_deployment, fail_update
from rehearsal.preflight import preflight
from rehearsal.report import Report
from rehearsal.stack import Resource

PARTS = (
    "AWS::ApiGatewayV2::Stage",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::Glue::Table",
)
"""Types whose physical id is a name within another resource. Two of these may have the same."""


def bootstrap(account: EmulatedAccount, report: Report) -> None:
    """Prepares the account for the CDK CLI, once."""
    with report.step("bootstrap"):
        result = account.run("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
        if result.status:
            raise RehearsalError(tail(result.output))


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
        events = [other.last_events() for other in others]
        retained += cycle.update_and_destroy(retained)
        touched = [other.stage for other, before in zip(others, events, strict=True) if other.last_events() != before]
        if touched:
            raise RehearsalError(f"The steps of {cycle.stage} changed stacks of {names(touched)}.")


class Cycle(EmulatedDeployments):
    """The steps for some patterns in one stage. Each step raises :class:`RehearsalError` if it fails."""

    def deploy_and_check(self) -> None:
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}")
        preflight(self)
        self.before = self.account.inventory()
        self.retained_by_failure = fail_first_deployment(self)
        self.deploy()
        self.check("check")
        self.use()

    def update_and_destroy(self, retained_by_others: Sequence[Resource] = ()) -> list[Resource]:
        """:return: the retained resources of the stacks."""
        self.report.line(f"\n{', '.join(self.patterns)} in {self.stage}, deployed")
        fail_update(self)
        self.deploy_unchanged("deploy as before", self.as_configured)
        self.update()
        self.check("check again")
        self.use(updated=True)
        self.deploy_unchanged("deploy again", self.changed)
        self.diff()
        self.drift()
        if self.production:
            self.refuse_to_destroy()
        retained = [*self.destroy(), *self.retained_by_failure]
        with self.report.step("check leftovers") as details:
            self.check_nothing_left(self.before, [*retained, *retained_by_others])
            details.append("only retained resources" if retained else "none")
        return retained

    def check_isolation(self, others: Sequence["Cycle"]) -> None:
        """Checks that no resource of this stage is also a resource of another stage."""
        with self.report.step("check isolation") as details:
            own = self._identities()
            for other in others:
                theirs = other._identities()
                if own & theirs:
                    shared = names(f"{kind} {physical_id}" for kind, physical_id in own & theirs)
                    raise RehearsalError(f"{self.stage} and {other.stage} share {shared}.")
            details.append(f"{len(own)} resources, none shared")

    def _identities(self) -> set[tuple[str, str]]:
        """The types and physical ids of the resources that are not parts of others."""
        resources = (each for stack in self.stacks for each in stack.resources())
        return {(each.type, each.physical_id) for each in resources if each.type not in PARTS}

    def use(self, *, updated: bool = False) -> None:
        """Uses the stacks as their users do, if their plans say how."""
        for stack in self.stacks:
            plan = self.plan_of(stack)
            if use := plan.use_updated if updated else plan.use:
                with self.report.step("use again" if updated else "use") as details:
                    ids = {resource.path: resource.physical_id for resource in stack.resources()}
                    details.append(use(self.account, stack.outputs, ids))

    def update(self) -> None:
        """Changes settings, and checks that the change set lists the expected resources and no others."""
        with self.report.step("update") as details:
            self.deploy_change()
            for stack in self.stacks:
                plan = self.plan_of(stack)
                changed, expected = stack.change_set(CHANGE_SET), plan.changes_in(self.stage)
                if changed != expected:
                    raise RehearsalError(
                        f"{stack.pattern} with {plan.given}: the plan expects {changes(expected)},\n"
                        f"but the change set has {changes(changed)}."
                    )
                self.expect_change(stack)
                details.append(f"{', '.join(plan.settings)}: {len(changed)} resources")

    def diff(self) -> None:
        with self.report.step("diff") as details:
            self.must_succeed(self.cdk("diff", self.changed, *self.paths, "--exclusively", "--fail"))
            details.append("no difference")

    def drift(self) -> None:
        """Detects drift. The emulated account cannot compare all resources: the CLI counts the others as unchecked."""
        with self.report.step("drift") as details:
            result = self.must_succeed(self.cdk("drift", self.changed, *self.paths, "--fail"))
            unchecked = sum(int(number) for number in re.findall(r"\((\d+) unchecked\)", result.output))
            checked = sum(len(stack.resources()) for stack in self.stacks) - unchecked
            details.append(f"none in {checked} resources, {unchecked} cannot be compared")

    def refuse_to_destroy(self) -> None:
        with self.report.step("refuse to destroy"):
            result = self.cdk("destroy", self.changed, *self.paths, "--exclusively", "--force")
            unprotected = [each.name for each in self.stacks if not each.describe()["EnableTerminationProtection"]]
            if unprotected or result.status == 0 or "TerminationProtection" not in result.output:
                raise RehearsalError(
                    f"These stacks have no termination protection: {names(unprotected)}.\n{tail(result.output)}"
                )
