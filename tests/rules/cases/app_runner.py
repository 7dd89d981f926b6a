"""Cases for the rules of App Runner."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, changed, resource

IMAGE: Final[dict[str, Any]] = {
    "Service": resource(
        "AWS::AppRunner::Service",
        SourceConfiguration={
            "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::111122223333:role/pull"},
            "ImageRepository": {
                "ImageRepositoryType": "ECR",
                "ImageIdentifier": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
            },
        },
        InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "2 GB"},
    )
}

CASES: Final[Mapping[str, Case]] = {
    "apprunner-size": case(
        IMAGE,
        {"Service.InstanceConfiguration.Memory": "8 GB"},
        {"Service.InstanceConfiguration.Cpu": "3072"},
        {"Service.InstanceConfiguration": {"Cpu": "256"}},
    ),
    "apprunner-access-role": case(IMAGE, {"Service.SourceConfiguration.AuthenticationConfiguration": REMOVED}),
    "apprunner-image-type": case(
        IMAGE,
        {"Service.SourceConfiguration.ImageRepository.ImageRepositoryType": "ECR_PUBLIC"},
        {"Service.SourceConfiguration.ImageRepository.ImageIdentifier": "docker.io/library/nginx"},
    ),
    "apprunner-runtime-ended": case(
        changed(
            IMAGE,
            {
                "Service.SourceConfiguration": {
                    "CodeRepository": {"CodeConfiguration": {"CodeConfigurationValues": {"Runtime": "PYTHON_311"}}}
                }
            },
        ),
        {
            "Service.SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.Runtime": "NODEJS_12",
        },
    ),
}
