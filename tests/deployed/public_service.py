"""The checks that are the same for any service behind a public Application Load Balancer."""

from tests.deployed.changes import ADMITS, ANYWHERE, SERVICES, opened
from tests.deployed.looking import (
    CERTIFICATE,
    LOAD_BALANCER,
    RECORD,
    TARGET_GROUP,
    by_key,
    check_certificate,
    check_names,
    listeners_of,
    load_balancer_attributes,
    load_balancer_of,
    rules_of,
    scaled_resource,
    target_groups_of,
    task_of,
)
from tests.deployed.proving import fails
from tests.deployed.service import BalancedService
from tests.deployed.stack import DeployedStack

DEMONSTRATION = "public.ecr.aws/docker/library/busybox:"
METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"}

RECORDS = "route53.list_resource_record_sets ResourceRecordSets"
ISSUED = "acm.describe_certificate Certificate"
LISTENERS = "elbv2.describe_listeners Listeners"
FORWARD = [{"Type": "forward", "TargetGroupArn": "arn:other"}]
POLICIES = "application-autoscaling.describe_scaling_policies ScalingPolicies"
METRIC = f"{POLICIES} * TargetTrackingScalingPolicyConfiguration PredefinedMetricSpecification PredefinedMetricType"
LABEL = f"{POLICIES} * TargetTrackingScalingPolicyConfiguration PredefinedMetricSpecification ResourceLabel"
TARGETS = "elbv2.describe_target_groups TargetGroups 0"
DRAINED = "elbv2.describe_target_group_attributes Attributes Key=deregistration_delay.timeout_seconds Value"


def attribute(key: str) -> str:
    """The place of an attribute of the load balancer."""
    return f"elbv2.describe_load_balancer_attributes Attributes Key={key} Value"


def without_memory(metric: str) -> str:
    return metric.replace("Memory", "CPU")


class PublicListeners:
    """Checks of any stack with a public load balancer."""

    @fails(r"open to the outside: tcp/8080 0\.0\.0\.0/0", ADMITS, opened(8080, ANYWHERE))
    @fails("open to the outside: tcp/2049 10.0", ADMITS, opened(2049, "10.0.0.0/16"))
    @fails("open to the outside: tcp/22 ::/0", ADMITS, opened(22, "::/0"))
    def test_only_the_listeners_are_open_to_the_outside(self, stack: DeployedStack) -> None:
        groups, front = stack.all("AWS::EC2::SecurityGroup"), load_balancer_of(stack)["SecurityGroups"]
        ports = listeners_of(stack).keys()
        for group in groups:
            for rule in rules_of(stack, [group]):
                of_a_listener = (
                    group in front and rule.protocol == "tcp" and rule.first == rule.last and rule.first in ports
                )
                assert rule.peer in groups or of_a_listener, f"{group} is open to the outside: {rule}"

    @fails("leads to nothing by its AAAA record", f"{RECORDS} Type=AAAA", only="everything")
    @fails(
        "leads to other by its A record, not to", f"{RECORDS} Type=A AliasTarget DNSName", "other", only="everything"
    )
    @fails("certificate is PENDING_VALIDATION", f"{ISSUED} Status", "PENDING_VALIDATION", only="everything")
    @fails("does not cover", f"{ISSUED} SubjectAlternativeNames", ["other.example.com"], only="everything")
    @fails("in use is arn:other", f"{LISTENERS} Port=443 Certificates 0 CertificateArn", "arn:other", only="everything")
    def test_the_domain_name_leads_to_the_load_balancer(self, stack: DeployedStack) -> None:
        names = [stack.outputs["Url"].partition("://")[2]]
        if stack.all(RECORD):
            check_names(stack, names, load_balancer_of(stack)["DNSName"])
        if stack.all(CERTIFICATE):
            [used] = listeners_of(stack)[443]["Certificates"]
            check_certificate(stack, names, used["CertificateArn"])


class PublicService(PublicListeners, BalancedService):
    """Checks of one service behind a public load balancer."""

    @fails("nothing scales service/", "application-autoscaling.describe_scalable_targets ScalableTargets", [])
    @fails(r"does not scale by \['.*Memory", f"{POLICIES} *")
    @fails(r"does not scale by \['ECSServiceAverageMemoryUtilization'\]", METRIC, without_memory)
    @fails("by the requests of app/other/1, not of app/", LABEL, "app/other/1", only="sandbox")
    def test_the_service_scales_by_cpu_memory_and_requests(self, stack: DeployedStack) -> None:
        resource = scaled_resource(stack)
        targets = stack.ask(
            "application-autoscaling.describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[resource]
        )["ScalableTargets"]
        assert targets, f"nothing scales {resource}"
        policies = stack.ask(
            "application-autoscaling.describe_scaling_policies", ServiceNamespace="ecs", ResourceId=resource
        )["ScalingPolicies"]
        tracked = {
            policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
                "PredefinedMetricType"
            ]: policy
            for policy in policies
            # Step policies bring a policy on an expression, which keeps tasks.
            if "PredefinedMetricSpecification" in policy.get("TargetTrackingScalingPolicyConfiguration", {})
        }
        first, *alternate = target_groups_of(stack) or stack.all(TARGET_GROUP)
        # The metric of AWS covers one target group, so an expression on both takes its place.
        metrics = METRICS - {"ALBRequestCountPerTarget"} if alternate else METRICS
        assert tracked.keys() == metrics, f"the service does not scale by {sorted(metrics - tracked.keys())}"
        if alternate:
            return
        by_requests = tracked["ALBRequestCountPerTarget"]["TargetTrackingScalingPolicyConfiguration"]
        counted = by_requests["PredefinedMetricSpecification"]["ResourceLabel"]
        label = f"{stack.only(LOAD_BALANCER).partition(':loadbalancer/')[2]}/{first.rpartition(':')[2]}"
        assert counted == label, f"the service scales by the requests of {counted}, not of {label}"

    @fails(r"listens on \[\]", "elbv2.describe_listeners Listeners", [])
    @fails("requests go to arn:other, not to the tasks", f"{LISTENERS} * DefaultActions 0 TargetGroupArn", "arn:other")
    @fails(r"listens on \[443\]", f"{LISTENERS} Port=80", only="everything")
    @fails("plain HTTP is not redirected", f"{LISTENERS} Port=80 DefaultActions", FORWARD, only="everything")
    @fails("more than TLS 1.2 and 1.3", f"{LISTENERS} Port=443 SslPolicy", "ELBSecurityPolicy", only="everything")
    def test_the_load_balancer_serves_https_where_it_has_a_certificate(self, stack: DeployedStack) -> None:
        listeners = listeners_of(stack)
        with_tls = stack.outputs["Url"].startswith("https:")
        assert listeners.keys() == ({80, 443} if with_tls else {80}), (
            f"the load balancer listens on {sorted(listeners)}"
        )
        if with_tls:
            [redirect] = listeners[80]["DefaultActions"]
            to = redirect.get("RedirectConfig", {})
            assert (to.get("Protocol"), to.get("Port")) == ("HTTPS", "443"), "plain HTTP is not redirected to HTTPS"
            policy = listeners[443].get("SslPolicy", "")
            assert policy.startswith("ELBSecurityPolicy-TLS13-1-2"), f"HTTPS allows more than TLS 1.2 and 1.3: {policy}"
        [action] = listeners[443 if with_tls else 80]["DefaultActions"]
        forwarded = action.get("TargetGroupArn")
        assert forwarded == target_groups_of(stack)[0], f"requests go to {forwarded}, not to the tasks"

    @fails("invalid headers on", attribute("routing.http.drop_invalid_header_fields.enabled"), "false")
    def test_the_load_balancer_drops_invalid_headers(self, stack: DeployedStack) -> None:
        drops = load_balancer_attributes(stack).get("routing.http.drop_invalid_header_fields.enabled")
        assert drops == "true", "the load balancer passes requests with invalid headers on"

    @fails("logs are off in production", attribute("access_logs.s3.enabled"), "false", only="production")
    @fails("access logs go to other", attribute("access_logs.s3.bucket"), "other", only="production")
    @fails("protection is off in production", attribute("deletion_protection.enabled"), "false", only="production")
    @fails("protection is on in sandbox", attribute("deletion_protection.enabled"), "true", only="sandbox")
    def test_the_load_balancer_is_logged_and_protected_in_production_only(self, stack: DeployedStack) -> None:
        attributes, expected = load_balancer_attributes(stack), "true" if stack.production else "false"
        logs, protected = attributes.get("access_logs.s3.enabled", "false"), attributes["deletion_protection.enabled"]
        assert logs == expected, f"access logs are {'on' if logs == 'true' else 'off'} in {stack.posture}"
        assert protected == expected, (
            f"deletion protection is {'on' if protected == 'true' else 'off'} in {stack.posture}"
        )
        if stack.production:
            bucket = attributes["access_logs.s3.bucket"]
            assert bucket == stack.only("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"

    @fails("do not register with", f"{SERVICES} 0 loadBalancers", [])
    @fails("it answers 204, not 200", f"{TARGETS} Matcher HttpCode", "204", only="default")
    @fails("asks for /healthy, which", f"{TARGETS} HealthCheckPath", "/healthy", only="default")
    @fails("drained for 300 seconds", DRAINED, "300")
    def test_requests_go_to_tasks_that_answer_the_health_check(self, stack: DeployedStack) -> None:
        groups = stack.all(TARGET_GROUP)
        assert sorted(target_groups_of(stack)) == sorted(groups), f"the tasks do not register with {', '.join(groups)}"
        arn = target_groups_of(stack)[0]
        [targets] = stack.ask("elbv2.describe_target_groups", TargetGroupArns=[arn])["TargetGroups"]
        codes, path = targets["Matcher"]["HttpCode"], targets["HealthCheckPath"]
        if any(container["image"].startswith(DEMONSTRATION) for container in task_of(stack)["containerDefinitions"]):
            assert codes == "200", f"a task is taken for healthy when it answers {codes}, not 200"
            assert path == "/", f"the health check asks for {path}, which the demonstration does not have"
        attributes = by_key(stack.ask("elbv2.describe_target_group_attributes", TargetGroupArn=arn)["Attributes"])
        delay = attributes["deregistration_delay.timeout_seconds"]
        assert delay == "30", f"connections are drained for {delay} seconds, not for 30"
