"""Lambda layers. MiniStack leaves records of deleted layers behind."""

from ministack.services import lambda_svc

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::Lambda::LayerVersion", clean_up=clean_up_layer)


def clean_up_layer(arn: str, _properties: Properties) -> None:
    """Removes a layer that has no version."""
    name = arn.split(":")[-2]
    layer = lambda_svc._layers.get(name)
    if layer and all(version.get("_deleted") for version in layer["versions"]):
        lambda_svc._layers.pop(name)
