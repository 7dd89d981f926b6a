"""A Kubernetes cluster in EKS Auto Mode: nodes come and go with the pods, and EKS chooses and replaces them.

- The API has a private endpoint, and a public one only for the CIDR blocks that you give.
- An admin role has access to the cluster, and teams that you name. IAM decides who may assume the role.
- EKS brings nodes, network, names, Pod Identity, volumes and load balancers, so none of them is an add-on of the stack.
- The node role can only pull images, and the cluster role has only the policies that AWS documents.
- Network policies are enforced.
- Claims without a StorageClass get an encrypted gp3 volume. In production, the stack's own key encrypts it.
- In production, EKS and CloudFormation refuse to delete the cluster.

Page: docs/eks-auto-mode.md
"""

from stacks.eks_auto_mode.settings import EksAutoModeSettings
from stacks.eks_auto_mode.stack import EksAutoModeStack

__all__ = ["EksAutoModeSettings", "EksAutoModeStack"]
