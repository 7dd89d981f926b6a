"""Amazon CloudFront and Lambda@Edge."""
