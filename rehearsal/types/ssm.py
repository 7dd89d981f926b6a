"""Public parameters with ids of AMIs. MiniStack has only a few of them."""

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
] + [
    f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/standard/recommended/image_id"
    # patternbook has a list of versions, but importing it would start the CDK in the server.
    for version in (f"1.{minor}" for minor in range(30, 50))
    for architecture in ("arm64", "x86_64")
]


def register() -> None:
    for name in PUBLIC_AMI_PARAMETERS:
        ssm._PUBLIC_AMI_PARAMETERS.setdefault(name, AMI)
