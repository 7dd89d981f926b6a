"""ECR: a registry for container images that cannot change under a tag, are scanned, and do not pile up.

Choose it wherever images are built for ECS, EKS, App Runner or Lambda. Choose a registry outside AWS where most
pulls come from outside AWS, which ECR charges as data transfer; CDK's own assets for images that one CDK app both
builds and deploys.

This creates:

- **Private repository**: immutable tags, except those of ``mutable_tags``. Encrypted at rest, with a customer
  managed key in production. ``cdk destroy`` empties and deletes it in sandbox; production retains it.
- **Scanning**: basic, of each image at its push; or enhanced (Amazon Inspector), again whenever a vulnerability
  becomes known, which is a setting of the whole registry.
- **Findings**: those of chosen severities reach an SNS topic, encrypted in production and TLS only, with an
  optional e-mail, through an EventBridge rule that sees this repository only.
- **Lifecycle**: untagged images expire after some days, the newest of each kind of release are kept, and
  optionally everything else expires by age.
- **Sharing**, off by default: a repository policy that lets other accounts, or an organization, pull, and
  nothing else; replication to other Regions.
- **Pull-through cache**, off by default: images of ECR Public and Docker Hub from this registry, each expiring
  some days after it was cached.
- **Public repository**, off by default: one in the ECR Public Gallery, with catalog data. ECR Public is in
  us-east-1 only, so the whole stack then goes there.

To leave it running in us-east-1 costs 0.10 USD a GB and month of images, and in production 1 USD a month for the
key (more once it has rotated). Basic scanning is free; enhanced costs about 0.09 USD an image, and 0.01 USD each
time it scans it again.
"""

from stacks.ecr.settings import EcrSettings
from stacks.ecr.stack import EcrStack

__all__ = ["EcrSettings", "EcrStack"]
