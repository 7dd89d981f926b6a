"""Amazon EKS: clusters, nodes, add-ons, Pod Identity and storage."""
