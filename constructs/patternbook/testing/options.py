"""Settings that turn on every option of a kind of pattern, for the tests of those patterns, and a VPC for them."""

from collections.abc import Mapping
from typing import Any

from patternbook.app import PatternStack

TASK_OPTIONS: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
    "entry_point": ["/entry"],
    "command": ["serve", "--quiet"],
    "environment": {"LOG_LEVEL": "info"},
    "health_check": {"command": ["CMD", "/healthy"], "start_period_seconds": 120, "stop_timeout_seconds": 90},
    "writable_paths": ["/tmp", {"path": "/var/cache/nginx", "size_mib": 100}],
    "secrets": {"PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"},
    "parameters": {"GREETING": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"},
    "secret_key_arns": ["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"],
}
BALANCED_HEALTH_CHECK: Mapping[str, Any] = {
    **TASK_OPTIONS["health_check"],
    "interval_seconds": 20,
    "timeout_seconds": 10,
    "healthy_threshold": 3,
    "unhealthy_threshold": 4,
    "matcher": "200-299",
    "grace_period_seconds": 240,
}
WEB_SERVICE_OPTIONS: Mapping[str, Any] = {
    **TASK_OPTIONS,
    "health_check": {"path": "/healthz", **BALANCED_HEALTH_CHECK},
    "scheduled_tasks": [{"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_tasks": 4, "max_tasks": 12}],
    "response_time_steps": [
        {"above_seconds": 1, "add_tasks": 1},
        {"above_seconds": 3, "add_tasks": 4},
    ],
    "allowed_cidrs": ["198.51.100.0/24", "203.0.113.0/24"],
    "domain_name": "shop.example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "web_acl_arn": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/main/12345678-1234-1234-1234-123456789012",
    "alarm_email": "ops@example.com",
}
CLUSTER_OPTIONS: Mapping[str, Any] = {
    "upgrade_policy": "EXTENDED",
    "kubernetes_version": "1.35",
    "public_access_cidrs": ["198.51.100.0/24", "203.0.113.0/24"],
    "private_access_cidrs": ["10.20.0.0/16", "100.64.0.0/10"],
    "private_access_security_groups": ["sg-0123456789abcdef0"],
    "admin_principals": ["arn:aws:iam::111122223333:role/team/operator"],
    "access": [
        {"principal": "arn:aws:iam::111122223333:role/team/developer", "level": "edit", "namespaces": ["default"]},
        {"principal": "arn:aws:iam::444455556666:user/auditor", "level": "view", "namespaces": ["*"]},
        {"principal": "arn:aws:iam::111122223333:role/team/developer", "level": "view", "namespaces": ["kube-system"]},
        {"principal": "arn:aws:iam::111122223333:role/team/developer", "level": "edit", "namespaces": ["team-*"]},
    ],
    "application_policy_arns": ["arn:aws:iam::111122223333:policy/team/app"],
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
OPTIONAL_ADD_ONS: Mapping[str, Any] = {
    "snapshot-controller": {"version": "v8.3.0-eksbuild.1"},
    "external-dns": {
        "version": "v0.19.0-eksbuild.2",
        "configuration": {"policy": "sync"},
        "hosted_zones": {"Z0123456789ABCDEFGHIJ": "example.com", "Z0123456789ABCDEFGHIK": "example.org"},
    },
    "cert-manager": {},
    "aws-secrets-store-csi-driver-provider": {},
}
EXISTING_VPC: Mapping[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "public_subnets": {"eu-west-1a": "subnet-0aaaaaaaaaaaaaaa1", "eu-west-1c": "subnet-0aaaaaaaaaaaaaaa2"},
    "private_subnets": {"eu-west-1a": "subnet-0bbbbbbbbbbbbbbb1", "eu-west-1c": "subnet-0bbbbbbbbbbbbbbb2"},
    "isolated_subnets": {"eu-west-1a": "subnet-0ccccccccccccccc1", "eu-west-1c": "subnet-0ccccccccccccccc2"},
    "cidr_blocks": ["10.20.0.0/16", "100.64.0.0/16"],
}
OPT_OUTS: Mapping[str, set[str]] = {
    "allow_plain_http": {"certificate_arn", "hosted_zone_id"},
    "allow_silent_alarms": {"alarm_email"},
    "allow_localhost_callback": {"callback_urls"},
}
"""Settings that permit production to go without a requirement, each with the settings that meet it."""


def opt_outs(pattern: type[PatternStack], settings: Mapping[str, Any]) -> dict[str, bool]:
    """The settings that permit a pattern with such settings to go without what production requires."""
    known = pattern.settings_type.model_fields
    return {name: True for name, meet in OPT_OUTS.items() if name in known and not meet & settings.keys()}
