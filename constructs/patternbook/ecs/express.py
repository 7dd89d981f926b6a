"""ECS Express Mode: ECS makes and owns everything between a task definition and an address with HTTPS."""

from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from patternbook.ecs.task import Task
from patternbook.limits.ecs_express import MAIN_CONTAINER, MAX_REQUESTS_PER_TARGET, SCALING_METRICS
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network

ScalingMetric = Literal["cpu", "memory", "requests"]

INFRASTRUCTURE_POLICY: Final = "service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
"""https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInfrastructureRoleforExpressGatewayServices.html"""

TARGETS: Final[dict[ScalingMetric, tuple[int, int, str]]] = {
    "cpu": (10, 90, "%"),
    "memory": (10, 90, "%"),
    "requests": (1, MAX_REQUESTS_PER_TARGET, "requests per minute"),
}
"""What scaling can be asked to keep: from, to, and the unit."""


def check_target(metric: ScalingMetric, target: int) -> None:
    """:raises ValueError: for a target that is none of this metric."""
    low, high, unit = TARGETS[metric]
    if not low <= target <= high:
        raise ValueError(f"expected a whole number from {low:,} to {high:,}, in {unit}, of scaling_metric {metric}")


class ExpressService(Construct):
    """A service of which ECS makes the rest: load balancer, listener, target groups, certificate and name, scaling and
    the alarm that a deployment is rolled back by. All of it is tagged ``AmazonECSManaged``, and goes when the service
    does.

    Where a service stands, its subnets decide, for tasks and load balancer alike. In public subnets the load balancer
    faces the internet and **every task gets a public address**; in private ones the load balancer is internal. ECS
    takes no mixture. So security groups alone keep a public service safe. The one of this construct admits the port of
    the container from these subnets, so that the load balancer gets through, whose own group is not known before the
    service is; and it lets tasks reach out by HTTPS only. ECS may add a group of its own, which admits the load
    balancer and lets everything out.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
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
        """:param cluster: gets the capacity providers of Fargate, as the service needs them.
        :param network: with private subnets, unless the service is public.
        :param task: for Fargate, with a container ``Main`` and a name for its port.
        :param public: whether it is reached from the internet; a change makes another service, with another name.
        :param health_check_path: answers 200 while a task is well.
        :param scaling_target: what scaling keeps, in % or requests per minute to each task.
        :param web_acl_arn: of a regional AWS WAF web ACL. Load balancers are shared by the Express services of a VPC,
            and so is what is in front of them.
        :raises ValueError: for a task of another kind, bounds in the wrong order, see :func:`check_target`, and for a
            network without the subnets.
        """
        port = _port_of(task)
        if not 1 <= min_tasks <= max_tasks:
            raise ValueError(f"min_tasks and max_tasks: {min_tasks} and {max_tasks} given, 1 <= min <= max required")
        check_target(scaling_metric, scaling_target)
        subnets = network.vpc.public_subnets if public else network.vpc.private_subnets
        if not subnets:
            raise ValueError("network: one with private subnets required for a service that is not public")
        super().__init__(scope, construct_id)
        cluster.enable_fargate_capacity_providers()
        self.group = ec2.SecurityGroup(
            self, "TaskGroup", vpc=network.vpc, description="Tasks", allow_all_outbound=False
        )
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        for subnet in subnets:
            self.group.add_ingress_rule(ec2.Peer.ipv4(subnet.ipv4_cidr_block), ec2.Port.tcp(port), "Load balancer")
        self.infrastructure_role = self._infrastructure_role()
        self.service = ecs.CfnExpressGatewayService(
            self,
            # ECS refuses to move a service from one kind of subnets to the other: then it is another resource.
            "Service" if public else "PrivateService",
            # By its name: the service took the ARN for a wrong one, although the documentation allows it.
            cluster=cluster.cluster_name,
            infrastructure_role_arn=self.infrastructure_role.role_arn,
            # Roles, sizes and container are all of this; the properties for them exclude it.
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
            # ECS looks at the routes to tell the kind of a subnet, and tasks need the way to the registry.
            *(subnet.internet_connectivity_established for subnet in subnets),
            # Permission to make, change and delete what belongs to the service, and for tasks to pull and log.
            self.infrastructure_role,
            task.execution_role,
            cluster,
        )
        self.service_name = cdk.Fn.select(2, cdk.Fn.split("/", self.service.attr_service_arn))
        self.url = f"https://{self.service.attr_endpoint}"
        front = self.service.attr_ecs_managed_resource_arns_ingress_path_load_balancer_arn
        self.load_balancer = elbv2.ApplicationLoadBalancer.from_application_load_balancer_attributes(
            self,
            "LoadBalancer",
            load_balancer_arn=front,
            security_group_id=cdk.Fn.select(
                0, self.service.attr_ecs_managed_resource_arns_ingress_path_load_balancer_security_groups
            ),
        )
        if web_acl_arn is not None:
            wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=front, web_acl_arn=web_acl_arn)

    @property
    def describe_command(self) -> str:
        """The command that says what ECS has made of the service."""
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
            "AWS keeps it in step with what ECS makes, and limits changes to resources that ECS has tagged.",
        )
        return role


def _port_of(task: Task) -> int:
    """The port that gets the traffic.

    :raises ValueError: for a task that Express Mode does not take.
    """
    if task.definition.compatibility != ecs.Compatibility.FARGATE:
        raise ValueError("task: one of compatibility FARGATE required")
    name, ports = task.container.container_name, task.container.port_mappings
    if name != MAIN_CONTAINER or len(ports) != 1 or not ports[0].name:
        raise ValueError(
            f"task: a container {MAIN_CONTAINER} with one port that has a name required, {name} with "
            f"{[(port.container_port, port.name) for port in ports]} given"
        )
    return int(ports[0].container_port)
