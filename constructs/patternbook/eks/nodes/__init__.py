"""What pods run on: managed nodes, self-managed nodes and Fargate."""
