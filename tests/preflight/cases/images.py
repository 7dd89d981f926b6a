"""Container images and machine images."""

import json
from dataclasses import replace
from typing import Any

from patternbook.preflight.stack import Assembly
from tests.preflight.cases.compute import group
from tests.preflight.world import ACCOUNT_ID, Case, Refused, resource

IMAGE = f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/web:1"


def task(image: Any = IMAGE, **platform: str) -> dict[str, Any]:
    more = {"RuntimePlatform": platform} if platform else {}
    return {
        "Task": resource(
            "AWS::ECS::TaskDefinition",
            RequiresCompatibilities=["FARGATE"],
            ContainerDefinitions=[{"Name": "web", "Image": image}],
            **more,
        )
    }


def index(*architectures: str) -> dict[str, Any]:
    manifests = [{"platform": {"architecture": each}} for each in (*architectures, "unknown")]
    return found({"manifests": manifests})


def found(manifest: Any) -> dict[str, Any]:
    return {"ecr.batch_get_image": {"images": [{"imageManifest": json.dumps(manifest)}], "failures": []}}


SINGLE = {
    **found({"config": {"digest": "sha256:1"}}),
    "ecr.get_download_url_for_layer": {"downloadUrl": 'data:application/json,{"architecture":"arm64"}'},
}
"""An image of one architecture, whose configuration has it. A URL with the data itself stands in for the one of S3."""
GONE = {"ecr.batch_get_image": {"images": [], "failures": [{"failureCode": "ImageNotFound"}]}}


def template(image: str = "ami-1234abcd") -> dict[str, Any]:
    made = group()
    made["Template"]["Properties"]["LaunchTemplateData"]["ImageId"] = image
    return made


def ami(architecture: str, state: str = "available") -> dict[str, Any]:
    return {"ec2.describe_images": {"Images": [{"Architecture": architecture, "State": state}]}}


web = Case("images", "fine", "exists, for amd64", task(), index("amd64", "arm64"))
machine = Case("machine-images", "fine", "the AMI ami-1234abcd exists, for arm64", template(), ami("arm64"))
CASES = (
    web,
    replace(web, resources=task(CpuArchitecture="ARM64"), says="exists, for arm64"),
    replace(web, given=index("arm64"), verdict="stops", says="is for arm64, but runs on amd64"),
    replace(web, given=SINGLE, verdict="stops", says="is for arm64, but runs on amd64"),
    replace(web, given=SINGLE, resources=task(CpuArchitecture="ARM64"), says="exists, for arm64"),
    replace(
        web,
        given={**SINGLE, "ecr.get_download_url_for_layer": {"downloadUrl": "data:,nothing"}},
        verdict="unknown",
        says="the configuration of the image is not readable",
    ),
    replace(web, given=GONE, verdict="stops", says="ECR has no image"),
    replace(
        web,
        given={"ecr.batch_get_image": Refused("RepositoryNotFoundException")},
        verdict="stops",
        says="there is no repository web",
    ),
    replace(
        web,
        resources=task("public.ecr.aws/nginx/nginx:1"),
        verdict="unknown",
        says="is in a registry that is not asked",
    ),
    replace(web, resources=task({"Fn::ImportValue": "Image"}), verdict="unknown", says="an image is not known"),
    replace(
        web,
        resources={"Function": resource("AWS::Lambda::Function", Code={"ImageUri": IMAGE}, Architectures=["arm64"])},
        given=index("amd64"),
        verdict="stops",
        says="is for amd64, but runs on arm64",
    ),
    replace(
        web,
        resources={
            "Service": resource(
                "AWS::AppRunner::Service", SourceConfiguration={"ImageRepository": {"ImageIdentifier": IMAGE}}
            )
        },
        given=index("arm64"),
        verdict="stops",
        says="runs on amd64",
    ),
    replace(
        web,
        resources={"Service": resource("AWS::ECS::ExpressGatewayService", PrimaryContainer={"Image": IMAGE})},
        given=GONE,
        verdict="stops",
        says="ECR has no image",
    ),
    machine,
    replace(machine, given=ami("x86_64"), verdict="stops", says="is for x86_64, unlike m7g.large"),
    replace(machine, given=ami("arm64", "pending"), verdict="stops", says="is pending"),
    replace(
        machine,
        given={"ec2.describe_images": Refused("InvalidAMIID.NotFound")},
        verdict="stops",
        says="there is no AMI ami-1234abcd in us-east-1",
    ),
)
PUBLISHED = replace(
    web,
    given={},
    assembly=Assembly(assets={"dockerImages": {"a": {"destinations": {"here": {"repositoryName": "web"}}}}}),
)
"""An image that the CDK CLI pushes before the deployment."""
OWN = replace(
    web,
    given={},
    resources={**task({"Fn::Sub": "${Repository.RepositoryUri}:1"}), "Repository": resource("AWS::ECR::Repository")},
)
