"""Helm charts, for what runs in a cluster and is neither an EKS add-on nor a manifest of this book."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import aws_iam as iam

EXACT_VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
RELEASE_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")
"""Helm accepts at most 53 characters: https://github.com/helm/helm/commit/52a029dcde7562d1d652a5b2c841c92c25145f15"""
PUBLIC_ECR: Final = "oci://public.ecr.aws/"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart, at one version. Its release in the cluster has the name of the chart, because charts derive the
    names of their objects from it.

    :param name: name of the chart.
    :param version: exact version, because Helm would take a range at each deployment anew.
    :param repository: ``https://`` and the address of a Helm repository, or ``oci://`` and the address of the chart in
        a registry.
    :param namespace: a namespace that exists.
    :raises ValueError: for a value that Helm or the CDK's function would misread.
    """

    name: str
    version: str
    repository: str
    namespace: str = "kube-system"

    def __post_init__(self) -> None:
        if not RELEASE_NAME.fullmatch(self.name):
            raise ValueError(
                f"name must be a chart's name of at most 53 lower-case letters, digits and hyphens, got {self.name!r}."
            )
        if not EXACT_VERSION.fullmatch(self.version):
            raise ValueError(f"version must be an exact version such as 3.5.0, got {self.version!r}.")
        if not self.repository.startswith(("https://", "oci://")):
            raise ValueError(f"repository must start with https:// or oci://, got {self.repository!r}.")
        # The CDK's function looks for the chart in a folder of the last part of the address.
        if self.repository.startswith("oci://") and not self.repository.endswith(f"/{self.name}"):
            raise ValueError(
                f"repository must end with the name of the chart, as in oci://registry/{self.name}, "
                f"got {self.repository!r}."
            )

    def pull_statements(self) -> list[iam.PolicyStatement]:
        """Permissions of the stack's own kubectl to pull the chart. It logs in to the public registry of Amazon ECR
        only, and needs no permission for other addresses.

        https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
        """
        if not self.repository.startswith(PUBLIC_ECR):
            return []
        return [
            iam.PolicyStatement(actions=["ecr-public:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(
                actions=["sts:GetServiceBearerToken"],
                resources=["*"],
                conditions={"StringEquals": {"sts:AWSServiceName": "ecr-public.amazonaws.com"}},
            ),
        ]


def check_values(values: Mapping[str, Any]) -> None:
    """Refuses ``None`` in the values of a chart, which the CDK would drop on the way to Helm. The chart's default would
    stay, where the author wanted none.

    :raises ValueError: naming each such value.
    """
    if missing := list(_nulls(values)):
        raise ValueError(
            f"values may not contain None, which the CDK drops, got it for {', '.join(missing)}. "
            "Leave the value out, or set what the chart takes for nothing."
        )


def _nulls(value: Any, path: str = "") -> Iterator[str]:
    match value:
        case None:
            yield path
        case Mapping():
            for name, item in value.items():
                yield from _nulls(item, f"{path}.{name}" if path else name)
        case Sequence() if not isinstance(value, str):
            for number, item in enumerate(value):
                yield from _nulls(item, f"{path}[{number}]")
