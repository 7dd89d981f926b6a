"""Compares a drawing with the templates that it shows, one for each posture."""

from collections.abc import Iterator, Mapping
from typing import Final

from patternbook.testing.drawings.claims import Places, UnknownCauseError, places
from patternbook.testing.drawings.shown import Deployed, Shown, shown, unshown
from patternbook.testing.drawings.source import OUTSIDE, PRODUCTION, Arrow, Drawing

MAIN_TYPES: Final = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api",
    "AWS::AppRunner::Service",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::NatGateway",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpointService",
    "AWS::ECR::PublicRepository",
    "AWS::ECR::Repository",
    "AWS::ECS::Cluster",
    "AWS::ECS::ExpressGatewayService",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::EFS::FileSystem",
    "AWS::EKS::Cluster",
    "AWS::EKS::FargateProfile",
    "AWS::EKS::Nodegroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::FSx::FileSystem",
    "AWS::Glue::Table",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Function",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
)
"""Each resource of these types has to be in the drawing."""

SUBNET: Final = "AWS::EC2::Subnet"


def problems(drawing: Drawing, templates: Mapping[str, Deployed]) -> list[str]:
    """What a drawing shows that a template does not have, and what it does not show.

    :param templates: by posture.
    """
    return [
        f"{posture}: {problem}"
        for posture, deployed in templates.items()
        for problem in _problems(drawing, deployed, in_production=posture == PRODUCTION)
    ]


def _problems(drawing: Drawing, deployed: Deployed, *, in_production: bool) -> Iterator[str]:
    nodes = shown(drawing, deployed)
    for path, each in nodes.items():
        if not each.node.meanings and OUTSIDE not in each.node.classes:
            yield f"{path} does not say what it stands for. Only nodes of the class {OUTSIDE} stand for nothing"
        if each.node.only_in_production and not in_production:
            yield from (f"{path} is not only in production: here is {found.id}" for found in each.resources)
            continue
        yield from (f"{path} stands for {meaning}, of which there is none" for meaning in each.missing)
        if not each.missing and each.node.group and each.node.meanings:
            yield from _misplaced(each, nodes[each.node.group])
    ends = {end for arrow in drawing.arrows for end in (arrow.source, arrow.target)}
    groups = {each.group for each in drawing.nodes.values()}
    yield from (f"no arrow leads from or to {path}" for path in drawing.nodes if path not in ends | groups)
    for arrow in drawing.arrows:
        yield from _unfounded(arrow, nodes, in_production=in_production)
    yield from (f"no node stands for {each}" for each in unshown(nodes.values(), deployed, MAIN_TYPES))


def _misplaced(inner: Shown, group: Shown) -> Iterator[str]:
    """A node in a group refers to what the group stands for: a service to its subnets, or subnets to their VPC."""
    own = {each.id for each in group.resources}
    named = {name for each in inner.family for name in inner.deployed.references[each]}
    if not named & own:
        yield f"{inner.node.path} is drawn in {group.node.path}, to which its resources do not refer"
    subnets = {each.id for each in inner.deployed.template.of_type(SUBNET)} if _are_subnets(group) else set()
    for other in sorted(named & subnets - own):
        yield f"{inner.node.path} is drawn in {group.node.path}, but is also in {other}"


def _are_subnets(group: Shown) -> bool:
    return any(each.type == SUBNET for each in group.resources)


def _unfounded(arrow: Arrow, nodes: Mapping[str, Shown], *, in_production: bool) -> Iterator[str]:
    name = f"the arrow from {arrow.source} to {arrow.target}"
    source, target = nodes[arrow.source], nodes[arrow.target]
    if not arrow.meanings:
        yield f"{name} does not say which cause makes it true"
    try:
        causes = {cause: places(cause, source, target) for cause in arrow.meanings}
    except UnknownCauseError as error:
        yield f"{name}: {error}"
        return
    if arrow.only_in_production and not in_production:
        if causes and all(causes.values()):
            yield f"{name} is true not only in production: {', '.join(causes)}"
        return
    if (source.node.only_in_production or target.node.only_in_production) and not arrow.only_in_production:
        yield f"{name} leads from or to what only production has. Give it the class {PRODUCTION}, too"
        return
    yield from (f"{name} has no cause '{cause}' in the template" for cause, found in causes.items() if not found)


def evidence(drawing: Drawing, deployed: Deployed, arrow: Arrow) -> dict[str, Places]:
    """The places of a template that make each cause of an arrow true."""
    nodes = shown(drawing, deployed)
    return {cause: places(cause, nodes[arrow.source], nodes[arrow.target]) for cause in arrow.meanings}
