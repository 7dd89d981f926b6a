"""Resource types that cost nothing of themselves, each with the reason."""

from collections.abc import Mapping
from typing import Final

from patternbook.rules.template import CUSTOM

_RULES_OF_NETWORKS: Final = "the VPC and its rules cost nothing: https://aws.amazon.com/vpc/pricing/"
_PART: Final = "a part of a resource that is priced"
_IAM: Final = "IAM costs nothing: https://aws.amazon.com/iam/"
_SCALING: Final = "scaling costs nothing, its alarms do: https://aws.amazon.com/autoscaling/pricing/"
_STORED_CODE: Final = "functions are billed by their calls: https://aws.amazon.com/lambda/pricing/"
_MAPPED: Final = "its file system is priced"
_OF_CLOUDFRONT: Final = "a configuration of CloudFront, which bills requests and data"
_OF_CLUSTER: Final = "a configuration of a cluster, whose control plane is priced"

FREE: Final[Mapping[str, str]] = {
    "AWS::ApiGatewayV2::Authorizer": _PART,
    "AWS::ApiGatewayV2::Integration": _PART,
    "AWS::ApiGatewayV2::Route": _PART,
    "AWS::ApiGatewayV2::Stage": _PART,
    "AWS::AppRunner::AutoScalingConfiguration": _PART,
    "AWS::AppRunner::VpcConnector": "App Runner bills instances: https://aws.amazon.com/apprunner/pricing/",
    "AWS::ApplicationAutoScaling::ScalableTarget": _SCALING,
    "AWS::Athena::NamedQuery": "queries are billed when they run, by their workgroup",
    "AWS::AutoScaling::LifecycleHook": _SCALING,
    "AWS::CDK::Metadata": "no resource of AWS",
    "AWS::CloudFront::CachePolicy": _OF_CLOUDFRONT,
    "AWS::CloudFront::OriginAccessControl": _OF_CLOUDFRONT,
    "AWS::CloudFront::ResponseHeadersPolicy": _OF_CLOUDFRONT,
    "AWS::CodeDeploy::Application": "CodeDeploy costs nothing for ECS and Lambda: https://aws.amazon.com/codedeploy/pricing/",
    "AWS::CodeDeploy::DeploymentGroup": "CodeDeploy costs nothing for ECS and Lambda: https://aws.amazon.com/codedeploy/pricing/",
    "AWS::Cognito::ManagedLoginBranding": _PART,
    "AWS::Cognito::UserPoolClient": _PART,
    "AWS::Cognito::UserPoolDomain": _PART,
    "AWS::Cognito::UserPoolGroup": _PART,
    "AWS::Cognito::UserPoolResourceServer": _PART,
    "AWS::EC2::InternetGateway": _RULES_OF_NETWORKS,
    "AWS::EC2::LaunchTemplate": "the instances are priced where their number is",
    "AWS::EC2::Route": _RULES_OF_NETWORKS,
    "AWS::EC2::RouteTable": _RULES_OF_NETWORKS,
    "AWS::EC2::SecurityGroup": _RULES_OF_NETWORKS,
    "AWS::EC2::SecurityGroupEgress": _RULES_OF_NETWORKS,
    "AWS::EC2::SecurityGroupIngress": _RULES_OF_NETWORKS,
    "AWS::EC2::Subnet": _RULES_OF_NETWORKS,
    "AWS::EC2::SubnetRouteTableAssociation": _RULES_OF_NETWORKS,
    "AWS::EC2::VPC": _RULES_OF_NETWORKS,
    "AWS::EC2::VPCEndpointService": "the consumer pays the endpoint: https://aws.amazon.com/privatelink/pricing/",
    "AWS::EC2::VPCEndpointServicePermissions": "the consumer pays the endpoint: https://aws.amazon.com/privatelink/pricing/",
    "AWS::EC2::VPCGatewayAttachment": _RULES_OF_NETWORKS,
    "AWS::ECS::ClusterCapacityProviderAssociations": _PART,
    "AWS::EFS::AccessPoint": _MAPPED,
    "AWS::EFS::MountTarget": _MAPPED,
    "AWS::EKS::AccessEntry": _OF_CLUSTER,
    "AWS::EKS::FargateProfile": "the pods that it selects are billed when they run",
    "AWS::EKS::PodIdentityAssociation": _OF_CLUSTER,
    "AWS::ElasticLoadBalancingV2::Listener": _PART,
    "AWS::ElasticLoadBalancingV2::ListenerRule": "a rule counts in the capacity units of its load balancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup": _PART,
    "AWS::Events::Rule": "events of AWS services cost nothing: https://aws.amazon.com/eventbridge/pricing/",
    "AWS::Glue::Database": "the first million objects of the catalog cost nothing: https://aws.amazon.com/glue/pricing/",
    "AWS::Glue::Table": "the first million objects of the catalog cost nothing: https://aws.amazon.com/glue/pricing/",
    "AWS::IAM::InstanceProfile": _IAM,
    "AWS::IAM::ManagedPolicy": _IAM,
    "AWS::IAM::OIDCProvider": _IAM,
    "AWS::IAM::Policy": _IAM,
    "AWS::IAM::Role": _IAM,
    "AWS::KMS::Alias": "keys are priced, not their names",
    "AWS::Lambda::EventInvokeConfig": _STORED_CODE,
    "AWS::Lambda::LayerVersion": _STORED_CODE,
    "AWS::Lambda::Permission": _STORED_CODE,
    "AWS::Lambda::Url": _STORED_CODE,
    "AWS::Logs::DeliveryDestination": "the delivery is billed",
    "AWS::Logs::DeliverySource": "the delivery is billed",
    "AWS::Logs::LogStream": "its log group is priced",
    "AWS::RDS::DBClusterParameterGroup": _PART,
    "AWS::RDS::DBSubnetGroup": _PART,
    "AWS::S3::BucketPolicy": _PART,
    "AWS::SNS::TopicPolicy": _PART,
    "AWS::SQS::QueuePolicy": _PART,
    "AWS::SecretsManager::ResourcePolicy": _PART,
    "AWS::SecretsManager::RotationSchedule": "its function is priced",
    "AWS::SecretsManager::SecretTargetAttachment": _PART,
    "AWS::StepFunctions::StateMachineAlias": _PART,
    "AWS::StepFunctions::StateMachineVersion": _PART,
}

FREE_AS_IT_IS: Final = "other resources of this type cost something, but not with these properties"
"""The reason of a type that is priced, such as that of a gateway endpoint."""


def reason_of(kind: str) -> str | None:
    """Why a resource of a type costs nothing of itself. None if that is not known.

    A priced type can have such resources, too, such as a gateway endpoint among VPC endpoints.
    """
    if kind.startswith(CUSTOM):
        return "its function runs during deployments only"
    return FREE.get(kind)
