"""URIs of container images."""

import re
from typing import Final

PRIVATE_ECR: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.(com(\.cn)?|eu)"
    r"/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)


def is_private_ecr(uri: str) -> bool:
    """Whether an image comes from a private ECR repository."""
    return PRIVATE_ECR.fullmatch(uri) is not None
