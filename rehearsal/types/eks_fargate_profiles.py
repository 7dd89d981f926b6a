"""EKS Fargate profiles, which MiniStack lacks."""

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import ApiError, add_rest_actions
from rehearsal.types.eks import FARGATE_PROFILES, check_role, cluster, map_of
from rehearsal.types.registry import Provisioned, physical_name, register_type
from rehearsal.types.shapes import Properties, Record, to_api


def register() -> None:
    register_type(
        "AWS::EKS::FargateProfile", create=create_profile, update=update_profile, delete=delete_profile, tags="Tags"
    )
    add_rest_actions(
        "eks",
        {
            r"GET /clusters/([\w-]+)/fargate-profiles": list_profiles,
            r"GET /clusters/([\w-]+)/fargate-profiles/([\w-]+)": describe_profile,
        },
    )


def create_profile(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties["ClusterName"]
    arn = cluster(name)["arn"].replace(":cluster/", ":fargateprofile/")
    profile = properties.get("FargateProfileName") or physical_name(stack, logical_id, max_len=100)
    check_role(properties["PodExecutionRoleArn"])
    for subnet_id in properties["Subnets"]:
        ec2_types.subnet(subnet_id)
    if f"{name}/{profile}" in FARGATE_PROFILES:
        raise ValueError(f"Fargate profile already exists: {profile}")
    selectors = [
        {**selector, "Labels": {label["Key"]: label["Value"] for label in selector.get("Labels", [])}}
        for selector in properties["Selectors"]
    ]
    record = to_api("eks", "CreateFargateProfile", {**properties, "Selectors": selectors}, excluding=("Tags",))
    FARGATE_PROFILES[f"{name}/{profile}"] = {
        **record,
        "fargateProfileName": profile,
        "fargateProfileArn": f"{arn}/{profile}",
        "status": "ACTIVE",
        "tags": map_of(properties.get("Tags")),
    }
    return f"{name}|{profile}", {"Arn": f"{arn}/{profile}"}


def update_profile(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    """Only tags change in place."""
    record = FARGATE_PROFILES[physical_id.replace("|", "/")]
    record["tags"] = map_of(new.get("Tags"))
    return physical_id, {"Arn": record["fargateProfileArn"]}


def delete_profile(physical_id: str, _properties: Properties) -> None:
    FARGATE_PROFILES.pop(physical_id.replace("|", "/"), None)


def list_profiles(_body: Record, name: str) -> Record:
    prefix = f"{name}/"
    return {"fargateProfileNames": [key.removeprefix(prefix) for key in FARGATE_PROFILES if key.startswith(prefix)]}


def describe_profile(_body: Record, name: str, profile: str) -> Record:
    record = FARGATE_PROFILES.get(f"{name}/{profile}")
    if record is None:
        raise ApiError("ResourceNotFoundException", f"No Fargate Profile found with name: {profile}.")
    return {"fargateProfile": record}
