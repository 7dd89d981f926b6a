"""AWS App Runner: services, their sources, and their connections to a VPC."""
