"""A Kubernetes cluster on an Auto Scaling group of your own, for an AMI, user data or Spot mix that you choose.

- The API has a private endpoint, and a public one only for the CIDR blocks that you give.
- An admin role has access to the cluster, and teams that you name. IAM decides who may assume the role.
- Nodes run the EKS-optimized AMI of one release, until a setting changes it, or an AMI of your own.
- Nodes join by an access entry of type EC2_LINUX. Their role can only join the cluster and pull images.
- On-demand and Spot nodes of several instance types share the one group.
- A node is drained before Auto Scaling or EC2 takes it, and a new one counts when it is ready.
- An instance refresh replaces the nodes when the launch template changes. An alarm stops it.
- In production, every node is replaced after 30 days, and EKS and CloudFormation refuse to delete the cluster.

Page: docs/eks-self-managed-nodes.md
"""

from stacks.eks_self_managed_nodes.settings import EksSelfManagedNodesSettings
from stacks.eks_self_managed_nodes.stack import EksSelfManagedNodesStack

__all__ = ["EksSelfManagedNodesSettings", "EksSelfManagedNodesStack"]
