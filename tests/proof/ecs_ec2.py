"""A sound account: what ``EcsEc2Stack`` leaves behind, made by API calls, and the handles to spoil it by."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from moto.autoscaling.models import autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends

from tests.proof.fargate_efs import ANYWHERE, AZS, EXEC_CHANNEL, Account
from tests.proof.site import Site

REGION = AZS[0][:-1]
PLACED = [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "MEMORY"}]
ALARMS = {
    "AWS/ApplicationELB": (
        *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        *("UnHealthyHostCount", "TargetResponseTime"),
    ),
    "ECS/ContainerInsights": ("RunningTaskCount",),
    "AWS/SQS": ("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
}
USER_DATA = """#!/bin/bash
echo ECS_CLUSTER=cluster >> /etc/ecs/ecs.config
echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config
"""
CLUSTER = f"arn:aws:ecs:{REGION}:{DEFAULT_ACCOUNT_ID}:cluster/cluster"
INSTANCES = f"arn:aws:ecs:{REGION}:{DEFAULT_ACCOUNT_ID}:container-instance/cluster/*"
REGISTER = {
    "Effect": "Allow",
    "Action": [
        *("ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"),
        *("ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"),
    ],
    "Resource": CLUSTER,
}
AGENT: tuple[Mapping[str, Any], ...] = (
    REGISTER,
    {
        "Effect": "Allow",
        "Action": ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
        "Resource": INSTANCES,
    },
    {
        "Effect": "Allow",
        "Action": "ssm:UpdateInstanceInformation",
        "Resource": f"arn:aws:ec2:{REGION}:{DEFAULT_ACCOUNT_ID}:instance/*",
    },
    {"Effect": "Allow", "Action": ["ecs:DiscoverPollEndpoint", *EXEC_CHANNEL["Action"]], "Resource": "*"},
)


class Ec2Account(Account):
    """The network, the load balancer and the logs are as those of ``FargateEfsStack``, and what runs on them is not."""

    def __init__(self, session: boto3.Session, *, posture: str, site: Site, provider: bool = True) -> None:
        """:param provider: whether there is a capacity provider."""
        self.session, self.posture, self.site = session, posture, site
        self.production, self.has_provider = posture == "production", provider
        self.resources: dict[str, list[str]] = {}
        self._key()
        self._network()
        self._load_balancer()
        self._logs()
        self._queue()
        self._instances()
        self._capacity()
        self.worker_group = self._group("worker", [])
        self.tasks = {name: self._definition(name) for name in ("web", "worker")}
        for name in self.tasks:
            self._run(name)
        self._policies()
        self._alarms()
        self.outputs = {"Url": site.url, "LogGroupName": self.log_group, "QueueUrl": self.queue_url}

    # Queue

    def _queue(self) -> None:
        sqs = self.client("sqs")
        encrypted = {"KmsMasterKeyId": self.key_arn} if self.key_arn else {"SqsManagedSseEnabled": "true"}
        dead = sqs.create_queue(QueueName="dead", Attributes=encrypted)["QueueUrl"]
        of_dead = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.queue_url = sqs.create_queue(QueueName="work", Attributes=encrypted)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])["Attributes"]
        self.queue = found["QueueArn"]
        refuse = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": self.queue,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        self.set_queue(
            RedrivePolicy=json.dumps({"deadLetterTargetArn": of_dead, "maxReceiveCount": 5}),
            Policy=json.dumps({"Version": "2012-10-17", "Statement": [refuse]}),
        )

    def set_queue(self, **attributes: str) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=self.queue_url, Attributes=attributes)

    # Instances

    def _instances(self) -> None:
        iam, trust = self.client("iam"), {"Version": "2012-10-17", "Statement": []}
        iam.create_role(RoleName="instance", AssumeRolePolicyDocument=json.dumps(trust))
        self.let("instance", *AGENT)
        profile = iam.create_instance_profile(InstanceProfileName="instance")["InstanceProfile"]["Arn"]
        iam.add_role_to_instance_profile(InstanceProfileName="instance", RoleName="instance")
        self.instance_group = self._group("instances", [])
        self.open(self.instance_group, 443, ANYWHERE, outwards=True)
        self.ami = self.client("ec2").register_image(Name="ecs-optimized", Architecture="arm64")["ImageId"]
        self.set_architecture("arm64")
        self.template: dict[str, Any] = {
            "ImageId": self.ami,
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}],
            "IamInstanceProfile": {"Arn": profile},
            "NetworkInterfaces": [
                {"DeviceIndex": 0, "AssociatePublicIpAddress": False, "Groups": [self.instance_group]}
            ],
        }
        made = self.client("ec2").create_launch_template(LaunchTemplateName="t", LaunchTemplateData=self.template)
        self.template_id = self._made("AWS::EC2::LaunchTemplate", made["LaunchTemplate"]["LaunchTemplateId"])
        self.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=self._made("AWS::AutoScaling::AutoScalingGroup", "group"),
            MinSize=0,  # moto would start instances
            MaxSize=6,
            VPCZoneIdentifier=",".join(self.subnets["private"]),
            NewInstancesProtectedFromScaleIn=self.production and self.has_provider,
            MixedInstancesPolicy=self._mixed("1"),
        )
        self.set_lifetime(30 * 24 * 60 * 60 if self.production else None)

    def _mixed(self, version: str) -> dict[str, Any]:
        return {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": self.template_id, "Version": version},
                "Overrides": [{"InstanceType": "t4g.small"}, {"InstanceType": "t4g.medium"}],
            }
        }

    def set_lifetime(self, seconds: int | None) -> None:
        """Which moto does not take."""
        groups = autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups
        vars(groups["group"])["max_instance_lifetime"] = seconds

    def set_architecture(self, architecture: str) -> None:
        """Which moto does not take."""
        ec2_backends[DEFAULT_ACCOUNT_ID][REGION].amis[self.ami].architecture = architecture

    def change_template(self, **wrong: Any) -> None:
        """A new version of the template, for the group to use."""
        data = {**self.template, **wrong}
        version = self.client("ec2").create_launch_template_version(
            LaunchTemplateId=self.template_id,
            LaunchTemplateData={name: value for name, value in data.items() if value is not None},
        )["LaunchTemplateVersion"]["VersionNumber"]
        self.change_group(MixedInstancesPolicy=self._mixed(str(version)))

    def change_group(self, **wrong: Any) -> None:
        self.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="group", **wrong)

    def let(self, role: str, *statements: Mapping[str, Any]) -> None:
        """Allows this to a role, and nothing else."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("iam").put_role_policy(RoleName=role, PolicyName="default", PolicyDocument=document)

    # Capacity

    def _capacity(self) -> None:
        ecs, autoscaling = self.client("ecs"), self.client("autoscaling")
        [group] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["group"])["AutoScalingGroups"]
        self.provider = {
            "autoScalingGroupArn": group["AutoScalingGroupARN"],
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
            "managedTerminationProtection": "ENABLED" if self.production else "DISABLED",
            "managedDraining": "ENABLED",
        }
        self._made("AWS::ECS::Cluster", ecs.create_cluster(clusterName="cluster")["cluster"]["clusterName"])
        if self.has_provider:
            self.new_provider("on-ec2")
        else:
            self.track("ASGAverageCPUUtilization")

    def track(self, metric: str, name: str = "cpu") -> None:
        """Has the group itself scale."""
        tracking = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}, "TargetValue": 50.0}
        self.client("autoscaling").put_scaling_policy(
            AutoScalingGroupName="group",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration=tracking,
        )

    def new_provider(self, provider: str, **wrong: Any) -> None:
        """In the place of the one that is there."""
        self.client("ecs").create_capacity_provider(name=provider, autoScalingGroupProvider={**self.provider, **wrong})
        self.resources["AWS::ECS::CapacityProvider"] = [provider]
        self.put_providers([provider])

    def put_providers(self, providers: list[str]) -> None:
        self.client("ecs").put_cluster_capacity_providers(
            cluster="cluster", capacityProviders=providers, defaultCapacityProviderStrategy=[]
        )

    # Services

    def _definition(self, name: str) -> dict[str, Any]:
        trust = {"Version": "2012-10-17", "Statement": []}
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        self.let(name, *self.sound(name))
        names = ("web", "announce") if name == "web" else (name,)
        return {
            "family": name,
            "taskRoleArn": role["Arn"],
            "networkMode": "awsvpc",
            "containerDefinitions": [
                {"name": each, "image": "busybox", "memory": 64, "user": "1000:1000", "readonlyRootFilesystem": True}
                for each in names
            ],
        }

    def sound(self, name: str) -> list[Mapping[str, Any]]:
        """What the task role of a service may."""
        on_queue = {
            "web": ["sqs:SendMessage"],
            "worker": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
        }
        on_key = {"web": ["kms:Decrypt", "kms:GenerateDataKey"], "worker": ["kms:Decrypt"]}
        statements = [{"Effect": "Allow", "Action": on_queue[name], "Resource": self.queue}]
        if self.key_arn:
            return [*statements, {"Effect": "Allow", "Action": on_key[name], "Resource": self.key_arn}]
        return [*statements, EXEC_CHANNEL]

    def _run(self, name: str) -> None:
        ecs, web = self.client("ecs"), name == "web"
        balancers = [{"targetGroupArn": self.targets, "containerName": "web", "containerPort": 8080}]
        service = ecs.create_service(
            cluster="cluster",
            serviceName=name,
            taskDefinition=ecs.register_task_definition(**self.tasks[name])["taskDefinition"]["taskDefinitionArn"],
            desiredCount=0,
            loadBalancers=balancers if web else [],
        )["service"]["serviceArn"]
        self._made("AWS::ECS::Service", service)
        group = self.task_group if web else self.worker_group
        # In a call of its own, because moto forgets most of this when a service is created.
        self.update(
            name,
            networkConfiguration=self.placed(securityGroups=[group]),
            capacityProviderStrategy=[{"capacityProvider": "on-ec2", "weight": 1}] if self.has_provider else [],
            deploymentConfiguration=self.rolling(),
            placementStrategy=PLACED,
        )

    def update(self, service: str, **changes: Any) -> None:
        self.client("ecs").update_service(cluster="cluster", service=service, **changes)

    def change(self, service: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Lets a service run a changed definition."""
        change(self.tasks[service])
        made = self.client("ecs").register_task_definition(**self.tasks[service])["taskDefinition"]
        self.update(service, taskDefinition=made["taskDefinitionArn"])

    # Scaling and alarms

    def of(self, service: str) -> dict[str, str]:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/cluster/{service}",
            "ScalableDimension": "ecs:service:DesiredCount",
        }

    @property
    def scaled(self) -> dict[str, str]:
        return self.of("web")

    def _policies(self) -> None:
        scaling = self.client("application-autoscaling")
        for service in self.tasks:
            scaling.register_scalable_target(**self.of(service), MinCapacity=1, MaxCapacity=6)
        self.scale_by("ECSServiceAverageCPUUtilization")
        self.scale_by("ECSServiceAverageMemoryUtilization")
        self.scale_by_requests_of(self.targets)
        scaling.put_scaling_policy(
            **self.of("worker"),
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )
        scaling.put_scaling_policy(
            **self.of("worker"),
            PolicyName="backlog",
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={"AdjustmentType": "ChangeInCapacity", "StepAdjustments": []},
        )

    def drop_policy(self, service: str, name: str) -> None:
        self.client("application-autoscaling").delete_scaling_policy(**self.of(service), PolicyName=name)

    def _alarms(self) -> None:
        sns = self.client("sns")
        self.topic = self._made("AWS::SNS::Topic", sns.create_topic(Name="alarms")["TopicArn"])
        for namespace, metrics in ALARMS.items():
            for metric in metrics:
                self.put_alarm(namespace, metric)
                self._made("AWS::CloudWatch::Alarm", metric)

    # Logs

    def print_to_log(self, message: str, *, at: float) -> None:
        logs = self.client("logs")
        logs.create_log_stream(logGroupName=self.log_group, logStreamName="worker")
        events = [{"timestamp": int(at * 1000), "message": message}]
        logs.put_log_events(logGroupName=self.log_group, logStreamName="worker", logEvents=events)
