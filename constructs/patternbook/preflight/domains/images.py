"""Container images and machine images that a template starts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import urlopen

from patternbook.limits.ec2_types import ec2_types
from patternbook.limits.images import PRIVATE_ECR
from patternbook.preflight.account import Account, CouldNotAskError
from patternbook.preflight.questions import Answer, fine, question, stops, unknown
from patternbook.preflight.quotas.capacity import fleets_of
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node

MEDIA_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""The indexes of several architectures come first, so that ECR returns one where there is one.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-manifest-formats.html
"""
AMD64: Final = "amd64"
ARM64: Final = "arm64"
_NAMES: Final = {"X86_64": AMD64, "x86_64": AMD64, "ARM64": ARM64, "arm64": ARM64}
MAX_BYTES: Final = 1024 * 1024
"""Size of an image's configuration, which is read for its architecture."""
SECONDS: Final = 10


@dataclass(frozen=True)
class _Use:
    """An image that something starts."""

    image: Node
    architecture: str | None
    """None if the template does not say it."""


def _uses(stack: Stack) -> Iterator[_Use]:
    for task in stack.of_type("AWS::ECS::TaskDefinition"):
        written = task["RuntimePlatform"]["CpuArchitecture"]
        architecture = AMD64 if written.missing else _NAMES.get(written.text or "")
        if written.missing and "FARGATE" not in (task["RequiresCompatibilities"].texts or []):
            architecture = None  # the instances decide
        for container in task["ContainerDefinitions"].items:
            yield _Use(container["Image"], architecture)
    for service in stack.of_type("AWS::AppRunner::Service"):
        image = service["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"]
        if not image.missing:
            yield _Use(image, AMD64)
    for service in stack.of_type("AWS::ECS::ExpressGatewayService"):
        if not service["PrimaryContainer"]["Image"].missing:
            yield _Use(service["PrimaryContainer"]["Image"], AMD64)
    for function in stack.of_type("AWS::Lambda::Function"):
        if not function["Code"]["ImageUri"].missing:
            names = function["Architectures"].texts or ["x86_64"]
            yield _Use(function["Code"]["ImageUri"], _NAMES.get(names[0]))


@question("images", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
def images(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does each container image exist, and does it have a build for the architecture that runs it?

    Push the image under that tag, for that architecture: docker buildx build --platform linux/amd64,linux/arm64.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
    """
    published = {each["repositoryName"] for each in stack.assembly.destinations if "repositoryName" in each}
    said = set[str]()
    for use in _uses(stack):
        text = use.image.text
        if text is None:
            if not use.image.references:
                yield unknown(f"{use.image.resource_id}: an image is not known before the deployment.")
            continue
        found = PRIVATE_ECR.fullmatch(text)
        if text in said or (found and found["name"] in published):
            continue  # the CDK CLI pushes it before the deployment
        said.add(text)
        if found is None:
            yield unknown(
                f"{use.image.resource_id}: {text} is in a registry that is not asked.",
                f"docker manifest inspect {text}",
            )
        else:
            yield _image(use, text, found.groupdict(), account)


def _image(use: _Use, text: str, parts: dict[str, str | None], account: Account) -> Answer:
    name = use.image.resource_id
    wanted = {"imageDigest": parts["digest"]} if parts["digest"] else {"imageTag": parts["tag"] or "latest"}
    answer = account.ask(
        "ecr.batch_get_image",
        region=parts["region"] or "",
        absent=("RepositoryNotFoundException",),
        registryId=parts["account"],
        repositoryName=parts["name"],
        imageIds=[wanted],
        acceptedMediaTypes=list(MEDIA_TYPES),
    )
    if answer is None:
        return stops(f"{name}: there is no repository {parts['name']} of {text}.")
    if not answer["images"]:
        codes = ", ".join(each.get("failureCode", "no reason") for each in answer.get("failures", []))
        return stops(f"{name}: ECR has no image {text} ({codes}).")
    architectures = _architectures(answer["images"][0], parts, account)
    if use.architecture is None or not architectures:
        return fine(f"{name}: {text} exists, for {', '.join(sorted(architectures)) or 'an unnamed architecture'}.")
    if use.architecture not in architectures:
        return stops(f"{name}: {text} is for {', '.join(sorted(architectures))}, but runs on {use.architecture}.")
    return fine(f"{name}: {text} exists, for {use.architecture}.")


def _architectures(image: dict[str, Any], parts: dict[str, str | None], account: Account) -> set[str]:
    manifest = json.loads(image["imageManifest"])
    if "manifests" in manifest:
        found = {each.get("platform", {}).get("architecture", "") for each in manifest["manifests"]}
        return found - {"", "unknown"}  # attestations have an unknown platform
    digest = manifest.get("config", {}).get("digest")
    if not digest:
        return set()
    answer = account.ask(
        "ecr.get_download_url_for_layer",
        region=parts["region"] or "",
        registryId=parts["account"],
        repositoryName=parts["name"],
        layerDigest=digest,
    )
    try:
        with urlopen(answer["downloadUrl"], timeout=SECONDS) as body:
            return {json.loads(body.read(MAX_BYTES))["architecture"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CouldNotAskError(f"the configuration of the image is not readable: {error}") from None


@question("machine-images", "ec2:DescribeImages")
def machine_images(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does each AMI exist in the Region, and can its instance types run it?

    Use an AMI of the Region, for the architecture of the instance types.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
    """
    for template in stack.of_type("AWS::EC2::LaunchTemplate"):
        name = template["LaunchTemplateData"]["ImageId"].text or ""
        if not name.startswith("ami-"):
            continue
        absent = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed")
        found = account.ask("ec2.describe_images", absent=absent, ImageIds=[name])
        if not found or not found["Images"]:
            yield stops(f"{template.id}: there is no AMI {name} in {account.region}, or it is not shared with you.")
            continue
        image = found["Images"][0]
        types = [
            each
            for fleet in fleets_of(stack.template)
            if template.id in fleet.resource["LaunchTemplate"].references
            or template.id in fleet.resource["MixedInstancesPolicy"].references
            for each in fleet.types
        ]
        wrong = [
            each for each in types if each in ec2_types() and ec2_types()[each].architecture != image["Architecture"]
        ]
        if wrong:
            yield stops(f"{template.id}: the AMI {name} is for {image['Architecture']}, unlike {', '.join(wrong)}.")
        elif image.get("State", "available") != "available":
            yield stops(f"{template.id}: the AMI {name} is {image['State']}.")
        else:
            yield fine(f"{template.id}: the AMI {name} exists, for {image['Architecture']}.")
