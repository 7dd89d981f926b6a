"""stub"""

from typing import Any

from aws_cdk import aws_ecr as ecr

from patternbook import PatternSettings, PatternStack, Posture


class EcrSettings(PatternSettings):
    pass


class EcrStack(PatternStack):
    title = "x"
    settings_type = EcrSettings

    def __init__(self, scope: Any, construct_id: str, *, settings: EcrSettings, posture: Posture) -> None:
        super().__init__(scope, construct_id, posture=posture)
        ecr.Repository(self, "R")
