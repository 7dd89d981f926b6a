"""A sound account: what ``LambdaConcurrencyStack`` leaves behind, and the handles to spoil it by.

Moto forgets half of what a function is told, knows nothing of provisioned concurrency, and needs Docker to call one. So
Lambda answers here what the account holds, and CodeDeploy does; all else is moto's.
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import boto3

from tests.deployed.test_lambda_concurrency import BY_URL, DEMONSTRATION, DIGEST, KEY, LOGS, SPILL_OVER, TRACES, WATCHED
from tests.proof import fargate_efs
from tests.proof.ecs_managed_instances import allow
from tests.proof.proving import answer_instead
from tests.proof.site import Site

HERE = "eu-west-1:123456789012"
NAME = "work-0a1b2c"
CALLER = "arn:aws:iam::444455556666:role/team/caller"
URL = "https://0a1b2c.lambda-url.eu-west-1.on.aws/"


class Account(fargate_efs.Account):
    """In the posture given. A break changes one thing of it."""

    name = "LambdaConcurrencyStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, session: boto3.Session, *, posture: str, site: Site, scales: bool = False) -> None:
        """:param scales: whether the number of environments does."""
        self.scales = scales
        self.answers: dict[str, dict[str, Any]] = {}
        super().__init__(session, posture=posture, site=site)
        for operation in self.answers:
            service = "codedeploy" if operation == "GetDeploymentGroup" else "lambda"
            answer_instead(self.client(service), operation, lambda _, name=operation: self.answers[name])

    # What any service has and a function has not.

    def _network(self) -> None: ...

    def _file_system(self) -> None: ...

    def _load_balancer(self) -> None: ...

    def _outputs(self) -> dict[str, str]:
        return {"Url": URL, "FailuresQueueUrl": self.queue}

    def _logs(self) -> None:
        self.log_group = self._made("AWS::Logs::LogGroup", self.new_log_group("work"))

    def _task(self) -> None:
        """The function's role, and the queue."""
        encrypted = {"KmsMasterKeyId": self.key_arn} if self.key_arn else {"SqsManagedSseEnabled": "true"}
        kept = {"MessageRetentionPeriod": str(14 * 86_400)}
        self.queue = self.client("sqs").create_queue(QueueName="failures", Attributes={**encrypted, **kept})["QueueUrl"]
        self.deny(**{"aws:SecureTransport": "false"})
        made = self.client("iam").create_role(RoleName="work", AssumeRolePolicyDocument="{}")
        self.role = made["Role"]["Arn"]
        self.let_function()

    def let_function(self, *more: Mapping[str, Any], but: str = "") -> None:
        """Allows what the stack does to the function's role, and more, but one action."""
        allowed = [
            (LOGS, f"arn:aws:logs:{HERE}:log-group:work:*"),
            (TRACES, "*"),
            ({"sqs:SendMessage"}, f"arn:aws:sqs:{HERE}:failures"),
            *([(KEY, self.key_arn)] if self.key_arn else []),
        ]
        statements = [allow(sorted(actions - {but}), resource) for actions, resource in allowed if actions - {but}]
        document = json.dumps({"Version": "2012-10-17", "Statement": [*statements, *more]})
        self.client("iam").put_role_policy(RoleName="work", PolicyName="default", PolicyDocument=document)

    def attach(self, policy: str) -> None:
        iam, document = self.client("iam"), {"Version": "2012-10-17", "Statement": [allow(["s3:GetObject"], "*")]}
        arn = iam.create_policy(PolicyName=policy, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="work", PolicyArn=arn)

    def deny(self, **condition: str) -> None:
        """What the queue refuses to anybody."""
        statement = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sqs:*", "Condition": {"Bool": condition}}
        arn = f"arn:aws:sqs:{HERE}:failures"
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
        self.set_queue(Policy=json.dumps(policy))

    def set_queue(self, **attributes: str) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=self.queue, Attributes=attributes)

    def _service(self) -> None:
        """The function, its alias, and what deploys it."""
        self._made("AWS::Lambda::Function", NAME)
        self._made("AWS::CodeDeploy::Application", "application")
        self._made("AWS::CodeDeploy::DeploymentGroup", "group")
        if self.scales:
            self._made("AWS::ApplicationAutoScaling::ScalableTarget", "target")
        found = {"KMSKeyArn": self.key_arn} if self.key_arn else {}
        self.answers = {
            "GetAlias": {"Name": "live", "FunctionVersion": "3"},
            "GetFunctionConfiguration": {
                "FunctionName": NAME,
                "Description": DEMONSTRATION,
                "Architectures": ["arm64"],
                "TracingConfig": {"Mode": "Active"},
                "LoggingConfig": {"LogFormat": "JSON", "LogGroup": self.log_group},
                "Role": self.role,
                **found,
            },
            "GetFunctionConcurrency": {"ReservedConcurrentExecutions": 100} if self.production else {},
            "GetProvisionedConcurrencyConfig": {"Error": {"Code": "ProvisionedConcurrencyConfigNotFoundException"}},
            "ListFunctionEventInvokeConfigs": {"FunctionEventInvokeConfigs": [self.events_go_to("failures")]},
            "GetFunctionUrlConfig": {"AuthType": "AWS_IAM", "FunctionUrl": URL},
            "GetPolicy": {"Error": {"Code": "ResourceNotFoundException"}},
            "Invoke": {},
            "GetDeploymentGroup": {
                "deploymentGroupInfo": {
                    "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
                    "autoRollbackConfiguration": {
                        "enabled": True,
                        "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
                    },
                    "alarmConfiguration": {
                        "enabled": True,
                        "alarms": [{"name": "new Errors"}, {"name": "new Duration"}],
                    },
                }
            },
        }
        self.say({"digest": DIGEST})
        if self.production:
            self.provision(2)
        if self.scales:
            self.let_call(CALLER, BY_URL)

    @property
    def function(self) -> dict[str, Any]:
        return self.answers["GetFunctionConfiguration"]

    @property
    def group(self) -> dict[str, Any]:
        return self.answers["GetDeploymentGroup"]["deploymentGroupInfo"]

    def reserve(self, number: int | None) -> None:
        self.answers["GetFunctionConcurrency"] = {} if number is None else {"ReservedConcurrentExecutions": number}

    def provision(self, number: int, status: str = "READY") -> None:
        self.answers["GetProvisionedConcurrencyConfig"] = {
            "RequestedProvisionedConcurrentExecutions": number,
            "Status": status,
        }

    def events_go_to(self, queue: str, alias: str = "live") -> dict[str, Any]:
        return {
            "FunctionArn": f"arn:aws:lambda:{HERE}:function:{NAME}:{alias}",
            "MaximumRetryAttempts": 2,
            "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{HERE}:{queue}"}},
        }

    def let_call(self, who: str, actions: Mapping[str, Mapping[str, Any]]) -> None:
        """As the function's policy has it."""
        principal: Any = "*" if who == "*" else {"AWS": who}
        statements = [
            {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition}
            for action, condition in actions.items()
        ]
        self.answers["GetPolicy"] = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}

    def say(self, what: Any, **more: str) -> None:
        """What the function answers."""
        self.answers["Invoke"] = {"Payload": io.BytesIO(json.dumps(what).encode()), **more}

    # Scaling and alarms

    def _scaling(self) -> None:
        if self.scales:
            scaling = self.client("application-autoscaling")
            scaling.register_scalable_target(**self.scaled, MinCapacity=1, MaxCapacity=5)
            self.scale_by("LambdaProvisionedConcurrencyUtilization")

    @property
    def scaled(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "lambda",
            "ResourceId": f"function:{NAME}:live",
            "ScalableDimension": "lambda:function:ProvisionedConcurrency",
        }

    def _alarms(self) -> None:
        super()._alarms()
        watched = [*sorted(WATCHED), "new Errors", "new Duration"]
        for name in [*watched, *([SPILL_OVER] if self.production or self.scales else [])]:
            self.watch(name)
            self._made("AWS::CloudWatch::Alarm", name)

    def watch(self, name: str, **wrong: Any) -> None:
        """Puts an alarm, of a new version where its name begins with "new"."""
        of_version = [{"Name": "ExecutedVersion", "Value": "3"}] if name.startswith("new ") else []
        arguments = {
            "AlarmName": name,
            "Namespace": "AWS/Lambda",
            "MetricName": name.removeprefix("new "),
            "Dimensions": [{"Name": "FunctionName", "Value": NAME}, *of_version],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
            **wrong,
        }
        self.client("cloudwatch").put_metric_alarm(**arguments)
