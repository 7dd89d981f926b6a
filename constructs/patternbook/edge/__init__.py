"""Amazon CloudFront and Lambda@Edge: distributions, functions at the edge, and websites in S3."""
