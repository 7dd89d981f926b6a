"""A Fargate task that a workflow runs, and waits for."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.ecs.task import Task
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network

RULE: Final = "StepFunctionsGetEventsForECSTaskRule"
"""The EventBridge rule by which Step Functions learns that a task has stopped. Step Functions makes it, once for the
account and the Region: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""


class TaskStep(Construct):
    """A Fargate task in private subnets, for the integration ``ecs:runTask.sync`` of Step Functions.

    *Network.* The task has a security group without ingress, which allows only HTTPS as egress. In production, it calls
    Step Functions through a VPC endpoint.

    *Revision.* The definition of the workflow names the family of the task definition. ECS then takes its newest active
    revision. A deployment deregisters the old one, and ECS starts no task from that, so an execution that has waited
    for a person meanwhile could not go on with it
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, task: Task, cluster: ecs.Cluster, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        self.task, self.cluster, self.network = task, cluster, network
        self.group = network.https_client_group(self, "Group", description="Tasks of a workflow")

    @property
    def substitutions(self) -> Mapping[str, str]:
        """The names that the definition of a workflow has for the arguments of ``RunTask``."""
        subnets = [subnet.subnet_id for subnet in self.network.vpc.private_subnets]
        return {
            "ClusterArn": self.cluster.cluster_arn,
            "ContainerName": self.task.container.container_name,
            "SecurityGroupId": self.group.security_group_id,
            "SubnetIds": cdk.Fn.join(",", subnets),
            "TaskDefinitionFamily": self.task.definition.family,
        }

    def grant_run(self, role: iam.Role) -> None:
        """Lets the role of a workflow run the task in the cluster, wait for it and stop it.

        Step Functions stops a task whose execution is aborted or timed out.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
        """
        stack = cdk.Stack.of(self)
        in_cluster = {"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}}
        family = stack.format_arn(service="ecs", resource="task-definition", resource_name=f"{self._family}:*")
        tasks = stack.format_arn(service="ecs", resource="task", resource_name=f"{self.cluster.cluster_name}/*")
        rule = stack.format_arn(service="events", resource="rule", resource_name=RULE)
        for actions, resource, conditions in (
            (["ecs:RunTask"], family, in_cluster),
            (["ecs:StopTask", "ecs:DescribeTasks"], tasks, in_cluster),
            # ECS asks for this permission, because the task gets the tags of its definition.
            (["ecs:TagResource"], tasks, {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
            (["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule, None),
        ):
            iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[resource], conditions=conditions)
        definition = self.task.definition
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["iam:PassRole"],
            resource_arns=[definition.task_role.role_arn, self.task.execution_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
        self._accept(role, stack)

    @property
    def _family(self) -> str:
        return self.task.definition.family

    def _accept(self, role: iam.Role, stack: cdk.Stack) -> None:
        prefix = "arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>"
        cluster = stack.get_logical_id(self.cluster.node.default_child)  # ty: ignore[invalid-argument-type]
        acknowledge(
            role,
            f"IAM5[Resource::{prefix}:task-definition/{self._family}:*]",
            "An execution runs the newest revision of its own task definition. Nobody knows its number before.",
        )
        acknowledge(
            role,
            f"IAM5[Resource::{prefix}:task/<{cluster}>/*]",
            "Tasks get their ids when they start. The permission ends at the cluster of the workflow.",
        )
