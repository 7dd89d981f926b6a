"""Defects to write into the templates of the patterns, each of which one rule finds, and no other."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tests.rules.smallest import TODAY

Template = dict[str, Any]
Body = dict[str, Any]
Mutate = Callable[[Template], bool]
"""Writes the defect into a template, if that has what the defect is about."""

SERVICE: Final = "AWS::ECS::Service"
TASK: Final = "AWS::ECS::TaskDefinition"
PROVIDER: Final = "AWS::ECS::CapacityProvider"
CLUSTER: Final = "AWS::EKS::Cluster"
NODES: Final = "AWS::EKS::Nodegroup"
ADD_ON: Final = "AWS::EKS::Addon"
FUNCTION: Final = "AWS::Lambda::Function"
DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
MANIFEST: Final = "Custom::AWSCDK-EKS-KubernetesResource"
REPOSITORY: Final = "AWS::ECR::Repository"
APP_RUNNER: Final = "AWS::AppRunner::Service"
REMOVED: Final = object()


@dataclass(frozen=True)
class Mutation:
    """A defect."""

    rule: str
    words: str
    mutate: Mutate
    about: str
    """The type of resource that a pattern needs to have it."""
    today: date = TODAY
    region: str | None = None


def of_type(template: Template, resource_type: str) -> Iterator[tuple[str, Body]]:
    for name, body in template["Resources"].items():
        if body["Type"] == resource_type:
            yield name, body.setdefault("Properties", {})


def mentions(value: Any, name: str) -> bool:
    """Whether something refers to a resource."""
    return f'"{name}"' in json.dumps(value)


def put(value: Any, path: str, new: Any) -> None:
    """Sets, or removes, what is at a path."""
    *keys, last = path.split(".")
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value.setdefault(key, {})
    key = int(last) if isinstance(value, list) else last
    if new is REMOVED:
        del value[key]
    else:
        value[key] = new


def get(value: Any, path: str) -> Any:
    """What is at a path, or None."""
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def setting(
    resource_type: str, changes: Mapping[str, Any], *, having: str = "", when: Callable[[Body], bool] = lambda _: True
) -> Mutate:
    """Changes properties of the first resource of a type.

    :param having: a property that it has to have.
    """

    def mutate(template: Template) -> bool:
        for _, properties in of_type(template, resource_type):
            if (not having or get(properties, having) is not None) and when(properties):
                for path, value in changes.items():
                    put(properties, path, value)
                return True
        return False

    return mutate


def adding(name: str, resource_type: str, properties: Callable[[str], Body], *, beside: str) -> Mutate:
    """Adds a resource beside the first one of a type, whose name its properties can have."""

    def mutate(template: Template) -> bool:
        for other, _ in of_type(template, beside):
            template["Resources"][name] = {"Type": resource_type, "Properties": properties(other)}
            return True
        return False

    return mutate


def both(*mutations: Mutate) -> Mutate:
    """All, if all of them apply."""
    return lambda template: all(mutate(template) for mutate in mutations)


def outside_of_edge(mutate: Mutate) -> Mutate:
    """Where functions are in a Region, and have no other limits than those of Lambda."""
    return lambda template: not any(of_type(template, DISTRIBUTION)) and mutate(template)


def unshared(mutate: Mutate) -> Mutate:
    """Where no other stack can add what is missing, as nothing is in the outputs."""

    def alone(template: Template) -> bool:
        template.pop("Outputs", None)
        return mutate(template)

    return alone


def _each_service(change: Callable[[Body], None]) -> Mutate:
    def mutate(template: Template) -> bool:
        services = [properties for _, properties in of_type(template, SERVICE)]
        for properties in services:
            change(properties)
        return bool(services)

    return mutate


def _by_launch_type(properties: Body) -> None:
    properties.pop("CapacityProviderStrategy", None)
    properties["LaunchType"] = "EC2"


def _without_waiting_for(resource_type: str) -> Mutate:
    """A service no longer waits for resources of a type, by whatever it waited for them."""

    def mutate(template: Template) -> bool:
        targets = {name for name, _ in of_type(template, resource_type)}
        done = False
        for body in template["Resources"].values():
            after = body.get("DependsOn", [])
            after = after if isinstance(after, list) else [after]
            if body["Type"] == SERVICE and targets & set(after):
                done = True
            if targets & set(after):
                body["DependsOn"] = [name for name in after if name not in targets]
        return done

    return mutate


def _on_fargate(task: Body) -> bool:
    return "FARGATE" in task.get("RequiresCompatibilities", [])


def _delete(template: Template, name: str) -> None:
    """Without a resource, and without anything that waits for it."""
    del template["Resources"][name]
    for body in template["Resources"].values():
        after = body.get("DependsOn", [])
        if name in after:
            body["DependsOn"] = [each for each in after if each != name] if isinstance(after, list) else []


def _environment(name: str, value: str) -> Mutate:
    def mutate(template: Template) -> bool:
        for _, task in of_type(template, TASK):
            task["ContainerDefinitions"][0].setdefault("Environment", []).append({"Name": name, "Value": value})
            return True
        return False

    return mutate


def _same_role(template: Template) -> bool:
    tasks = [task for _, task in of_type(template, TASK)]
    if len(tasks) < 2 or len(list(of_type(template, SERVICE))) < 2:
        return False
    tasks[1]["TaskRoleArn"] = tasks[0]["TaskRoleArn"]
    return True


def _unprotected(template: Template) -> bool:
    """A provider protects instances, and its group does not."""
    for _, provider in of_type(template, PROVIDER):
        if "AutoScalingGroupProvider" not in provider:
            return False
        provider["AutoScalingGroupProvider"]["ManagedTerminationProtection"] = "ENABLED"
        for _, group in of_type(template, "AWS::AutoScaling::AutoScalingGroup"):
            group["NewInstancesProtectedFromScaleIn"] = False
            return True
    return False


def _other_architecture(properties: Body) -> str:
    ami: str = properties["AmiType"]
    return ami.replace("x86_64", "ARM_64") if "x86_64" in ami else ami.replace("ARM_64", "x86_64")


def _ami_of_the_other(template: Template) -> bool:
    for _, properties in of_type(template, NODES):
        properties["AmiType"] = _other_architecture(properties)
        return True
    return False


def _without_identity(template: Template) -> bool:
    return setting(
        ADD_ON,
        {"PodIdentityAssociations": REMOVED},
        having="PodIdentityAssociations",
        when=lambda each: each["AddonName"] == "aws-ebs-csi-driver",
    )(template)


def _without_the_driver(template: Template) -> bool:
    """No add-on for the StorageClass of EBS."""
    names = [name for name, each in of_type(template, ADD_ON) if each["AddonName"] == "aws-ebs-csi-driver"]
    for name in names:
        _delete(template, name)
    return bool(names)


def _provisioner(old: str, new: str, *, without: str = "") -> Mutate:
    """:param without: an add-on with which it would be no defect."""

    def mutate(template: Template) -> bool:
        if any(add_on["AddonName"] == without for _, add_on in of_type(template, ADD_ON)):
            return False
        for _, properties in of_type(template, MANIFEST):
            written = json.dumps(properties["Manifest"])
            if old in written:
                properties["Manifest"] = json.loads(written.replace(old, new))
                return True
        return False

    return mutate


def _large_environment(template: Template) -> bool:
    for _, function in of_type(template, FUNCTION):
        function.setdefault("Environment", {}).setdefault("Variables", {})["LARGE"] = "x" * 4096
        return True
    return False


def _reserved_name(template: Template) -> bool:
    for _, function in of_type(template, FUNCTION):
        function.setdefault("Environment", {}).setdefault("Variables", {})["AWS_REGION"] = "eu-west-1"
        return True
    return False


def _queue(name: str) -> Body:
    return {"EventSourceArn": {"Fn::GetAtt": ["MutantQueue", "Arn"]}, "FunctionName": {"Ref": name}}


def _associations(template: Template) -> Iterator[Body]:
    for _, distribution in of_type(template, DISTRIBUTION):
        config = distribution["DistributionConfig"]
        for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])):
            yield from behavior.get("LambdaFunctionAssociations", [])


def _at_edge(change: Callable[[Template, Body, Body], None], *, viewer: bool = False) -> Mutate:
    """Changes the version and the function that a distribution associates."""

    def mutate(template: Template) -> bool:
        for association in _associations(template):
            if viewer and not association["EventType"].startswith("viewer-"):
                continue
            version = template["Resources"][association["LambdaFunctionARN"]["Ref"]]
            name = get(version, "Properties.FunctionName.Ref")
            change(template, version["Properties"], template["Resources"][name]["Properties"])
            return True
        return False

    return mutate


def _function_at_edge(*, viewer: bool = False, **changes: Any) -> Mutate:
    return _at_edge(lambda _template, _version, function: function.update(changes), viewer=viewer)


def _association(change: Callable[[Template, Body], None]) -> Mutate:
    def mutate(template: Template) -> bool:
        for association in _associations(template):
            change(template, association)
            return True
        return False

    return mutate


def _function_itself(template: Template, association: Body) -> None:
    version = template["Resources"][association["LambdaFunctionARN"]["Ref"]]
    association["LambdaFunctionARN"] = {"Fn::GetAtt": [version["Properties"]["FunctionName"]["Ref"], "Arn"]}


def _latest(template: Template, association: Body) -> None:
    _function_itself(template, association)
    association["LambdaFunctionARN"] = {"Fn::Join": [":", [association["LambdaFunctionARN"], "$LATEST"]]}


def _trusts_lambda_only(template: Template, _version: Body, function: Body) -> None:
    role = template["Resources"][function["Role"]["Fn::GetAtt"][0]]["Properties"]
    role["AssumeRolePolicyDocument"]["Statement"] = [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]


def _behavior(change: Callable[[Body], bool]) -> Mutate:
    def mutate(template: Template) -> bool:
        for _, distribution in of_type(template, DISTRIBUTION):
            config = distribution["DistributionConfig"]
            if any(change(each) for each in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", []))):
                return True
        return False

    return mutate


def _cloudfront_function_too(behavior: Body) -> bool:
    lambdas = [each["EventType"] for each in behavior.get("LambdaFunctionAssociations", [])]
    viewers = [event for event in lambdas if event.startswith("viewer-")]
    if viewers:
        behavior["FunctionAssociations"] = [
            {"EventType": viewers[0], "FunctionARN": "arn:aws:cloudfront::111122223333:function/f"}
        ]
    return bool(viewers)


def _event_twice(behavior: Body) -> bool:
    lambdas = behavior.get("LambdaFunctionAssociations", [])
    if lambdas:
        lambdas.append(dict(lambdas[0]))
    return bool(lambdas)


def _other_certificate(template: Template) -> bool:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d"
    certificate = {"AcmCertificateArn": arn, "SslSupportMethod": "sni-only"}
    return setting(DISTRIBUTION, {"DistributionConfig.ViewerCertificate": certificate})(template)


def _without_access_control(template: Template) -> bool:
    for _, distribution in of_type(template, DISTRIBUTION):
        for origin in distribution["DistributionConfig"]["Origins"]:
            if origin.pop("OriginAccessControlId", None):
                return True
    return False


def _lifecycle(change: Callable[[list[Any]], None]) -> Mutate:
    """Changes the rules of a lifecycle policy."""

    def mutate(template: Template) -> bool:
        for _, repository in of_type(template, REPOSITORY):
            text = get(repository, "LifecyclePolicy.LifecyclePolicyText")
            if isinstance(text, str):
                policy = json.loads(text)
                change(policy["rules"])
                repository["LifecyclePolicy"]["LifecyclePolicyText"] = json.dumps(policy)
                return True
        return False

    return mutate


def _any_comes_first(rules: list[Any]) -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 500}
    for each in rules:
        each["rulePriority"] += 1
    rules[:] = [each for each in rules if each["selection"]["tagStatus"] != "any"]
    rules.insert(0, {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}})


def _without_a_mount_target(template: Template) -> bool:
    targets = [name for name, _ in of_type(template, "AWS::EFS::MountTarget")]
    if not targets or not any(of_type(template, SERVICE)):
        return False
    _delete(template, targets[-1])
    return True


def _two_mount_targets(template: Template) -> bool:
    targets = [target for _, target in of_type(template, "AWS::EFS::MountTarget")]
    if len(targets) < 2 or any(of_type(template, SERVICE)):
        return False
    targets[1]["SubnetId"] = targets[0]["SubnetId"]
    return True


def _overlap(template: Template) -> bool:
    subnets = [subnet for _, subnet in of_type(template, "AWS::EC2::Subnet")]
    if len(subnets) < 2:
        return False
    subnets[1]["CidrBlock"] = subnets[0]["CidrBlock"]
    return True


def _tiny_subnet(template: Template) -> bool:
    for _, subnet in of_type(template, "AWS::EC2::Subnet"):
        subnet["CidrBlock"] = subnet["CidrBlock"].split("/")[0] + "/29"
        return True
    return False


def _open(**rule: Any) -> Mutate:
    return setting(
        "AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", **rule}]}
    )


BALANCED = "LoadBalancers.0"
CONTAINER = "ContainerDefinitions.0"
EFS = "Volumes.0.EFSVolumeConfiguration"
BREAKER = "DeploymentConfiguration.DeploymentCircuitBreaker"
INSTANCE = "InstanceConfiguration"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"

MUTATIONS: Final[tuple[Mutation, ...]] = tuple(
    Mutation(*each)
    for each in (
        (
            "ecs-container-name",
            "another",
            setting(SERVICE, {"LoadBalancers.0.ContainerName": "wep"}, having=BALANCED),
            SERVICE,
        ),
        (
            "ecs-container-port",
            "another",
            setting(SERVICE, {"LoadBalancers.0.ContainerPort": 81}, having=BALANCED),
            SERVICE,
        ),
        (
            "ecs-container-port",
            "maps another",
            both(
                setting(SERVICE, {}, having=BALANCED),
                setting(TASK, {f"{CONTAINER}.PortMappings.0.ContainerPort": 9}, having=f"{CONTAINER}.PortMappings.0"),
            ),
            SERVICE,
        ),
        (
            "ecs-target-type",
            "instance",
            both(setting(SERVICE, {}, having=BALANCED), setting(GROUP, {"TargetType": "instance"})),
            GROUP,
        ),
        (
            "ecs-target-type",
            "default",
            both(setting(SERVICE, {}, having=BALANCED), setting(GROUP, {"TargetType": REMOVED})),
            GROUP,
        ),
        (
            "ecs-target-type",
            "bridge",
            both(
                setting(SERVICE, {}, having=BALANCED),
                setting(TASK, {"NetworkMode": "bridge"}, having=f"{CONTAINER}.PortMappings.0"),
            ),
            GROUP,
        ),
        (
            "ecs-mount-volume",
            "source",
            setting(TASK, {f"{CONTAINER}.MountPoints.0.SourceVolume": "x"}, having=f"{CONTAINER}.MountPoints.0"),
            TASK,
        ),
        ("ecs-mount-volume", "volume", setting(TASK, {"Volumes.0.Name": "x"}, having="Volumes.0"), TASK),
        (
            "ecs-efs-transit-encryption",
            "off",
            setting(TASK, {f"{EFS}.TransitEncryption": "DISABLED"}, having=EFS),
            TASK,
        ),
        (
            "ecs-efs-transit-encryption",
            "default",
            setting(TASK, {f"{EFS}.TransitEncryption": REMOVED}, having=EFS),
            TASK,
        ),
        ("ecs-execution-role", "logs", setting(TASK, {"ExecutionRoleArn": REMOVED}, when=_on_fargate), TASK),
        (
            "ecs-execution-role",
            "secrets",
            setting(TASK, {"ExecutionRoleArn": REMOVED}, having=f"{CONTAINER}.Secrets"),
            TASK,
        ),
        ("ecs-fargate-size", "memory", setting(TASK, {"Memory": "700"}, when=_on_fargate), TASK),
        ("ecs-fargate-size", "cpu", setting(TASK, {"Cpu": "700"}, when=_on_fargate), TASK),
        ("ecs-fargate-size", "pair", setting(TASK, {"Cpu": ".25 vCPU", "Memory": "8 GB"}, when=_on_fargate), TASK),
        (
            "ecs-rolling-percent",
            "both 100",
            setting(
                SERVICE,
                {"DeploymentConfiguration.MinimumHealthyPercent": 100, "DeploymentConfiguration.MaximumPercent": 100},
            ),
            SERVICE,
        ),
        (
            "ecs-rolling-percent",
            "maximum 100",
            setting(
                SERVICE,
                {
                    "DeploymentConfiguration.MinimumHealthyPercent": REMOVED,
                    "DeploymentConfiguration.MaximumPercent": 100,
                },
                having="DeploymentConfiguration.MinimumHealthyPercent",
            ),
            SERVICE,
        ),
        (
            "ecs-health-command",
            "no CMD",
            setting(TASK, {f"{CONTAINER}.HealthCheck": {"Command": ["curl", "-f", "http://localhost"]}}),
            TASK,
        ),
        ("ecs-termination-protection", "group", _unprotected, PROVIDER),
        (
            "ecs-unused-capacity-provider",
            "launch type",
            both(setting(PROVIDER, {}), _each_service(_by_launch_type)),
            PROVIDER,
        ),
        (
            "ecs-launch-type-and-strategy",
            "both",
            setting(SERVICE, {"LaunchType": "FARGATE"}, having="CapacityProviderStrategy"),
            SERVICE,
        ),
        ("ecs-circuit-breaker", "none", setting(SERVICE, {BREAKER: REMOVED}, having=BREAKER), SERVICE),
        ("ecs-circuit-breaker", "off", setting(SERVICE, {f"{BREAKER}.Enable": False}, having=BREAKER), SERVICE),
        (
            "ecs-waits-for-listener",
            "no DependsOn",
            _without_waiting_for("AWS::ElasticLoadBalancingV2::Listener"),
            SERVICE,
        ),
        ("ecs-waits-for-mount-targets", "no DependsOn", _without_waiting_for("AWS::EFS::MountTarget"), SERVICE),
        ("ecs-plain-secret", "password", _environment("DB_PASSWORD", "correct horse"), TASK),
        ("ecs-plain-secret", "access key", _environment("X", "AKIA" + "ABCDEFGHIJ234567"), TASK),
        ("ecs-shared-task-role", "of another", _same_role, TASK),
        ("eks-version-ended", "1.29", setting(CLUSTER, {"Version": "1.29"}), CLUSTER),
        ("eks-version-extended", "1.33", setting(CLUSTER, {"Version": "1.33"}), CLUSTER),
        (
            "eks-version-table",
            "in a year",
            setting(CLUSTER, {}, when=lambda each: each["Version"] == "1.36"),
            CLUSTER,
            date(2027, 6, 30),
        ),
        ("eks-ami-architecture", "AMI", _ami_of_the_other, NODES),
        (
            "eks-ami-architecture",
            "ARM on x86",
            setting(NODES, {"InstanceTypes": ["m7g.large"]}, when=lambda each: "x86" in each["AmiType"]),
            NODES,
        ),
        (
            "eks-ami-architecture",
            "x86 on ARM",
            setting(NODES, {"InstanceTypes": ["r7g.large", "m7i.large"]}, when=lambda each: "ARM" in each["AmiType"]),
            NODES,
        ),
        (
            "eks-add-on-name",
            "core-dns",
            setting(ADD_ON, {"AddonName": "core-dns"}, when=lambda each: each["AddonName"] == "coredns"),
            ADD_ON,
        ),
        (
            "eks-add-on-name",
            "cni",
            setting(ADD_ON, {"AddonName": "amazon-vpc-cni"}, when=lambda each: each["AddonName"] == "vpc-cni"),
            ADD_ON,
        ),
        ("eks-driver-identity", "none", _without_identity, ADD_ON),
        (
            "eks-public-endpoint",
            "no blocks",
            setting(
                CLUSTER, {"ResourcesVpcConfig.EndpointPublicAccess": True, "ResourcesVpcConfig.PublicAccessCidrs": []}
            ),
            CLUSTER,
        ),
        (
            "eks-public-endpoint",
            "everybody",
            setting(
                CLUSTER,
                {
                    "ResourcesVpcConfig.EndpointPublicAccess": "true",
                    "ResourcesVpcConfig.PublicAccessCidrs": ["198.51.100.0/24", "0.0.0.0/0"],
                },
            ),
            CLUSTER,
        ),
        ("eks-logs-off", "none", setting(CLUSTER, {"Logging": REMOVED}), CLUSTER),
        ("eks-secrets-key", "none", setting(CLUSTER, {"EncryptionConfig": REMOVED}), CLUSTER),
        (
            "eks-imdsv1",
            "optional",
            both(
                setting(CLUSTER, {}),
                setting("AWS::EC2::LaunchTemplate", {"LaunchTemplateData.MetadataOptions.HttpTokens": "optional"}),
            ),
            NODES,
        ),
        ("eks-storage-class-driver", "no add-on", _without_the_driver, MANIFEST),
        (
            "eks-storage-class-driver",
            "FSx",
            _provisioner("ebs.csi.aws.com", "fsx.csi.aws.com", without="aws-fsx-csi-driver"),
            MANIFEST,
        ),
        (
            "eks-storage-class-driver",
            "of nodes, in Auto Mode",
            _provisioner("ebs.csi.eks.amazonaws.com", "ebs.csi.aws.com"),
            MANIFEST,
        ),
        (
            "eks-storage-class-driver",
            "of Auto Mode, on nodes",
            _provisioner("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com"),
            MANIFEST,
        ),
        (
            "eks-ebs-on-fargate",
            "class and driver",
            both(
                setting("AWS::EKS::FargateProfile", {}),
                _provisioner("efs.csi.aws.com", "ebs.csi.aws.com"),
                adding(
                    "MutantDriver",
                    ADD_ON,
                    lambda cluster: {
                        "AddonName": "aws-ebs-csi-driver",
                        "ClusterName": {"Ref": cluster},
                        "ServiceAccountRoleArn": "arn:aws:iam::111122223333:role/ebs",
                    },
                    beside=CLUSTER,
                ),
            ),
            "AWS::EKS::FargateProfile",
        ),
        ("lambda-memory", "too little", outside_of_edge(setting(FUNCTION, {"MemorySize": 64})), FUNCTION),
        ("lambda-memory", "too much", outside_of_edge(setting(FUNCTION, {"MemorySize": 10241})), FUNCTION),
        ("lambda-timeout", "16 minutes", outside_of_edge(setting(FUNCTION, {"Timeout": 960})), FUNCTION),
        (
            "lambda-storage",
            "too little",
            outside_of_edge(setting(FUNCTION, {"EphemeralStorage": {"Size": 511}})),
            FUNCTION,
        ),
        (
            "lambda-storage",
            "too much",
            outside_of_edge(setting(FUNCTION, {"EphemeralStorage": {"Size": 10241}})),
            FUNCTION,
        ),
        ("lambda-environment-size", "a page", outside_of_edge(_large_environment), FUNCTION),
        ("lambda-environment-name", "AWS_REGION", outside_of_edge(_reserved_name), FUNCTION),
        (
            "lambda-layers",
            "six",
            outside_of_edge(
                setting(
                    FUNCTION, {"Layers": [f"arn:aws:lambda:eu-west-1:111122223333:layer:a:{each}" for each in range(6)]}
                )
            ),
            FUNCTION,
        ),
        (
            "lambda-asynchronous",
            "age",
            outside_of_edge(
                adding(
                    "Mutant",
                    "AWS::Lambda::EventInvokeConfig",
                    lambda name: {
                        "FunctionName": {"Ref": name},
                        "Qualifier": "$LATEST",
                        "MaximumEventAgeInSeconds": 30,
                    },
                    beside=FUNCTION,
                )
            ),
            FUNCTION,
        ),
        (
            "lambda-reserved-concurrency",
            "the whole account",
            outside_of_edge(setting(FUNCTION, {"ReservedConcurrentExecutions": 1000})),
            FUNCTION,
        ),
        (
            "lambda-provisioned-above-reserved",
            "3 of 2",
            outside_of_edge(
                both(
                    setting(FUNCTION, {"ReservedConcurrentExecutions": 2}),
                    adding(
                        "Mutant",
                        "AWS::Lambda::Version",
                        lambda name: {
                            "FunctionName": {"Ref": name},
                            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 3},
                        },
                        beside=FUNCTION,
                    ),
                )
            ),
            FUNCTION,
        ),
        (
            "lambda-provisioned-latest",
            "an alias",
            outside_of_edge(
                adding(
                    "Mutant",
                    "AWS::Lambda::Alias",
                    lambda name: {
                        "Name": "live",
                        "FunctionName": {"Ref": name},
                        "FunctionVersion": "$LATEST",
                        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
                    },
                    beside=FUNCTION,
                )
            ),
            FUNCTION,
        ),
        (
            "lambda-queue-visibility",
            "shorter",
            outside_of_edge(
                both(
                    setting(FUNCTION, {"Timeout": 60}),
                    adding("MutantQueue", "AWS::SQS::Queue", lambda _: {"VisibilityTimeout": 30}, beside=FUNCTION),
                    adding("Mutant", "AWS::Lambda::EventSourceMapping", _queue, beside=FUNCTION),
                )
            ),
            FUNCTION,
        ),
        ("edge-version", "the function itself", _association(_function_itself), DISTRIBUTION),
        ("edge-version", "$LATEST", _association(_latest), DISTRIBUTION),
        (
            "edge-region",
            "ARN",
            _association(
                lambda _, each: each.update(LambdaFunctionARN="arn:aws:lambda:eu-west-1:111122223333:function:edge:1")
            ),
            DISTRIBUTION,
        ),
        ("edge-region", "stack", _association(lambda *_: None), DISTRIBUTION, TODAY, "eu-west-1"),
        (
            "edge-forbidden-property",
            "environment",
            _function_at_edge(Environment={"Variables": {"A": "b"}}),
            DISTRIBUTION,
        ),
        (
            "edge-forbidden-property",
            "VPC",
            _function_at_edge(VpcConfig={"SubnetIds": ["subnet-0123456789abcdef0"]}),
            DISTRIBUTION,
        ),
        (
            "edge-forbidden-property",
            "layers",
            _function_at_edge(Layers=["arn:aws:lambda:us-east-1:111122223333:layer:a:1"]),
            DISTRIBUTION,
        ),
        ("edge-forbidden-property", "X-Ray", _function_at_edge(TracingConfig={"Mode": "Active"}), DISTRIBUTION),
        ("edge-architecture", "arm64", _function_at_edge(Architectures=["arm64"]), DISTRIBUTION),
        ("edge-memory", "256 MB", _function_at_edge(viewer=True, MemorySize=256), DISTRIBUTION),
        ("edge-timeout", "6 s", _function_at_edge(viewer=True, Timeout=6), DISTRIBUTION),
        ("edge-timeout", "31 s", _function_at_edge(Timeout=31), DISTRIBUTION),
        ("edge-storage", "1 GB", _function_at_edge(EphemeralStorage={"Size": 1024}), DISTRIBUTION),
        ("edge-runtime", "Java", _function_at_edge(Runtime="java21"), DISTRIBUTION),
        (
            "edge-provisioned-concurrency",
            "one",
            _at_edge(
                lambda _template, version, _function: version.update(
                    ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 1}
                )
            ),
            DISTRIBUTION,
        ),
        ("edge-role", "Lambda only", _at_edge(_trusts_lambda_only), DISTRIBUTION),
        ("edge-event-conflict", "CloudFront Function", _behavior(_cloudfront_function_too), DISTRIBUTION),
        ("edge-event-conflict", "twice", _behavior(_event_twice), DISTRIBUTION),
        (
            "cloudfront-alias-certificate",
            "none",
            setting(
                DISTRIBUTION,
                {
                    "DistributionConfig.Aliases": ["www.example.com"],
                    "DistributionConfig.ViewerCertificate": {"CloudFrontDefaultCertificate": True},
                },
            ),
            DISTRIBUTION,
        ),
        ("cloudfront-certificate-region", "eu-west-1", _other_certificate, DISTRIBUTION),
        ("cloudfront-origin-access", "none", _without_access_control, DISTRIBUTION),
        (
            "ecr-lifecycle-policy",
            "no JSON",
            setting(REPOSITORY, {"LifecyclePolicy.LifecyclePolicyText": "{'rules': []}"}),
            REPOSITORY,
        ),
        ("ecr-lifecycle-policy", "priority", _lifecycle(lambda rules: rules.append(rules[0])), REPOSITORY),
        (
            "ecr-lifecycle-policy",
            "status",
            _lifecycle(lambda rules: rules[0]["selection"].update(tagStatus="old")),
            REPOSITORY,
        ),
        (
            "ecr-lifecycle-policy",
            "count",
            _lifecycle(lambda rules: rules[0]["selection"].update(countNumber=0)),
            REPOSITORY,
        ),
        ("ecr-lifecycle-policy", "no action", _lifecycle(lambda rules: rules[0].pop("action")), REPOSITORY),
        ("ecr-lifecycle-order", "any first", _lifecycle(_any_comes_first), REPOSITORY),
        ("efs-zone-without-mount-target", "two of three", unshared(_without_a_mount_target), "AWS::EFS::MountTarget"),
        ("efs-zone-with-two-mount-targets", "same subnet", _two_mount_targets, "AWS::EFS::MountTarget"),
        (
            "apprunner-size",
            "memory",
            setting(APP_RUNNER, {f"{INSTANCE}.Cpu": "1 vCPU", f"{INSTANCE}.Memory": "8 GB"}),
            APP_RUNNER,
        ),
        (
            "apprunner-size",
            "CPU",
            setting(APP_RUNNER, {f"{INSTANCE}.Cpu": "3072", f"{INSTANCE}.Memory": "6144"}),
            APP_RUNNER,
        ),
        (
            "apprunner-access-role",
            "none",
            setting(
                APP_RUNNER,
                {"SourceConfiguration.AuthenticationConfiguration": REMOVED},
                having="SourceConfiguration.AuthenticationConfiguration.AccessRoleArn",
            ),
            APP_RUNNER,
        ),
        (
            "apprunner-image-type",
            "Docker Hub",
            setting(
                APP_RUNNER,
                {"SourceConfiguration.ImageRepository.ImageIdentifier": "docker.io/library/nginx:latest"},
                having="SourceConfiguration.ImageRepository",
            ),
            APP_RUNNER,
        ),
        (
            "apprunner-runtime-ended",
            "Node.js 12",
            setting(
                APP_RUNNER,
                {
                    "SourceConfiguration": {
                        "CodeRepository": {"CodeConfiguration": {"CodeConfigurationValues": {"Runtime": "NODEJS_12"}}}
                    }
                },
            ),
            APP_RUNNER,
        ),
        ("network-vpc-size", "/8", setting("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/8"}), "AWS::EC2::VPC"),
        ("network-subnet-size", "/29", _tiny_subnet, "AWS::EC2::Subnet"),
        (
            "network-subnet-outside",
            "elsewhere",
            unshared(setting("AWS::EC2::Subnet", {"CidrBlock": "192.168.0.0/24"})),
            "AWS::EC2::Subnet",
        ),
        ("network-subnet-overlap", "the same", _overlap, "AWS::EC2::Subnet"),
        ("network-open-port", "SSH", _open(FromPort=22, ToPort=22), "AWS::EC2::SecurityGroup"),
        ("network-open-port", "all", _open(IpProtocol="-1"), "AWS::EC2::SecurityGroup"),
    )
)
