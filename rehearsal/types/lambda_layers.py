"""What MiniStack leaves of layers of Lambda functions."""

from ministack.services import lambda_svc

from rehearsal.types.seams import Properties, amend_type


def register() -> None:
    amend_type("AWS::Lambda::LayerVersion", forget=forget_layer)


def forget_layer(arn: str, _properties: Properties) -> None:
    """A layer without a version is none."""
    name = arn.split(":")[-2]
    layer = lambda_svc._layers.get(name)
    if layer and all(version.get("_deleted") for version in layer["versions"]):
        lambda_svc._layers.pop(name)
