"""Capacity for pods: managed nodes, self-managed nodes and Fargate."""
