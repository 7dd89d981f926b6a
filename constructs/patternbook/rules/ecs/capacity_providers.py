"""Rules for what ECS services run on: capacity providers, their Auto Scaling groups, and Fargate."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.ecs.services import SERVICE
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import PartialText, Problem, Resource, Template

CAPACITY_PROVIDER: Final = "AWS::ECS::CapacityProvider"


def runs_on(service: Resource) -> str | None:
    """The place where the tasks of a service run: ``FARGATE``, ``EC2``, or None if that is not known."""
    launch_type, strategy = service["LaunchType"], service["CapacityProviderStrategy"]
    if launch_type.text is not None:
        return launch_type.text
    kinds: set[str | None] = set()
    for each in strategy.items if launch_type.missing else ():
        provider = each["CapacityProvider"]
        of_group = provider.resource(CAPACITY_PROVIDER)
        if of_group and not of_group["AutoScalingGroupProvider"].may_be_missing:
            kinds.add("EC2")
        else:
            kinds.add("FARGATE" if provider.text in ("FARGATE", "FARGATE_SPOT") else None)
    return kinds.pop() if len(kinds) == 1 and strategy.fully_known else None


@rule("ecs-termination-protection", ERROR)
def termination_protection(template: Template) -> Iterator[Problem]:
    """A capacity provider has managed termination protection, but its Auto Scaling group has no scale-in protection.

    Set NewInstancesProtectedFromScaleIn on the group, or ManagedTerminationProtection to DISABLED.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-termination-protection.html
    """
    for provider in template.of_type(CAPACITY_PROVIDER):
        managed = provider["AutoScalingGroupProvider"]
        group = managed["AutoScalingGroupArn"].resource("AWS::AutoScaling::AutoScalingGroup")
        if managed["ManagedTerminationProtection"].text != "ENABLED" or group is None:
            continue
        protected = group["NewInstancesProtectedFromScaleIn"]
        if protected.is_off:
            yield protected.problem(f"{group.id} does not protect new instances, but {provider.id} requires it.")


@rule("ecs-unused-capacity-provider", WARNING)
def unused_capacity_provider(template: Template) -> Iterator[Problem]:
    """No service of the template uses a capacity provider that the template defines.

    Give the services a CapacityProviderStrategy. Without one, and without a default of the cluster, they run by launch
    type, and the capacity provider does not scale its instances with the tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    """
    services = template.of_type(SERVICE)
    for provider in template.of_type(CAPACITY_PROVIDER):
        if not services or not template.complete or _is_known_elsewhere(template, provider):
            continue
        strategies = [service["CapacityProviderStrategy"] for service in services]
        if not all(strategy.fully_known for strategy in strategies) or any(
            each["CapacityProvider"].unknown or isinstance(each["CapacityProvider"].value, PartialText)
            for strategy in strategies
            for each in strategy.items
        ):
            continue
        if not any(_uses(each, provider) for each in template.resources.values()):
            names = ", ".join(service.id for service in services)
            yield provider.problem(f"None of the services ({names}) has {provider.id} in its strategy.")


def _is_known_elsewhere(template: Template, provider: Resource) -> bool:
    """Whether services of other stacks can use a capacity provider: by its name, or because the cluster offers it."""
    offering = [each for each in template.resources.values() if each.type.startswith("AWS::ECS::Cluster")]
    clusters = [
        template.resources.get(name, each)
        for each in offering
        if provider.id in each["CapacityProviders"].references
        for name in (each["Cluster"].references or {each.id})
    ]
    named = not provider["Name"].missing
    return named or template.is_shared(provider) or any(map(template.is_shared, clusters))


def _uses(resource: Resource, provider: Resource) -> bool:
    """Whether a resource refers to a capacity provider, other than by listing those that a cluster offers."""
    name = provider["Name"]
    for key, value in resource.entries.items():
        if key == "CapacityProviders" and resource.type.startswith("AWS::ECS::Cluster"):
            continue
        if provider.id in value.references or (value.unknown and "CapacityProvider" in key):
            return True
        if name.text and name.text in str(value.value) and resource.id != provider.id:
            return True
    return False


@rule("ecs-waits-for-capacity-provider", ERROR)
def waits_for_capacity_provider(template: Template) -> Iterator[Problem]:
    """A service may be created before its capacity provider is associated with the cluster, which ECS refuses.

    Let the service depend on the AWS::ECS::ClusterCapacityProviderAssociations of its cluster (DependsOn).

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    for service in template.of_type(SERVICE):
        strategy = service["CapacityProviderStrategy"]
        for each in template.of_type("AWS::ECS::ClusterCapacityProviderAssociations"):
            if not _same_cluster(template, service, each) or template.waits_for(service, [each.id]):
                continue
            offered = each["CapacityProviders"].items
            names = {one.text for one in offered if one.text}
            ids = {name for one in offered for name in one.references}
            for used in strategy.items:
                provider = used["CapacityProvider"]
                if provider.references & ids or (provider.text and provider.text in names):
                    yield provider.problem(f"{service.id} does not depend on {each.id}.")
                    break
            if strategy.missing and service["LaunchType"].missing and each["DefaultCapacityProviderStrategy"].items:
                yield service.problem(
                    f"{service.id} uses the default strategy of {each.id}, but does not depend on it."
                )


def _same_cluster(template: Template, service: Resource, association: Resource) -> bool:
    """Whether it is certain that a service and an association have the same cluster."""
    mine, other = service["Cluster"], association["Cluster"]
    same = mine.references & other.references or (mine.text is not None and mine.text == other.text)
    written = template.identity(service, "Cluster")
    return bool(same) or (written is not None and written == template.identity(association, "Cluster"))


@rule("ecs-fargate-daemon", ERROR)
def fargate_daemon(template: Template) -> Iterator[Problem]:
    """A service on Fargate has the scheduling strategy DAEMON, which ECS refuses because there are no instances.

    Set SchedulingStrategy to REPLICA, or run the tasks on EC2 instances.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
    """
    for service in template.of_type(SERVICE):
        strategy = service["SchedulingStrategy"]
        if strategy.text == "DAEMON" and runs_on(service) == "FARGATE":
            yield strategy.problem("The tasks run on Fargate.")
