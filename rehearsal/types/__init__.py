"""The CloudFormation types that the patterns need and MiniStack lacks, or has with properties missing.

One module a service, of EC2 and ECS several. Each registers types on MiniStack's own API functions and stores where
there are any, so that boto3 reads back what the template said, and fails a resource whose references lead nowhere.
**What is registered here proves how a template is wired, not how AWS behaves**: nobody but this project says that an
update works as it does here, and no value is validated that does not refer to something.

To add a type, write it into the module of its service (a new one goes into ``_SERVICES``): three functions to create,
update and delete it, and :func:`~rehearsal.types.seams.register_type` in ``register()``. Where MiniStack has the type
and drops a property, :func:`~rehearsal.types.seams.amend_type` keeps it. Which changes replace a resource is known of
all types, from CloudFormation's schemas (:mod:`rehearsal.types.replacements`). MiniStack's private names, but for
functions and stores of services, belong into :mod:`rehearsal.types.seams`. Then add the type to
``tests/rehearsal/test_types.py``, or a module of its service beside it: created, read back by boto3, updated, read
back, deleted, nothing left.
"""

import functools

from rehearsal.types import (
    app_runner,
    application_autoscaling,
    autoscaling,
    cloudformation,
    cloudwatch,
    codedeploy,
    ec2,
    ec2_endpoints,
    ec2_security_groups,
    ecr,
    ecs,
    ecs_capacity,
    ecs_express,
    eks,
    elbv2,
    fsx,
    iam,
    kms,
    lambda_functions,
    lambda_layers,
    logs,
    s3,
    sns,
    ssm,
    wafv2,
)

_SERVICES = (
    app_runner,
    application_autoscaling,
    autoscaling,
    cloudformation,
    cloudwatch,
    codedeploy,
    ec2,
    ec2_endpoints,
    ec2_security_groups,
    ecr,
    ecs,
    ecs_capacity,
    ecs_express,
    eks,
    elbv2,
    fsx,
    iam,
    kms,
    lambda_functions,
    lambda_layers,
    logs,
    s3,
    sns,
    ssm,
    wafv2,
)


@functools.cache
def register() -> None:
    """Adds all types to the MiniStack of this process; a second call does nothing."""
    for service in _SERVICES:
        service.register()
