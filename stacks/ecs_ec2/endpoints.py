"""What instances and tasks call, for production's interface endpoints."""

from aws_cdk import aws_ec2 as ec2

from stacks.ecs_ec2.settings import EcsEc2Settings


def services_called(settings: EcsEc2Settings) -> list[ec2.InterfaceVpcEndpointAwsService]:
    """Of the agent, of Session Manager, and of tasks: images, logs, the queue, secrets and parameters.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
    """
    endpoint = ec2.InterfaceVpcEndpointAwsService
    return [
        *(endpoint.ECS, endpoint.ECS_AGENT, endpoint.ECS_TELEMETRY),
        *(endpoint.SSM, endpoint.SSM_MESSAGES),
        *(endpoint.ECR, endpoint.ECR_DOCKER, endpoint.CLOUDWATCH_LOGS, endpoint.SQS),
        *([endpoint.SECRETS_MANAGER] if settings.secrets else []),
    ]
