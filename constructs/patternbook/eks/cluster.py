"""An EKS cluster, without nodes: its control plane, who may reach it and who may log in."""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v36 import KubectlV36Layer
from constructs import Construct, IDependable

from patternbook.data.logs import log_group
from patternbook.eks.pod_identity import volume_key_statements
from patternbook.eks.roles import role_with_policies
from patternbook.limits.eks_add_ons import ADD_ONS
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.logs import check_retention
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture
from patternbook.settings.fields import CIDR

NODE_POOLS: Final = ("system", "general-purpose")
"""Of Auto Mode, by which EKS chooses nodes: https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html"""
AUTO_MODE_POLICIES: Final = ("Compute", "BlockStorage", "LoadBalancing", "Networking")
"""What the role of a cluster has besides: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html"""

MAX_PUBLIC_CIDRS: Final = 40
"""https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""
PRIVATE_BLOCKS: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def check_public_access(cidrs: Sequence[str], *, posture: Posture) -> None:
    """Whether these blocks may reach the public endpoint.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html

    :raises ValueError: for more than EKS takes, for what is no block of public addresses, and for every address where
        the posture does not allow it.
    """
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        raise ValueError(f"expected at most {MAX_PUBLIC_CIDRS} blocks, not {len(cidrs)}")
    for cidr in cidrs:
        if not CIDR.accepts(cidr):
            raise ValueError(f"expected {CIDR.text}, unlike {cidr!r}")
        if any(ipaddress.IPv4Network(cidr).subnet_of(private) for private in PRIVATE_BLOCKS):
            raise ValueError(f"expected public addresses, unlike {cidr}: private ones reach the private endpoint")
    together = ipaddress.collapse_addresses(map(ipaddress.IPv4Network, cidrs))
    if any(block.prefixlen == 0 for block in together) and not posture.open_cluster_endpoint:
        given = " and ".join(cidrs)
        raise ValueError(f"expected blocks of your own, unlike {given}: in {posture.name} not everybody may connect")


class EksCluster(Construct):
    """A cluster whose control plane EKS runs, in the private subnets of a network.

    - *Endpoint*: private; public too, for the blocks that are given, and nobody else.
    - *Access*: authentication mode API. Who creates the cluster (the role of CloudFormation) has no access to it.
      ``admin_role`` has, as cluster administrator; who may act as it is for IAM to say.
    - *Logs*: all five of the control plane, in a log group that keeps them as the posture says.
    - *Secrets* of Kubernetes are encrypted with a customer managed key of the cluster's own, in every posture.
    - *Protection*: by posture, EKS refuses to delete the cluster.
    - *Nothing inside*: neither Auto Mode (unless it is asked for), nor nodes, nor add-ons that nobody manages.
      :meth:`add_on` brings add-ons; a network add-on has to be there before the nodes, CoreDNS after.
    - *kubectl* runs in the stack only where a manifest has to be applied: two Lambda functions, which CloudFormation
      has no other way for. Both are in the private subnets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        posture: Posture,
        version: str = KUBERNETES_VERSION,
        public_access_cidrs: Sequence[str] = (),
        admin_principals: Sequence[str] = (),
        upgrade_policy: UpgradePolicy = "STANDARD",
        auto_mode: bool = False,
        service_cidr: str | None = None,
        kubectl: bool = False,
        add_on_versions: Mapping[str, str] | None = None,
        log_retention_days: int | None = None,
        key: kms.Key | None = None,
    ) -> None:
        """:param public_access_cidrs: who may reach the public endpoint; without any there is none.
        :param admin_principals: ARNs of roles, users or accounts that may act as the admin role; without any, whoever
            the IAM of this account allows to.
        :param upgrade_policy: at the end of standard support EKS upgrades the cluster by itself (STANDARD), or goes on,
            for more money (EXTENDED).
        :param auto_mode: whether EKS brings nodes, load balancers and volumes by itself.
        :param service_cidr: addresses of services, apart from those of the VPC; EKS chooses where it is None.
        :param kubectl: whether :meth:`apply` shall work.
        :param add_on_versions: such as ``v1.20.4-eksbuild.1``, by the names of add-ons; EKS chooses where there is
            none: its default for the cluster's version when the add-on is made.
        :param key: encrypts the logs; in Auto Mode volumes can be, too.
        :raises ValueError: see :func:`check_version`, :func:`check_public_access`, :func:`check_retention`.
        """
        check_version(version, upgrade_policy=upgrade_policy, kubectl=kubectl)
        check_public_access(public_access_cidrs, posture=posture)
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.version = version
        self._network = network
        self._add_on_versions = dict(add_on_versions or {})
        self._callable: list[IDependable] = []
        # A name that is known before the cluster is, for the log group; and another each time that the stack is made,
        # so that it can be deployed beside its own retained logs. The id of a stack ends with a UUID.
        uuid = cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))
        self.name = cdk.Fn.join("-", [stack.stack_name, cdk.Fn.select(0, cdk.Fn.split("-", uuid))])
        self.log_group = log_group(
            self,
            "Logs",
            posture=posture,
            retention_days=log_retention_days,
            key=key,
            # EKS writes to the group of this name, and would make one that keeps everything for ever.
            # https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
            name=f"/aws/eks/{self.name}/cluster",
        )
        # In every posture, and of its own: a cluster cannot change its key, so another would be another cluster.
        self.secrets_key = kms.Key(
            self,
            "SecretsKey",
            description=f"Kubernetes secrets of {stack.stack_name}",
            enable_key_rotation=True,
            removal_policy=posture.removal_policy,
        )
        self._kubectl_role = self._role_of_kubectl() if kubectl else None
        self.cluster = eks.Cluster(
            self,
            "Cluster",
            version=eks.KubernetesVersion.of(version),
            cluster_name=self.name,
            vpc=network.vpc,
            vpc_subnets=[ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)],
            endpoint_access=eks.EndpointAccess.PUBLIC_AND_PRIVATE.only_from(*public_access_cidrs)
            if public_access_cidrs
            else eks.EndpointAccess.PRIVATE,
            service_ipv4_cidr=service_cidr,
            cluster_logging=list(eks.ClusterLoggingTypes),
            secrets_encryption_key=self.secrets_key,
            bootstrap_cluster_creator_admin_permissions=False,
            # Add-ons are resources of the stack, where their versions and settings can be seen and changed.
            bootstrap_self_managed_addons=False,
            default_capacity_type=eks.DefaultCapacityType.AUTOMODE if auto_mode else eks.DefaultCapacityType.NODEGROUP,
            default_capacity=None if auto_mode else 0,
            compute=eks.ComputeConfig(
                node_pools=list(NODE_POOLS),
                node_role=self._role_of_auto_mode_nodes(),  # ty: ignore[invalid-argument-type]
            )
            if auto_mode
            else None,
            kubectl_provider_options=eks.KubectlProviderOptions(
                kubectl_layer=KubectlV36Layer(self, "KubectlLayer"),
                # CDK would let it read every repository of the account, for charts that nobody installs.
                role=self._kubectl_role.without_policy_updates(),
                removal_policy=cdk.RemovalPolicy.DESTROY,
            )
            if self._kubectl_role
            else None,
            # Of what is deleted with an object: what one has applied, others may have labelled the same.
            prune=False,
        )
        self.cluster.node.add_dependency(self.log_group)
        resource = self.cluster.node.default_child
        assert isinstance(resource, eks.CfnCluster)
        # The L2 has neither of the two.
        resource.deletion_protection = posture.deletion_protection
        resource.upgrade_policy = eks.CfnCluster.UpgradePolicyProperty(support_type=upgrade_policy)
        if self._kubectl_role:
            self._settle_kubectl(self._kubectl_role, posture=posture, days=log_retention_days, key=key)
        self.admin_role = self._admin_role(admin_principals)
        for kind in ("Cluster", *AUTO_MODE_POLICIES) if auto_mode else ("Cluster",):
            acknowledge(
                self.cluster,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonEKS{kind}Policy]",
                "AWS documents this policy for the role of a cluster, which only EKS acts as.",
            )
        if auto_mode and key:
            for statement in volume_key_statements(key):
                self.cluster.role.add_to_principal_policy(statement)

    @property
    def kubeconfig_command(self) -> str:
        """The command after which kubectl talks to the cluster, as the admin role."""
        region = cdk.Stack.of(self).region
        name, role = self.cluster.cluster_name, self.admin_role.role_arn
        return f"aws eks update-kubeconfig --name {name} --region {region} --role-arn {role}"

    @property
    def node_connections(self) -> ec2.Connections:
        """What nodes, pods and the stack's own kubectl connect by: the security group that EKS makes for the cluster.

        Its members talk to each other, and it lets everything out.
        https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
        """
        return ec2.Connections(security_groups=[self.cluster.cluster_security_group])

    def add_interface_endpoints(self, services: Sequence[ec2.InterfaceVpcEndpointAwsService]) -> None:
        """Lets nodes, pods and kubectl call these services within the VPC, where the posture asks for it. What is added
        to the cluster from then on is deleted before that ends: kubectl could not delete anything afterwards.
        """
        group = self._network.add_interface_endpoints(services, client=self.node_connections)
        self._callable = [group] if group else []

    def add_on(
        self,
        name: str,
        *,
        configuration: Mapping[str, Any] | None = None,
        roles: Mapping[str, iam.Role] | None = None,
        after: Sequence[IDependable] = (),
    ) -> eks.CfnAddon:
        """An add-on that EKS installs and keeps. L1, as the L2 has no roles.

        :param name: one of :data:`patternbook.limits.eks_add_ons.ADD_ONS`.
        :param configuration: what ``aws eks describe-addon-configuration`` allows.
        :param roles: what pods act as, by service account (:func:`patternbook.eks.pod_identity.pod_role`). The add-on
            ``eks-pod-identity-agent`` has to be there.
        :param after: what has to be there before: nodes, for all that runs as a deployment, or EKS waits for it, and
            then calls the add-on degraded.
        :raises ValueError: for an unknown name.
        """
        if name not in ADD_ONS:
            raise ValueError(f"add_on: {name!r} given, one of {', '.join(ADD_ONS)} required")
        add_on = eks.CfnAddon(
            self,
            "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
            addon_name=name,
            cluster_name=self.cluster.cluster_name,
            addon_version=self._add_on_versions.get(name),
            configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
            pod_identity_associations=[
                eks.CfnAddon.PodIdentityAssociationProperty(service_account=account, role_arn=role.role_arn)
                for account, role in roles.items()
            ]
            if roles
            else None,
            # The template says what holds, not what somebody changed by hand.
            resolve_conflicts="OVERWRITE",
        )
        add_on.node.add_dependency(*after, *self._callable, *(roles or {}).values())
        return add_on

    def apply(
        self, construct_id: str, manifests: Sequence[Mapping[str, Any]], *, after: Sequence[IDependable] = ()
    ) -> eks.KubernetesManifest:
        """Has kubectl apply objects, and delete them with the stack. As few as can be: each is a call into a cluster
        that has to answer when the stack is deployed, and deleted.

        :raises ValueError: in a cluster without ``kubectl``.
        """
        if not self._kubectl_role:
            raise ValueError("apply: given to a cluster without kubectl; kubectl=True required")
        manifest = eks.KubernetesManifest(
            self,
            construct_id,
            cluster=self.cluster,  # ty: ignore[invalid-argument-type]
            manifest=[dict(each) for each in manifests],
            prune=False,
        )
        # The policy of the role, too, which is another resource.
        manifest.node.add_dependency(self._kubectl_role, *self._callable, *after)
        return manifest

    def find(
        self,
        construct_id: str,
        *,
        kind: str,
        name: str,
        json_path: str,
        namespace: str = "default",
        after: Sequence[IDependable] = (),
    ) -> eks.KubernetesObjectValue:
        """Waits, for ten minutes at most, until something in the cluster has made an object, or set a value of it.

        :param json_path: of the value, such as ``.metadata.name``.
        :raises ValueError: in a cluster without ``kubectl``.
        """
        if not self._kubectl_role:
            raise ValueError("find: asked of a cluster without kubectl; kubectl=True required")
        found = eks.KubernetesObjectValue(
            self,
            construct_id,
            cluster=self.cluster,  # ty: ignore[invalid-argument-type]
            object_type=kind,
            object_name=name,
            object_namespace=namespace,
            json_path=json_path,
            timeout=cdk.Duration.minutes(10),
        )
        found.node.add_dependency(self._kubectl_role, *self._callable, *after)
        return found

    def _admin_role(self, principals: Sequence[str]) -> iam.Role:
        trusted = [iam.ArnPrincipal(arn) for arn in principals] or [iam.AccountRootPrincipal()]
        role = iam.Role(
            self,
            "Admin",
            description=f"Administrator of the cluster of {cdk.Stack.of(self).stack_name}",
            assumed_by=iam.CompositePrincipal(*trusted),  # ty: ignore[invalid-argument-type]
        )
        role.add_to_policy(iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[self.cluster.cluster_arn]))
        self.cluster.grant_cluster_admin("AdminAccess", role.role_arn)
        return role

    def _role_of_auto_mode_nodes(self) -> iam.Role:
        """https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html"""
        return role_with_policies(
            self,
            "NodeRole",
            description="Nodes that EKS brings",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            policies=("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"),
            reason="AWS documents this policy for the nodes of Auto Mode.",
        )

    def _role_of_kubectl(self) -> iam.Role:
        return role_with_policies(
            self,
            "KubectlRole",
            description="Applies the manifests of the stack",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            policies=["service-role/AWSLambdaVPCAccessExecutionRole"],
            reason="What a function in a VPC needs: to write logs, and network interfaces, for which IAM knows no "
            "resource.",
        )

    def _settle_kubectl(self, role: iam.Role, *, posture: Posture, days: int | None, key: kms.Key | None) -> None:
        """What the L2 does not say of its two functions."""
        role.add_to_policy(iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[self.cluster.cluster_arn]))
        provider = self.cluster.kubectl_provider
        assert provider is not None
        for each in provider.node.find_all():  # their log groups, where the feature flag useCdkManagedLogGroup is on
            if isinstance(each, logs.CfnLogGroup):
                each.apply_removal_policy(posture.removal_policy)
                each.retention_in_days = posture.log_retention_days if days is None else days
                each.kms_key_id = key.key_arn if key else None
        # It belongs to a policy that this role does without.
        self.node.try_remove_child("HasEcrPublic")
        handler = provider.node.find_child("Handler").node.default_child
        assert isinstance(handler, cdk.CfnElement)
        acknowledge(provider, "L1", "CDK chooses the runtime that its function is written for.")
        for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"):
            acknowledge(
                provider,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{name}]",
                "Of CDK's function that calls kubectl's: to write logs, and network interfaces, for which IAM knows no "
                "resource.",
            )
        acknowledge(
            provider,
            f"IAM5[Resource::<{cdk.Stack.of(self).get_logical_id(handler)}.Arn>:*]",
            "Every version of the one function that CDK's own calls.",
        )
