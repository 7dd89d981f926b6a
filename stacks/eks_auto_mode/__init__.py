"""EKS in Auto Mode: a Kubernetes cluster in which nodes come and go with the pods, as short as it gets.

This is what AWS would start with today. Choose ``EksManagedNodesStack`` where you have to say what the nodes are, or
need a CSI driver beside EBS; ``EksFargateStack`` where no pod needs a node.

This creates:

- **Network**: a VPC in three AZs. Nodes and pods are in private subnets without public addresses, behind NAT gateways
  (one in sandbox, one an AZ in production); nobody from outside connects to them. Flow logs, an S3 gateway endpoint,
  and in production interface endpoints for what nodes call.
- **Cluster**: as of ``EksManagedNodesStack``. One Kubernetes version in support, a private endpoint, a public one for
  given blocks only, all control-plane logs, secrets encrypted with a key of the cluster's own, in production protected
  from deletion; an admin role that IAM governs, and nobody else, can log in.
- **Auto Mode**: EKS launches nodes for pods that wait, of types that it chooses, patches them and replaces each after
  three weeks at the latest, by its two node pools *system* and *general-purpose*. It brings what else a node needs
  (network, names, Pod Identity, EBS, load balancing), so that none of it is an add-on of the stack. The node role may
  pull images and nothing else; the cluster role has the policies that AWS documents.
- **Network policies** are enforced: by default Auto Mode ignores them.
- **Storage**: the default StorageClass ``gp3`` of Auto Mode's own driver: encrypted (in production with the stack's own
  key), in the AZ of the pod, expandable.
- **Operation**: the metrics server, Container Insights (``container_insights``) with log groups that the stack owns,
  alarms on pods that find no node, on errors of the API server and on failed nodes, an SNS topic with an optional
  e-mail, a dashboard.

To leave it running in us-east-1 costs about 0.15 USD an hour in sandbox and about 0.49 USD an hour in production (three
NAT gateways, 24 interface endpoints), and in both the nodes that EKS chooses, with its fee for each, and what Container
Insights takes in.
"""

from stacks.eks_auto_mode.settings import EksAutoModeSettings
from stacks.eks_auto_mode.stack import EksAutoModeStack

__all__ = ["EksAutoModeSettings", "EksAutoModeStack"]
