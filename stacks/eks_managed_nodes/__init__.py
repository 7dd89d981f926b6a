"""A Kubernetes cluster on EC2 instances that EKS launches, drains, replaces and repairs, with storage for its pods.

- The API has a private endpoint, and a public one only for the CIDR blocks that you give.
- An admin role has access to the cluster, and teams that you name. IAM decides who may assume the role.
- A group of nodes on demand runs the add-ons. Taints keep all pods off the Spot nodes that do not tolerate them.
- Pods cannot act as their node. Every add-on that calls AWS has a role of its own.
- Control-plane logs, container logs, Secrets, volumes and file systems are encrypted.
- Pods can claim EBS, EFS, FSx for Lustre and FSx for NetApp ONTAP. Only members of the cluster reach the file systems.
- In production, EKS and CloudFormation refuse to delete the cluster, and file systems are backed up.

Page: docs/eks-managed-nodes.md
"""

from stacks.eks_managed_nodes.settings import EksManagedNodesSettings
from stacks.eks_managed_nodes.stack import EksManagedNodesStack

__all__ = ["EksManagedNodesSettings", "EksManagedNodesStack"]
