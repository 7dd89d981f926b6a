"""Load balancers for Ingresses: what the controller may do, what its chart gets, and the ingress classes."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from patternbook import SANDBOX, AutoModeIngress, EksCluster, IngressClass, LoadBalancerController, Network
from patternbook.eks.ingress.chart_values import VALUE_NAMES
from patternbook.eks.ingress.controller import VALUES
from patternbook.testing.eks import manifest
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import unchecked_app
from tests.ingress import CERTIFICATE, PUBLIC, in_auto_mode, on_fargate, on_nodes

CHART = "Custom::AWSCDK-EKS-HelmChart"
TAG = "elbv2.k8s.aws/cluster"
NAME = "${AWS::EKS::Cluster}"

PUBLISHED = {
    "acm": "DescribeCertificate ListCertificates",
    "cognito-idp": "DescribeUserPoolClient",
    "ec2": "AuthorizeSecurityGroupIngress CreateSecurityGroup CreateTags DeleteSecurityGroup DeleteTags "
    "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeCoipPools DescribeInstances "
    "DescribeInternetGateways DescribeIpamPools DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroups "
    "DescribeSubnets DescribeTags DescribeVpcPeeringConnections DescribeVpcs GetCoipPoolUsage GetSecurityGroupsForVpc "
    "RevokeSecurityGroupIngress",
    "elasticloadbalancing": "AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule "
    "CreateTargetGroup DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets "
    "DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates DescribeListeners "
    "DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags "
    "DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth DescribeTrustStores "
    "ModifyCapacityReservation ModifyIpPools ModifyListener ModifyListenerAttributes ModifyLoadBalancerAttributes "
    "ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets RemoveListenerCertificates RemoveTags "
    "SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets SetWebAcl",
    "iam": "CreateServiceLinkedRole GetServerCertificate ListServerCertificates",
    "shield": "CreateProtection DeleteProtection DescribeProtection GetSubscriptionState",
    "waf-regional": "AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource",
    "wafv2": "AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource",
}
"""The actions of https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json"""
LEFT_OUT = {
    # Outposts
    *("ec2:DescribeCoipPools", "ec2:GetCoipPoolUsage"),
    # addresses from IPAM
    *("ec2:DescribeIpamPools", "elasticloadbalancing:ModifyIpPools"),
    # reserved capacity
    "elasticloadbalancing:ModifyCapacityReservation",
    # certificates in IAM
    *("iam:GetServerCertificate", "iam:ListServerCertificates"),
    # AWS WAF Classic and Shield, which the chart's values switch off
    *(f"waf-regional:{name}" for name in PUBLISHED["waf-regional"].split()),
    *(f"shield:{name}" for name in PUBLISHED["shield"].split()),
}
ADDED = {"ec2:ValidateSecurityGroupQuotasForInterface"}
"""Elastic Load Balancing asks for it since the time of release 3.7.0:
https://github.com/kubernetes-sigs/aws-load-balancer-controller/releases/tag/v3.7.0"""
LIMITED_BY_ARN = {
    "acm:DescribeCertificate",
    "cognito-idp:DescribeUserPoolClient",
    *("elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:SetWebAcl"),
    *(f"wafv2:{name}" for name in PUBLISHED["wafv2"].split()),
}
"""Actions that read what belongs to others, or have no condition key for tags."""


@pytest.fixture(scope="module")
def nodes() -> Reading:
    return Reading(on_nodes(unchecked_app()))


@pytest.fixture(scope="module")
def fargate() -> Reading:
    return Reading(on_fargate(unchecked_app()))


def values(stack: Reading) -> dict[str, Any]:
    return json.loads(stack.shown(stack.one(CHART)["Values"]))


def controller_role(stack: Reading) -> Resource:
    account = "Pods of the service account kube-system/aws-load-balancer-controller"
    [role] = [each for each in stack.all("AWS::IAM::Role") if each.get("Description") == account]
    return role


def statements(stack: Reading) -> list[dict[str, Any]]:
    return stack.statements(controller_role(stack))


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


class TestPermissions:
    def test_the_actions_are_the_published_ones_without_those_for_other_features(self, nodes: Reading) -> None:
        published = {f"{service}:{name}" for service, names in PUBLISHED.items() for name in names.split()}
        assert published >= LEFT_OUT
        allowed = {action for each in statements(nodes) for action in listed(each["Action"])}
        assert allowed == published - LEFT_OUT | ADDED

    def test_a_change_needs_the_tag_of_the_cluster_or_one_known_resource(self, nodes: Reading) -> None:
        conditioned = set()
        for each in statements(nodes):
            tags = json.dumps(each.get("Condition", {}).get("StringEquals", {}))
            by_tag = f'Tag/{TAG}": "{NAME}"' in tags
            for action in listed(each["Action"]):
                reads = action.split(":")[1].startswith(("Describe", "List", "Get"))
                exact = not any("*" in resource.replace(":*:vpc/", ":vpc/") for resource in listed(each["Resource"]))
                assert by_tag or reads or exact or action in LIMITED_BY_ARN | ADDED, each
                conditioned |= {action} if by_tag else set()
        assert {"elasticloadbalancing:CreateListener", "elasticloadbalancing:RegisterTargets"} <= conditioned

    def test_only_actions_without_resources_are_allowed_on_all(self, nodes: Reading) -> None:
        [everywhere] = [each for each in statements(nodes) if each["Resource"] == "*"]
        others = {each for each in everywhere["Action"] if ":Describe" not in each}
        assert others == {"acm:ListCertificates", "elasticloadbalancing:SetWebAcl", *ADDED}

    def test_listeners_and_rules_can_be_made_on_load_balancers_of_the_cluster_only(self, nodes: Reading) -> None:
        [statement] = [each for each in statements(nodes) if "elasticloadbalancing:CreateListener" in each["Action"]]
        assert statement["Condition"]["StringEquals"] == {
            f"aws:RequestTag/{TAG}": NAME,
            f"aws:ResourceTag/{TAG}": NAME,
        }

    def test_the_tag_of_the_cluster_cannot_be_put_on_what_others_made(self, nodes: Reading) -> None:
        """IAM knows by the tag what belongs to the cluster."""
        for action in ("ec2:CreateTags", "elasticloadbalancing:AddTags"):
            found = [each["Condition"] for each in statements(nodes) if action in listed(each["Action"])]
            assert len(found) == 2
            for condition in found:
                at_creation = any(key.endswith(":CreateAction") for key in condition["StringEquals"])
                keeps_it = condition.get("Null") == {f"aws:RequestTag/{TAG}": "true"}
                assert at_creation != keeps_it
                assert keeps_it == (condition["StringEquals"].get(f"aws:ResourceTag/{TAG}") == NAME)

    def test_rules_may_be_added_to_the_group_of_nodes_and_to_no_other_foreign_group(self, nodes: Reading) -> None:
        found = [
            each["Resource"]
            for each in statements(nodes)
            if "ec2:AuthorizeSecurityGroupIngress" in each["Action"] and "Condition" not in each
        ]
        [group] = found
        assert group.endswith(":security-group/${AWS::EKS::Cluster.ClusterSecurityGroupId}")

    def test_security_groups_are_made_in_the_vpc_of_the_cluster(self, nodes: Reading) -> None:
        found = [each for each in statements(nodes) if "ec2:CreateSecurityGroup" in listed(each["Action"])]
        [vpc] = [each for each in found if "Condition" not in each]
        assert vpc["Resource"] == "arn:${AWS::Partition}:ec2:${AWS::Region}:*:vpc/${AWS::EC2::VPC}"

    def test_only_pods_of_the_service_account_assume_the_role(self, nodes: Reading) -> None:
        association = nodes.one("AWS::EKS::PodIdentityAssociation")
        assert (association["Namespace"], association["ServiceAccount"]) == (
            "kube-system",
            "aws-load-balancer-controller",
        )
        assert nodes.to(association["RoleArn"]) == controller_role(nodes)
        [trust] = controller_role(nodes)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}

    def test_on_fargate_the_role_is_assumed_by_web_identity(self, fargate: Reading) -> None:
        """EKS Pod Identity has no agent there."""
        assert not fargate.all("AWS::EKS::PodIdentityAssociation")
        account = values(fargate)["serviceAccount"]
        assert account["annotations"] == {"eks.amazonaws.com/role-arn": "${AWS::IAM::Role.Arn}"}
        trust = fargate.shown(controller_role(fargate)["AssumeRolePolicyDocument"])
        assert "system:serviceaccount:kube-system:aws-load-balancer-controller" in json.dumps(trust)
        assert len(statements(fargate)) > 10


class TestChart:
    def test_the_controller_knows_its_cluster_without_asking_the_instance(self, nodes: Reading) -> None:
        given = values(nodes)
        assert (given["clusterName"], given["region"], given["vpcId"]) == (NAME, "${AWS::Region}", "${AWS::EC2::VPC}")
        assert given["serviceAccount"] == {"name": "aws-load-balancer-controller"}

    def test_one_pod_is_left_when_a_node_goes(self, nodes: Reading) -> None:
        given = values(nodes)
        assert given["replicaCount"] == 2
        assert given["podDisruptionBudget"] == {"maxUnavailable": 1}
        [spread] = given["topologySpreadConstraints"]
        assert spread["topologyKey"] == "topology.kubernetes.io/zone"

    def test_an_upgrade_keeps_the_certificate_that_the_api_server_trusts(self, nodes: Reading) -> None:
        assert values(nodes)["keepTLSSecret"] is True

    def test_services_can_be_made_while_the_controller_is_down(self, nodes: Reading) -> None:
        given = values(nodes)
        assert given["enableServiceMutatorWebhook"] is True
        assert given["serviceMutatorWebhookConfig"] == {"failurePolicy": "Ignore"}

    def test_features_without_permissions_are_off(self, nodes: Reading) -> None:
        assert (values(nodes)["enableShield"], values(nodes)["enableWaf"]) == (False, False)

    def test_pods_are_restricted_and_have_resources(self, nodes: Reading) -> None:
        given = values(nodes)
        assert given["securityContext"] == {"capabilities": {"drop": ["ALL"]}}
        assert given["podSecurityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
        assert given["resources"].keys() == {"requests", "limits"}

    def test_load_balancers_refuse_old_versions_of_tls(self, nodes: Reading) -> None:
        assert values(nodes)["defaultSSLPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")

    def test_it_is_there_after_what_it_needs_and_gone_before(self, nodes: Reading) -> None:
        before = nodes.before(nodes.one(CHART))
        needed = [
            nodes.one("AWS::EKS::PodIdentityAssociation"),
            controller_role(nodes),
            *nodes.all("AWS::EKS::Nodegroup"),
            *nodes.all("AWS::EKS::Addon"),
            *(each for each in nodes.all("AWS::IAM::Policy") if nodes.refers(each, controller_role(nodes))),
            *(nodes.to(each["LoggingConfig"]["LogGroup"]) for each in nodes.all("AWS::Lambda::Function")),
        ]
        assert len(needed) > 10
        assert {each.id for each in needed} <= before

    def test_on_fargate_it_is_there_after_its_permissions_and_its_profile(self, fargate: Reading) -> None:
        before = fargate.before(fargate.one(CHART))
        needed = [
            controller_role(fargate),
            *fargate.all("AWS::EKS::FargateProfile"),
            *(each for each in fargate.all("AWS::IAM::Policy") if fargate.refers(each, controller_role(fargate))),
        ]
        assert len(needed) >= 3
        assert {each.id for each in needed} <= before

    def test_values_override_those_of_the_construct_name_by_name(self) -> None:
        stack = Reading(on_nodes(unchecked_app(), values={"replicaCount": 3, "enableWafv2": False}))
        assert (values(stack)["replicaCount"], values(stack)["enableWafv2"]) == (3, False)
        assert values(stack)["keepTLSSecret"] is True

    def test_the_chart_knows_all_values(self) -> None:
        assert VALUES.keys() <= VALUE_NAMES

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                {"replicas": 3},
                r"must be values of the chart .* 3\.5\.0, got 'replicas'\. Did you mean \"replicaCount\"",
            ),
            ({"vpcId": "vpc-1"}, "values may not set vpcId, which the construct sets. Remove it"),
            ({"ingressClassParams": {}}, "values may not set ingressClassParams, .* ingress_class describes the class"),
        ],
    )
    def test_values_that_helm_would_ignore_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            on_nodes(unchecked_app(), values=given)

    @pytest.mark.parametrize(
        ("kubectl", "message"),
        [(False, "Make the cluster with kubectl=True"), (True, "must have the add-on eks-pod-identity-agent before")],
    )
    def test_a_cluster_without_kubectl_or_an_identity_of_pods_is_refused(self, kubectl: bool, message: str) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        cluster = EksCluster(stack, "Eks", network=network, posture=SANDBOX, kubectl=kubectl)
        with pytest.raises(ValueError, match=message):
            LoadBalancerController(stack, "Ingress", cluster=cluster, network=network)


class TestIngressClass:
    def test_the_class_is_internal_by_default_and_not_the_default_class(self, nodes: Reading) -> None:
        given = values(nodes)
        assert given["ingressClass"] == "alb"
        assert given["ingressClassParams"]["spec"]["scheme"] == "internal"
        assert "ingressClassConfig" not in given

    def test_the_controller_gets_the_whole_class(self) -> None:
        given = values(Reading(on_nodes(unchecked_app(), ingress_class=PUBLIC)))
        assert given["ingressClass"] == "public"
        assert given["ingressClassParams"] == {
            "create": True,
            "spec": {
                "scheme": "internet-facing",
                "certificateArn": [CERTIFICATE],
                "subnets": {"ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]},
                "loadBalancerAttributes": [{"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"}],
            },
        }

    def test_auto_mode_gets_it_under_its_own_names(self) -> None:
        stack = Reading(in_auto_mode(unchecked_app(), ingress_class=PUBLIC))
        parameters = manifest(stack, "IngressClassParams", "public")
        assert parameters["apiVersion"] == "eks.amazonaws.com/v1"
        assert parameters["spec"] == {
            "scheme": "internet-facing",
            "certificateARNs": [CERTIFICATE],
            "subnets": {"ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]},
            "loadBalancerAttributes": [{"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"}],
        }
        found = manifest(stack, "IngressClass", "public")
        assert found["spec"] == {
            "controller": "eks.amazonaws.com/alb",
            "parameters": {"apiGroup": "eks.amazonaws.com", "kind": "IngressClassParams", "name": "public"},
        }

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"scheme": "public"}, "scheme must be one of internal, internet-facing, got 'public'"),
            ({"certificate_arns": CERTIFICATE}, r"certificate_arns must be a list, got 'arn:.*Write \['arn:"),
            ({"subnet_ids": "subnet-1"}, "subnet_ids must be a list"),
            (
                {"subnet_ids": ["subnet-1"]},
                "subnets in at least two AZs, got 'subnet-1' only. Add a subnet of another AZ",
            ),
        ],
    )
    def test_refusals(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            IngressClass(**given)

    def test_a_cluster_has_one_class_of_a_name(self) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        cluster = EksCluster(stack, "Eks", network=network, posture=SANDBOX, auto_mode=True, kubectl=True)
        AutoModeIngress(stack, "Internal", cluster=cluster)
        AutoModeIngress(stack, "Public", cluster=cluster, ingress_class=PUBLIC)
        with pytest.raises(RuntimeError, match="already a Construct with name 'IngressClass-alb'"):
            AutoModeIngress(stack, "Again", cluster=cluster)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"kubectl": True}, "must be in Auto Mode, .* Use LoadBalancerController, or .* auto_mode=True"),
            ({"auto_mode": True}, "Make the cluster with kubectl=True"),
        ],
    )
    def test_auto_mode_is_refused_without_it(self, given: dict[str, Any], message: str) -> None:
        stack = cdk.Stack()
        cluster = EksCluster(stack, "Eks", network=Network(stack, "Network", posture=SANDBOX), posture=SANDBOX, **given)
        with pytest.raises(ValueError, match=message):
            AutoModeIngress(stack, "Ingress", cluster=cluster)
        assert stack.node.try_find_child("Ingress") is None
