"""VPCs, load balancers and AWS PrivateLink."""
