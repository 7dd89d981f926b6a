"""A Kubernetes cluster without nodes: each pod runs on Fargate, on a machine of its own, and pods share files by EFS.

- The API has a private endpoint, and a public one only for the CIDR blocks that you give.
- An admin role has access to the cluster, and teams that you name. IAM decides who may assume the role.
- Pods of your namespaces and of kube-system run on Fargate, in private subnets.
- Pods call AWS by a role of their service account, which trusts the OIDC provider of the cluster.
- The pod execution role pulls images and writes to one log group, for this cluster only.
- The log router sends the output of pods to a log group of the stack.
- An alarm rings for a pod that Fargate does not start, which no metric of AWS knows.
- Pods of the cluster reach the file system by TLS, and never as root.
- In production, EKS and CloudFormation refuse to delete the cluster, and the file system is backed up.

Page: docs/eks-fargate.md
"""

from stacks.eks_fargate.settings import EksFargateSettings
from stacks.eks_fargate.stack import EksFargateStack

__all__ = ["EksFargateSettings", "EksFargateStack"]
