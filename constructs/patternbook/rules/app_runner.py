"""Rules for App Runner, whose sizes and names :mod:`patternbook.limits.app_runner` lists with their sources."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.app_runner import ECR_IMAGE, ENDED_RUNTIMES, MEMORY_MIB
from patternbook.rules.engine import ERROR, rule
from patternbook.rules.template import Problem, Template

SERVICE: Final = "AWS::AppRunner::Service"


@rule("apprunner-size", ERROR)
def size(template: Template) -> Iterator[Problem]:
    """App Runner does not offer this memory with this CPU.

    Choose a pair from the table of the document.

    https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html
    """
    for service in template.of_type(SERVICE):
        instance = service["InstanceConfiguration"]
        cpu = 1024 if instance["Cpu"].missing else instance["Cpu"].units("vCPU")
        memory = 2048 if instance["Memory"].missing else instance["Memory"].units("GB")
        if cpu is not None and cpu not in MEMORY_MIB:
            yield instance["Cpu"].problem(f"{cpu:g} CPU units; there are {', '.join(map(str, MEMORY_MIB))}.")
        elif cpu is not None and memory is not None and memory not in MEMORY_MIB[int(cpu)]:
            sizes = ", ".join(map(str, MEMORY_MIB[int(cpu)]))
            yield instance["Memory"].problem(f"{memory:g} MB with {cpu:g} CPU units, with which there are {sizes}.")


@rule("apprunner-access-role", ERROR)
def access_role(template: Template) -> Iterator[Problem]:
    """App Runner has no role to pull an image of a private repository with.

    Give the source an AccessRoleArn, of a role that build.apprunner.amazonaws.com may assume.

    https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
    """
    for service in template.of_type(SERVICE):
        source = service["SourceConfiguration"]
        role = source["AuthenticationConfiguration"]["AccessRoleArn"]
        if source["ImageRepository"]["ImageRepositoryType"].text == "ECR" and role.missing:
            yield role.problem("The image comes from a private ECR repository.")


@rule("apprunner-image-type", ERROR)
def image_type(template: Template) -> Iterator[Problem]:
    """The type of an image repository is not that of its image.

    Use ECR for private repositories of ECR, and ECR_PUBLIC for public.ecr.aws; there are no others.

    https://docs.aws.amazon.com/apprunner/latest/api/API_ImageRepository.html
    """
    for service in template.of_type(SERVICE):
        repository = service["SourceConfiguration"]["ImageRepository"]
        image, kind = repository["ImageIdentifier"].text, repository["ImageRepositoryType"]
        if image is None or kind.text is None:
            continue
        wanted = (
            "ECR_PUBLIC" if image.startswith("public.ecr.aws/") else "ECR" if re.match(ECR_IMAGE, image) else "neither"
        )
        if kind.text != wanted:
            yield kind.problem(f"{kind.text}, while {image!r} is {wanted}.")


@rule("apprunner-runtime-ended", ERROR)
def runtime_ended(template: Template) -> Iterator[Problem]:
    """App Runner no longer supports the runtime of a service.

    Move to a runtime that is supported, or to a container image.

    https://docs.aws.amazon.com/apprunner/latest/dg/service-source-code.html
    """
    for service in template.of_type(SERVICE):
        values = service["SourceConfiguration"]["CodeRepository"]["CodeConfiguration"]["CodeConfigurationValues"]
        end = ENDED_RUNTIMES.get(values["Runtime"].text or "")
        if end and template.today >= end:
            yield values["Runtime"].problem(f"Support of {values['Runtime'].text} ended on {end}.")
