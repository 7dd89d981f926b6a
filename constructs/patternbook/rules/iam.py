"""Rules for the roles that services assume."""

from collections.abc import Iterator, Mapping
from typing import Final

from patternbook.rules.permissions import ROLE, trusted_services
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Template

_ASSUMED: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "AWS::Lambda::Function": (("Role", ("lambda.amazonaws.com",)),),
    "AWS::ECS::TaskDefinition": (
        ("TaskRoleArn", ("ecs-tasks.amazonaws.com",)),
        ("ExecutionRoleArn", ("ecs-tasks.amazonaws.com",)),
    ),
    "AWS::EKS::Cluster": (
        ("RoleArn", ("eks.amazonaws.com",)),
        ("ComputeConfig.NodeRoleArn", ("ec2.amazonaws.com",)),
    ),
    "AWS::EKS::Nodegroup": (("NodeRole", ("ec2.amazonaws.com",)),),
    "AWS::EKS::FargateProfile": (("PodExecutionRoleArn", ("eks-fargate-pods.amazonaws.com",)),),
    "AWS::EKS::PodIdentityAssociation": (("RoleArn", ("pods.eks.amazonaws.com",)),),
    "AWS::AppRunner::Service": (
        ("SourceConfiguration.AuthenticationConfiguration.AccessRoleArn", ("build.apprunner.amazonaws.com",)),
        ("InstanceConfiguration.InstanceRoleArn", ("tasks.apprunner.amazonaws.com",)),
    ),
    "AWS::CodeDeploy::DeploymentGroup": (("ServiceRoleArn", ("codedeploy.amazonaws.com",)),),
    "AWS::StepFunctions::StateMachine": (("RoleArn", ("states.amazonaws.com",)),),
    "AWS::KinesisFirehose::DeliveryStream": (
        ("ExtendedS3DestinationConfiguration.RoleARN", ("firehose.amazonaws.com",)),
    ),
    "AWS::CodeBuild::Project": (("ServiceRole", ("codebuild.amazonaws.com",)),),
    "AWS::CodePipeline::Pipeline": (("RoleArn", ("codepipeline.amazonaws.com",)),),
}
"""The roles that resources name, and the services that assume them, one of which the role has to trust.

The names are in the permissions chapters of the services, such as
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html and
https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
"""


@rule("iam-trusted-service", ERROR)
def trusted_service(template: Template) -> Iterator[Problem]:
    """A role does not trust the service that has to assume it.

    Set Principal.Service in AssumeRolePolicyDocument to the service that the finding names.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
    """
    for resource_type, roles in _ASSUMED.items():
        for resource in template.of_type(resource_type):
            for path, services in roles:
                place: Node = resource
                for key in path.split("."):
                    place = place[key]
                role = place.resource(ROLE)
                trusted = trusted_services(role) if role else None
                if role and trusted is not None and not any(_is(each, services) for each in trusted):
                    names = ", ".join(sorted(trusted)) or "no service"
                    yield place.problem(f"{role.id} trusts {names}, but {services[0]} assumes it.")


def _is(trusted: str, services: tuple[str, ...]) -> bool:
    """Whether a principal is one of the services, also with the name of a Region or of China in it."""
    first = trusted.partition(".")[0]
    return trusted in services or any(
        trusted.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        and first == each.partition(".")[0]
        and each.count(".") <= trusted.count(".")
        for each in services
    )
