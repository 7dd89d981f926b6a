"""Public parameters with ids of AMIs. MiniStack has only a few of them."""

import re
from typing import Any

from ministack.services import ssm

AMI = "ami-0123456789abcdef0"
"""The value of every parameter. No instance is started from it."""

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
        return AMI if EKS_AMI.fullmatch(name) else super().get(name, default)


def register() -> None:
    known = PublicParameters(dict.fromkeys(PUBLIC_AMI_PARAMETERS, AMI))
    known.update(ssm._PUBLIC_AMI_PARAMETERS)
    ssm._PUBLIC_AMI_PARAMETERS = known
