"""The values that references of a template would have: names made of logical ids, in the shape that AWS documents.

The dimensions of a metric are parts of such names. ``Fn::Split`` on the ARN of a listener gives the same text as
``LoadBalancerFullName``, as on AWS.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

PLACE: Final = "eu-west-1:111122223333"

Resource = Mapping[str, Any]


class Names:
    """Resolves the intrinsic functions in a template.

    :raises NotImplementedError: for a function that it does not know.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Resource] = template["Resources"]

    def of(self, value: Any) -> Any:
        match value:
            case list():
                return [self.of(each) for each in value]
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [str(between), parts]}:
                return between.join(self.of(parts))
            case {"Fn::Split": [str(between), text]}:
                return self.of(text).split(between)
            case {"Fn::Select": [index, parts]}:
                return self.of(parts)[int(index)]
            case dict() if any(key.startswith("Fn::") for key in value):
                raise NotImplementedError(f"{value} is not supported by {__name__}. Add it there.")
            case dict():
                return {key: self.of(each) for key, each in value.items()}
        return value

    def _ref(self, name: str) -> str:
        if name not in self._resources:
            return {"AWS::Region": PLACE.split(":")[0], "AWS::AccountId": PLACE.split(":")[1]}.get(
                name, f"{name}/0/1-2-3"
            )
        resource = self._resources[name]
        return REFS.get(resource["Type"], lambda *_: name)(self, name, resource.get("Properties", {}))

    def _attribute(self, name: str, attribute: str) -> Any:
        resource = self._resources[name]
        known = ATTRIBUTES.get((resource["Type"], attribute), lambda *_: f"{name}.{attribute}")
        return known(self, name, resource.get("Properties", {}))


Maker = Callable[[Names, str, Mapping[str, Any]], Any]


def _load_balancer(_: Names, name: str, properties: Mapping[str, Any]) -> str:
    kind = {"application": "app", "network": "net"}[properties.get("Type", "application")]
    return f"arn:aws:elasticloadbalancing:{PLACE}:loadbalancer/{kind}/{name}/1"


def _listener(names: Names, name: str, properties: Mapping[str, Any]) -> str:
    return names.of(properties["LoadBalancerArn"]).replace(":loadbalancer/", ":listener/") + f"/{name}"


def _target_group(_: Names, name: str, __: Mapping[str, Any]) -> str:
    return f"arn:aws:elasticloadbalancing:{PLACE}:targetgroup/{name}/1"


def _service(names: Names, name: str, properties: Mapping[str, Any]) -> str:
    return f"arn:aws:ecs:{PLACE}:service/{names.of(properties['Cluster'])}/{name}"


def _last_part(make: Maker, start: str) -> Maker:
    """The part of an ARN from some text on."""
    return lambda *arguments: start + make(*arguments).partition(f":{start}")[2]


def _full_name(make: Maker) -> Maker:
    """The ARN of a load balancer from the text after ``loadbalancer/`` on."""
    return lambda *arguments: make(*arguments).partition(":loadbalancer/")[2]


def _state_machine(_: Names, name: str, __: Mapping[str, Any]) -> str:
    return f"arn:aws:states:{PLACE}:stateMachine:{name}"


def _state_machine_version(names: Names, _: str, properties: Mapping[str, Any]) -> str:
    return f"{names.of(properties['StateMachineArn'])}:1"


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html: each
# resource's page says what Ref and Fn::GetAtt return.
REFS: Final[Mapping[str, Maker]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::ECS::Service": _service,
    "AWS::ECS::ExpressGatewayService": _service,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
EXPRESS: Final = "AWS::ECS::ExpressGatewayService"
INGRESS: Final = "ECSManagedResourceArns.IngressPath"
ATTRIBUTES: Final[Mapping[tuple[str, str], Maker]] = {
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"): _full_name(_load_balancer),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"): _last_part(_target_group, "targetgroup/"),
    ("AWS::ECS::Service", "Name"): lambda _, name, __: name,
    ("AWS::ECS::Service", "ServiceArn"): _service,
    ("AWS::ECS::Cluster", "Arn"): lambda _, name, __: f"arn:aws:ecs:{PLACE}:cluster/{name}",
    ("AWS::AppRunner::Service", "ServiceArn"): lambda _, name, __: f"arn:aws:apprunner:{PLACE}:service/{name}/1",
    ("AWS::StepFunctions::StateMachineVersion", "Arn"): _state_machine_version,
    ("AWS::SQS::Queue", "QueueName"): lambda _, name, __: name,
    (EXPRESS, "ServiceArn"): _service,
    (EXPRESS, f"{INGRESS}.LoadBalancerArn"): _load_balancer,
    (EXPRESS, f"{INGRESS}.TargetGroupArns"): lambda *arguments: [_target_group(*arguments)],
}
