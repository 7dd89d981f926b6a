"""Says what a file is that is no CloudFormation template, so that its message tells what to do."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_SIGNS: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("a Kubernetes manifest", ("apiVersion", "kind")),
    ("a definition of Step Functions", ("StartAt", "States")),
    (
        "a configuration of the Serverless Framework; run 'serverless package', and check its output",
        ("service", "provider"),
    ),
    ("a file of Docker Compose", ("services",)),
    ("a workflow of GitHub Actions", ("jobs",)),
    ("a buildspec of CodeBuild", ("version", "phases")),
    ("a document of Systems Manager", ("schemaVersion", "mainSteps")),
    ("a schema of a CloudFormation resource type", ("typeName", "properties")),
    ("a definition of an OpenAPI", ("openapi",)),
    ("a definition of an OpenAPI", ("swagger",)),
    ("a manifest of a cloud assembly of the CDK; check its *.template.json", ("version", "artifacts")),
    ("a configuration of the CDK; run 'cdk synth', and check cdk.out/*.template.json", ("app", "context")),
    ("a plan of Terraform", ("terraform_version", "planned_values")),
    ("a manifest of Copilot; run 'copilot svc package', and check its output", ("name", "type", "image")),
    ("an IAM policy", ("Statement",)),
    ("a task definition of ECS", ("containerDefinitions",)),
    ("a package of npm", ("name", "version")),
    ("a configuration of TypeScript", ("compilerOptions",)),
)
"""What a file is if it has these keys and no ``Resources``. The first match counts."""


def kind_of(document: Any) -> str:
    """What a document is that is no template. Empty if it looks like one, or if that is not known."""
    if isinstance(document, list):
        if document and all(isinstance(each, dict) and "ParameterKey" in each for each in document):
            return "a list of parameters"
        return "a list"
    if not isinstance(document, dict):
        return {str: "a text", type(None): "nothing"}.get(type(document), "a single value")
    resources = document.get("Resources")
    if isinstance(resources, list) and "version" in document:
        return "an AppSpec of CodeDeploy"
    if not isinstance(resources, dict):
        return next((kind for kind, keys in _SIGNS if all(key in document for key in keys)), "")
    modules = [name for name, body in resources.items() if _is_rain_module(body)]
    if modules or "Rain" in document:
        where = f": {modules[0]!r} includes a module" if modules else ""
        return f"a template for Rain{where}; run 'rain pkg', and check its output"
    if "Modules" in document:
        return "a template with modules, which CloudFormation does not know; check what your tool makes of it"
    return ""


def _is_rain_module(body: Any) -> bool:
    """Whether a resource is made by ``!Rain::Module``: https://github.com/aws-cloudformation/rain"""
    named = body.get("Type") if isinstance(body, Mapping) else None
    return isinstance(named, Mapping) and any("Rain::" in str(key) for key in named)
