"""Public parameters with ids of AMIs. MiniStack has only a few of them."""

import re
from typing import Any

from ministack.services import ssm

from rehearsal.types.ec2_offers import AMI, ARM_AMI

PUBLIC_AMI_PARAMETERS = [
    f"/aws/service/{name}"
    for name in (
        "ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        "ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
        "bottlerocket/aws-ecs-2/x86_64/latest/image_id",
        "bottlerocket/aws-ecs-2/arm64/latest/image_id",
    )
]
EKS_AMI = re.compile(
    r"/aws/service/eks/optimized-ami/(?P<version>1\.\d\d)/amazon-linux-2023/(?P<architecture>arm64|x86_64)/standard/"
    r"(recommended|amazon-eks-node-al2023-(?P=architecture)-standard-(?P=version)-v\d{8})/image_id",
    re.ASCII,
)
"""The recommended AMI of a Kubernetes version, and that of any release."""


class PublicParameters(dict[str, str]):
    """The parameters of MiniStack, and those above."""

    def get(self, name: str, default: Any = None) -> Any:  # ty: ignore[incompatible-method-override]
        return ami_of(name) if EKS_AMI.fullmatch(name) else super().get(name, default)


def ami_of(name: str) -> str:
    """The AMI for the architecture in the name of a parameter. No instance is started from it."""
    return ARM_AMI if "/arm64/" in name else AMI


def register() -> None:
    known = PublicParameters({name: ami_of(name) for name in PUBLIC_AMI_PARAMETERS})
    known.update(ssm._PUBLIC_AMI_PARAMETERS)
    ssm._PUBLIC_AMI_PARAMETERS = known
