"""The limits for a template that is read, and the error for one that breaks them."""

from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024
"""Size of the file. It is five times CloudFormation's limit, to leave room for what a packaging command removes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_DEPTH: Final = 100
"""Levels of nested objects and lists. No working template is that deep."""
MAX_VALUES: Final = 1_000_000
"""Values in the document, counting a value again each time a YAML alias repeats it."""


class TemplateError(ValueError):
    """The input is not a CloudFormation template. The message gives the reason in one line."""

    def __init__(self, message: str, *, is_broken_template: bool = False) -> None:
        """:param is_broken_template: whether the input seems to be meant as a template."""
        super().__init__(message)
        self.is_broken_template = is_broken_template


def too_deep(where: str = "") -> TemplateError:
    """The error for a document with more than :data:`MAX_DEPTH` levels."""
    return TemplateError(f"nested deeper than {MAX_DEPTH} levels{where}")
