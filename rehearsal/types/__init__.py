"""CloudFormation types that the patterns need and MiniStack lacks, and properties that MiniStack drops.

Each module belongs to one service; large services have several. The types use MiniStack's own API functions and stores
if there are any, so that boto3 reads back the properties of the template. A resource with a reference to a missing
resource fails. **The types prove how a template is wired, not how AWS behaves**: their updates are this project's own
idea of AWS, and only values that refer to something are validated.

To add a type,

1. Write functions to create, update and delete it into the module of its service. A new module goes into ``_SERVICES``.
2. Call :func:`~rehearsal.types.registry.register_type` in the module's ``register()``. If MiniStack has the type, but
   drops a property, call :func:`~rehearsal.types.registry.amend_type` instead.
3. Test it in the module of its service in ``tests/rehearsal/``: create it, read it by boto3, update it, read it again,
   delete it, and check that nothing is left.

CloudFormation's schemas say for every type which changes replace a resource (:mod:`rehearsal.types.replacements`).
MiniStack's private names, except for functions and stores of services, belong into :mod:`rehearsal.types.registry`,
:mod:`rehearsal.types.actions` and :mod:`rehearsal.types.shapes`.
"""

import functools

from rehearsal.types import (
    api_gateway,
    app_runner,
    app_runner_ingress,
    application_autoscaling,
    athena,
    autoscaling,
    cloudformation,
    cloudwatch,
    codedeploy,
    cognito,
    conditions,
    dynamodb,
    ec2,
    ec2_dependencies,
    ec2_endpoints,
    ec2_offers,
    ec2_security_groups,
    ecr,
    ecs,
    ecs_capacity,
    ecs_express,
    ecs_express_actions,
    eks,
    eks_add_ons,
    eks_fargate_profiles,
    eks_objects,
    elbv2,
    firehose,
    fsx,
    glue,
    iam,
    kms,
    lambda_functions,
    lambda_layers,
    logs,
    rds,
    s3,
    secretsmanager,
    sns,
    sqs,
    ssm,
    step_functions,
    step_functions_executions,
    wafv2,
)

_SERVICES = (
    api_gateway,
    app_runner,
    app_runner_ingress,
    application_autoscaling,
    athena,
    autoscaling,
    cloudformation,
    cloudwatch,
    codedeploy,
    cognito,
    conditions,
    dynamodb,
    ec2,
    ec2_dependencies,
    ec2_endpoints,
    ec2_offers,
    ec2_security_groups,
    ecr,
    ecs,
    ecs_capacity,
    ecs_express,
    ecs_express_actions,
    eks,
    eks_add_ons,
    eks_fargate_profiles,
    eks_objects,
    elbv2,
    firehose,
    fsx,
    glue,
    iam,
    kms,
    lambda_functions,
    lambda_layers,
    logs,
    rds,
    s3,
    secretsmanager,
    sns,
    sqs,
    ssm,
    step_functions,
    step_functions_executions,
    wafv2,
)


@functools.cache
def register() -> None:
    """Adds all types to the MiniStack of this process. A second call does nothing."""
    for service in _SERVICES:
        service.register()
