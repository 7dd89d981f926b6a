"""The whole book in one posture, synthesized once, and single patterns with settings of a test's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Template

import app
from patternbook import PatternStack, build_app

POSTURES = ("sandbox", "production")

# What production asks of a user before a pattern can be synthesized.
REQUIRED: Mapping[str, dict[str, Any]] = {
    "sandbox": {},
    "production": {"FargateEfsStack.allow_plain_http": "true"},
}


class Book:
    """Every pattern in one posture."""

    def __init__(self, posture: str, outdir: Path) -> None:
        self.app = build_app(
            app.PATTERNS, cdk_json=app.CDK_JSON, context={"posture": posture} | REQUIRED[posture], outdir=str(outdir)
        )
        self.templates = {path.name.split(".")[0]: path for path in _synthesized(self.app).glob("*.template.json")}

    def template(self, stack: str) -> Template:
        return Template.from_stack(_stack(self.app, stack))

    def annotations(self, stack: str) -> Annotations:
        return Annotations.from_stack(_stack(self.app, stack))


def variant(pattern: type[PatternStack], outdir: Path, **settings: Any) -> cdk.App:
    """An app of one pattern; ``posture`` and its settings as on the command line or in cdk.json."""
    context = {key if key == "posture" else f"{pattern.__name__}.{key}": value for key, value in settings.items()}
    return build_app([pattern], cdk_json=_bare_cdk_json(outdir), context=context, outdir=str(outdir / "cdk.out"))


def template_of(pattern: type[PatternStack], outdir: Path, **settings: Any) -> Template:
    return Template.from_stack(_stack(variant(pattern, outdir, **settings), pattern.__name__))


def _bare_cdk_json(folder: Path) -> Path:
    """The project's cdk.json with feature flags only: settings of other patterns would be unknown."""
    document = json.loads(app.CDK_JSON.read_text(encoding="utf-8"))
    flags = {key: value for key, value in document["context"].items() if ":" in key or "/" in key}
    path = folder / "cdk.json"
    path.write_text(json.dumps({"context": flags}), encoding="utf-8")
    return path


def _synthesized(book: cdk.App) -> Path:
    return Path(book.synth().directory)


def _stack(book: cdk.App, name: str) -> cdk.Stack:
    stack = book.node.find_child(name)
    assert isinstance(stack, cdk.Stack)
    return stack
