"""Load balancers for Ingresses and Services: the AWS Load Balancer Controller, and the ingress classes of Auto Mode."""
