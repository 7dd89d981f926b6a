"""Secrets and their rotation schedules. MiniStack lacks the schedules, and refers to a secret by its name, not its ARN.

The emulated account rotates nothing by itself.
"""

import json
import secrets
import string
from typing import Any

from ministack.services import kms, lambda_svc, secretsmanager

from rehearsal.types.registry import Provisioned, physical_name, register_type, skip_drift
from rehearsal.types.shapes import Properties, Record, require


def register() -> None:
    register_type("AWS::SecretsManager::Secret", create=create_secret, update=update_secret, delete=delete_secret)
    skip_drift("AWS::SecretsManager::Secret")
    register_type(
        "AWS::SecretsManager::RotationSchedule",
        create=create_schedule,
        update=lambda physical_id, _old, new, stack: create_schedule(physical_id, new, stack),
        delete=delete_schedule,
    )


def secret_of(arn: str) -> tuple[str, Record]:
    """The name and the record of a secret, by its ARN or name."""
    name, secret = secretsmanager._resolve(arn)
    return require(name, f"Secrets Manager can't find the specified secret: {arn}"), secret


def create_secret(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    check_key(properties)
    arn, _ = secretsmanager._store_new_secret(
        properties.get("Name") or physical_name(stack, logical_id, max_len=64),
        secret_string=value_of(properties),
        description=properties.get("Description", ""),
        kms_key_id=properties.get("KmsKeyId"),
    )
    return arn, {"Id": arn}


def update_secret(arn: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
    """Changes a secret. It gets another value only if the template describes another value."""
    check_key(new)
    _, secret = secret_of(arn)
    secret.update(Description=new.get("Description", ""), KmsKeyId=new.get("KmsKeyId"))
    if new.get("GenerateSecretString") != old.get("GenerateSecretString"):
        secretsmanager._put_secret_value({"SecretId": arn, "SecretString": value_of(new)})
    return arn, {"Id": arn}


def delete_secret(arn: str, _properties: Properties) -> None:
    name, secret = secretsmanager._resolve(arn)
    if name:
        secretsmanager._purge_secret(name, secret)


def check_key(properties: Properties) -> None:
    key = properties.get("KmsKeyId")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")


def value_of(properties: Properties) -> str:
    """The value in the template, or a generated one."""
    generated = properties.get("GenerateSecretString")
    if generated is None:
        return properties.get("SecretString", "")
    template: dict[str, Any] = json.loads(generated.get("SecretStringTemplate", "{}"))
    length = int(generated.get("PasswordLength", 32))
    return json.dumps({**template, generated["GenerateStringKey"]: password(length)})


def password(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def create_schedule(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    _, secret = secret_of(properties["SecretId"])
    function = properties["RotationLambdaARN"]
    require(function.rpartition(":")[2] in lambda_svc._functions, f"Function not found: {function}")
    secret.update(
        RotationEnabled=True, RotationLambdaARN=function, RotationRules=dict(properties.get("RotationRules", {}))
    )
    return secret["ARN"], {"Id": secret["ARN"]}


def delete_schedule(arn: str, _properties: Properties) -> None:
    _, secret = secretsmanager._resolve(arn)
    if secret:
        secret.update(RotationEnabled=False, RotationLambdaARN=None, RotationRules=None)
