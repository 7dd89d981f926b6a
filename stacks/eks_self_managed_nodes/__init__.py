"""EKS on self-managed nodes: a Kubernetes cluster whose control plane EKS runs, on instances of an Auto Scaling group
that is yours alone.

Choose it where a managed group does not let you: an AMI of your own (hardened, licensed, with drivers), user data and
flags of the kubelet, Spot and on demand in one group, what Auto Scaling has and a managed group has not (lifetimes,
warm pools, instance weights). **You then drain nodes yourself**: nobody else does before Auto Scaling takes one, and
nobody repairs them. Everywhere else choose ``EksManagedNodesStack``, or ``EksAutoModeStack``.

This creates:

- **Network** and **cluster**: as of ``EksManagedNodesStack``. Nodes and pods in private subnets of three AZs; a private
  endpoint, a public one for given blocks only, all control-plane logs, secrets encrypted with a key of the cluster's
  own, in production protected from deletion; an admin role that IAM governs, and nobody else, can log in.
- **Nodes**: an Auto Scaling group over the private subnets, from a launch template: the EKS-optimized AMI of AL2023, in
  its newest version with each deployment, or one of yours (``ami_id``), of one architecture, as the instance types are.
  The user data is what nodeadm reads: name, endpoint and certificate of the cluster, labels. Metadata by IMDSv2 for one
  hop, encrypted gp3 volumes, no SSH, no public address, the cluster's security group.
- **They may join** by an access entry of type ``EC2_LINUX`` for the node role, which can pull images and nothing else.
- **On demand and Spot** in the one group (``on_demand_base``, ``spot_percent``), of several instance types.
- **Instance refresh**: a change of the template replaces the nodes, each new one before an old one; in production every
  node is replaced after 30 days, too.
- **Add-ons**, **storage** and **operation**: as of ``EksManagedNodesStack``: the EBS driver with a role of its own and
  the default StorageClass ``gp3``, Container Insights (``container_insights``), alarms, an SNS topic, a dashboard.

To leave it running in us-east-1 costs about 0.29 USD an hour in sandbox (control plane, NAT gateway, two nodes) and
about 0.63 USD an hour in production (three NAT gateways, 24 interface endpoints), and what Container Insights takes in.
"""

from stacks.eks_self_managed_nodes.settings import EksSelfManagedNodesSettings
from stacks.eks_self_managed_nodes.stack import EksSelfManagedNodesStack

__all__ = ["EksSelfManagedNodesSettings", "EksSelfManagedNodesStack"]
