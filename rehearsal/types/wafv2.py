"""Associations of web ACLs with load balancers and App Runner services."""

from typing import Any

from ministack.services import alb, waf

from rehearsal.types.actions import add_json_actions
from rehearsal.types.app_runner import SERVICES
from rehearsal.types.registry import Provisioned, regional_store, register_type
from rehearsal.types.shapes import Properties, require

ASSOCIATIONS = regional_store()
"""The web ACLs of each resource. The last one is in effect. There are two while one replaces the other."""


def register() -> None:
    register_type("AWS::WAFv2::WebACLAssociation", create=associate, update=update, delete=disassociate)
    add_json_actions("wafv2", {"GetWebACLForResource": get_web_acl_for_resource})


def associate(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    resource, web_acl = properties["ResourceArn"], properties["WebACLArn"]
    require(
        alb._lbs.get(resource) or SERVICES.get(resource),
        f"AWS WAF couldn't perform the operation: {resource} doesn't exist",
    )
    put_associations(resource, [*ASSOCIATIONS.get(resource, []), web_acl])
    return f"{resource}|{web_acl}", {}


def update(physical_id: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """CloudFormation replaces the resource for every change, so this changes nothing."""
    return physical_id, {}


def disassociate(_physical_id: str, properties: Properties) -> None:
    resource, web_acl = properties["ResourceArn"], properties["WebACLArn"]
    put_associations(resource, [one for one in ASSOCIATIONS.get(resource, []) if one != web_acl])


def put_associations(resource: str, web_acls: list[str]) -> None:
    """AssociateWebACL cannot be used here, because the web ACL may not exist in the emulated account."""
    ASSOCIATIONS.pop(resource, None)
    waf._associations.pop(resource, None)
    if web_acls:
        ASSOCIATIONS[resource] = web_acls
        waf._associations[resource] = web_acls[-1]


def get_web_acl_for_resource(request: dict[str, Any]) -> dict[str, Any]:
    """Answers without ``WebACL`` if the resource has none, as AWS does."""
    arn = waf._associations.get(request["ResourceArn"])
    if arn is None:
        return {}
    *_, name, web_acl_id = arn.split("/")
    known = next((acl for acl in waf._web_acls.values() if acl["ARN"] == arn), {})
    unseen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    always = {"Name": name, "Id": web_acl_id, "ARN": arn, "DefaultAction": {"Allow": {}}, "VisibilityConfig": unseen}
    return {"WebACL": {**always, **{k: v for k, v in known.items() if k != "LockToken"}}}
