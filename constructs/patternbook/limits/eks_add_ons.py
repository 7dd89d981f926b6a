"""Names that EKS knows."""

from typing import Final

ADD_ONS: Final = (
    *("adot", "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver"),
    *("aws-guardduty-agent", "aws-mountpoint-s3-csi-driver", "cert-manager", "coredns", "eks-node-monitoring-agent"),
    *("eks-pod-identity-agent", "external-dns", "kube-proxy", "kube-state-metrics", "metrics-server"),
    *("netapp_trident-operator", "prometheus-node-exporter", "snapshot-controller", "vpc-cni"),
)
"""EKS add-ons of AWS and of the community; a name that EKS does not know fails only at deployment.

https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html
"""
