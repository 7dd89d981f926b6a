"""An ECR repository with immutable tags, image scans and lifecycle rules.

- Nobody can move a tag to another image, except tags that you name.
- Each image is scanned at its push, or continuously by Amazon Inspector.
- Findings of chosen severities reach an SNS topic over TLS, for this repository only.
- Lifecycle rules expire untagged images, keep the newest of each release, and optionally expire or archive others.
- Other accounts, or an organization, may pull and do nothing else, if you ask for it.
- Pull-through caches, replication, signatures and a public repository are optional. Cached images expire.
- Enhanced scanning stays on when the stack goes, because the whole account shares it.
- In production, a customer managed key encrypts images and notifications, and the repository outlives the stack.

Page: docs/ecr.md
"""

from stacks.ecr.settings import EcrSettings
from stacks.ecr.stack import EcrStack

__all__ = ["EcrSettings", "EcrStack"]
