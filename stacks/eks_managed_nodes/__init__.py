"""EKS on managed nodes: a Kubernetes cluster whose control plane EKS runs, on EC2 instances that EKS launches, drains,
replaces and repairs, with the storage that pods can claim.

Choose it for Kubernetes where you want to say what the nodes are: their types, operating system and number, on demand
and on Spot. Choose ``EksAutoModeStack`` where EKS shall decide all that by the pods that wait, ``EksFargateStack``
where no pod needs a node, ``EksSelfManagedNodesStack`` where the AMI or the user data have to be your own; and ECS
where nobody needs the API of Kubernetes.

This creates:

- **Network**: a VPC in three AZs. Nodes and pods are in private subnets without public addresses, behind NAT gateways
  (one in sandbox, one an AZ in production); nobody from outside connects to them. Flow logs, an S3 gateway endpoint,
  and in production interface endpoints for what nodes and add-ons call.
- **Cluster**: one Kubernetes version in standard support (``kubernetes_version``), with the API reachable from within
  the VPC, and from the internet by the blocks that are given (``public_access_cidrs``) and nobody else: none by
  default, and never everybody in production. All five kinds of control-plane logs. Secrets of Kubernetes are encrypted
  with a customer managed key. In production EKS refuses to delete it.
- **Somebody can log in**: authentication is by access entries of IAM (mode API), and the creator of the cluster has
  none. An admin role has, which ``admin_principals`` may act as; an output is the command that sets up kubectl with it.
- **Nodes**: a group *system* on demand, which runs the add-ons too, and a group *spot* of several instance types, whose
  taint keeps off every pod that does not tolerate it. AL2023 or Bottlerocket, ARM64 or x86_64 (``operating_system``,
  ``architecture``); types, numbers, labels and the taints of Spot are settings. Metadata by IMDSv2 for one hop, so that
  pods cannot act as the node; encrypted gp3 volumes; no SSH; auto repair. The node role can neither give pods addresses
  nor anything else that a pod has a role for.
- **Add-ons** that EKS installs and keeps, in versions of its choice or yours (``add_on_versions``): VPC CNI, enforcing
  network policies, kube-proxy and the Pod Identity agent before the nodes; CoreDNS, metrics server and the node
  monitoring agent after them; and CloudWatch Observability, for Container Insights (``container_insights``), which
  writes to log groups that the stack owns.
- **Storage** (``storage``): for EBS the CSI driver, whose role is its own by Pod Identity, and the default StorageClass
  ``gp3``: encrypted (in production with the stack's own key), in the AZ of the pod, expandable. For EFS a file system,
  encrypted likewise, the CSI driver, whose role makes access points of this one only, and the StorageClass ``efs``:
  each claim gets a directory that pods of all AZs share, by TLS, and never as root. For FSx for Lustre one fast file
  system, in one AZ, which claims share as a volume that is there already. For FSx for NetApp ONTAP a file system (in
  production with a standby in another AZ), NetApp Trident, and the StorageClass ``fsx-ontap``: each claim gets a volume
  that pods of all AZs share, by NFS 4.1. Both are encrypted like EFS, in isolated subnets, reached by members of the
  cluster only, backed up daily in production, and watched by an alarm before they are full. Synth says what they cost.
- **Operation**: alarms on pods that find no node, on errors of the API server and on failed nodes, an SNS topic with an
  optional e-mail, a dashboard.
- **Regions** (``regions``): a complete stack in each, ``EksManagedNodesStack-eu-west-1`` and so on, with nothing in
  common: Kubernetes has no cluster over several.

A manifest needs kubectl, and CloudFormation has none: the stack has two Lambda functions of CDK's for it, in the
private subnets, and nothing else in it is custom.

To leave it running in us-east-1 costs about 0.32 USD an hour in sandbox (control plane, NAT gateway, two nodes on
demand and one on Spot) and about 0.66 USD an hour in production (three NAT gateways, 24 interface endpoints), and what
Container Insights takes in. FSx costs at least about 0.24 USD an hour for Lustre, and 0.30 USD (in production 0.56) for
ONTAP, used or not.
"""

from stacks.eks_managed_nodes.settings import EksManagedNodesSettings
from stacks.eks_managed_nodes.stack import EksManagedNodesStack

__all__ = ["EksManagedNodesSettings", "EksManagedNodesStack"]
