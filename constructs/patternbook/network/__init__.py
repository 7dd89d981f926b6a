"""VPCs, NAT gateways, load balancers and AWS PrivateLink."""
