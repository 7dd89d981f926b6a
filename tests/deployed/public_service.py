"""What checks of any service behind a public Application Load Balancer have in common.

As with those of any service, a module of checks imports them, and they are its own then.
"""

import ssl
import time
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import urlopen

from tests.deployed.service import (
    LOAD_BALANCER,
    TARGET_GROUP,
    by_key,
    listeners_of,
    load_balancer_attributes,
    load_balancer_of,
    rules_of,
    scaled_resource,
    service_of,
    task_of,
)
from tests.deployed.stack import DeployedStack

DEMONSTRATION = "public.ecr.aws/docker/library/busybox:"
METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"}


def test_the_service_scales_by_cpu_memory_and_requests(stack: DeployedStack) -> None:
    scaling, resource = stack.client("application-autoscaling"), scaled_resource(stack)
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    assert targets, f"nothing scales {resource}"
    pages = scaling.get_paginator("describe_scaling_policies").paginate(ServiceNamespace="ecs", ResourceId=resource)
    tracked = {
        policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
            "PredefinedMetricType"
        ]: policy
        for page in pages
        for policy in page["ScalingPolicies"]
        if policy["PolicyType"] == "TargetTrackingScaling"
    }
    assert tracked.keys() == METRICS, f"the service does not scale by {sorted(METRICS - tracked.keys())}"
    by_requests = tracked["ALBRequestCountPerTarget"]["TargetTrackingScalingPolicyConfiguration"]
    counted = by_requests["PredefinedMetricSpecification"]["ResourceLabel"]
    front, targets_of_front = stack.only(LOAD_BALANCER), stack.only(TARGET_GROUP)
    label = f"{front.partition(':loadbalancer/')[2]}/{targets_of_front.rpartition(':')[2]}"
    assert counted == label, f"the service scales by the requests of {counted}, not of {label}"


def test_only_the_listeners_are_open_to_the_outside(stack: DeployedStack) -> None:
    groups, front = stack.all("AWS::EC2::SecurityGroup"), load_balancer_of(stack)["SecurityGroups"]
    ports = listeners_of(stack).keys()
    for group in groups:
        for rule in rules_of(stack, [group]):
            of_a_listener = (
                group in front and rule.protocol == "tcp" and rule.first == rule.last and rule.first in ports
            )
            assert rule.peer in groups or of_a_listener, f"{group} is open to the outside: {rule}"


def test_the_load_balancer_serves_https_where_it_has_a_certificate(stack: DeployedStack) -> None:
    listeners = listeners_of(stack)
    with_tls = stack.outputs["Url"].startswith("https:")
    assert listeners.keys() == ({80, 443} if with_tls else {80}), f"the load balancer listens on {sorted(listeners)}"
    if with_tls:
        [redirect] = listeners[80]["DefaultActions"]
        to = redirect.get("RedirectConfig", {})
        assert (to.get("Protocol"), to.get("Port")) == ("HTTPS", "443"), "plain HTTP is not redirected to HTTPS"
        policy = listeners[443].get("SslPolicy", "")
        assert policy.startswith("ELBSecurityPolicy-TLS13-1-2"), f"HTTPS allows more than TLS 1.2 and 1.3: {policy}"
    [action] = listeners[443 if with_tls else 80]["DefaultActions"]
    forwarded = action.get("TargetGroupArn")
    assert forwarded == stack.only(TARGET_GROUP), f"requests go to {forwarded}, not to the tasks"


def test_the_load_balancer_drops_invalid_headers(stack: DeployedStack) -> None:
    drops = load_balancer_attributes(stack).get("routing.http.drop_invalid_header_fields.enabled")
    assert drops == "true", "the load balancer passes requests with invalid headers on"


def test_the_load_balancer_is_logged_and_protected_in_production_only(stack: DeployedStack) -> None:
    attributes, expected = load_balancer_attributes(stack), "true" if stack.production else "false"
    logs, protected = attributes.get("access_logs.s3.enabled", "false"), attributes["deletion_protection.enabled"]
    assert logs == expected, f"access logs are {'on' if logs == 'true' else 'off'} in {stack.posture}"
    assert protected == expected, f"deletion protection is {'on' if protected == 'true' else 'off'} in {stack.posture}"
    if stack.production:
        bucket = attributes["access_logs.s3.bucket"]
        assert bucket == stack.only("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"


def test_requests_go_to_tasks_that_answer_the_health_check(stack: DeployedStack) -> None:
    arn = stack.only(TARGET_GROUP)
    assert [balancer["targetGroupArn"] for balancer in service_of(stack)["loadBalancers"]] == [arn], (
        f"the tasks do not register with {arn}"
    )
    elbv2 = stack.client("elbv2")
    [targets] = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    codes, path = targets["Matcher"]["HttpCode"], targets["HealthCheckPath"]
    assert codes == "200", f"a task is taken for healthy when it answers {codes}, not 200"
    if any(container["image"].startswith(DEMONSTRATION) for container in task_of(stack)["containerDefinitions"]):
        assert path == "/", f"the health check asks for {path}, which the demonstration does not have"
    attributes = by_key(elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
    delay = attributes["deregistration_delay.timeout_seconds"]
    assert delay == "30", f"connections are drained for {delay} seconds, not for 30"


def page_once(url: str, there: Callable[[str], object], *, deadline_seconds: float, pause_seconds: float) -> str:
    """The page as soon as what is looked for is there, or the last one before the deadline."""
    deadline = time.monotonic() + deadline_seconds
    page = _get(url)
    while not there(page) and time.monotonic() < deadline:
        time.sleep(pause_seconds)
        page = _get(url)
    return page


def _get(url: str) -> str:
    """The page, or why there is none (yet)."""
    # The load balancer's own name is on no certificate, so only whose certificate it is can be verified.
    context = ssl.create_default_context()
    context.check_hostname = False
    try:
        with urlopen(url, timeout=10, context=context) as answer:
            return answer.read().decode()
    except URLError as error:
        reason = error.reason
        assert not isinstance(reason, ssl.SSLCertVerificationError), (
            f"{url} has a certificate not trusted here: {reason}"
        )
        return str(error)
    except OSError as error:  # such as a connection that ends too early
        return str(error)
