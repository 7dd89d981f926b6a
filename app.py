"""The table of contents: every pattern of the book."""

from pathlib import Path

from patternbook import synthesize
from stacks.ecr import EcrStack
from stacks.fargate_efs import FargateEfsStack

CDK_JSON = Path(__file__).with_name("cdk.json")
PATTERNS = (FargateEfsStack, EcrStack)

if __name__ == "__main__":
    synthesize(PATTERNS, cdk_json=CDK_JSON)
