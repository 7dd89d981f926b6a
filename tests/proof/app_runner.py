"""A sound account: what ``AppRunnerStack`` leaves behind, and the handles to spoil it by.

Moto knows nothing of App Runner. So it answers here what this account holds, each answer with no other members than
AWS's API has. Sandbox is as it comes; production has a private image, and is reached from within its VPC only.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from tests.proof import fargate_efs
from tests.proof.eks import allow, document
from tests.proof.fargate_efs import ANYWHERE
from tests.proof.proving import answer_instead

HERE = "arn:aws:apprunner:eu-west-1:123456789012"
NAME, ID = "AppRunnerService-0a1b2c", "0123456789abcdef0123456789abcdef"
SERVICE = f"{HERE}:service/{NAME}/{ID}"
SCALING = f"{HERE}:autoscalingconfiguration/AppRunnerScaling-0a1b2c/1/{ID}"
TRACING = f"{HERE}:observabilityconfiguration/AppRunnerTracing-0a1b2c/1/{ID}"
CONNECTOR = f"{HERE}:vpcconnector/Connector-0a1b2c/1/{ID}"
INGRESS = f"{HERE}:vpcingressconnection/Ingress-0a1b2c/{ID}"
WEB_ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/main/1a2b3c4d"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/team/app"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
BUILD, TASKS = ({"Service": f"{name}.apprunner.amazonaws.com"} for name in ("build", "tasks"))

PULL = (
    allow(
        [
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
            *("ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"),
        ],
        REPOSITORY,
    ),
    allow(["ecr:GetAuthorizationToken"], "*"),
)
TRACE = allow(
    [
        *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
        *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    ],
    "*",
)
READ = allow(["secretsmanager:GetSecretValue"], SECRET)


class Account(fargate_efs.Account):
    """In moto and, for App Runner, in this process, in the posture given. A break changes one thing of it."""

    name = "AppRunnerStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        "AWS/AppRunner": ("5xxStatusResponses", "RequestLatency", "ActiveInstances"),
    }

    # What any service on ECS has and this one has not.

    def _file_system(self) -> None: ...

    def _load_balancer(self) -> None: ...

    def _logs(self) -> None: ...

    def _scaling(self) -> None: ...

    def _network(self) -> None:
        if self.production:
            super()._network()

    def _key(self) -> None:
        super()._key()
        if self.key_arn:
            self.client("kms").enable_key_rotation(KeyId=self.key_arn)

    def _groups(self) -> None:
        self.connector_group = self._group("connector", [])
        self.open(self.connector_group, 443, ANYWHERE, outwards=True)
        within = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        self.client("ec2").authorize_security_group_egress(GroupId=self.connector_group, IpPermissions=[within])
        self.endpoint_group = self._group("endpoint", [(443, "10.0.0.0/16")])

    def _task(self) -> None:
        """The roles."""
        self.instance_role = self.new_role("instance", TASKS)
        self.let("instance", *([READ] if self.production else []), TRACE)
        self.access_role = None
        if self.production:
            self.access_role = self.new_role("access", BUILD)
            self.let("access", *PULL)

    def _service(self) -> None:
        self.scaling: dict[str, Any] = {
            "AutoScalingConfigurationArn": SCALING,
            "Status": "ACTIVE",
            "MaxConcurrency": 100,
            "MinSize": 2,
            "MaxSize": 6,
        }
        self.tracing: dict[str, Any] = {"TraceConfiguration": {"Vendor": "AWSXRAY"}}
        self.service: dict[str, Any] = {
            "ServiceArn": SERVICE,
            "ServiceId": ID,
            "ServiceName": NAME,
            "ServiceUrl": self.site.url.removeprefix("https://"),
            "Status": "RUNNING",
            "SourceConfiguration": self._source(),
            "InstanceConfiguration": {"Cpu": "256", "Memory": "512", "InstanceRoleArn": self.instance_role},
            "HealthCheckConfiguration": {"Protocol": "HTTP", "Path": "/"},
            "AutoScalingConfigurationSummary": {"AutoScalingConfigurationArn": SCALING},
            "NetworkConfiguration": {
                "IngressConfiguration": {"IsPubliclyAccessible": not self.production},
                "EgressConfiguration": {"EgressType": "DEFAULT"},
            },
            "ObservabilityConfiguration": {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": TRACING},
        }
        for kind, arn in (
            ("Service", SERVICE),
            ("AutoScalingConfiguration", SCALING),
            ("ObservabilityConfiguration", TRACING),
        ):
            self._made(f"AWS::AppRunner::{kind}", arn)
        self.web_acl: dict[str, Any] = {}
        if self.production:
            self.service["EncryptionConfiguration"] = {"KmsKey": self.key_arn}
            self._ways()
        self._answer()

    def _source(self) -> dict[str, Any]:
        image: dict[str, Any] = {
            "ImageIdentifier": "public.ecr.aws/aws-containers/hello-app-runner:latest",
            "ImageRepositoryType": "ECR_PUBLIC",
            "ImageConfiguration": {"Port": "8000"},
        }
        if not self.production:
            return {"ImageRepository": image, "AutoDeploymentsEnabled": False}
        image.update(
            ImageIdentifier="123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
            ImageRepositoryType="ECR",
            ImageConfiguration={"Port": "9000", "RuntimeEnvironmentSecrets": {"PASSWORD": SECRET}},
        )
        return {
            "ImageRepository": image,
            "AutoDeploymentsEnabled": True,
            "AuthenticationConfiguration": {"AccessRoleArn": self.access_role},
        }

    def _ways(self) -> None:
        """Through a VPC, and a web ACL."""
        self.service["NetworkConfiguration"]["EgressConfiguration"] = {
            "EgressType": "VPC",
            "VpcConnectorArn": self._made("AWS::AppRunner::VpcConnector", CONNECTOR),
        }
        self.connector: dict[str, Any] = {
            "Subnets": self.subnets["private"],
            "SecurityGroups": [self.connector_group],
        }
        self._made("AWS::AppRunner::VpcIngressConnection", INGRESS)
        self.ingress: dict[str, Any] = {
            "ServiceArn": SERVICE,
            "Status": "AVAILABLE",
            "DomainName": "a1b2c3.eu-west-1.awsapprunner.com",
            "IngressVpcConfiguration": {"VpcId": self.vpc, "VpcEndpointId": self.new_endpoint()},
        }
        self._made("AWS::WAFv2::WebACLAssociation", f"{SERVICE}|{WEB_ACL}|REGIONAL")
        self.web_acl = {"WebACL": {"Name": "main", "Id": "1a2b3c4d", "ARN": WEB_ACL}}

    def new_endpoint(self, **wrong: Any) -> str:
        made = self.client("ec2").create_vpc_endpoint(
            **{
                "VpcId": self.vpc,
                "ServiceName": "com.amazonaws.eu-west-1.apprunner.requests",
                "VpcEndpointType": "Interface",
                "SubnetIds": self.subnets["private"],
                "SecurityGroupIds": [self.endpoint_group],
                "PrivateDnsEnabled": False,
                **wrong,
            }
        )
        return self._made("AWS::EC2::VPCEndpoint", made["VpcEndpoint"]["VpcEndpointId"])

    def lead_to_endpoint(self, **wrong: Any) -> None:
        self.ingress["IngressVpcConfiguration"]["VpcEndpointId"] = self.new_endpoint(**wrong)

    def _outputs(self) -> dict[str, str]:
        logs = [f"/aws/apprunner/{NAME}/{ID}/{kind}" for kind in ("application", "service")]
        outputs = {
            "Url": f"https://{self.ingress['DomainName']}" if self.production else self.site.url,
            "ServiceArn": SERVICE,
            "DeployCommand": f"aws apprunner start-deployment --service-arn {SERVICE}",
            "PauseCommand": f"aws apprunner pause-service --service-arn {SERVICE}",
            "ResumeCommand": f"aws apprunner resume-service --service-arn {SERVICE}",
            "LogsCommand": f"aws logs tail {logs[0]} --follow",
            "RetentionCommand": f"for group in {' '.join(logs)}; do aws logs put-retention-policy …; done",
        }
        return {**outputs, "ConnectorGroupId": self.connector_group} if self.production else outputs

    def put_alarm(self, namespace: str, metric: str, **wrong: Any) -> None:
        dimensions = {"ServiceName": NAME, "ServiceID": ID}
        self.client("cloudwatch").put_metric_alarm(
            **{
                "AlarmName": metric,
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                "Statistic": "Sum",
                "Period": 60,
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 5,
                "Threshold": 5,
                "AlarmActions": [self.topic],
                "OKActions": [self.topic],
                **wrong,
            }
        )

    # Roles

    def new_role(self, name: str, principal: Any) -> str:
        return self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal))["Role"]["Arn"]

    def trust(self, name: str, principal: Any) -> None:
        self.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust(principal))

    def let(self, role: str, *statements: Mapping[str, Any]) -> None:
        """Allows this to a role, and nothing else."""
        self.client("iam").put_role_policy(RoleName=role, PolicyName="default", PolicyDocument=document(*statements))

    def attach(self, role: str, policy: str) -> None:
        iam = self.client("iam")
        made = iam.create_policy(PolicyName=policy, PolicyDocument=document(allow(["s3:GetObject"], "*")))
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])

    # App Runner

    def _answer(self) -> None:
        """Puts what this account holds in the place of App Runner, and of the one call of AWS WAF."""
        held: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
            ("apprunner", "DescribeService"): lambda asked: {"Service": self._of(asked, SERVICE, self.service)},
            ("apprunner", "DescribeAutoScalingConfiguration"): lambda _: {"AutoScalingConfiguration": self.scaling},
            ("apprunner", "DescribeObservabilityConfiguration"): lambda _: {"ObservabilityConfiguration": self.tracing},
            ("apprunner", "DescribeVpcConnector"): lambda asked: {
                "VpcConnector": self._of(asked, CONNECTOR, self.connector)
            },
            ("apprunner", "DescribeVpcIngressConnection"): lambda asked: {
                "VpcIngressConnection": self._of(asked, INGRESS, self.ingress)
            },
            ("wafv2", "GetWebACLForResource"): lambda asked: self._of(asked, SERVICE, self.web_acl),
        }
        for (service, operation), respond in held.items():
            self._instead(service, operation, respond)

    @staticmethod
    def _of(asked: dict[str, Any], arn: str, held: dict[str, Any]) -> dict[str, Any]:
        assert list(asked.values()) == [arn], f"{asked} is not in this account"
        return held

    def _instead(self, service: str, operation: str, respond: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        answer_instead(self.client(service), operation, lambda params: respond(json.loads(params["body"])))


def trust(principal: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
