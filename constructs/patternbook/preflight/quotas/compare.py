"""Compares what exists, and what a template adds, with a quota of the account."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from patternbook.limits.quotas import ServiceQuota
from patternbook.preflight.account import Account, CouldNotAskError
from patternbook.preflight.questions import Answer, fine, may, stops, unknown
from patternbook.preflight.stack import Stack

_NO_QUOTA: Final = ("NoSuchResourceException",)
"""Service Quotas' error code for a quota that nobody has changed, and for one that does not exist."""
USAGE_MINUTES: Final = 60
"""CloudWatch gets the usage every five minutes or more seldom:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Service-Quota-Integration.html"""


def applied(account: Account, quota: ServiceQuota) -> dict[str, Any] | None:
    """The quota as the account has it. None if Service Quotas does not have it.

    :raises CouldNotAskError: if AWS does not answer.
    """
    region = account.global_region if quota.is_global else account.region
    if not quota.code:
        return _by_name(account, quota, region)
    asked = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    for operation in ("get_service_quota", "get_aws_default_service_quota"):
        answer = account.ask(f"service-quotas.{operation}", region=region, absent=_NO_QUOTA, **asked)
        if answer is not None:
            return answer["Quota"]
    return None


def _by_name(account: Account, quota: ServiceQuota, region: str) -> dict[str, Any] | None:
    """A quota whose code no document names."""
    quotas = account.all(
        "service-quotas.list_service_quotas", "Quotas", region=region, absent=_NO_QUOTA, ServiceCode=quota.service
    )
    wanted = re.compile(rf"(number of )?{re.escape(quota.name)}( per .*)?", re.IGNORECASE)
    found = [each for each in quotas if wanted.fullmatch(each.get("QuotaName", ""))]
    return found[0] if len(found) == 1 else None


def added(*types: str) -> Callable[[Stack], int]:
    """Counts the resources of some types that a stack adds."""
    return lambda stack: len(stack.added(*types))


def listed(account: Account, operation: str, member: str, **parameters: Any) -> Callable[[], int]:
    """Counts what an operation lists, see :meth:`patternbook.preflight.account.Account.all`."""
    return lambda: len(account.all(operation, member, **parameters))


def usage_of(account: Account, quota: ServiceQuota) -> float:
    """The usage of a quota, as CloudWatch has it. Without data, nothing is in use.

    :raises CouldNotAskError: if AWS does not answer, or has no such metric.
    """
    metric = (applied(account, quota) or {}).get("UsageMetric") or {}
    if not metric.get("MetricName"):
        raise CouldNotAskError("AWS has no metric of the usage of this quota")
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    answer = account.ask(
        "cloudwatch.get_metric_statistics",
        Namespace=metric["MetricNamespace"],
        MetricName=metric["MetricName"],
        Dimensions=[{"Name": name, "Value": value} for name, value in sorted(metric["MetricDimensions"].items())],
        StartTime=now - timedelta(minutes=USAGE_MINUTES),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda each: each["Timestamp"])
    return points[-1]["Maximum"] if points else 0


def compare(
    stack: Stack,
    account: Account,
    quota: ServiceQuota,
    adds: Callable[[Stack], float],
    exists: Callable[[], float],
    *,
    at_most: Callable[[Stack], float] | None = None,
    place: str = "",
    unit: str = "",
) -> Iterator[Answer]:
    """Answers whether what a stack adds fits into a quota.

    :param adds: how much a stack adds at once.
    :param exists: how much is there already.
    :param at_most: how much a stack adds once it has scaled out as far as it may.
    :param place: where the quota holds, if it is a part of the Region.
    :param unit: what is counted, if the name of the quota does not say so.
    """
    if not adds(stack) and not (at_most and at_most(stack)):
        return
    before, new = sum(map(adds, stack.earlier)), adds(stack)
    limit, said, sure = _limit(account, quota)
    if limit is None:
        yield unknown(f"{quota.name}: the quota of the account is not known, the template adds {new:g}{unit}.")
        return
    used = exists()
    others = f", templates before it add {before:g}" if before else ""
    text = f"{quota.name}{place}: {used:g}{unit} in use{others}, the template adds {new:g}, {said} {limit:g}."
    most = at_most(stack) if at_most else new
    command = _increase(account, quota, used + before + max(most, new))
    if used + before + new > limit:
        yield (stops if sure else may)(text, command)
    elif used + before + most > limit:
        yield may(f"{text} Scaled out, the template uses {most:g}{unit}, which does not fit.", command)
    else:
        yield fine(text)


def compare_own(stack: Stack, name: str, types: Sequence[str], *, used: int, most: int) -> Answer:
    """Answers whether new resources fit into a quota that their service tells itself, with its usage."""
    new, used = len(stack.added(*types)), used + sum(map(added(*types), stack.earlier))
    text = f"{name}: {used} in use, the template adds {new}, the quota is {most}."
    return stops(text) if used + new > most else fine(text)


def _limit(account: Account, quota: ServiceQuota) -> tuple[float | None, str, bool]:
    """The limit, what to call it, and whether it is that of the account."""
    found = applied(account, quota)
    if found is not None:
        return found["Value"], "the quota is", True
    return (quota.default or None), "AWS documents", False


def _increase(account: Account, quota: ServiceQuota, wanted: float) -> str:
    if not quota.code:
        return f"Delete what is not needed, or ask AWS Support for more: {quota.source}"
    region = account.global_region if quota.is_global else account.region
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {-(-wanted // 1):g} --region {region}"
    )
