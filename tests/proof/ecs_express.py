"""A sound account: what ``EcsExpressStack`` leaves behind, with what ECS made of it, and the handles to spoil it by.

Moto knows nothing of Express Mode. So ECS answers here what ``Account.express`` and ``Account.managed`` hold; load
balancer, groups and scaling are moto's.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.proof import fargate_efs
from tests.proof.fargate_efs import ANYWHERE
from tests.proof.proving import answer_instead

HERE = "eu-west-1:123456789012"
ARN = f"arn:aws:ecs:{HERE}:service/cluster/service"
REVISION = f"arn:aws:ecs:{HERE}:service-revision/cluster/service/1"
POLICY = "AmazonECSInfrastructureRoleforExpressGatewayServices"


class Account(fargate_efs.Account):
    """In moto and, for Express Mode, in this process, in the posture given. A break changes one thing of it.

    ECS adds a group of its own in sandbox and none in production: the checks take both.
    """

    name = "EcsExpressStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        "AWS/ApplicationELB": ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "TargetResponseTime"),
        "ECS/ContainerInsights": ("RunningTaskCount",),
    }

    def _groups(self) -> None:
        ec2 = self.client("ec2")
        self.front_group = self._group("load balancer", [(443, ANYWHERE)])
        self.added_group = self._group("added", [(8080, self.front_group)])
        self.resources.pop("AWS::EC2::SecurityGroup")  # ECS makes both
        found = ec2.describe_subnets(SubnetIds=self.subnets["public"])["Subnets"]
        self.task_group = self._group("tasks", [(8080, subnet["CidrBlock"]) for subnet in found])
        self.open(self.task_group, 443, ANYWHERE, outwards=True)
        if self.production:
            self._group("endpoints", [(443, self.task_group)])

    def _file_system(self) -> None:
        """There is none."""

    def _load_balancer(self) -> None:
        """None of the stack's."""
        elbv2 = self.client("elbv2")
        self.new_load_balancer("express", Subnets=self.subnets["public"])
        self.targets = [self.new_target_group(name) for name in ("blue", "green")]
        not_found = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        # A certificate of IAM, because moto makes the keys of ACM's, which takes long.
        certificate = {"CertificateArn": "arn:aws:iam::123456789012:server-certificate/express"}
        self.listen(443, not_found, Certificates=[certificate])
        self.asks = elbv2.modify_target_group

    def new_load_balancer(self, name: str, **settings: Any) -> str:
        made = self.client("elbv2").create_load_balancer(
            Name=name, Scheme="internet-facing", SecurityGroups=[self.front_group], **settings
        )
        self.front = made["LoadBalancers"][0]["LoadBalancerArn"]
        return self.front

    def listen(self, port: int, action: Mapping[str, Any], **with_tls: Any) -> None:
        self._listener(port, action, **with_tls)

    def _task(self) -> None:
        iam = self.client("iam")
        role = iam.create_role(RoleName="task", AssumeRolePolicyDocument="{}")["Role"]
        self.task = {
            "family": "tasks",
            "taskRoleArn": role["Arn"],
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [
                {
                    "name": "Main",
                    "image": "public.ecr.aws/docker/library/busybox:1.37",
                    "portMappings": [{"containerPort": 8080, "name": "http", "protocol": "tcp"}],
                    "user": "1000:1000",
                    "readonlyRootFilesystem": True,
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": self.log_group}},
                }
            ],
        }

    def _service(self) -> None:
        ecs = self.client("ecs")
        self._made("AWS::ECS::Cluster", ecs.create_cluster(clusterName="cluster")["cluster"]["clusterName"])
        definition = ecs.register_task_definition(**self.task)["taskDefinition"]["taskDefinitionArn"]
        ecs.create_service(cluster="cluster", serviceName="service", taskDefinition=definition, desiredCount=2)
        self._made("AWS::ECS::ExpressGatewayService", ARN)
        self.update_service(deploymentConfiguration=self.shifting(), availabilityZoneRebalancing="ENABLED")
        iam = self.client("iam")
        role = iam.create_role(RoleName="infrastructure", AssumeRolePolicyDocument="{}")["Role"]
        self.attach(POLICY)
        self.configuration: dict[str, Any] = {
            "serviceRevisionArn": REVISION,
            "taskDefinitionArn": definition,
            "healthCheckPath": "/",
            "networkConfiguration": {"subnets": self.subnets["public"], "securityGroups": [self.task_group]},
            "scalingTarget": {
                "minTaskCount": 2,
                "maxTaskCount": 6,
                "autoScalingMetric": "AVERAGE_CPU",
                "autoScalingTargetValue": 60,
            },
            "ingressPaths": [{"accessType": "PUBLIC", "endpoint": self.site.url.removeprefix("https://")}],
        }
        self.express: dict[str, Any] = {
            "serviceArn": ARN,
            "serviceName": "service",
            "status": {"statusCode": "ACTIVE"},
            "infrastructureRoleArn": role["Arn"],
            "activeConfigurations": [self.configuration],
        }
        added = [] if self.production else [self.group_of(self.added_group)]
        self.managed: dict[str, Any] = {"ingressPaths": [self.path()], "serviceSecurityGroups": added}
        self._answer()

    def shifting(self, **wrong: Any) -> dict[str, Any]:
        alarms = {"alarmNames": ["rollback"], "enable": True, "rollback": True}
        canary = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3}
        return {"strategy": "CANARY", "canaryConfiguration": canary, "alarms": alarms, **wrong}

    @staticmethod
    def managed_one(arn: str) -> dict[str, Any]:
        return {"arn": arn, "status": "ACTIVE"}

    def group_of(self, group: str) -> dict[str, Any]:
        return self.managed_one(f"arn:aws:ec2:{HERE}:security-group/{group}")

    def path(self, **wrong: Any) -> dict[str, Any]:
        targets = [self.managed_one(arn) for arn in self.targets]
        return {"loadBalancer": self.managed_one(self.front), "targetGroups": targets, **wrong}

    def move(self, tier: str) -> None:
        """Tasks and load balancer."""
        self.configuration["networkConfiguration"]["subnets"] = self.subnets[tier]
        self.new_load_balancer("moved", Subnets=self.subnets[tier])
        self.managed["ingressPaths"] = [self.path()]

    def attach(self, policy: str) -> None:
        iam = self.client("iam")
        nothing = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
        arn = iam.create_policy(PolicyName=policy, PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="infrastructure", PolicyArn=arn)

    def let_infrastructure(self, action: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("iam").put_role_policy(RoleName="infrastructure", PolicyName="more", PolicyDocument=document)

    def _scaling(self) -> None:
        self.bound(2, 6)
        self.scale_by("ECSServiceAverageCPUUtilization")

    def bound(self, least: int, most: int) -> None:
        scaling = self.client("application-autoscaling")
        scaling.register_scalable_target(**self.scaled, MinCapacity=least, MaxCapacity=most)

    def put_alarm(self, namespace: str, metric: str, **wrong: Any) -> None:
        front = {"Name": "LoadBalancer", "Value": self.front.partition(":loadbalancer/")[2]}
        of_front = {"Dimensions": [front]} if namespace == "AWS/ApplicationELB" else {}
        super().put_alarm(namespace, metric, **{**of_front, **wrong})

    def _answer(self) -> None:
        """Puts what this account holds in the place of Express Mode."""
        ecs = self.client("ecs")
        answer_instead(ecs, "DescribeExpressGatewayService", lambda _: {"service": self.express})
        answer_instead(ecs, "DescribeServiceRevisions", self._revisions)

    def _revisions(self, params: dict[str, Any]) -> dict[str, Any]:
        asked_for = json.loads(params["body"])["serviceRevisionArns"]
        known = [{"serviceRevisionArn": REVISION, "ecsManagedResources": self.managed}]
        return {"serviceRevisions": known if asked_for == [REVISION] else []}
