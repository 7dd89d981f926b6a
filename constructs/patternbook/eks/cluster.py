"""An EKS cluster without nodes: its control plane, its endpoint, its logs and its add-ons."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct, DependencyGroup, IDependable
from typing_extensions import Self

from patternbook.data.logs import LogGroup
from patternbook.eks.access import admin_role, auto_mode_node_role, refuse_admin, team_access_entry
from patternbook.eks.add_on_resource import FloatingVersions, add_on_resource
from patternbook.eks.endpoint import admit_clients, kubeconfig_command
from patternbook.eks.manifests import Kubectl
from patternbook.eks.pod_identity import complete_cluster_role
from patternbook.eks.settings import (
    AddOn,
    ClusterSettings,
    Level,
    by_principal,
    check_private_access,
    check_public_access,
)
from patternbook.limits.eks_add_ons import with_configuration
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.logs import check_retention
from patternbook.network.vpc import Network
from patternbook.posture import Posture

NODE_POOLS: Final = ("system", "general-purpose")
"""The built-in node pools of Auto Mode: https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html"""


class EksCluster(Construct):
    """A cluster whose control plane EKS runs, in the private subnets of a network.

    - *Endpoint*: private. Members of the cluster's security group reach it, and ``private_access_cidrs`` and
      ``private_access_security_groups``. It is also public for ``public_access_cidrs``, and for nobody else.
    - *Access*: the authentication mode is API. The creator of the cluster (CloudFormation's role) has no access.
      ``admin_role`` is the cluster administrator, and IAM decides who may assume it.
      :meth:`grant_access` lets teams in.
    - *Logs*: all five types of control-plane logs, in a log group with a retention.
    - *Secrets* of Kubernetes are encrypted with a customer managed key of the cluster's own, in every posture.
    - *Protection*: by posture, EKS refuses to delete the cluster.
    - *Nodes and add-ons*: none, unless ``auto_mode`` is set. :meth:`add_on` adds add-ons: a network add-on before the
      nodes, CoreDNS after them.
    - *kubectl* is part of the stack only where ``kubectl`` is set.
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
        private_access_cidrs: Sequence[str] = (),
        private_access_security_groups: Sequence[str] = (),
        admin_principals: Sequence[str] = (),
        upgrade_policy: UpgradePolicy = "STANDARD",
        auto_mode: bool = False,
        service_cidr: str | None = None,
        kubectl: bool = False,
        add_ons: Mapping[str, AddOn] | None = None,
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
        secrets_key: kms.IKey | None = None,
    ) -> None:
        """:param network: with private subnets in at least two AZs, none of them one that EKS refuses, see
            :data:`patternbook.limits.networks.EKS_REFUSED_ZONE_IDS`. A new VPC gets the tags ``kubernetes.io/role/elb``
            and ``kubernetes.io/role/internal-elb``, by which controllers in the cluster find subnets for load
            balancers. In a VPC that exists, its owner adds them
            (https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html).
        :param public_access_cidrs: CIDR blocks that may reach the public endpoint. Without any there is none.
        :param private_access_cidrs: CIDR blocks of connected networks that may reach the private endpoint.
        :param private_access_security_groups: ids of security groups whose members may reach the private endpoint.
        :param admin_principals: ARNs of the roles, users or accounts that may assume the admin role. Without any, the
            IAM policies of this account decide.
        :param upgrade_policy: at the end of standard support, EKS upgrades the cluster by itself (STANDARD), or
            supports the version for another year at a higher price (EXTENDED).
        :param auto_mode: whether EKS brings nodes, load balancers and volumes by itself.
        :param service_cidr: addresses of Kubernetes services, outside of the VPC's. Defaults to a block that EKS
            chooses.
        :param kubectl: whether the stack can apply manifests, see :attr:`kubectl`.
        :param add_ons: versions and configuration of add-ons by their names. They apply to what :meth:`add_on` adds,
            and :func:`patternbook.eks.add_ons.add_optional_add_ons` adds those of them that are optional.
        :param key: encrypts the logs and, in Auto Mode, volumes.
        :param secrets_key: encrypts the Kubernetes secrets. Changing it replaces the cluster. Defaults to a key of the
            cluster's own, so that ``key`` can change.
        :raises ValueError: see :func:`patternbook.limits.eks_versions.check_version`,
            :func:`patternbook.eks.settings.check_public_access`,
            :func:`patternbook.eks.settings.check_private_access` and
            :func:`patternbook.limits.logs.check_retention`.
        """
        check_version(version, upgrade_policy=upgrade_policy, kubectl=kubectl)
        check_public_access(public_access_cidrs, posture=posture)
        check_private_access(cidrs=private_access_cidrs, security_groups=private_access_security_groups)
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        # CDK's log groups of the kubectl functions would have the names of the functions, and nothing would wait for
        # them: https://github.com/aws/aws-cdk/issues/32689
        self.node.set_context("@aws-cdk/aws-lambda:useCdkManagedLogGroup", False)
        stack = cdk.Stack.of(self)
        self.version = version
        self.service_cidr = service_cidr
        self._network = network
        self._posture = posture
        self._log_retention_days = log_retention_days
        self._key = key
        self.auto_mode = auto_mode
        self.chosen_add_ons = dict(add_ons or {})
        """Versions and configuration of add-ons, as they were given."""
        self.add_ons: dict[str, eks.CfnAddon] = {}
        """The add-ons of the stack by their names."""
        self._teams: dict[str, eks.AccessEntry] = {}
        self.before_members = DependencyGroup()
        """What nodes, pods and the stack's own kubectl need, from before the first of them until after the last: the
        routes by which they reach AWS, the interface endpoints, and the rules of security groups. Constructs add to it
        at any time."""
        self.before_members.add(*network.routes)
        # The log group needs the name before the cluster exists. Each creation of the stack needs another name, so
        # that a stack can be deployed beside its own retained logs. The id of a stack ends with a UUID.
        uuid = cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))
        self.name = cdk.Fn.join("-", [stack.stack_name, cdk.Fn.select(0, cdk.Fn.split("-", uuid))])
        # EKS writes to the group of this name. It would make one itself, without retention.
        # https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
        self.log_group = self.add_log_group("Logs", name=f"/aws/eks/{self.name}/cluster")
        # The CDK would call an aspect of the whole cluster for each of its constructs, which takes long.
        cdk.Aspects.of(self.log_group).add(FloatingVersions(self, self.add_ons))
        self.secrets_key = secrets_key or kms.Key(
            self,
            "SecretsKey",
            description=f"Kubernetes secrets of {stack.stack_name}",
            enable_key_rotation=True,
            removal_policy=posture.removal_policy,
        )
        self._kubectl = Kubectl(self, self.add_log_group("KubectlLogs")) if kubectl else None
        self.cluster = eks.Cluster(
            self,
            "Cluster",
            version=eks.KubernetesVersion.of(version),
            cluster_name=self.name,
            vpc=network.vpc,
            vpc_subnets=[ec2.SubnetSelection(subnets=network.vpc.private_subnets)],
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
                node_role=auto_mode_node_role(self, "NodeRole"),  # ty: ignore[invalid-argument-type]
            )
            if auto_mode
            else None,
            kubectl_provider_options=self._kubectl.provider_options() if self._kubectl else None,
            # Don't prune: other tools' objects may carry the same label.
            prune=False,
        )
        self.cluster.node.add_dependency(self.log_group)
        if not network.owned:
            cdk.Annotations.of(self.cluster).acknowledge_warning(
                "@aws-cdk/aws-eks:clusterMustManuallyTagSubnet", "The owner of the VPC decides about its tags."
            )
        resource = self.cluster.node.default_child
        assert isinstance(resource, eks.CfnCluster)
        # The L2 has neither property.
        resource.deletion_protection = posture.deletion_protection
        resource.upgrade_policy = eks.CfnCluster.UpgradePolicyProperty(support_type=upgrade_policy)
        admit_clients(self.cluster, cidrs=private_access_cidrs, security_groups=private_access_security_groups)
        # Rules that other constructs add to the security group of the cluster stand below it.
        self.before_members.add(self.cluster.cluster_security_group)
        if self._kubectl:
            self._kubectl.attach(self.cluster, self.before_members)
        self.admin_role = admin_role(self, "Admin", cluster=self.cluster, principals=admin_principals)
        complete_cluster_role(self.cluster, auto_mode=auto_mode, key=key)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: ClusterSettings,
        *,
        network: Network,
        posture: Posture,
        auto_mode: bool = False,
        service_cidr: str | None = None,
        kubectl: bool = False,
        key: kms.IKey | None = None,
    ) -> Self:
        cluster = cls(
            scope,
            construct_id,
            network=network,
            posture=posture,
            version=settings.kubernetes_version,
            public_access_cidrs=settings.public_access_cidrs,
            private_access_cidrs=settings.private_access_cidrs,
            private_access_security_groups=settings.private_access_security_groups,
            admin_principals=settings.admin_principals,
            upgrade_policy=settings.upgrade_policy,
            auto_mode=auto_mode,
            service_cidr=service_cidr,
            kubectl=kubectl,
            add_ons=settings.add_ons,
            log_retention_days=settings.log_retention_days,
            key=key,
            secrets_key=key if settings.key_arn else None,
        )
        for principal, levels in by_principal(settings.access).items():
            cluster.grant_access(principal, levels)
        return cluster

    @property
    def kubeconfig_command(self) -> str:
        """The command that sets up kubectl to talk to the cluster as the admin role."""
        return kubeconfig_command(self.cluster, self.admin_role)

    def outputs(self) -> dict[str, tuple[str, str]]:
        """The outputs of every stack with a cluster: values and descriptions by name."""
        return {
            "KubeconfigCommand": (self.kubeconfig_command, "Sets up kubectl for the cluster"),
            "VpcId": (self._network.vpc.vpc_id, "VPC from which the private endpoint is reached"),
            "ClusterSecurityGroupId": (
                self.cluster.cluster_security_group_id,
                "Security group whose members reach the private endpoint",
            ),
            "ControlPlaneLogGroupName": (self.log_group.log_group_name, "CloudWatch log group of the control plane"),
        }

    @property
    def kubectl(self) -> Kubectl:
        """Applies manifests, and deletes their objects with the stack.

        :raises ValueError: for a cluster that was made without ``kubectl``.
        """
        if self._kubectl is None:
            raise ValueError("kubectl must be True to apply manifests, got False. Make the cluster with kubectl=True.")
        return self._kubectl

    @property
    def node_connections(self) -> ec2.Connections:
        """The security group that EKS makes for the cluster. Nodes, pods and the stack's own kubectl are its members.

        Its members reach each other, and it allows all outbound traffic.
        https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
        """
        return ec2.Connections(security_groups=[self.cluster.cluster_security_group])

    def grant_access(self, principal: str, levels: Mapping[Level, Sequence[str]]) -> eks.AccessEntry:
        """Lets a team use Kubernetes, by EKS access policies. It says nothing about AWS: to look up the cluster, the
        principal needs ``eks:DescribeCluster`` besides.

        :param principal: ARN of an IAM role or user, of any account. It must exist, and have no access entry yet.
        :param levels: namespaces by level: ``view``, ``edit`` or ``admin``. ``*`` is the whole cluster, and
            ``team-*`` all namespaces that begin like this. EKS does not check that they exist.
        :raises ValueError: for the admin role, for a principal that has access already, and see
            :func:`patternbook.eks.access.team_access_entry`.
        """
        refuse_admin(self, self.admin_role, principal)
        if principal in self._teams:
            raise ValueError(f"principal must get all its levels at once, got {principal} again. Merge the two calls.")
        self._teams[principal] = team_access_entry(self, cluster=self.cluster, principal=principal, levels=levels)
        return self._teams[principal]

    def add_interface_endpoints(self, services: Sequence[ec2.InterfaceVpcEndpointAwsService]) -> None:
        """Lets nodes, pods and kubectl call these services within the VPC, where the posture asks for it."""
        group = self._network.add_interface_endpoints(services, client=self.node_connections)
        if group:
            self.before_members.add(group)

    def add_log_group(self, construct_id: str, *, name: str | None = None) -> logs.LogGroup:
        """A log group with the retention, removal policy and key of the cluster's own logs.

        :param name: the name that its writer expects, if it expects one. It should contain the name of the cluster,
            because a log group of an earlier creation of the stack may still exist.
        """
        return LogGroup(
            self,
            construct_id,
            posture=self._posture,
            retention_days=self._log_retention_days,
            key=self._key,
            name=name,
        )

    def add_on(
        self,
        name: str,
        *,
        configuration: Mapping[str, Any] | None = None,
        roles: Mapping[str, iam.Role] | None = None,
        after: Sequence[IDependable] = (),
    ) -> eks.CfnAddon:
        """An add-on that EKS installs and keeps running.

        :param name: one of :data:`patternbook.limits.eks_add_ons.ADD_ONS`.
        :param configuration: values of the schema that ``aws eks describe-addon-configuration`` returns.
        :param roles: roles of pods by service account (:func:`patternbook.eks.pod_identity.pod_role`). They need the
            add-on ``eks-pod-identity-agent``.
        :param after: constructs that must exist before the add-on. An add-on that runs as a Deployment needs nodes, or
            EKS calls it degraded after a while.
        :raises ValueError: for an unknown name, and see
            :func:`patternbook.limits.eks_add_ons.check_configuration`.
        """
        chosen = self.chosen_add_ons.get(name, AddOn())
        add_on = add_on_resource(
            self,
            name,
            cluster=self.cluster,
            version=chosen.version,
            values=with_configuration(name, own=configuration or {}, given=chosen.configuration),
            roles=roles or {},
        )
        add_on.node.add_dependency(self.before_members, *after, *(roles or {}).values())
        self.add_ons[name] = add_on
        return add_on
