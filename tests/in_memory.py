"""An AWS account in this process, for code that calls boto3."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

import boto3
import botocore.session
from botocore.loaders import create_loader
from moto import mock_aws

DESCRIPTIONS = create_loader()
"""The descriptions of AWS services, read once for all accounts."""


@contextmanager
def account_in_memory(region: str = "us-east-1") -> Generator[boto3.Session, None, None]:
    """An empty account. No variable or file of the user's can point it at another."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    with patch.dict(os.environ, {**others, **nobody, "AWS_EC2_METADATA_DISABLED": "true"}, clear=True), mock_aws():
        session = botocore.session.Session()
        session.register_component("data_loader", DESCRIPTIONS)
        yield boto3.Session("testing", "testing", region_name=region, botocore_session=session)
