"""Defects for the rules of App Runner."""

from typing import Final

from tests.rules.defects.base import APP_RUNNER, REMOVED, Defect, set_properties

INSTANCE = "InstanceConfiguration"

DEFECTS: Final = (
    Defect(
        "apprunner-size",
        "memory",
        set_properties(APP_RUNNER, {f"{INSTANCE}.Cpu": "1 vCPU", f"{INSTANCE}.Memory": "8 GB"}),
        APP_RUNNER,
    ),
    Defect(
        "apprunner-size",
        "CPU",
        set_properties(APP_RUNNER, {f"{INSTANCE}.Cpu": "3072", f"{INSTANCE}.Memory": "6144"}),
        APP_RUNNER,
    ),
    Defect(
        "apprunner-access-role",
        "none",
        set_properties(
            APP_RUNNER,
            {"SourceConfiguration.AuthenticationConfiguration": REMOVED},
            having="SourceConfiguration.AuthenticationConfiguration.AccessRoleArn",
        ),
        APP_RUNNER,
    ),
    Defect(
        "apprunner-image-type",
        "Docker Hub",
        set_properties(
            APP_RUNNER,
            {"SourceConfiguration.ImageRepository.ImageIdentifier": "docker.io/library/nginx:latest"},
            having="SourceConfiguration.ImageRepository",
        ),
        APP_RUNNER,
    ),
    Defect(
        "apprunner-runtime-ended",
        "Node.js 12",
        set_properties(
            APP_RUNNER,
            {
                "SourceConfiguration": {
                    "CodeRepository": {"CodeConfiguration": {"CodeConfigurationValues": {"Runtime": "NODEJS_12"}}}
                }
            },
        ),
        APP_RUNNER,
    ),
)
