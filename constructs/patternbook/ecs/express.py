"""ECS Express Mode: ECS makes and owns everything between a task definition and a URL with HTTPS."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct
from typing_extensions import Self

from patternbook.ecs.settings import ExpressSettings
from patternbook.ecs.task import Task
from patternbook.limits.ecs_express import MAIN_CONTAINER, SCALING_METRICS, ScalingMetric, check_target
from patternbook.limits.scaling import check_order
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network

INFRASTRUCTURE_POLICY: Final = "service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
"""https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInfrastructureRoleforExpressGatewayServices.html"""


class ExpressService(Construct):
    """A service for which ECS makes the rest: load balancer, listener, target groups, certificate, domain name, scaling
    and the alarm that rolls a deployment back. ECS tags these ``AmazonECSManaged`` and deletes them with the service.

    The subnets decide about tasks and load balancer alike. In public subnets the load balancer faces the internet and
    **each task has a public address**; in private subnets the load balancer is internal. Express Mode supports no
    mixture, so only security groups protect the tasks of a public service. The security group of this construct admits
    the container port from these subnets, because the load balancer's own group is not known before the service exists.
    In a VPC that exists, it admits the port from the whole VPC. It lets out HTTPS only. ECS may add a group of its own,
    which admits the load balancer and lets out everything.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        network: Network,
        task: Task,
        public: bool = True,
        health_check_path: str = "/",
        min_tasks: int = 2,
        max_tasks: int = 6,
        scaling_metric: ScalingMetric = "cpu",
        scaling_target: int = 60,
        web_acl_arn: str | None = None,
    ) -> None:
        """:param cluster: an ``ecs.Cluster`` gets the Fargate capacity providers, which the service needs. An imported
            cluster must have them.
        :param network: with private subnets, unless the service is public.
        :param task: task for Fargate with a container ``Main`` that has one named port.
        :param public: serve the internet. A change creates a new service with a new name.
        :param health_check_path: URL path that answers 200 while a task is healthy.
        :param scaling_target: target of the metric, in % or requests per minute per task.
        :param web_acl_arn: ARN of a regional AWS WAF web ACL. The Express services of a VPC share their load balancer,
            and with it the web ACL.
        :raises ValueError: if the task is of another kind, ``min_tasks`` is above ``max_tasks``, or the network lacks
            the subnets; see :func:`patternbook.limits.ecs_express.check_target`.
        """
        port = _port_of(task)
        check_order("tasks", minimum=min_tasks, maximum=max_tasks, lowest=1)
        check_target(scaling_metric, scaling_target)
        subnets = network.vpc.public_subnets if public else network.vpc.private_subnets
        if not subnets:
            kind, other = ("public", False) if public else ("private", True)
            raise ValueError(f"network must have {kind} subnets, got none. Add them, or set public to {other}.")
        super().__init__(scope, construct_id)
        if isinstance(cluster, ecs.Cluster):
            cluster.enable_fargate_capacity_providers()
        self.group = network.https_client_group(self, "TaskGroup", description="Tasks")
        # The blocks of subnets that exist are not known.
        for block in [subnet.ipv4_cidr_block for subnet in subnets] if network.owned else network.cidr_blocks:
            self.group.add_ingress_rule(ec2.Peer.ipv4(block), ec2.Port.tcp(port), "Load balancer")
        self.infrastructure_role = self._infrastructure_role()
        self.service = ecs.CfnExpressGatewayService(
            self,
            # ECS cannot move a service between public and private subnets, so each kind is a resource of its own.
            "Service" if public else "PrivateService",
            # The service rejected the ARN of the cluster, although the documentation allows it.
            cluster=cluster.cluster_name,
            infrastructure_role_arn=self.infrastructure_role.role_arn,
            # The task definition has roles, sizes and container. Their properties exclude it.
            task_definition_arn=task.definition.task_definition_arn,
            health_check_path=health_check_path,
            network_configuration=ecs.CfnExpressGatewayService.ExpressGatewayServiceNetworkConfigurationProperty(
                subnets=[subnet.subnet_id for subnet in subnets], security_groups=[self.group.security_group_id]
            ),
            scaling_target=ecs.CfnExpressGatewayService.ExpressGatewayScalingTargetProperty(
                min_task_count=min_tasks,
                max_task_count=max_tasks,
                auto_scaling_metric=SCALING_METRICS[scaling_metric],
                auto_scaling_target_value=scaling_target,
            ),
        )
        self.service.node.add_dependency(
            # ECS tells the kind of a subnet by its routes, and tasks need the connection to the registry.
            *(subnet.internet_connectivity_established for subnet in subnets),
            network.connectivity,
            self.group,
            # The permissions to manage what belongs to the service, and for tasks to pull and log.
            self.infrastructure_role,
            task.execution_role,
            cluster,
        )
        self.service_name = cdk.Fn.select(2, cdk.Fn.split("/", self.service.attr_service_arn))
        self.url = f"https://{self.service.attr_endpoint}"
        load_balancer_arn = self.service.attr_ecs_managed_resource_arns_ingress_path_load_balancer_arn
        self.load_balancer = elbv2.ApplicationLoadBalancer.from_application_load_balancer_attributes(
            self,
            "LoadBalancer",
            load_balancer_arn=load_balancer_arn,
            security_group_id=cdk.Fn.select(
                0, self.service.attr_ecs_managed_resource_arns_ingress_path_load_balancer_security_groups
            ),
        )
        if web_acl_arn is not None:
            wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=load_balancer_arn, web_acl_arn=web_acl_arn)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: ExpressSettings,
        *,
        cluster: ecs.ICluster,
        network: Network,
        task: Task,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            network=network,
            task=task,
            public=not settings.private_ingress,
            health_check_path=settings.health_check.path,
            min_tasks=settings.min_tasks,
            max_tasks=settings.max_tasks,
            scaling_metric=settings.scaling_metric,
            scaling_target=settings.scaling_target,
            web_acl_arn=settings.web_acl_arn,
        )

    @property
    def describe_command(self) -> str:
        """The command that shows what ECS has made for the service."""
        return f"aws ecs describe-express-gateway-service --service-arn {self.service.attr_service_arn}"

    def _infrastructure_role(self) -> iam.Role:
        role = iam.Role(
            self,
            "InfrastructureRole",
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(INFRASTRUCTURE_POLICY)],
        )
        acknowledge(
            role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{INFRASTRUCTURE_POLICY}]",
            "AWS updates it as Express Mode evolves, and limits changes to resources that ECS has tagged.",
        )
        return role


def _port_of(task: Task) -> int:
    """The port that gets the traffic.

    :raises ValueError: if Express Mode does not accept the task.
    """
    if task.definition.compatibility != ecs.Compatibility.FARGATE:
        raise ValueError(f"task must have compatibility FARGATE, got {task.definition.compatibility.name}.")
    name, ports = task.container.container_name, task.container.port_mappings
    if name != MAIN_CONTAINER or len(ports) != 1 or not ports[0].name:
        raise ValueError(
            f"task must have a container {MAIN_CONTAINER} with one named port, got {name} with "
            f"{[(port.container_port, port.name) for port in ports]}. Set container_name, port and port_name."
        )
    return int(ports[0].container_port)
