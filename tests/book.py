"""The whole book in one posture, synthesized once, and single patterns with settings of a test's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Template

import app
from patternbook import PatternStack, SettingsError, build_app
from patternbook.settings.loading import is_cdk_key

POSTURES = ("sandbox", "production")

# What production asks of a user before a pattern can be synthesized.
REQUIRED: Mapping[str, dict[str, Any]] = {
    "sandbox": {},
    "production": {"EveryStack": {"allow_plain_http": True}},
}

OF_A_TASK: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
    "health_check_command": ["CMD", "/healthy"],
    "writable_paths": ["/tmp"],
    "secrets": {"PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"},
    "parameters": {"GREETING": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"},
    "secret_key_arns": ["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"],
}
OF_A_WEB_SERVICE: Mapping[str, Any] = {
    **OF_A_TASK,
    "scheduled_tasks": [{"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_tasks": 4, "max_tasks": 12}],
    "response_time_steps": [
        {"above_seconds": 1, "add_tasks": 1},
        {"above_seconds": 3, "add_tasks": 4},
    ],
    "allowed_cidrs": ["198.51.100.0/24", "203.0.113.0/24"],
    "certificate_arn": "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
    "web_acl_arn": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/main/12345678-1234-1234-1234-123456789012",
    "alarm_email": "ops@example.com",
}
OF_A_CLUSTER: Mapping[str, Any] = {
    "upgrade_policy": "EXTENDED",
    "kubernetes_version": "1.35",
    "public_access_cidrs": ["198.51.100.0/24", "203.0.113.0/24"],
    "admin_principals": ["arn:aws:iam::111122223333:role/team/operator"],
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}

# Every optional part of each pattern at once.
EVERYTHING: Mapping[str, dict[str, Any]] = {
    "FargateEfsStack": {**OF_A_WEB_SERVICE},
    "EcsAnywhereStack": {
        **OF_A_TASK,
        "container_port": 9000,
        "architecture": "arm64",
        "desired_count": 2,
        "min_healthy_percent": 50,
        "host_port": 8080,
        "cpu": 512,
        "memory_mib": 1024,
        "alarm_email": "ops@example.com",
        "log_retention_days": 30,
    },
    "FargatePrivateLinkStack": {
        **OF_A_TASK,
        "container_port": 9000,
        "protocol": "TLS",
        "certificate_arn": "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
        "listener_port": 8443,
        "health_check_protocol": "HTTP",
        "health_check_path": "/healthz",
        "proxy_protocol": True,
        "allowed_cidrs": ["10.0.0.0/8"],
        "allowed_principals": ["arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/team/consumer"],
        "acceptance_required": False,
        "private_dns_name": "api.example.com",
        "consumer": True,
        "scheduled_tasks": [
            {"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_tasks": 4, "max_tasks": 12}
        ],
        "alarm_email": "ops@example.com",
    },
    "EcsEc2Stack": {
        **OF_A_WEB_SERVICE,
        "shared_files": True,
        "worker_image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/worker:v1",
        "architecture": "x86_64",
        "eni_trunking": True,
        "instance_types": ["m6i.large", "c6i.large"],
        "spot_percent": 60,
        "target_capacity_percent": 80,
    },
    "EcsManagedInstancesStack": {
        **OF_A_WEB_SERVICE,
        "cpu": 1024,
        "memory_mib": 2048,
        "architecture": "x86_64",
        "burstable": False,
        "allowed_instance_types": ["m7i.*", "c7a.*"],
        "capacity_option": "spot",
        "min_vcpus": 2,
        "max_vcpus": 8,
        "min_memory_gib": 4,
        "max_memory_gib": 32,
        "volume_gib": 100,
    },
    "EcsExpressStack": {
        **OF_A_TASK,
        "container_port": 9000,
        "health_check_path": "/healthz",
        "cpu": 512,
        "memory_mib": 2048,
        "architecture": "arm64",
        "command": ["serve", "--all"],
        "private_ingress": True,
        "min_tasks": 3,
        "max_tasks": 30,
        "scaling_metric": "requests",
        "scaling_target": 1000,
        "web_acl_arn": OF_A_WEB_SERVICE["web_acl_arn"],
        "alarm_email": "ops@example.com",
        "log_retention_days": 30,
    },
    "EksManagedNodesStack": {
        **OF_A_CLUSTER,
        "add_on_versions": {"vpc-cni": "v1.20.4-eksbuild.1", "coredns": "v1.12.4-eksbuild.1"},
        "architecture": "x86_64",
        "volume_gib": 100,
        "storage": ["ebs", "efs", "fsx-lustre", "fsx-ontap"],
        "lustre_capacity_gib": 4800,
        "lustre_mbps_per_tib": 250,
        "ontap_capacity_gib": 2048,
        "ontap_mbps": 256,
        "system_instance_types": ["m6i.large"],
        "system_labels": {"example.com/nodes": "system"},
        "min_system_nodes": 3,
        "max_system_nodes": 6,
        "spot_instance_types": ["m6i.large", "m6i.xlarge", "r6i.large"],
        "spot_labels": {"example.com/nodes": "spot"},
        "spot_taints": [{"key": "example.com/spot", "value": "true", "effect": "NO_EXECUTE"}, {"key": "batch"}],
        "min_spot_nodes": 0,
        "max_spot_nodes": 20,
    },
    "EksAutoModeStack": {**OF_A_CLUSTER, "add_on_versions": {"metrics-server": "v0.8.0-eksbuild.2"}},
    "EksSelfManagedNodesStack": {
        **OF_A_CLUSTER,
        "add_on_versions": {"vpc-cni": "v1.20.4-eksbuild.1"},
        "architecture": "x86_64",
        "volume_gib": 100,
        "ami_id": "ami-0123456789abcdef0",
        "instance_types": ["m6i.large", "r6i.large"],
        "on_demand_base": 3,
        "spot_percent": 80,
        "min_nodes": 3,
        "max_nodes": 12,
        "node_labels": {"nodes": "own", "example.com/a": "b"},
    },
    "EksFargateStack": {
        **OF_A_CLUSTER,
        "add_on_versions": {"coredns": "v1.12.4-eksbuild.1"},
        "namespaces": ["default", "team-a"],
    },
    "EcrStack": {
        "repository_name": "team/app",
        "mutable_tags": ["latest*"],
        "other_days": 90,
        "scanning": "enhanced",
        "scan_severities": ["CRITICAL", "UNTRIAGED"],
        "findings_email": "ops@example.com",
        "pull_account_ids": ["111122223333"],
        "pull_organization_id": "o-a1b2c3d4e5",
        "cache_ecr_public_prefix": "ecr-public",
        "cache_docker_hub_prefix": "docker-hub",
        "cache_docker_hub_secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:"
        "secret:ecr-pullthroughcache/docker-hub-AbCdEf",
        "public_repository": {"description": "An app", "operating_systems": ["Linux"]},
        "replicate_to_regions": ["eu-west-1"],
    },
    "AppRunnerStack": {
        **{name: OF_A_TASK[name] for name in ("image", "secrets", "parameters", "secret_key_arns")},
        "existing_customer": True,
        "start_command": "/app --listen 9000",
        "automatic_deployments": True,
        "container_port": 9000,
        "cpu": 2048,
        "memory_mib": 6144,
        "max_concurrency": 50,
        "min_instances": 3,
        "max_instances": 12,
        "health_check_path": "/healthz",
        "health_check_interval_seconds": 10,
        "health_check_timeout_seconds": 5,
        "healthy_threshold": 2,
        "unhealthy_threshold": 4,
        "vpc_connector": True,
        "private_ingress": True,
        "allowed_cidrs": ["10.0.0.0/16", "192.168.0.0/24"],
        "web_acl_arn": OF_A_WEB_SERVICE["web_acl_arn"],
        "alarm_email": "ops@example.com",
        "log_retention_days": 30,
    },
    "LambdaEdgeStack": {
        "domain_names": ["www.example.com", "example.com"],
        "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
        "web_acl_arn": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/main/12345678-1234-1234-1234-123456789012",
        "price_class": "all",
        "allowed_countries": ["DE", "FR"],
        "redirect_hosts": ["shop.example.com"],
        "redirects": [
            {"source": "/old", "target": "/about", "status": 308},
            {"source": "/shop", "target": "https://shop.example.com/all"},
        ],
        "variant_b_percent": 10,
        "variant_paths": [],
        "variant_days": 7,
        "page_cache_seconds": 60,
        "content_security_policy": "default-src 'self'; img-src 'self' data:",
        "alarm_email": "ops@example.com",
        "log_retention_days": 30,
    },
    "LambdaConcurrencyStack": {
        "code_path": str(app.CDK_JSON.parent / "stacks/lambda_concurrency/runtime"),
        "handler": "work.handler",
        "environment": {"TABLE_NAME": "items", "GREETING": "Hello"},
        "memory_mb": 1769,
        "timeout_seconds": 120,
        "ephemeral_storage_mb": 1024,
        "account_concurrency": 5000,
        "reserved_concurrency": 400,
        "provisioned_concurrency": 5,
        "max_provisioned_concurrency": 50,
        "provisioned_utilization_percent": 60,
        "scheduled_provisioned": [
            {"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_provisioned": 20, "max_provisioned": 80}
        ],
        "max_event_age_seconds": 600,
        "retry_attempts": 1,
        "invoke_principals": ["arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/team/caller"],
        "traffic_shift": "Linear10PercentEvery1Minute",
        "duration_alarm_percent": 50,
        "alarm_email": "ops@example.com",
        "log_retention_days": 30,
    },
}

# Options that exclude some of those.
OTHERWISE: Mapping[str, dict[str, Any]] = {
    "EcsEc2Stack": {"capacity_provider": False, "target_instance_cpu_percent": 40},
    "EksManagedNodesStack": {"operating_system": "bottlerocket", "storage": ["efs", "fsx-lustre"]},
    "AppRunnerStack": {
        "secrets": OF_A_TASK["secrets"],
        "repository_url": "https://github.com/team/app",
        "connection_arn": "arn:aws:apprunner:eu-west-1:111122223333:connection/github/0123456789abcdef0123456789abcdef",
        "branch": "release/1.x",
        "source_directory": "/web",
        "runtime": "PYTHON_311",
        "build_command": "pip install -r requirements.txt",
        "start_command": "python app.py",
        "automatic_deployments": True,
        "container_port": 8080,
        "max_instances": 2,
        "health_check_protocol": "TCP",
        "tracing": False,
    },
    "LambdaEdgeStack": {"blocked_countries": ["AQ"]},
    "LambdaConcurrencyStack": {
        "reserved_concurrency": 5,
        "provisioned_concurrency": 3,
        "traffic_shift": "Linear10PercentEvery1Minute",
    },
}


SCENARIOS = [(posture, options) for posture in POSTURES for options in ("defaults", "every option", "other options")]


def patterns_with(options: str) -> list[type[PatternStack]]:
    """All, but for the options that exclude others: few patterns have such."""
    return [pattern for pattern in app.PATTERNS if options != "other options" or pattern.__name__ in OTHERWISE]


def settings_of(posture: str, options: str) -> dict[str, Any]:
    if options == "every option":
        return dict(EVERYTHING)
    return {**REQUIRED[posture], **(OTHERWISE if options == "other options" else {})}


class Book:
    """Every pattern in one posture."""

    def __init__(self, posture: str, outdir: Path) -> None:
        self.app = build_app(
            app.PATTERNS, cdk_json=app.CDK_JSON, context={"posture": posture, **REQUIRED[posture]}, outdir=str(outdir)
        )

    def template(self, stack: str) -> Template:
        return Template.from_stack(_stack(self.app, stack))

    def annotations(self, stack: str) -> Annotations:
        return Annotations.from_stack(_stack(self.app, stack))


def variant(pattern: type[PatternStack], outdir: Path, **settings: Any) -> cdk.App:
    """An app of one pattern; ``posture`` and its settings as on the command line or in cdk.json."""
    context = {key if key == "posture" else f"{pattern.__name__}.{key}": value for key, value in settings.items()}
    return build_app([pattern], cdk_json=bare_cdk_json(outdir), context=context, outdir=str(outdir / "cdk.out"))


def template_of(pattern: type[PatternStack], outdir: Path, **settings: Any) -> Template:
    return Template.from_stack(_stack(variant(pattern, outdir, **settings), pattern.__name__))


def refusal(pattern: type[PatternStack], outdir: Path, **settings: Any) -> dict[str, str]:
    """The remedy for each setting of a pattern that is refused."""
    with pytest.raises(SettingsError) as caught:
        variant(pattern, outdir, **settings)
    return {mistake.path.removeprefix(f"{pattern.__name__}."): mistake.remedy for mistake in caught.value.mistakes}


def bare_cdk_json(folder: Path) -> Path:
    """The project's cdk.json with feature flags only: settings of other patterns would be unknown."""
    document = json.loads(app.CDK_JSON.read_text(encoding="utf-8"))
    flags = {key: value for key, value in document["context"].items() if is_cdk_key(key)}
    path = folder / "cdk.json"
    path.write_text(json.dumps({"context": flags}), encoding="utf-8")
    return path


def _stack(book: cdk.App, name: str) -> cdk.Stack:
    stack = book.node.find_child(name)
    assert isinstance(stack, cdk.Stack)
    return stack
