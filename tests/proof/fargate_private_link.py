"""A sound account: what ``FargatePrivateLinkStack`` leaves behind, made by API calls, and the handles to spoil it by.

In sandbox with a consumer, in production with TLS and a private DNS name, so that every check has something to look at
in one of them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import boto3
from moto.ec2.models import ec2_backends

from tests.proof import fargate_efs
from tests.proof.fargate_efs import ANYWHERE, AZS, EXEC_CHANNEL

CONSUMER_CIDR = "10.1.0.0/24"
PRINCIPAL = "arn:aws:iam::444455556666:root"


class Account(fargate_efs.Account):
    """In moto, in the posture given. A break changes one thing of it."""

    name = "FargatePrivateLinkStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        "AWS/NetworkELB": (
            *("UnHealthyHostCount", "TCP_Target_Reset_Count", "TCP_ELB_Reset_Count"),
            *("SecurityGroupBlockedFlowCount_Inbound_TCP", "PortAllocationErrorCount"),
        ),
        "ECS/ContainerInsights": ("RunningTaskCount",),
    }

    def __init__(self, session: boto3.Session, *, posture: str) -> None:
        nobody: Any = None  # answers: the load balancer is internal
        super().__init__(session, posture=posture, site=nobody)

    def _outputs(self) -> dict[str, str]:
        elbv2 = self.client("elbv2")
        [balancer] = elbv2.describe_load_balancers(LoadBalancerArns=[self.front])["LoadBalancers"]
        common = {
            "Address": f"{balancer['DNSName']}:{self.port}",
            "LogGroupName": self.log_group,
            "ServiceName": self.service_name,
        }
        if self.production:
            accept = f"aws ec2 accept-vpc-endpoint-connections --service-id {self.endpoint_service} --vpc-endpoint-ids"
            # As moto has it, of any service.
            return {**common, "AcceptCommand": accept, "VerificationRecord": "n TXT val"}
        found = self.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[self.endpoint])["VpcEndpoints"][0]
        address = f"{found['DnsEntries'][0]['DnsName']}:{self.port}"
        return {**common, "ConsumerVpcId": self.consumer_vpc, "ConsumerAddress": address}

    @property
    def port(self) -> int:
        return 443 if self.production else 80

    def _groups(self) -> None:
        self.front_group = self._group("front", [(self.port, "10.0.0.0/8"), (self.port, "192.168.0.0/16")])
        self.task_group = self._group("tasks", [(8080, self.front_group)])
        self.open(self.front_group, 8080, self.task_group, outwards=True)
        self.open(self.task_group, 443, ANYWHERE, outwards=True)

    def _file_system(self) -> None:
        """There is none."""

    def _load_balancer(self) -> None:
        self.front = self.new_load_balancer("front")
        self._made("AWS::ElasticLoadBalancingV2::LoadBalancer", self.front)
        self.targets = self._made("AWS::ElasticLoadBalancingV2::TargetGroup", self.new_target_group("tasks"))
        on = "true" if self.production else "false"
        self.set_attributes({"load_balancing.cross_zone.enabled": "true", "access_logs.s3.enabled": on})
        if self.production:
            bucket = self._made("AWS::S3::Bucket", "access-logs")
            self.set_attributes({"access_logs.s3.bucket": bucket, "deletion_protection.enabled": "true"})
        self.listener = self.new_listener(self.port)
        self._publish()
        if not self.production:
            self._consume()

    def new_load_balancer(self, name: str, **wrong: Any) -> str:
        arguments = {
            "Name": name,
            "Type": "network",
            "Scheme": "internal",
            "Subnets": self.subnets["private"],
            "SecurityGroups": [self.front_group],
            **wrong,
        }
        return self.client("elbv2").create_load_balancer(**arguments)["LoadBalancers"][0]["LoadBalancerArn"]

    def new_listener(self, port: int, **wrong: Any) -> str:
        with_tls = {
            "Protocol": "TLS",
            # One of IAM, because moto makes the keys of ACM's, which takes long.
            "Certificates": [{"CertificateArn": "arn:aws:iam::123456789012:server-certificate/shop"}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        }
        arguments = {
            "LoadBalancerArn": self.front,
            "Port": port,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": self.targets}],
            **(with_tls if self.production else {"Protocol": "TCP"}),
            **wrong,
        }
        return self.client("elbv2").create_listener(**arguments)["Listeners"][0]["ListenerArn"]

    def new_target_group(self, name: str, **wrong: Any) -> str:
        elbv2 = self.client("elbv2")
        arguments = {
            "Name": name,
            "Protocol": "TCP",
            "Port": 80,
            "VpcId": self.vpc,
            "TargetType": "ip",
            "HealthCheckProtocol": "TCP",
            "HealthCheckIntervalSeconds": 10,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            **wrong,
        }
        arn = elbv2.create_target_group(**arguments)["TargetGroups"][0]["TargetGroupArn"]
        elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.3.7", "Port": 8080}])
        sound = {
            "deregistration_delay.timeout_seconds": "30",
            "deregistration_delay.connection_termination.enabled": "true",
            "preserve_client_ip.enabled": "true",
            "proxy_protocol_v2.enabled": "false",
        }
        self.set_target_attributes(sound, arn)
        return arn

    def set_target_attributes(self, attributes: Mapping[str, str], arn: str | None = None) -> None:
        self.client("elbv2").modify_target_group_attributes(
            TargetGroupArn=arn or self.targets,
            Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()],
        )

    def replace_target_group(self, **wrong: Any) -> None:
        """Little of a target group can be changed. The service and the listener go with it."""
        self.targets = self.new_target_group("others", **wrong)
        self.resources["AWS::ElasticLoadBalancingV2::TargetGroup"] = [self.targets]
        forward = {"Type": "forward", "TargetGroupArn": self.targets}
        self.client("elbv2").modify_listener(ListenerArn=self.listener, DefaultActions=[forward])
        self.update_service(
            loadBalancers=[{"targetGroupArn": self.targets, "containerName": "web", "containerPort": 8080}]
        )

    def _publish(self) -> None:
        ec2 = self.client("ec2")
        made = ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[self.front],
            AcceptanceRequired=self.production,
            **({"PrivateDnsName": "api.example.com"} if self.production else {}),
        )["ServiceConfiguration"]
        self.endpoint_service = self._made("AWS::EC2::VPCEndpointService", made["ServiceId"])
        self.service_name = made["ServiceName"]
        self.let_connect(PRINCIPAL)

    def let_connect(self, *principals: str) -> None:
        self.client("ec2").modify_vpc_endpoint_service_permissions(
            ServiceId=self.endpoint_service, AddAllowedPrincipals=list(principals)
        )

    def change_endpoint_service(self, **wrong: Any) -> None:
        self.client("ec2").modify_vpc_endpoint_service_configuration(ServiceId=self.endpoint_service, **wrong)

    def _consume(self) -> None:
        ec2 = self.client("ec2")
        self.consumer_vpc = ec2.create_vpc(CidrBlock=CONSUMER_CIDR)["Vpc"]["VpcId"]
        self.consumer_table = ec2.create_route_table(VpcId=self.consumer_vpc)["RouteTable"]["RouteTableId"]
        self.consumer_subnets = [
            ec2.create_subnet(VpcId=self.consumer_vpc, AvailabilityZone=zone, CidrBlock=f"10.1.0.{64 * number}/26")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate(AZS)
        ]
        for subnet in self.consumer_subnets:
            ec2.associate_route_table(RouteTableId=self.consumer_table, SubnetId=subnet)
        self.consumer_group = ec2.create_security_group(
            GroupName="consumer", Description="consumer", VpcId=self.consumer_vpc
        )["GroupId"]
        self._made("AWS::EC2::SecurityGroup", self.consumer_group)
        self.open(self.consumer_group, self.port, CONSUMER_CIDR)
        self.endpoint = self._made("AWS::EC2::VPCEndpoint", self.new_endpoint())

    def new_endpoint(self, **wrong: Any) -> str:
        arguments = {
            "VpcId": self.consumer_vpc,
            "ServiceName": self.service_name,
            "VpcEndpointType": "Interface",
            "SubnetIds": self.consumer_subnets,
            "SecurityGroupIds": [self.consumer_group],
            **wrong,
        }
        return self.client("ec2").create_vpc_endpoint(**arguments)["VpcEndpoint"]["VpcEndpointId"]

    def replace_endpoint(self, **wrong: Any) -> None:
        self.endpoint = self.new_endpoint(**wrong)
        self.resources["AWS::EC2::VPCEndpoint"] = [self.endpoint]

    def let_the_endpoint_wait(self) -> None:
        """moto accepts every connection, and has no way to take it back."""
        [backend] = [
            found
            for regions in ec2_backends.values()
            for found in regions.values()
            if self.endpoint in found.vpc_end_points
        ]
        backend.vpc_end_points[self.endpoint].state = "pendingAcceptance"

    def _task(self) -> None:
        iam, trust = self.client("iam"), {"Version": "2012-10-17", "Statement": []}
        role = iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        if not self.production:
            self.let_task(EXEC_CHANNEL)
        self.task = {
            "family": "tasks",
            "taskRoleArn": role["Arn"],
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [
                {
                    "name": "web",
                    "image": "public.ecr.aws/docker/library/busybox:1.37",
                    "user": "1000:1000",
                    "readonlyRootFilesystem": True,
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": self.log_group}},
                }
            ],
        }

    def _scaling(self) -> None:
        self.client("application-autoscaling").register_scalable_target(**self.scaled, MinCapacity=2, MaxCapacity=6)
        self.scale_by("ECSServiceAverageCPUUtilization")
        self.scale_by("ECSServiceAverageMemoryUtilization")
