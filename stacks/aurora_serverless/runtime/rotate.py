"""Rotates the password of the application's role, when Secrets Manager calls for it.

A rotation usually sets the new password, tries it, and then makes it the current one. The Data API logs in with the
version AWSCURRENT of a secret and with no other, so that a password can be tried only when it is current. Therefore
``finishSecret`` does both at once: the password changes in a transaction that is committed when the version is current.
The moment between the two is short, and a caller who meets it tries again.
"""

import json
import logging
import secrets
import string
from typing import Any

from data_api import DataApi, Transaction
from exclusive import exclusively
from passwords import ROLE, password_in, set_password

PASSWORD_LENGTH = 40

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def rotate(event: dict[str, Any], client: Any, secret: str, *, admin: DataApi, app: DataApi) -> None:
    """One of four steps: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

    Secrets Manager repeats a rotation that failed, from its first step, with the same token.

    :param secret: ARN of the application's secret, the only one that is rotated.
    """
    token, step = event["ClientRequestToken"], event["Step"]
    if event["SecretId"] != secret:
        raise ValueError("SecretId must be the application's secret. Rotate another secret by another function.")
    match step:
        case "createSecret":
            _create(client, secret, token)
        case "setSecret" | "testSecret":
            pass
        case "finishSecret":
            exclusively(admin, lambda transaction: _finish(transaction, client, secret, token))
            app.execute("SELECT 1 AS one")
        case _:
            raise ValueError(f"Step must be one of the four of a rotation, got {step!r:.40}.")
    logger.info("rotation", extra={"step": step})


def _create(client: Any, secret: str, token: str) -> None:
    """Stores a new password, unless an earlier try has done so."""
    try:
        client.get_secret_value(SecretId=secret, VersionId=token)
        return
    except client.exceptions.ResourceNotFoundException:
        pass
    # Letters and digits need no quotes anywhere.
    password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))
    value = json.dumps({"username": ROLE, "password": password})
    client.put_secret_value(SecretId=secret, ClientRequestToken=token, SecretString=value, VersionStages=["AWSPENDING"])


def _finish(transaction: Transaction, client: Any, secret: str, token: str) -> None:
    value = client.get_secret_value(SecretId=secret, VersionId=token)["SecretString"]
    set_password(transaction, password_in(value))
    versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
    if current != token:
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
