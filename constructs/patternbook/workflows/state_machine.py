"""A Step Functions state machine behind an alias, with versions and gradual deployments."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IDependable

from patternbook.data.logs import LogGroup
from patternbook.nag import acknowledge
from patternbook.posture import Posture

ALIAS: Final = "live"
MINUTE: Final = cdk.Duration.minutes(1)
CANARY_PERCENT: Final = 10
CANARY_MINUTES: Final = 10
LOG_DELIVERY: Final = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""


class Workflow(Construct):
    """A Standard workflow with one alias, ``live``. Always start executions by the alias, which has a version.

    *Versions.* Each change of the definition, the role, the logging or the key publishes a version. The alias moves to
    it, at once or gradually. An execution keeps the version that it began with. Functions and tasks that a definition
    names without a version are always the newest.

    *Old versions* stay, because a redrive continues with the version of its execution
    (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html). Step Functions keeps at most 1,000
    of them, and deletes them with the state machine.

    *Logs* have all events. The name of the log group begins with ``/aws/vendedlogs/``, or the resource policy of
    CloudWatch Logs would be full with a few workflows
    (https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html).

    *Role.* The role may write its logs and traces. Grant it what the steps call, before others use the alias.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        definition: Mapping[str, Any],
        log_group: LogGroup,
        substitutions: Mapping[str, str] | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        """:param definition: in the Amazon States Language. A name such as ``${QueueUrl}`` stands for a substitution,
            and ``${Partition}`` for the partition.
        :param log_group: its policy is one of the account, see :func:`patternbook.data.logs.vended_name`.
        :param substitutions: values of these names.
        :param key: encrypts the definition and the data of executions. The policy of the key must allow the delivery of
            logs, see :func:`patternbook.data.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self._posture = posture
        stack = cdk.Stack.of(self)
        self.role = self._role(stack)
        self._allow_logs_and_traces()
        # Not as a substitution: ARNs of integrations are then visible to whoever checks the template.
        text = json.dumps(definition, separators=(",", ":")).replace("${Partition}", stack.partition)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_string(text),
            definition_substitutions=dict(substitutions or {}),
            role=self.role.without_policy_updates(),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group,
                level=sfn.LogLevel.ALL,
                include_execution_data=posture.log_execution_data,
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.resource = cast("sfn.CfnStateMachine", self.state_machine.node.default_child)
        if key is not None:
            self._encrypt(key, stack)
        self.version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=self.state_machine.state_machine_arn,
            state_machine_revision_id=self.state_machine.state_machine_revision_id,
        )
        self.version.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        self.version.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        self.alias = sfn.CfnStateMachineAlias(self, "Alias", name=ALIAS)
        self._deploy([])

    @property
    def alias_arn(self) -> str:
        return self.alias.attr_arn

    @property
    def version_number(self) -> str:
        """The number of the version of this deployment."""
        return cdk.Fn.select(7, cdk.Fn.split(":", self.version.attr_arn))

    def wait_for(self, *needed: IDependable) -> None:
        """Makes the alias only when the executions have what they need."""
        self.alias.node.add_dependency(*needed)

    def redrive_command(self, execution: str = "EXECUTION_NAME") -> str:
        """Continues an execution that failed, timed out or was aborted in the last 14 days, from the step that failed.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        """
        stack = cdk.Stack.of(self)
        arn = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.state_machine.state_machine_name}:{execution}",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return f"aws stepfunctions redrive-execution --execution-arn {arn}"

    def allow_heartbeats(self, role: iam.IGrantable) -> None:
        """Lets the role of a job report progress by its task token, but not success or failure.

        IAM's tables list no resource for this action. Others found that the state machine is its resource
        (https://github.com/aws/aws-cdk/pull/8486).

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
        """
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["states:SendTaskHeartbeat"],
            resource_arns=[self.state_machine.state_machine_arn],
        )

    def allow_map_runs(self) -> None:
        """Lets the workflow start its own Distributed Maps, see their children and redrive them.

        It is a policy of its own, because it names the state machine, which is made after the policy of the role.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        arn, name = self.state_machine.state_machine_arn, self.state_machine.state_machine_name
        own, children = (
            cdk.Stack.of(self).format_arn(
                service="states",
                resource="execution",
                resource_name=f"{name}{end}",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for end in (":*", "/*")
        )
        policy = iam.Policy(
            self,
            "MapRuns",
            statements=[
                iam.PolicyStatement(actions=["states:StartExecution"], resources=[arn]),
                iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[own]),
                iam.PolicyStatement(actions=["states:RedriveExecution"], resources=[children]),
            ],
            roles=[self.role],  # ty: ignore[invalid-argument-type]
        )
        machine = cdk.Stack.of(self).get_logical_id(self.resource)
        prefix = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<{machine}.Name>"
        for end in (":*", "/*"):
            acknowledge(policy, f"IAM5[Resource::{prefix}{end}]", "Executions get their names when they start.")
        self.wait_for(policy)

    def roll_back_on(self, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Shifts new executions to a new version gradually, and back if an alarm rings, if the posture says so.

        Watch the new version (:meth:`new_version`). An alarm on the alias would also ring for the version that a
        deployment is meant to repair, and so refuse the repair.
        """
        if self._posture.deployment_alarms:
            self._deploy(alarms)

    def metric(self, name: str, statistic: str = "sum") -> cloudwatch.Metric:
        """A metric of all executions, whatever started them.

        https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
        """
        return self._metric(name, statistic, {})

    def new_version(self, name: str, statistic: str = "sum") -> cloudwatch.Metric:
        """A metric of the executions of the version of this deployment."""
        return self._metric(name, statistic, {"Version": self.version_number})

    def _metric(self, name: str, statistic: str, more: Mapping[str, str]) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/States",
            metric_name=name,
            dimensions_map={"StateMachineArn": self.state_machine.state_machine_arn, **more},
            statistic=statistic,
            period=MINUTE,
        )

    def _deploy(self, alarms: Sequence[cloudwatch.Alarm]) -> None:
        shift: dict[str, Any] = {"type": "ALL_AT_ONCE"}
        if alarms:
            shift = {
                "type": "CANARY",
                "percentage": CANARY_PERCENT,
                "interval": CANARY_MINUTES,
                "alarms": [alarm.alarm_name for alarm in alarms],
            }
        self.alias.deployment_preference = sfn.CfnStateMachineAlias.DeploymentPreferenceProperty(
            state_machine_version_arn=self.version.attr_arn, **shift
        )

    def _role(self, stack: cdk.Stack) -> iam.Role:
        """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"""
        states = iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {
                    "aws:SourceArn": stack.format_arn(
                        service="states",
                        resource="stateMachine",
                        resource_name="*",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                },
            },
        )
        return iam.Role(self, "Role", assumed_by=states)  # ty: ignore[invalid-argument-type]

    def _allow_logs_and_traces(self) -> None:
        traces = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules")
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=[*LOG_DELIVERY, *traces, "xray:GetSamplingTargets"],
            resource_arns=["*"],
        )
        acknowledge(
            self.role,
            "IAM5[Resource::*]",
            "The actions of X-Ray and of log deliveries support no resource-level permissions.",
        )

    def _encrypt(self, key: kms.IKey, stack: cdk.Stack) -> None:
        """Sets the key, and lets the role use it for state machines and their logs.

        The L2's own configuration would allow the log delivery for any source, in the policy of the key. Its policy of
        the role would name a state machine without a name, so no execution could start.

        https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
        """
        self.resource.encryption_configuration = sfn.CfnStateMachine.EncryptionConfigurationProperty(
            type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key.key_arn
        )
        machines = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resource_arns=[key.key_arn],
            conditions={"StringLike": {"kms:EncryptionContext:aws:states:stateMachineArn": machines}},
        )
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["kms:GenerateDataKey"],
            resource_arns=[key.key_arn],
            conditions={
                "StringEquals": {
                    "kms:EncryptionContext:SourceArn": stack.format_arn(
                        service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
                    )
                }
            },
        )
