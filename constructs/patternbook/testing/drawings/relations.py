"""The causes that are a reference of one resource to another, by the words that a drawing uses for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Relation:
    """A resource that connects the two ends of an arrow by what its properties refer to.

    An end without properties is the resource itself. Where that is the source, every such resource of the source has to
    refer to the target: one alarm without an action is a mistake.
    """

    types: tuple[str, ...]
    """The types that the connecting resource may have. Any, if there are none."""
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    """Properties, with the names of outer ones before a dot. An end is connected if one of them refers to it."""


@dataclass(frozen=True)
class Value:
    """A property of one end of an arrow that has a certain value."""

    type: str
    property: str
    value: str | bool


RELATIONS: Final[Mapping[str, Relation]] = {
    "access entry": Relation(("AWS::EKS::AccessEntry",), source=("PrincipalArn",), target=("ClusterName",)),
    "access logs": Relation(("AWS::ElasticLoadBalancingV2::LoadBalancer",), target=("LoadBalancerAttributes",)),
    "alarm action": Relation(("AWS::CloudWatch::Alarm",), target=("AlarmActions",)),
    "alarm metric": Relation(("AWS::CloudWatch::Alarm",), source=("Dimensions", "Metrics")),
    "bucket notification": Relation(("AWS::S3::Bucket",), target=("NotificationConfiguration",)),
    "cache behavior": Relation(
        ("AWS::CloudFront::Distribution",),
        target=("DistributionConfig.DefaultCacheBehavior", "DistributionConfig.CacheBehaviors"),
    ),
    "capacity provider": Relation(("AWS::ECS::Service",), target=("CapacityProviderStrategy",)),
    "ECS cluster": Relation(("AWS::ECS::Service", "AWS::ECS::ExpressGatewayService"), target=("Cluster",)),
    "EKS cluster": Relation(
        ("AWS::EKS::Nodegroup", "AWS::EKS::FargateProfile", "AWS::EKS::Addon", "AWS::EC2::LaunchTemplate"),
        source=("ClusterName", "LaunchTemplateData.SecurityGroupIds"),
    ),
    "encryption key": Relation(
        (), target=("KmsKeyId", "KmsMasterKeyId", "BucketEncryption", "EncryptionConfiguration", "Replicas")
    ),
    "endpoint service": Relation(("AWS::EC2::VPCEndpointService",), target=("NetworkLoadBalancerArns",)),
    "event pattern": Relation(("AWS::Events::Rule",), source=("EventPattern",)),
    "event source mapping": Relation(
        ("AWS::Lambda::EventSourceMapping",), source=("EventSourceArn",), target=("FunctionName",)
    ),
    "failure destination": Relation(
        ("AWS::Lambda::EventInvokeConfig",), source=("FunctionName",), target=("DestinationConfig.OnFailure",)
    ),
    "integration": Relation(("AWS::ApiGatewayV2::Integration",), source=("ApiId",), target=("IntegrationUri",)),
    "JWT authorizer": Relation(("AWS::ApiGatewayV2::Authorizer",), source=("ApiId",), target=("JwtConfiguration",)),
    "Kubernetes manifest": Relation(("Custom::AWSCDK-EKS-KubernetesResource",), source=("ClusterName",)),
    "log delivery": Relation(("AWS::Logs::DeliverySource",), source=("ResourceArn",)),
    "named query": Relation(("AWS::Athena::NamedQuery",), source=("WorkGroup",), target=("QueryString",)),
    "origin": Relation(("AWS::CloudFront::Distribution",), target=("DistributionConfig.Origins",)),
    "pod identity association": Relation(("AWS::EKS::PodIdentityAssociation",), source=("ClusterName",)),
    "redrive policy": Relation(("AWS::SQS::Queue",), target=("RedrivePolicy",)),
    "rotation": Relation(
        ("AWS::SecretsManager::RotationSchedule",), source=("SecretId",), target=("RotationLambdaARN",)
    ),
    "rule target": Relation(("AWS::Events::Rule",), target=("Targets",)),
    "service token": Relation(("Custom::DatabaseSchema",), source=("ServiceToken",), target=("ClusterArn",)),
    "state": Relation(("AWS::StepFunctions::StateMachine",), target=("DefinitionSubstitutions",)),
    "stream destination": Relation(
        ("AWS::KinesisFirehose::DeliveryStream",), target=("ExtendedS3DestinationConfiguration.BucketARN",)
    ),
    "stream processor": Relation(
        ("AWS::KinesisFirehose::DeliveryStream",),
        target=("ExtendedS3DestinationConfiguration.ProcessingConfiguration",),
    ),
    "stream schema": Relation(
        ("AWS::KinesisFirehose::DeliveryStream",),
        target=("ExtendedS3DestinationConfiguration.DataFormatConversionConfiguration",),
    ),
    "subscription": Relation(("AWS::SNS::Subscription",), source=("TopicArn",), target=("Endpoint",)),
    "table location": Relation(("AWS::Glue::Table",), target=("TableInput.StorageDescriptor",)),
    "tracing": Relation(("AWS::AppRunner::Service",), target=("ObservabilityConfiguration",)),
    "web identity": Relation(("AWS::IAM::Role",), source=("AssumeRolePolicyDocument",)),
    "volume": Relation(("AWS::ECS::TaskDefinition",), target=("Volumes",)),
}

VALUES: Final[Mapping[str, Value]] = {
    "acceptance required": Value("AWS::EC2::VPCEndpointService", "AcceptanceRequired", True),
    "direct put": Value("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamType", "DirectPut"),
    "external launch type": Value("AWS::ECS::Service", "LaunchType", "EXTERNAL"),
    "function URL with IAM": Value("AWS::Lambda::Url", "AuthType", "AWS_IAM"),
    "internet-facing": Value("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", "internet-facing"),
    "JWT on a route": Value("AWS::ApiGatewayV2::Route", "AuthorizationType", "JWT"),
    "OAuth client": Value("AWS::Cognito::UserPoolClient", "AllowedOAuthFlowsUserPoolClient", True),
    "publicly accessible": Value(
        "AWS::AppRunner::Service", "NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible", True
    ),
    "published": Value("AWS::CloudFront::Distribution", "DistributionConfig.Enabled", True),
    "issuer is GitHub": Value("AWS::IAM::OIDCProvider", "Url", "https://token.actions.githubusercontent.com"),
    "scan on push": Value("AWS::ECR::Repository", "ImageScanningConfiguration.ScanOnPush", True),
}
