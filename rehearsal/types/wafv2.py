"""The association of a web ACL with a load balancer, or with a service of App Runner."""

from typing import Any

from ministack.services import alb, waf

from rehearsal.types.app_runner import SERVICES
from rehearsal.types.seams import Properties, Provisioned, add_json_actions, regional_store, register_type, required

ASSOCIATIONS = regional_store()
"""Web ACLs by resource. The last one counts; while another replaces one there are two, so that either can go."""


def register() -> None:
    register_type("AWS::WAFv2::WebACLAssociation", create=associate, update=update, delete=disassociate)
    add_json_actions("wafv2", {"GetWebACLForResource": get_web_acl_for_resource})


def associate(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    resource, web_acl = properties["ResourceArn"], properties["WebACLArn"]
    required(
        alb._lbs.get(resource) or SERVICES.get(resource),
        f"AWS WAF couldn't perform the operation: {resource} doesn't exist",
    )
    put_associations(resource, [*ASSOCIATIONS.get(resource, []), web_acl])
    return f"{resource}|{web_acl}", {}


def update(physical_id: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """Both properties are replaced."""
    return physical_id, {}


def disassociate(_physical_id: str, properties: Properties) -> None:
    resource, web_acl = properties["ResourceArn"], properties["WebACLArn"]
    put_associations(resource, [one for one in ASSOCIATIONS.get(resource, []) if one != web_acl])


def put_associations(resource: str, web_acls: list[str]) -> None:
    """Not with AssociateWebACL: the web ACL may be one that nobody has created in the emulated account."""
    ASSOCIATIONS.pop(resource, None)
    waf._associations.pop(resource, None)
    if web_acls:
        ASSOCIATIONS[resource] = web_acls
        waf._associations[resource] = web_acls[-1]


def get_web_acl_for_resource(request: dict[str, Any]) -> dict[str, Any]:
    """As AWS answers it, with no ``WebACL`` where there is none."""
    arn = waf._associations.get(request["ResourceArn"])
    if arn is None:
        return {}
    *_, name, web_acl_id = arn.split("/")
    known = next((acl for acl in waf._web_acls.values() if acl["ARN"] == arn), {})
    unseen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    always = {"Name": name, "Id": web_acl_id, "ARN": arn, "DefaultAction": {"Allow": {}}, "VisibilityConfig": unseen}
    return {"WebACL": {**always, **{k: v for k, v in known.items() if k != "LockToken"}}}
