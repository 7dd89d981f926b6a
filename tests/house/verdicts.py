"""An app for ``test_verdicts``: stacks with an error, a warning or neither, each found by something else."""

import sys
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks
from constructs import Construct

from patternbook import PatternSettings, PatternStack, Posture, synthesize


class Pattern(PatternStack):
    title = "A pattern"
    settings_type = PatternSettings

    def __init__(self, scope: Construct, construct_id: str, *, settings: PatternSettings, posture: Posture) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture)
        self.fill()

    def fill(self) -> None:
        """Adds what the stack is about."""


class FineStack(Pattern):
    def fill(self) -> None:
        sns.CfnTopic(self, "Topic", kms_master_key_id="alias/aws/sns")


class AnnotationWarnedStack(FineStack):
    def fill(self) -> None:
        super().fill()
        cdk.Annotations.of(self).add_warning_v2("house:mark", "MARK")


class AnnotationRefusedStack(FineStack):
    def fill(self) -> None:
        super().fill()
        cdk.Annotations.of(self).add_error("MARK")


class AnnotationAcknowledgedStack(AnnotationWarnedStack):
    def fill(self) -> None:
        super().fill()
        cdk.Validations.of(self).acknowledge(cdk.Acknowledgment(id="Annotation::house:mark", reason="A test"))


class RuleWarnedStack(Pattern):
    def fill(self) -> None:
        ecs.CfnService(self, "Service", task_definition="task", launch_type="FARGATE")


class RuleRefusedStack(Pattern):
    def fill(self) -> None:
        strategy = ecs.CfnService.CapacityProviderStrategyItemProperty(capacity_provider="FARGATE")
        ecs.CfnService(
            self,
            "Service",
            task_definition="task",
            launch_type="FARGATE",
            capacity_provider_strategy=[strategy],
        )


class NagWarnedStack(Pattern):
    def fill(self) -> None:
        ec2.CfnNetworkAcl(self, "Acl", vpc_id="vpc-12345678")


class NagRefusedStack(Pattern):
    def fill(self) -> None:
        s3.CfnBucket(self, "Bucket")


@jsii.implements(cdk.IPolicyValidationPlugin)
class Broken:
    """A plugin that raises an exception."""

    name = property(lambda _: "Broken")
    version = property(lambda _: "1")
    rule_ids = property(lambda _: [])

    def __init__(self, app: cdk.App) -> None:
        """Is made with the app, as the plugins of cdk-nag are."""

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        raise ValueError(f"a defect of the plugin, in {context.stack_templates[0].stack_construct_path}")


CHOSEN = (
    FineStack,
    AnnotationWarnedStack,
    AnnotationRefusedStack,
    AnnotationAcknowledgedStack,
    RuleWarnedStack,
    RuleRefusedStack,
    NagWarnedStack,
    NagRefusedStack,
)

if __name__ == "__main__":
    synthesize(
        CHOSEN, cdk_json=Path("cdk.json"), plugins=[AwsSolutionsChecks, *([Broken] if "broken" in sys.argv else [])]
    )
