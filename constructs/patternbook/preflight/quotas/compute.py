"""Quotas of vCPUs, of clusters and of Lambda's concurrency."""

from collections.abc import Iterator
from functools import partial

from patternbook.limits import quotas
from patternbook.limits.aws_lambda import UNRESERVED_CONCURRENCY
from patternbook.preflight.account import Account
from patternbook.preflight.questions import QUOTA_PERMISSIONS, Answer, fine, question, stops, unknown
from patternbook.preflight.quotas.capacity import Fleet, fargate_tasks, fleets_of
from patternbook.preflight.quotas.compare import added, compare, listed, usage_of
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Resource

FUNCTION = "AWS::Lambda::Function"


@question("quota-fargate-vcpus", *QUOTA_PERMISSIONS, "cloudwatch:GetMetricStatistics")
def fargate_vcpus(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the vCPUs of all Fargate tasks fit into the quota, which is as low as 6 in a new account?

    Use smaller or fewer tasks, or request a higher quota.

    https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
    """
    for spot, quota in ((False, quotas.FARGATE_VCPUS), (True, quotas.FARGATE_SPOT_VCPUS)):
        first, most = (partial(_task_vcpus, spot=spot, scaled_out=each) for each in (False, True))
        used = partial(usage_of, account, quota)
        yield from compare(stack, account, quota, first, used, at_most=most, unit=" vCPUs")


def _task_vcpus(stack: Stack, *, spot: bool, scaled_out: bool) -> float:
    return sum(
        each.vcpus * (each.at_most if scaled_out else each.at_first)
        for each in fargate_tasks(stack.template)
        if each.is_spot is spot and each.service.id not in stack.existing
    )


@question("quota-instance-vcpus", *QUOTA_PERMISSIONS, "cloudwatch:GetMetricStatistics")
def instance_vcpus(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the vCPUs of all instances fit into the quota, which is as low as 5 in a new account?

    Use smaller or fewer instances, or request a higher quota.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
    """
    fleets = [each for each in fleets_of(stack.template) if each.resource.id not in stack.existing]
    for each in fleets:
        if not each.types or each.vcpus is None:
            yield unknown(f"{each.resource.id}: its instance types are not known, so its vCPUs are not counted.")
        elif not each.is_standard:
            yield unknown(
                f"{each.resource.id}: {', '.join(each.types)} has a quota of its own, which is not asked for."
            )
    for spot, quota in ((False, quotas.ON_DEMAND_VCPUS), (True, quotas.SPOT_VCPUS)):
        first, most = (partial(_fleet_vcpus, spot=spot, scaled_out=each) for each in (False, True))
        used = partial(usage_of, account, quota)
        yield from compare(stack, account, quota, first, used, at_most=most, unit=" vCPUs")


def _fleet_vcpus(stack: Stack, *, spot: bool, scaled_out: bool) -> float:
    return sum(
        (fleet.vcpus or 0) * (fleet.at_most if scaled_out else fleet.at_first)
        for fleet in fleets_of(stack.template)
        if fleet.is_spot is spot and _counts(fleet, stack)
    )


def _counts(fleet: Fleet, stack: Stack) -> bool:
    return fleet.is_standard and fleet.resource.id not in stack.existing


@question("quota-eks-clusters", *QUOTA_PERMISSIONS, "eks:ListClusters")
def eks_clusters(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the cluster fit into the quota of EKS clusters?

    Delete a cluster that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
    """
    yield from compare(
        stack,
        account,
        quotas.EKS_CLUSTERS,
        added("AWS::EKS::Cluster"),
        listed(account, "eks.list_clusters", "clusters"),
    )


@question("quota-lambda-concurrency", "lambda:GetAccountSettings")
def lambda_concurrency(stack: Stack, account: Account) -> Iterator[Answer]:
    """Can the account reserve and provision the concurrency of the functions?

    Lower the concurrency, or request a higher quota of concurrent executions. Many new accounts have 10, and then no
    function can reserve any.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    wanted = _concurrency(stack)
    if not wanted:
        return
    before = sum(map(_concurrency, stack.earlier))
    limits = account.ask("lambda.get_account_settings")["AccountLimit"]
    free = max(0, limits["UnreservedConcurrentExecutions"] - UNRESERVED_CONCURRENCY)
    text = (
        f"The template reserves and provisions {wanted} concurrent executions"
        f"{f', templates before it {before}' if before else ''}. Of {limits['ConcurrentExecutions']} in the account, "
        f"{free} can be reserved."
    )
    if wanted + before > free:
        yield stops(
            text,
            "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
            f"--desired-value {limits['ConcurrentExecutions'] + wanted + before - free} --region {account.region}",
        )
    else:
        yield fine(text)


def _concurrency(stack: Stack) -> int:
    """What new functions take from the unreserved concurrency. What is provisioned is a part of what is reserved."""
    functions = {each.id: _number(each, "ReservedConcurrentExecutions") for each in stack.added(FUNCTION)}
    provisioned = dict[str, int]()
    for each in stack.added("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        function = each["FunctionName"].resource(FUNCTION)
        amount = each["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"].number
        if function and amount and not functions.get(function.id):
            provisioned[function.id] = provisioned.get(function.id, 0) + int(amount)
    return sum(functions.values()) + sum(provisioned.values())


def _number(resource: Resource, key: str) -> int:
    return int(resource[key].number or 0)
