"""A website behind CloudFront, with a Lambda@Edge function at each of its four events.

- Only the distribution reads the bucket, through origin access control. It cannot list the bucket.
- Viewer request redirects to the canonical host and path only, and gives each visitor a variant.
- Origin request finds the object of a page. Origin response sets the cache time and the error pages.
- Viewer response adds security headers and the cookie of the variant.
- The cache key of pages is the path and the cookie of the variant.
- The functions may write logs and do nothing else. A changed setting is a new version.
- Viewers use HTTPS, with TLS 1.2 or newer if the site has its own certificate.
- In production, the bucket keeps old versions of files and outlives the stack, and access logs are delivered.

Page: docs/lambda-edge.md
"""

from stacks.lambda_edge.settings import LambdaEdgeSettings
from stacks.lambda_edge.stack import LambdaEdgeStack

__all__ = ["LambdaEdgeSettings", "LambdaEdgeStack"]
