"""Public parameters that name the AMIs of a Region, of which MiniStack knows two."""

from ministack.services import ssm

from patternbook.eks_version import END_OF_STANDARD_SUPPORT

AMI = "ami-0123456789abcdef0"
"""Whatever the parameter: no instance is started from it."""

PUBLIC_AMI_PARAMETERS = [
    f"/aws/service/{name}"
    for name in (
        "ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        "ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
        "bottlerocket/aws-ecs-2/x86_64/latest/image_id",
        "bottlerocket/aws-ecs-2/arm64/latest/image_id",
    )
] + [
    f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/standard/recommended/image_id"
    for version in END_OF_STANDARD_SUPPORT
    for architecture in ("arm64", "x86_64")
]


def register() -> None:
    for name in PUBLIC_AMI_PARAMETERS:
        ssm._PUBLIC_AMI_PARAMETERS.setdefault(name, AMI)
