"""The condition keys of the roles of DeployRoleStack, which MiniStack does not know."""

from typing import Any

from ministack.core import iam_actions
from ministack.services import cognito, sts

CLAIMS = ("ref", "repository_id")
"""Claims of GitHub's tokens. AWS evaluates them since January 2026, MiniStack only ``aud`` and ``sub``.

https://cageyv.dev/posts/aws-sts-oidc-claim-validation
"""


def register() -> None:
    _add_claims()
    _add_role_of_stack()


def _add_claims() -> None:
    known = sts._web_identity_principal

    def with_claims(token: str, provider_id: str, role_arn: str) -> tuple[str, dict[str, Any]]:
        principal, keys = known(token, provider_id, role_arn)
        claims = cognito._decode_id_token_unverified(token)
        host = principal.rpartition("oidc-provider/")[2]
        return principal, keys | {f"{host}:{name}": claims[name] for name in CLAIMS if name in claims}

    sts._web_identity_principal = with_claims  # ty: ignore[invalid-assignment]


def _add_role_of_stack() -> None:
    """Adds ``cloudformation:RoleArn``, the role that CloudFormation is to use.

    https://docs.amazonaws.cn/en_us/service-authorization/latest/reference/list_awscloudformation.md
    """
    known = iam_actions.request_tag_context

    def with_role(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        role = params.get("RoleARN", [None])[0] if service == "cloudformation" else None
        return {**known(service, iam_action, body, params), **({"cloudformation:rolearn": role} if role else {})}

    iam_actions.request_tag_context = with_role  # ty: ignore[invalid-assignment]
