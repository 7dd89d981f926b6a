"""Rules for App Runner services: size, image and runtime."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.app_runner import ECR_IMAGE, ENDED_RUNTIMES, MEMORY_MIB
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Problem, Template

SERVICE: Final = "AWS::AppRunner::Service"


@rule("apprunner-size", ERROR)
def size(template: Template) -> Iterator[Problem]:
    """App Runner does not offer this combination of CPU and memory.

    Choose a combination from the table in the document.

    https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html
    """
    for service in template.of_type(SERVICE):
        instance = service["InstanceConfiguration"]
        cpu = 1024 if instance["Cpu"].missing else instance["Cpu"].in_units("vCPU")
        memory = 2048 if instance["Memory"].missing else instance["Memory"].in_units("GB")
        if cpu is not None and cpu not in MEMORY_MIB:
            sizes = ", ".join(map(str, MEMORY_MIB))
            yield instance["Cpu"].problem(f"App Runner does not offer {cpu:g} CPU units; it offers {sizes}.")
        elif cpu is not None and memory is not None and memory not in MEMORY_MIB[int(cpu)]:
            sizes = ", ".join(map(str, MEMORY_MIB[int(cpu)]))
            yield instance["Memory"].problem(
                f"App Runner does not offer {memory:g} MB with {cpu:g} CPU units; it offers {sizes}."
            )


@rule("apprunner-access-role", ERROR)
def access_role(template: Template) -> Iterator[Problem]:
    """App Runner needs an access role to pull an image from a private ECR repository.

    Set AccessRoleArn to a role that trusts build.apprunner.amazonaws.com.

    https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
    """
    for service in template.of_type(SERVICE):
        source = service["SourceConfiguration"]
        role = source["AuthenticationConfiguration"]["AccessRoleArn"]
        if source["ImageRepository"]["ImageRepositoryType"].text == "ECR" and role.missing:
            yield role.problem("The image repository type is ECR, and no AccessRoleArn is set.")


@rule("apprunner-image-type", ERROR)
def image_type(template: Template) -> Iterator[Problem]:
    """The type of an image repository does not fit the image.

    Use type ECR for private ECR repositories and ECR_PUBLIC for public.ecr.aws; App Runner supports no other registry.

    https://docs.aws.amazon.com/apprunner/latest/api/API_ImageRepository.html
    """
    for service in template.of_type(SERVICE):
        repository = service["SourceConfiguration"]["ImageRepository"]
        image, kind = repository["ImageIdentifier"].text, repository["ImageRepositoryType"]
        if image is None or kind.text is None:
            continue
        required = (
            "ECR_PUBLIC" if image.startswith("public.ecr.aws/") else "ECR" if re.match(ECR_IMAGE, image) else None
        )
        if kind.text != required:
            reason = f"requires {required}" if required else "is in a registry that App Runner does not support"
            yield kind.problem(f"The type is {kind.text}, but the image {image!r} {reason}.")


@rule("apprunner-runtime-ended", ERROR)
def runtime_ended(template: Template) -> Iterator[Problem]:
    """App Runner no longer supports the runtime of a service.

    Change to a supported runtime, or to a container image.

    https://docs.aws.amazon.com/apprunner/latest/dg/service-source-code.html
    """
    for service in template.of_type(SERVICE):
        values = service["SourceConfiguration"]["CodeRepository"]["CodeConfiguration"]["CodeConfigurationValues"]
        end = ENDED_RUNTIMES.get(values["Runtime"].text or "")
        if end and template.today >= end:
            yield values["Runtime"].problem(f"Support for {values['Runtime'].text} ended on {end}.")
