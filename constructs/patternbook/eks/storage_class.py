"""The StorageClass of claims that name none."""

from pathlib import Path
from typing import Any

from aws_cdk import aws_kms as kms

from patternbook.eks.manifests import read_manifests


def default_class(path: Path, *, key: kms.Key | None) -> list[dict[str, Any]]:
    """The StorageClass of a file, whose volumes are encrypted with the key; with the AWS managed one where it is None.

    :raises ValueError: see :func:`patternbook.eks.manifests.read_manifests`.
    """
    manifests = read_manifests(path)
    if key:
        for each in manifests:
            each["parameters"]["kmsKeyId"] = key.key_arn
    return manifests
