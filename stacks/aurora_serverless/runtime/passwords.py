"""The password of the application's role, as PostgreSQL stores it."""

import base64
import hashlib
import hmac
import json
import os

from data_api import Transaction

ROLE = "app"
ITERATIONS = 4096
"""PostgreSQL's own number. The generated password is long, so that more would not make it safer."""


def verifier(password: str, salt: bytes | None = None) -> str:
    """The verifier that PostgreSQL stores in place of a password. No statement, and no log of it, needs the password.

    ``psql`` does the same in ``\\password``:
    https://www.postgresql.org/docs/17/app-psql.html#APP-PSQL-META-COMMAND-PASSWORD. The format is that of
    ``pg_authid.rolpassword``: https://www.postgresql.org/docs/17/catalog-pg-authid.html

    :raises ValueError: for a password that is not ASCII, which SCRAM would have to normalize first.
    """
    if not (password.isascii() and password.isprintable() and password):
        raise ValueError("The password must consist of printable ASCII characters. Let Secrets Manager generate it.")
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(ITERATIONS, *encoded)


def password_in(secret: str) -> str:
    """The password in the application's secret.

    :raises ValueError: if the secret names another role. Whoever may write the secret must not choose whose password it
        sets.
    """
    value = json.loads(secret)
    if value["username"] != ROLE:
        raise ValueError(f"The application's secret must have the username {ROLE}. Correct the secret.")
    return value["password"]


def set_password(transaction: Transaction, password: str) -> None:
    """Sets the password of the application's role.

    ALTER ROLE takes no parameters, so that a setting of this transaction carries the verifier.
    """
    transaction.execute("SELECT set_config('patternbook.verifier', :verifier, true)", verifier=verifier(password))
    transaction.execute(
        f"DO $$ BEGIN EXECUTE format('ALTER ROLE {ROLE} PASSWORD %L', current_setting('patternbook.verifier')); END $$"
    )
