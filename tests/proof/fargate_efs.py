"""A sound account: what ``FargateEfsStack`` leaves behind, made by API calls, and the handles to spoil it by."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Any, ClassVar

import boto3

from tests.deployed.stack import DeployedStack
from tests.proof.proving import Check, Proof
from tests.proof.site import Site

AZS = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
ANYWHERE = "0.0.0.0/0"
TIERS = ("public", "private", "isolated")

REFUSE_PLAIN_TRANSPORT = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": [f"elasticfilesystem:Client{action}" for action in ("Mount", "Write", "RootAccess")],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
EXEC_CHANNEL = {
    "Effect": "Allow",
    "Action": [f"ssmmessages:{verb}{channel}Channel" for verb in ("Create", "Open") for channel in ("Control", "Data")],
    "Resource": "*",
}
ALARMS = {
    "AWS/ApplicationELB": (
        *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        *("UnHealthyHostCount", "TargetResponseTime"),
    ),
    "ECS/ContainerInsights": ("RunningTaskCount",),
    "AWS/EFS": ("MeteredIOBytes",),
}


@dataclass(frozen=True, kw_only=True)
class SoundStack(DeployedStack):
    """As a check sees it, with the account that it is in."""

    account: "Account"


class Account:
    """In moto, in the posture given. A break changes one thing of it."""

    name = "FargateEfsStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = ALARMS
    """Metrics with an alarm, by namespace."""

    def __init__(self, session: boto3.Session, *, posture: str, site: Site) -> None:
        self.session, self.posture, self.site = session, posture, site
        self.production = posture == "production"
        self.resources: dict[str, list[str]] = {}
        self._key()
        self._network()
        self._file_system()
        self._load_balancer()
        self._logs()
        self._task()
        self._service()
        self._scaling()
        self._alarms()
        self.outputs = self._outputs()

    @property
    def stack(self) -> "SoundStack":
        return SoundStack(
            name=self.name,
            posture=self.posture,
            outputs=self.outputs,
            resources=self.resources,
            session=self.session,
            account=self,
        )

    def _outputs(self) -> dict[str, str]:
        return {"Url": self.site.url, "LogGroupName": self.log_group}

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def _made(self, resource_type: str, physical_id: str) -> str:
        self.resources.setdefault(resource_type, []).append(physical_id)
        return physical_id

    def _key(self) -> None:
        self.key_arn = None
        if self.production:
            key = self.client("kms").create_key()["KeyMetadata"]
            self.key_arn = key["Arn"]
            self._made("AWS::KMS::Key", key["KeyId"])

    # Network

    def _network(self) -> None:
        ec2 = self.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.internet, VpcId=self.vpc)
        # What has the same routes shares a table here; the stack has one a subnet.
        public = self._table(GatewayId=self.internet)
        self.isolated_table = self._table()
        blocks = map(str, ip_network("10.0.0.0/16").subnets(new_prefix=24))
        self.subnets = {tier: [self._subnet(zone, next(blocks)) for zone in AZS] for tier in TIERS}
        self.gateways = [
            ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
            for subnet in self.subnets["public"][: 3 if self.production else 1]
        ]
        self.private_tables = [self._table(NatGatewayId=gateway) for gateway in self.gateways]
        for number in range(3):
            self._route(self.subnets["public"][number], public)
            self._route(self.subnets["private"][number], self.private_tables[number % len(self.private_tables)])
            self._route(self.subnets["isolated"][number], self.isolated_table)
        self._groups()

    def _groups(self) -> None:
        self.front_group = self._group(
            "front", [(port, ANYWHERE) for port in ((80, 443) if self.production else (80,))]
        )
        self.task_group = self._group("tasks", [(8080, self.front_group)])
        self.mount_group = self._group("mount targets", [(2049, self.task_group)])
        self.open(self.task_group, 443, ANYWHERE, outwards=True)
        self.open(self.task_group, 2049, self.mount_group, outwards=True)
        if self.production:
            endpoints = self._group("endpoints", [(443, self.task_group)])
            self.open(self.task_group, 443, endpoints, outwards=True)

    def _subnet(self, zone: str, block: str) -> str:
        made = self.client("ec2").create_subnet(VpcId=self.vpc, AvailabilityZone=zone, CidrBlock=block)
        return made["Subnet"]["SubnetId"]

    def _table(self, **to_the_internet: str) -> str:
        ec2 = self.client("ec2")
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        if to_the_internet:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **to_the_internet)
        return table

    def _route(self, subnet: str, table: str) -> None:
        self.client("ec2").associate_route_table(RouteTableId=table, SubnetId=subnet)

    def _group(self, name: str, admitted: list[tuple[int, str]]) -> str:
        ec2 = self.client("ec2")
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
        for port, peer in admitted:
            self.open(group, port, peer)
        return self._made("AWS::EC2::SecurityGroup", group)

    def open(self, group: str, port: int, peer: str, *, outwards: bool = False, last: int | None = None) -> None:
        ec2 = self.client("ec2")
        by_kind = {"UserIdGroupPairs": [{"GroupId": peer}]} if peer.startswith("sg-") else {}
        by_kind = by_kind or ({"Ipv6Ranges": [{"CidrIpv6": peer}]} if ":" in peer else {"IpRanges": [{"CidrIp": peer}]})
        authorize = ec2.authorize_security_group_egress if outwards else ec2.authorize_security_group_ingress
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": last or port, **by_kind}
        authorize(GroupId=group, IpPermissions=[rule])

    # Files

    def _file_system(self) -> None:
        self.new_file_system()
        self.access_point = self._made("AWS::EFS::AccessPoint", self.new_access_point())

    def new_file_system(self, **wrong: Any) -> None:
        """In the place of the one that is there: little of a file system can be changed."""
        efs = self.client("efs")
        arguments = {
            "CreationToken": f"number {len(efs.describe_file_systems()['FileSystems'])}",
            "Encrypted": True,
            "ThroughputMode": "elastic",
            "Backup": self.production,
            **({"KmsKeyId": self.key_arn} if self.production else {}),
            **wrong,
        }
        self.file_system = efs.create_file_system(**arguments)["FileSystemId"]
        self.resources["AWS::EFS::FileSystem"] = [self.file_system]
        if wrong:
            return
        self.put_file_system_policy(REFUSE_PLAIN_TRANSPORT)
        for subnet in self.subnets["isolated"]:
            self.new_mount_target(subnet)

    def new_mount_target(self, subnet: str) -> None:
        self.client("efs").create_mount_target(
            FileSystemId=self.file_system, SubnetId=subnet, SecurityGroups=[self.mount_group]
        )

    def put_file_system_policy(self, *statements: Mapping[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("efs").put_file_system_policy(FileSystemId=self.file_system, Policy=policy)

    def new_access_point(self, **wrong: Any) -> str:
        arguments = {
            "FileSystemId": self.file_system,
            "PosixUser": {"Uid": 1000, "Gid": 1000},
            "RootDirectory": {
                "Path": "/shared",
                "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "750"},
            },
            **wrong,
        }
        given = {name: value for name, value in arguments.items() if value is not None}
        return self.client("efs").create_access_point(**given)["AccessPointId"]

    # Load balancer

    def _load_balancer(self) -> None:
        elbv2 = self.client("elbv2")
        self.front = elbv2.create_load_balancer(
            Name="front", Subnets=self.subnets["public"], SecurityGroups=[self.front_group]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self._made("AWS::ElasticLoadBalancingV2::LoadBalancer", self.front)
        self.targets = self._made("AWS::ElasticLoadBalancingV2::TargetGroup", self.new_target_group("tasks"))
        self.set_attributes({"routing.http.drop_invalid_header_fields.enabled": "true"})
        forward = {"Type": "forward", "TargetGroupArn": self.targets}
        if not self.production:
            self.listeners = {80: self._listener(80, forward)}
            return
        with_tls = {
            # One of IAM, because moto makes the keys of ACM's, which takes long.
            "Certificates": [{"CertificateArn": "arn:aws:iam::123456789012:server-certificate/shop"}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        }
        redirect = {
            "Type": "redirect",
            "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
        }
        self.listeners = {80: self._listener(80, redirect), 443: self._listener(443, forward, **with_tls)}
        bucket = self._made("AWS::S3::Bucket", "access-logs")
        self.set_attributes({"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket})
        self.set_attributes({"deletion_protection.enabled": "true"})

    def _listener(self, port: int, action: Mapping[str, Any], **with_tls: Any) -> str:
        return self.client("elbv2").create_listener(
            LoadBalancerArn=self.front,
            Port=port,
            Protocol="HTTPS" if with_tls else "HTTP",
            DefaultActions=[action],
            **with_tls,
        )["Listeners"][0]["ListenerArn"]

    def new_target_group(self, name: str) -> str:
        elbv2 = self.client("elbv2")
        arn = elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", HealthCheckPath="/"
        )["TargetGroups"][0]["TargetGroupArn"]
        drained = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
        elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[drained])
        return arn

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        self.client("elbv2").modify_load_balancer_attributes(
            LoadBalancerArn=self.front,
            Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()],
        )

    # Tasks

    def _logs(self) -> None:
        self.log_group = self._made("AWS::Logs::LogGroup", self.new_log_group("tasks"))
        self._made("AWS::Logs::LogGroup", self.new_log_group("flow"))

    def new_log_group(self, name: str, *, key: str | None = None) -> str:
        logs = self.client("logs")
        key_arn = key or self.key_arn
        logs.create_log_group(logGroupName=name, **({"kmsKeyId": key_arn} if key_arn else {}))
        logs.put_retention_policy(logGroupName=name, retentionInDays=365 if self.production else 7)
        return name

    def _task(self) -> None:
        iam, trust = self.client("iam"), {"Version": "2012-10-17", "Statement": []}
        role = iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        points = self.client("efs").describe_access_points(AccessPointId=self.access_point)["AccessPoints"]
        file_systems = self.client("efs").describe_file_systems(FileSystemId=self.file_system)["FileSystems"]
        self.mount_and_write = {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": file_systems[0]["FileSystemArn"],
            "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": points[0]["AccessPointArn"]}},
        }
        self.let_task(self.mount_and_write, *([] if self.production else [EXEC_CHANNEL]))
        containers = [
            {
                "name": name,
                "image": "public.ecr.aws/docker/library/busybox:1.37",
                "user": "1000:1000",
                "readonlyRootFilesystem": True,
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": self.log_group}},
            }
            for name in ("web", "join")
        ]
        shared = {
            "fileSystemId": self.file_system,
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": self.access_point, "iam": "ENABLED"},
        }
        self.task: dict[str, Any] = {
            "family": "tasks",
            "taskRoleArn": role["Arn"],
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": containers,
            "volumes": [{"name": "shared", "efsVolumeConfiguration": shared}, {"name": "exec-state"}],
        }

    def let_task(self, *statements: Mapping[str, Any]) -> None:
        """Allows this to the task role, and nothing else."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("iam").put_role_policy(RoleName="task", PolicyName="default", PolicyDocument=document)

    def _service(self) -> None:
        ecs = self.client("ecs")
        self._made("AWS::ECS::Cluster", ecs.create_cluster(clusterName="cluster")["cluster"]["clusterName"])
        service = ecs.create_service(
            cluster="cluster",
            serviceName="service",
            taskDefinition=ecs.register_task_definition(**self.task)["taskDefinition"]["taskDefinitionArn"],
            desiredCount=2,
            loadBalancers=[{"targetGroupArn": self.targets, "containerName": "web", "containerPort": 8080}],
        )["service"]["serviceArn"]
        self._made("AWS::ECS::Service", service)
        # In a call of its own, because moto forgets most of this when a service is created.
        self.update_service(
            networkConfiguration=self.placed(),
            capacityProviderStrategy=[
                {"capacityProvider": "FARGATE", "base": 2, "weight": 50},
                {"capacityProvider": "FARGATE_SPOT", "weight": 50},
            ],
            deploymentConfiguration=self.rolling(),
            availabilityZoneRebalancing="ENABLED",
            enableExecuteCommand=not self.production,
        )

    def update_service(self, **changes: Any) -> None:
        self.client("ecs").update_service(cluster="cluster", service="service", **changes)

    def placed(self, **wrong: Any) -> dict[str, Any]:
        sound = {
            "subnets": self.subnets["private"],
            "securityGroups": [self.task_group],
            "assignPublicIp": "DISABLED",
        }
        return {"awsvpcConfiguration": {**sound, **wrong}}

    def rolling(self, **wrong: Any) -> dict[str, Any]:
        sound = {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
        }
        return {**sound, **wrong}

    def change_task(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Lets the service run a changed definition."""
        change(self.task)
        arn = self.client("ecs").register_task_definition(**self.task)["taskDefinition"]["taskDefinitionArn"]
        self.update_service(taskDefinition=arn)

    # Scaling and alarms

    def _scaling(self) -> None:
        self.client("application-autoscaling").register_scalable_target(**self.scaled, MinCapacity=2, MaxCapacity=6)
        self.scale_by("ECSServiceAverageCPUUtilization")
        self.scale_by("ECSServiceAverageMemoryUtilization")
        self.scale_by_requests_of(self.targets)

    @property
    def scaled(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": "service/cluster/service",
            "ScalableDimension": "ecs:service:DesiredCount",
        }

    def scale_by(self, metric: str, **label: str) -> None:
        self.client("application-autoscaling").put_scaling_policy(
            **self.scaled,
            PolicyName=metric,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **label},
            },
        )

    def scale_by_requests_of(self, target_group: str) -> None:
        front, targets = self.front.split(":loadbalancer/")[1], target_group.split(":")[-1]
        self.scale_by("ALBRequestCountPerTarget", ResourceLabel=f"{front}/{targets}")

    def _alarms(self) -> None:
        sns, encrypted = self.client("sns"), {"KmsMasterKeyId": self.key_arn} if self.key_arn else {}
        self.topic = self._made("AWS::SNS::Topic", sns.create_topic(Name="alarms", Attributes=encrypted)["TopicArn"])
        self.let_publish("cloudwatch.amazonaws.com")
        for namespace, metrics in self.watched.items():
            for metric in metrics:
                self.put_alarm(namespace, metric)
                self._made("AWS::CloudWatch::Alarm", metric)

    def put_alarm(self, namespace: str, metric: str, **wrong: Any) -> None:
        of_one_metric = {"Namespace": namespace, "MetricName": metric, "Statistic": "Sum", "Period": 60}
        stat = {"Metric": {"Namespace": namespace, "MetricName": metric}, "Period": 60, "Stat": "Sum"}
        by_expression = {
            "Metrics": [{"Id": "a", "MetricStat": stat}, {"Id": "b", "Expression": "a", "ReturnData": True}]
        }
        watched = of_one_metric if namespace == "AWS/ApplicationELB" else by_expression
        actions = {"AlarmActions": [self.topic], "OKActions": [self.topic], **wrong}
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=metric,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=5,
            Threshold=5,
            **watched,
            **actions,
        )

    def let_publish(self, service: str) -> None:
        refuse = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": self.topic}
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": self.topic}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [refuse, allow]})
        self.client("sns").set_topic_attributes(TopicArn=self.topic, AttributeName="Policy", AttributeValue=policy)


def proofs_of(check: Check, *breaks: tuple[str, Callable[[Any], Any], str]) -> list[Proof]:
    """:param breaks: in which posture, what is spoilt, and what the check says then."""
    return [Proof(check, partial(_spoil, spoil), says, posture) for posture, spoil, says in breaks]


def _spoil(spoil: Callable[[Any], Any], stack: DeployedStack) -> None:
    assert isinstance(stack, SoundStack)
    spoil(stack.account)
