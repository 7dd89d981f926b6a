"""Networks over any AZs, and the constructs in the VPC, the cluster and the file system of a company."""

import ipaddress
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

import app
from patternbook import (
    PRODUCTION,
    SANDBOX,
    EksCluster,
    ExistingNetwork,
    ExistingVpc,
    ExpressService,
    FargateService,
    LogGroup,
    Network,
    PrivateIngress,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFiles,
    SharedFileSystem,
    Task,
    VpcConnector,
    existing_vpc,
)
from patternbook.limits.networks import EKS_REFUSED_ZONE_IDS, FARGATE_ZONE_IDS
from patternbook.testing.options import EXISTING_VPC
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import feature_flags, unchecked_app
from stacks.fargate_efs import FargateEfsStack
from stacks.fargate_efs.settings import FargateEfsSettings

IMAGE = "public.ecr.aws/team/app:v1"


class TestZones:
    @pytest.mark.parametrize("zones", [(1, 2), (1, 2, 4), ("eu-west-1a", "eu-west-1c"), (1, 2, 3, 4, 5)])
    @pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION], ids=lambda each: each.name)
    def test_each_zone_has_a_subnet_in_each_tier(self, zones: tuple[Any, ...], posture: Any) -> None:
        stack = cdk.Stack(unchecked_app())
        Network(stack, "Network", posture=posture, cidr="10.0.0.0/23", availability_zones=zones)
        found = Reading(stack)
        wanted = [zone if isinstance(zone, str) else {"Fn::Select": [zone - 1, {"Fn::GetAZs": ""}]} for zone in zones]
        for tier in ("public", "private", "isolated"):
            assert [subnet["AvailabilityZone"] for subnet in found.subnets(tier)] == wanted
        assert len(found.all("AWS::EC2::NatGateway")) == min(posture.nat_gateways, len(zones))
        blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in found.all("AWS::EC2::Subnet")]
        assert all(block.prefixlen <= 27 for block in blocks)
        assert not [1 for one in blocks for other in blocks if one is not other and one.overlaps(other)]

    @pytest.mark.parametrize("zones", [(1, 2), ("eu-west-1a", "eu-west-1c")])
    def test_named_zones_are_on_purpose(self, zones: tuple[Any, ...]) -> None:
        """CloudFormation's validation would warn of each subnet."""
        stack = cdk.Stack(unchecked_app())
        network = Network(stack, "Network", posture=SANDBOX, availability_zones=zones)
        acknowledged = "W3010" in str([each.data for each in network.node.metadata])
        assert acknowledged == isinstance(zones[0], str)

    def test_a_block_without_room_for_load_balancers_is_refused(self) -> None:
        stack = cdk.Stack(unchecked_app())
        with pytest.raises(ValueError, match=r"room for 18 subnets of /27, got a /23. Choose a /22 or larger"):
            Network(stack, "It", posture=SANDBOX, cidr="10.0.0.0/23", availability_zones=range(1, 7))
        assert not stack.node.children

    @pytest.mark.parametrize("zones", [(1,), (1, 1), (0, 1), (1, "eu-west-1a"), ("eu-west-1a", "eu-west-2a")])
    def test_wrong_zones_are_refused(self, zones: tuple[Any, ...]) -> None:
        stack = cdk.Stack(unchecked_app())
        with pytest.raises(ValueError, match="availability_zones: "):
            Network(stack, "It", posture=SANDBOX, availability_zones=zones)
        assert not stack.node.children

    def test_zone_ids_are_no_names(self) -> None:
        ids = [each for zones in (EKS_REFUSED_ZONE_IDS, *FARGATE_ZONE_IDS.values()) for each in zones]
        assert all("-az" in each for each in ids)


class Company:
    """The stack of a platform team: a VPC with tiers of its own, a cluster and a file system."""

    def __init__(self, scope: cdk.App) -> None:
        self.stack = stack = cdk.Stack(scope, "Company")
        tier, kind = ec2.SubnetConfiguration, ec2.SubnetType
        self.vpc = ec2.Vpc(
            stack,
            "Vpc",
            max_azs=2,
            subnet_configuration=[
                tier(name="Edge", subnet_type=kind.PUBLIC),
                tier(name="Bastions", subnet_type=kind.PUBLIC),
                tier(name="App", subnet_type=kind.PRIVATE_WITH_EGRESS),
                tier(name="Batch", subnet_type=kind.PRIVATE_WITH_EGRESS),
                tier(name="Data", subnet_type=kind.PRIVATE_ISOLATED),
            ],
        )
        self.cluster = ecs.Cluster(stack, "Cluster", vpc=self.vpc)
        self.files = efs.FileSystem(stack, "Files", vpc=self.vpc)

    def setting(self) -> ExistingVpc:
        return existing_vpc(self.vpc, private_subnets=self.vpc.select_subnets(subnet_group_name="App").subnets)


def imported(stack: cdk.Stack) -> tuple[ec2.IVpc, ecs.ICluster, efs.IFileSystem]:
    """What a platform team gives by its ids."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id=EXISTING_VPC["vpc_id"],
        availability_zones=list(EXISTING_VPC["public_subnets"]),
        public_subnet_ids=list(EXISTING_VPC["public_subnets"].values()),
        private_subnet_ids=list(EXISTING_VPC["private_subnets"].values()),
    )
    cluster = ecs.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="shared", vpc=vpc)
    group = ec2.SecurityGroup.from_security_group_id(stack, "FilesGroup", "sg-0123456789abcdef0")
    files = efs.FileSystem.from_file_system_attributes(
        stack, "Files", file_system_id="fs-0123456789abcdef0", security_group=group
    )
    return vpc, cluster, files


def service(stack: cdk.Stack, vpc: ExistingVpc, cluster: ecs.ICluster, file_system: efs.IFileSystem) -> FargateService:
    """A service behind a load balancer, from constructs alone."""
    network = ExistingNetwork(stack, "Network", vpc=vpc)
    task = Task(
        stack,
        "Task",
        posture=SANDBOX,
        image=IMAGE,
        port=8080,
        log_group=LogGroup(stack, "Logs", posture=SANDBOX, key=None),
        files=SharedFiles(stack, "Shared", file_system=file_system),
    )
    made = FargateService(stack, "Service", cluster=cluster, network=network, task=task)
    balancer = PublicLoadBalancer(stack, "Front", vpc=network.vpc, posture=SANDBOX)
    balancer.serve(made.service)
    ServiceScaling(stack, "Scaling", service=made.service, min_tasks=2, max_tasks=4)
    return made


def test_the_cidr_block_of_a_vpc_in_the_app_is_known() -> None:
    """Otherwise, the addresses of Kubernetes services could not avoid it, and cdk-nag could not read the rules."""
    assert Company(unchecked_app()).setting().cidr_blocks == ("10.0.0.0/16",)


def test_constructs_in_the_same_app_as_a_company() -> None:
    root = cdk.App(context=feature_flags(app.CDK_JSON), builtin_cloud_formation_validation=False)
    company, stack = Company(root), cdk.Stack(root, "Team")
    service(stack, company.setting(), company.cluster, company.files)
    root.synth()  # raises if the two stacks need each other
    found, theirs = Reading(stack), Reading(company.stack)
    assert [each.type for each in found.all("AWS::ECS::Cluster")] == []
    [rule] = [each for each in found.all("AWS::EC2::SecurityGroupIngress") if each["FromPort"] == 2049]
    assert "FilesEfsSecurityGroup" in str(rule["GroupId"])
    assert rule.id in found.before(found.one("AWS::ECS::Service"))
    assert theirs.all("AWS::EC2::SecurityGroupIngress") == []
    subnets = str(found.one("AWS::ECS::Service")["NetworkConfiguration"])
    assert "VpcAppSubnet1" in subnets
    assert "VpcAppSubnet2" in subnets
    assert "Batch" not in subnets
    assert len(found.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["Subnets"]) == 2


def test_constructs_in_the_same_stack_as_a_vpc_depend_on_its_routes() -> None:
    company = Company(unchecked_app())
    service(company.stack, company.setting(), company.cluster, company.files)
    found = Reading(company.stack)
    before = found.before(found.one("AWS::ECS::Service"))
    routes = {each.id for each in found.all("AWS::EC2::Route") if "App" in each.id}
    assert len(routes) == 2
    assert routes <= before
    assert {each.id for each in found.all("AWS::EFS::MountTarget")} <= before
    assert {each.id for each in found.all("AWS::EC2::SecurityGroupIngress")} <= before


def test_constructs_with_what_is_known_by_its_ids() -> None:
    stack = cdk.Stack(unchecked_app())
    vpc, cluster, files = imported(stack)
    service(stack, existing_vpc(vpc), cluster, files)
    found = Reading(stack)
    made = found.one("AWS::ECS::Service")
    assert made["Cluster"] == "shared"
    [rule] = [each for each in found.all("AWS::EC2::SecurityGroupIngress") if each["FromPort"] == 2049]
    assert rule["GroupId"] == "sg-0123456789abcdef0"
    assert found.one("AWS::EFS::AccessPoint")["FileSystemId"] == "fs-0123456789abcdef0"
    [statement] = [
        each
        for role in found.all("AWS::IAM::Role")
        for each in found.statements(role)
        if "elasticfilesystem:ClientMount" in each["Action"]
    ]
    assert found.shown(statement["Condition"])["StringEquals"]["elasticfilesystem:AccessPointArn"].endswith(
        "access-point/${AWS::EFS::AccessPoint}"
    )
    assert rule.id in found.before(made)
    # The cluster has its own list of capacity providers.
    assert found.all("AWS::ECS::ClusterCapacityProviderAssociations") == []
    assert found.all("AWS::EC2::Subnet") == []


def test_a_pattern_in_the_same_app_as_a_company_changes_nothing_of_it() -> None:
    def templates(*, pattern: bool) -> tuple[Reading, list[Reading]]:
        root = cdk.App(context=feature_flags(app.CDK_JSON), builtin_cloud_formation_validation=False)
        company, made = Company(root), list[cdk.Stack]()
        if pattern:
            settings = FargateEfsSettings(vpc=company.setting())
            made = [FargateEfsStack(root, "Pattern", settings=settings, posture=SANDBOX)]
            eks = cdk.Stack(root, "Kubernetes")
            network = ExistingNetwork(eks, "Network", vpc=company.setting())
            EksCluster(eks, "Eks", network=network, posture=SANDBOX)
            made.append(eks)
        root.synth()
        return Reading(company.stack), [Reading(each) for each in made]

    before, _ = templates(pattern=False)
    after, (pattern, kubernetes) = templates(pattern=True)
    assert after.document["Resources"] == before.document["Resources"]
    assert pattern.all("AWS::EC2::Subnet") == []
    assert len(pattern.all("AWS::EFS::MountTarget")) == 2
    assert "VpcDataSubnet1" in str([each["SubnetId"] for each in pattern.all("AWS::EFS::MountTarget")])
    assert len(kubernetes.one("AWS::EKS::Cluster")["ResourcesVpcConfig"]["SubnetIds"]) == 2


class TestConstructsWithCompanyVpc:
    """Constructs that take a VPC of the CDK itself have one subnet in each AZ, also where the VPC has more."""

    @pytest.mark.parametrize(
        ("make", "resource_type", "count"),
        [
            pytest.param(
                lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX),
                "AWS::EFS::MountTarget",
                2,
                id="file system",
            ),
            pytest.param(
                lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=SANDBOX).listener.add_action(
                    "Answer", action=elbv2.ListenerAction.fixed_response(404)
                ),
                "AWS::ElasticLoadBalancingV2::LoadBalancer",
                1,
                id="load balancer",
            ),
            pytest.param(
                lambda stack, vpc: VpcConnector(stack, "It", vpc=vpc), "AWS::AppRunner::VpcConnector", 1, id="connector"
            ),
            pytest.param(
                lambda stack, vpc: PrivateIngress(stack, "It", vpc=vpc, service_arn="arn:aws:apprunner:::service/x"),
                "AWS::EC2::VPCEndpoint",
                1,
                id="private ingress",
            ),
        ],
    )
    def test_one_subnet_per_az(
        self, make: Callable[[cdk.Stack, ec2.IVpc], object], resource_type: str, count: int
    ) -> None:
        root = cdk.App(context=feature_flags(app.CDK_JSON), builtin_cloud_formation_validation=False)
        company, stack = Company(root), cdk.Stack(root, "Team")
        make(stack, company.vpc)
        root.synth()
        found = Reading(stack).all(resource_type)
        assert len(found) == count
        for each in found:
            subnets = each.get("Subnets") or each.get("SubnetIds") or [each.get("SubnetId")]
            assert len(subnets) * count == 2


def test_express_services_need_the_subnets_of_their_kind() -> None:
    stack = cdk.Stack(unchecked_app())
    private = {name: value for name, value in EXISTING_VPC.items() if name != "public_subnets"}
    network = ExistingNetwork(stack, "Network", vpc=ExistingVpc(**private))
    task = Task(
        stack,
        "Task",
        posture=SANDBOX,
        image=IMAGE,
        port=8080,
        log_group=LogGroup(stack, "Logs", posture=SANDBOX, key=None),
        container_name="Main",
        port_name="http",
    )
    cluster = ecs.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="shared", vpc=network.vpc)
    with pytest.raises(ValueError, match="network must have public subnets, got none"):
        ExpressService(stack, "It", cluster=cluster, network=network, task=task)
    ExpressService(stack, "It", cluster=cluster, network=network, task=task, public=False)


def test_a_vpc_without_subnets_is_refused() -> None:
    stack = cdk.Stack(unchecked_app())
    with pytest.raises(ValueError, match="vpc: Must have subnets, got none"):
        ExistingNetwork(stack, "It", vpc=ExistingVpc(vpc_id=EXISTING_VPC["vpc_id"]))
    assert not stack.node.children
