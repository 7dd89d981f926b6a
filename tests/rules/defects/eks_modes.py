"""Defects for the rules of EKS launch templates and modes."""

from typing import Any, Final

from tests.rules.defects.base import (
    ADD_ON,
    CLUSTER,
    NODES,
    Apply,
    Defect,
    Template,
    delete,
    get,
    of_type,
    set_properties,
)

LAUNCH_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
PROFILE: Final = "AWS::EKS::FargateProfile"
ENTRY: Final = "AWS::EKS::AccessEntry"


def _write_script(template: Template) -> bool:
    for _, nodes in of_type(template, NODES):
        name = get(nodes, "LaunchTemplate.Id.Ref")
        if name in template["Resources"] and nodes.get("AmiType", "AL2023").startswith("AL2023"):
            data = template["Resources"][name]["Properties"]["LaunchTemplateData"]
            data["UserData"] = {"Fn::Base64": "#!/bin/bash\nyum update -y\n"}
            return True
    return False


def _authenticate_by_config_map(access: Any, *, entries: bool) -> Apply:
    def apply(template: Template) -> bool:
        for name in [name for name, _ in of_type(template, ENTRY)] if not entries else ():
            delete(template, name)
        return bool(entries or any(of_type(template, CLUSTER))) and set_properties(CLUSTER, {"AccessConfig": access})(
            template
        )

    return apply


def _open_subnet(template: Template) -> bool:
    gateways = [name for name, _ in of_type(template, "AWS::EC2::InternetGateway")]
    attachments = [name for name, _ in of_type(template, "AWS::EC2::VPCGatewayAttachment")]
    for _, profile in of_type(template, PROFILE):
        subnet = profile["Subnets"][0]
        for _, association in of_type(template, "AWS::EC2::SubnetRouteTableAssociation"):
            if association["SubnetId"] == subnet and gateways:
                route = {
                    "RouteTableId": association["RouteTableId"],
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "GatewayId": {"Ref": gateways[0]},
                }
                template["Resources"]["MutantRoute"] = {
                    "Type": "AWS::EC2::Route",
                    "Properties": route,
                    "DependsOn": attachments,
                }
                return True
    return False


def _nodes_after_dns(template: Template) -> bool:
    names = [name for name, add_on in of_type(template, ADD_ON) if add_on["AddonName"] == "coredns"]
    nodes = [name for kind in (NODES, PROFILE) for name, _ in of_type(template, kind)]
    if not names or not nodes or any(of_type(template, "AWS::AutoScaling::AutoScalingGroup")):
        return False
    template["Resources"][names[0]].pop("DependsOn", None)
    for name in nodes:
        template["Resources"][name]["DependsOn"] = names
    return True


DEFECTS: Final = (
    Defect(
        "eks-launch-template",
        "disk size",
        set_properties(NODES, {"DiskSize": 50}, having="LaunchTemplate"),
        NODES,
    ),
    Defect("eks-user-data", "script", _write_script, NODES),
    Defect(
        "eks-auto-mode",
        "no load balancers",
        set_properties(
            CLUSTER,
            {"KubernetesNetworkConfig.ElasticLoadBalancing.Enabled": False},
            when=lambda each: get(each, "ComputeConfig.Enabled") is True,
        ),
        CLUSTER,
    ),
    Defect(
        "eks-access-entry-mode",
        "CONFIG_MAP",
        _authenticate_by_config_map({"AuthenticationMode": "CONFIG_MAP"}, entries=True),
        ENTRY,
    ),
    Defect(
        "eks-config-map-creator",
        "nobody",
        _authenticate_by_config_map(
            {"AuthenticationMode": "CONFIG_MAP", "BootstrapClusterCreatorAdminPermissions": False}, entries=False
        ),
        CLUSTER,
    ),
    Defect("eks-fargate-public-subnet", "route to a gateway", _open_subnet, PROFILE),
    Defect("eks-add-on-before-nodes", "coredns", _nodes_after_dns, ADD_ON),
)
