"""Lambda@Edge: a website behind CloudFront, with a function at each of its four events.

Choose it for what has to be decided near the viewer and before, or after, a cache answers: one address for each page,
experiments, headers, errors. Where a function at a viewer event needs neither Python nor more than a millisecond, a
CloudFront Function does it for a sixth of the price: the docs page compares them.

This creates, in us-east-1 whatever the Region of the CLI is, as CloudFront asks:

- **Bucket**: private, open to this distribution only (origin access control), without a permission to list it. In
  production it keeps old versions, and outlives the stack.
- **Functions**, in Python without dependencies, each with its settings rendered into its package:

  - *viewer request* redirects from a table, to the canonical host (the first of ``domain_names``) and to the one way to
    write a path, never to a host that is not allowed; and gives a visitor without a variant one;
  - *origin request* makes ``/about`` the object ``about/index.html``, and takes that of variant b for who has it;
  - *origin response* says how long caches keep what the bucket answered, and puts a page of help in place of its
    errors;
  - *viewer response* adds security headers to pages, and the cookie for who was given a variant.

  A changed setting or file is a new numbered version, to which the distribution changes over. They can write their
  logs, in each Region, and nothing else, and outlive the stack, as CloudFront's replicas of them do for some hours.
- **Distribution**: HTTP/3 and IPv6, HTTPS only, by TLS 1.2 or newer with a certificate of your own. Pages are cached
  by their path and the cookie of the variant, and by nothing else; what is below ``/assets/`` by its path, without
  functions at viewer events. A response headers policy for all responses; price class, countries, AWS WAF as chosen.
- **Site**: a few pages, uploaded by a deployment that changes them, after which CloudFront forgets what it had cached.
- **Operation**: alarms on 5xx responses and on functions that fail, an SNS topic with an optional e-mail, a dashboard;
  access logs in production.

To leave it running costs nothing in sandbox but what visitors use, beyond CloudFront's free tier: 0.60 USD for a
million calls of a function and 0.00005 USD for a GB-second of one, CloudFront's requests and traffic, and in production
1 USD a month for the key (more once it has rotated).
"""

from stacks.lambda_edge.settings import LambdaEdgeSettings
from stacks.lambda_edge.stack import LambdaEdgeStack

__all__ = ["LambdaEdgeSettings", "LambdaEdgeStack"]
