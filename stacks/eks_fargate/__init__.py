"""EKS on Fargate: a Kubernetes cluster without nodes. Each pod runs on a machine of its own, which nobody sees.

Choose it for pods that shall be apart from each other, and for clusters that nobody wants to look after. Fargate has no
EBS volumes, no DaemonSets, no GPUs, no privileged containers and no host network, and a pod takes a minute to start:
where that matters, choose ``EksAutoModeStack`` or ``EksManagedNodesStack``.

This creates:

- **Network**: a VPC in three AZs. Pods are in private subnets without public addresses, behind NAT gateways (one in
  sandbox, one an AZ in production); nobody from outside connects to them. Flow logs, an S3 gateway endpoint, and in
  production interface endpoints for what Fargate calls.
- **Cluster**: as of ``EksManagedNodesStack``. One Kubernetes version in support, a private endpoint, a public one for
  given blocks only, all control-plane logs, secrets encrypted with a key of the cluster's own, in production protected
  from deletion; an admin role that IAM governs, and nobody else, can log in.
- **Fargate profiles**: pods of your namespaces (``namespaces``) run on Fargate, and CoreDNS does, which is an add-on of
  EKS; there are no nodes. The pod execution role pulls images and writes to one log group, for this cluster only.
- **Log router**: what pods print goes to a log group of the stack, by the Fluent Bit that Fargate has built in.
- **Storage** (``storage``): an EFS file system, encrypted, with mount targets in isolated subnets, an access point, a
  StorageClass and a volume that pods claim: static, for on Fargate nobody makes volumes. Only pods of the cluster reach
  it, only by TLS, and no root.
- **Operation**: alarms on pods that find no node and on errors of the API server, an SNS topic with an optional e-mail,
  a dashboard.

To leave it running in us-east-1 costs about 0.17 USD an hour in sandbox (control plane, NAT gateway, two pods of
CoreDNS) and about 0.51 USD an hour in production (three NAT gateways, 24 interface endpoints), and each pod besides.
"""

from stacks.eks_fargate.settings import EksFargateSettings
from stacks.eks_fargate.stack import EksFargateStack

__all__ = ["EksFargateSettings", "EksFargateStack"]
