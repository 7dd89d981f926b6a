"""Amazon EC2: what the instances of ECS and of EKS have in common."""
