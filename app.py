"""The table of contents: every pattern of the book."""

import signal
from pathlib import Path

if __name__ == "__main__":  # before the imports, which take a second: Ctrl-C ends the app without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from patternbook import synthesize
from stacks.app_runner import AppRunnerStack
from stacks.aurora_serverless import AuroraServerlessStack
from stacks.data_stream import DataStreamStack
from stacks.deploy_role import DeployRoleStack
from stacks.ecr import EcrStack
from stacks.ecs_anywhere import EcsAnywhereStack
from stacks.ecs_ec2 import EcsEc2Stack
from stacks.ecs_express import EcsExpressStack
from stacks.ecs_managed_instances import EcsManagedInstancesStack
from stacks.eks_auto_mode import EksAutoModeStack
from stacks.eks_fargate import EksFargateStack
from stacks.eks_managed_nodes import EksManagedNodesStack
from stacks.eks_self_managed_nodes import EksSelfManagedNodesStack
from stacks.event_pipeline import EventPipelineStack
from stacks.fargate_efs import FargateEfsStack
from stacks.fargate_private_link import FargatePrivateLinkStack
from stacks.lambda_concurrency import LambdaConcurrencyStack
from stacks.lambda_edge import LambdaEdgeStack
from stacks.web_api import WebApiStack
from stacks.workflow import WorkflowStack

CDK_JSON = Path(__file__).with_name("cdk.json")
PATTERNS = (
    FargateEfsStack,
    FargatePrivateLinkStack,
    EcsEc2Stack,
    EcsManagedInstancesStack,
    EcsAnywhereStack,
    EksManagedNodesStack,
    EksSelfManagedNodesStack,
    EksFargateStack,
    EksAutoModeStack,
    EcrStack,
    AppRunnerStack,
    EcsExpressStack,
    LambdaConcurrencyStack,
    LambdaEdgeStack,
    AuroraServerlessStack,
    WebApiStack,
    EventPipelineStack,
    DataStreamStack,
    WorkflowStack,
    DeployRoleStack,
)

if __name__ == "__main__":
    synthesize(PATTERNS, cdk_json=CDK_JSON)
