"""Service auto scaling as the settings of a pattern ask for it."""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from patternbook.monitoring import response_time
from patternbook.scaling import ServiceScaling
from patternbook.service_settings import ScalingSettings, UtilizationScalingSettings


def scale_by_utilization(
    scope: Construct, construct_id: str, *, service: ecs.BaseService, settings: UtilizationScalingSettings
) -> ServiceScaling:
    """By CPU and memory, within bounds that schedules may move."""
    scaling = ServiceScaling(
        scope, construct_id, service=service, min_tasks=settings.min_tasks, max_tasks=settings.max_tasks
    )
    scaling.on_cpu(percent=settings.target_cpu_percent)
    scaling.on_memory(percent=settings.target_memory_percent)
    for index, schedule in enumerate(settings.scheduled_tasks):
        scaling.on_schedule(f"Schedule{index}", **schedule.model_dump())
    return scaling


def scale_by_load(
    scope: Construct,
    construct_id: str,
    *,
    service: ecs.BaseService,
    targets: elbv2.ApplicationTargetGroup,
    settings: ScalingSettings,
) -> ServiceScaling:
    """By utilization, and by what an Application Load Balancer sends: requests, and how long they take."""
    scaling = scale_by_utilization(scope, construct_id, service=service, settings=settings)
    scaling.on_requests(targets, per_minute=settings.target_requests_per_minute)
    if settings.response_time_steps:
        add_tasks = {step.above_seconds: step.add_tasks for step in settings.response_time_steps}
        scaling.on_steps("ResponseTime", response_time(targets), add_tasks=add_tasks)
    return scaling
