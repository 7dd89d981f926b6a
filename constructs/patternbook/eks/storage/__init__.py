"""Storage that the pods of an EKS cluster claim or mount: EBS, EFS, FSx for Lustre and FSx for NetApp ONTAP."""
