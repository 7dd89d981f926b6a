"""Properties that AWS bills, and of which nobody has looked up the price. A resource with one has a line for it.

The line says that the cost is unknown. Without it, the property would be free without anybody saying so. A pricer that
learns a price takes the property over. ``tests/cost/test_properties.py`` asks about every property of a known type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from patternbook.cost.lines import Meter
from patternbook.rules.template import Node

OFF: Final = ("", "0", "false", "none", "off", "disabled")
"""Values that turn anything off."""


@dataclass(frozen=True)
class Unpriced:
    """What AWS bills because of a property."""

    item: str
    free: tuple[str, ...] = ()
    """Values that cost nothing, beside :data:`OFF`."""
    assumption: str = ""
    """The assumption that the cost depends on. Empty for what is paid at rest."""


_RESERVED: Final = Unpriced("Reserved capacity units of load balancers")
_SPARK: Final = Unpriced(
    "Capacity of Spark sessions", free=("auto", "athena engine version 3"), assumption="scanned_gb"
)
_METRICS: Final = Unpriced("Detailed metrics")
_ADDRESSES: Final = Unpriced("Addresses of IP Address Manager")
_TABLE: Final = {
    "VectorIndexes": Unpriced("Vector indexes of tables"),
    "WarmThroughput": Unpriced("Warm throughput of tables"),
}
_REPLICA: Final = {
    "ContributorInsightsSpecification.Enabled": Unpriced("Contributor Insights of tables"),
    "KinesisStreamSpecification": Unpriced("Changes of tables in a Kinesis stream", assumption="writes"),
    "TableClass": Unpriced("Storage of tables", free=("standard",)),
}
_DATABASE: Final = {
    "MonitoringInterval": Unpriced("Enhanced Monitoring of databases"),
    "PerformanceInsightsRetentionPeriod": Unpriced("Retention of Performance Insights", free=("7",)),
}
_EXTENDED_SUPPORT: Final = Unpriced(
    "Extended Support of databases", free=("open-source-rds-extended-support-disabled",)
)
_ON_PREMISES: Final = Unpriced("Updates of servers outside of AWS")
_EDGE: Final = {
    "FieldLevelEncryptionId": Unpriced("Field-level encryption of CloudFront", assumption="requests"),
    "RealtimeLogConfigArn": Unpriced("Real-time logs of CloudFront", assumption="requests"),
}
_ORIGIN_SHIELD: Final = Unpriced("Origin Shield of CloudFront", assumption="requests")
_MONETIZATION: Final = Unpriced("Monetization by web ACLs", assumption="requests")
_CHALLENGE: Final = Unpriced("CAPTCHAs and challenges of web ACLs", assumption="requests")
_DESTINATIONS: Final = {
    f"{name}DestinationConfiguration": Unpriced(f"Delivery of Firehose to {title}", assumption="firehose_gb")
    for name, title in {
        "AmazonOpenSearchServerless": "OpenSearch",
        "Amazonopensearchservice": "OpenSearch",
        "Elasticsearch": "OpenSearch",
        "Iceberg": "Iceberg tables",
        "Snowflake": "Snowflake",
    }.items()
}

UNPRICED: Final[Mapping[str, Mapping[str, Unpriced]]] = {
    "AWS::ApiGatewayV2::Stage": {
        "DefaultRouteSettings.DetailedMetricsEnabled": _METRICS,
        "RouteSettings.*.DetailedMetricsEnabled": _METRICS,
    },
    "AWS::AppRunner::Service": {
        "SourceConfiguration.CodeRepository": Unpriced("Builds of App Runner"),
    },
    "AWS::Athena::WorkGroup": {
        "WorkGroupConfiguration.EngineConfiguration": _SPARK,
        "WorkGroupConfiguration.EngineVersion.SelectedEngineVersion": _SPARK,
    },
    "AWS::AutoScaling::AutoScalingGroup": {
        "DesiredCapacityType": Unpriced("EC2 instances", free=("units",)),
        "MixedInstancesPolicy.LaunchTemplate.Overrides.*.LaunchTemplateSpecification": Unpriced("EC2 instances"),
        "MixedInstancesPolicy.LaunchTemplate.Overrides.*.WeightedCapacity": Unpriced("EC2 instances", free=("1",)),
    },
    "AWS::CloudFront::Distribution": {
        "DistributionConfig.AnycastIpListId": Unpriced("Static addresses of CloudFront"),
        "DistributionConfig.ConnectionFunctionAssociation": Unpriced("Connection functions", assumption="requests"),
        "DistributionConfig.Origins.*.OriginShield.Enabled": _ORIGIN_SHIELD,
        "DistributionConfig.ViewerMtlsConfig": Unpriced("Mutual TLS of CloudFront", assumption="requests"),
        "DistributionConfig.ViewerCertificate.SslSupportMethod": Unpriced(
            "Dedicated addresses of CloudFront", free=("sni-only", "static-ip")
        ),
        **{f"DistributionConfig.DefaultCacheBehavior.{path}": each for path, each in _EDGE.items()},
        **{f"DistributionConfig.CacheBehaviors.*.{path}": each for path, each in _EDGE.items()},
    },
    "AWS::CloudFront::Function": {
        "FunctionConfig.KeyValueStoreAssociations": Unpriced("Reads of key value stores", assumption="requests"),
    },
    "AWS::CloudWatch::Alarm": {
        "EvaluationCriteria": Unpriced("Alarm metrics"),
    },
    "AWS::Cognito::UserPool": {
        "EmailConfiguration.SourceArn": Unpriced("E-mails by Amazon SES", assumption="users"),
        "SmsConfiguration": Unpriced("Text messages to users", assumption="users"),
        "UserPoolAddOns.AdvancedSecurityMode": Unpriced("Threat protection of users", assumption="users"),
    },
    "AWS::CodeDeploy::DeploymentGroup": {
        "OnPremisesInstanceTagFilters": _ON_PREMISES,
        "OnPremisesTagSet": _ON_PREMISES,
    },
    "AWS::Cognito::UserPoolClient": {
        "AnalyticsConfiguration": Unpriced("Analytics of users", assumption="users"),
        "AllowedOAuthFlows.*": Unpriced("Tokens of machines", free=("code", "implicit"), assumption="users"),
    },
    "AWS::DynamoDB::GlobalTable": {
        **_TABLE,
        **{f"Replicas.*.{path}": each for path, each in _REPLICA.items()},
        "GlobalTableWitnesses": Unpriced("Witnesses of tables"),
    },
    "AWS::DynamoDB::Table": {
        **_TABLE,
        **_REPLICA,
        "ImportSourceSpecification": Unpriced("Imports into tables"),
    },
    "AWS::EC2::LaunchTemplate": {
        "LaunchTemplateData.BlockDeviceMappings.*.Ebs.VolumeInitializationRate": Unpriced("Initialization of volumes"),
        "LaunchTemplateData.CreditSpecification.CpuCredits": Unpriced("Surplus CPU credits", free=("standard",)),
        "LaunchTemplateData.Placement.Tenancy": Unpriced("Dedicated instances", free=("default",)),
    },
    "AWS::EC2::Subnet": {"Ipv4IpamPoolId": _ADDRESSES, "Ipv6IpamPoolId": _ADDRESSES},
    "AWS::EC2::VPC": {
        "InstanceTenancy": Unpriced("Dedicated instances", free=("default",)),
        "Ipv4IpamPoolId": _ADDRESSES,
        "VpcEncryptionControl.Mode": Unpriced("Encryption controls of VPCs"),
    },
    "AWS::EC2::VPCEndpoint": {
        "ServiceRegion": Unpriced("Data to endpoints in other Regions", assumption="endpoint_gb"),
    },
    "AWS::EC2::VPCEndpointService": {
        "ContributorInsightsEnabled": Unpriced("Contributor Insights of endpoint services"),
        "PayerResponsibility": Unpriced("Endpoints of consumers"),
        "SupportedRegions": Unpriced("Endpoint services in other Regions"),
    },
    "AWS::EC2::Volume": {
        "OutpostArn": Unpriced("Volumes on an Outpost"),
        "SourceVolumeId": Unpriced("Copies of volumes"),
        "VolumeInitializationRate": Unpriced("Initialization of volumes"),
    },
    "AWS::ECS::Service": {
        "GatewayConnectors": Unpriced("Gateway connectors of services"),
        "Monitoring.MetricConfigurations.*.ResolutionSeconds": Unpriced("High-resolution metrics", free=("60",)),
        "VolumeConfigurations": Unpriced("EBS volumes of tasks"),
    },
    "AWS::EFS::FileSystem": {
        "LifecyclePolicies": Unpriced("Access to files in colder storage classes", assumption="efs_read_gb"),
        "ReplicationConfiguration": Unpriced("Replicas of file systems"),
    },
    "AWS::EKS::Cluster": {
        "OutpostConfig": Unpriced("Control planes on an Outpost"),
        "RemoteNetworkConfig": Unpriced("Hybrid nodes"),
    },
    "AWS::EKS::Nodegroup": {
        "WarmPoolConfig": Unpriced("Warm pools of nodes"),
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "MinimumLoadBalancerCapacity.CapacityUnits": _RESERVED,
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "TargetControlPort": Unpriced("Target Optimizer of load balancers", assumption="lcu"),
    },
    "AWS::FSx::FileSystem": {
        "LustreConfiguration.AutomaticBackupRetentionDays": Unpriced("Backups of FSx"),
        "LustreConfiguration.DataReadCacheConfiguration": Unpriced("Read cache of FSx for Lustre"),
        "LustreConfiguration.MetadataConfiguration.Iops": Unpriced("Metadata operations of FSx for Lustre"),
        "OntapConfiguration.DiskIopsConfiguration.Iops": Unpriced("Operations of FSx for ONTAP"),
        "OntapConfiguration.HAPairs": Unpriced("Throughput of further pairs of FSx for ONTAP", free=("1",)),
        "StorageType": Unpriced("Storage of FSx", free=("ssd",)),
    },
    "AWS::KMS::Key": {
        "KeySpec": Unpriced("Requests with asymmetric keys", free=("symmetric_default",), assumption="kms_requests"),
        "Origin": Unpriced("Key stores", free=("aws_kms", "external")),
    },
    "AWS::KinesisFirehose::DeliveryStream": {
        **_DESTINATIONS,
        "ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors.*.Type": Unpriced(
            "Processors of Firehose",
            free=("appenddelimitertorecord", "lambda", "recorddeaggregation"),
            assumption="firehose_gb",
        ),
        "DatabaseSourceConfiguration": Unpriced("Changes of databases in Firehose", assumption="firehose_gb"),
        "MSKSourceConfiguration": Unpriced("Data from Amazon MSK", assumption="firehose_gb"),
    },
    "AWS::Lambda::EventSourceMapping": {
        "MetricsConfig.Metrics": Unpriced("Metrics of event sources"),
        "ProvisionedPollerConfig": Unpriced("Provisioned pollers of event sources"),
    },
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": Unpriced("Instances of Lambda"),
        "DurableConfig": Unpriced("Steps of durable functions", assumption="invocations"),
        "SnapStart.ApplyOn": Unpriced("Snapshots of functions"),
        "TenancyConfig": Unpriced("Environments of tenants", assumption="invocations"),
    },
    "AWS::Lambda::Url": {
        "InvokeMode": Unpriced("Streamed responses", free=("buffered",), assumption="invocations"),
    },
    "AWS::Logs::LogGroup": {
        "DataProtectionPolicy": Unpriced("Data protection of logs", assumption="logs_gb"),
    },
    "AWS::Logs::MetricFilter": {
        "EmitSystemFieldDimensions": Unpriced("Metrics of log filters"),
        "MetricTransformations.*.Dimensions": Unpriced("Metrics of log filters"),
    },
    "AWS::RDS::DBCluster": {
        **_DATABASE,
        "BacktrackWindow": Unpriced("Backtracking of Aurora"),
        "BackupRetentionPeriod": Unpriced("Backups of Aurora", free=("1",), assumption="aurora_gb"),
        "ClusterScalabilityType": Unpriced("Databases", free=("standard",)),
        "EngineLifecycleSupport": _EXTENDED_SUPPORT,
        "EnableHttpEndpoint": Unpriced("Calls of the Data API", assumption="invocations"),
        "EngineMode": Unpriced("Databases", free=("provisioned",)),
        "GlobalClusterIdentifier": Unpriced("Replicated writes of Aurora", assumption="aurora_ios"),
    },
    "AWS::RDS::DBInstance": {
        **_DATABASE,
        "AutomaticBackupReplicationRegion": Unpriced("Backups in another Region"),
    },
    "AWS::Route53::HostedZone": {
        "HostedZoneFeatures": Unpriced("Features of hosted zones"),
    },
    "AWS::S3::Bucket": {
        "AccelerateConfiguration.AccelerationStatus": Unpriced(
            "Transfer Acceleration of buckets", free=("suspended",), assumption="s3_gb"
        ),
        "AnalyticsConfigurations": Unpriced("Analytics of buckets", assumption="s3_gb"),
        "IntelligentTieringConfigurations": Unpriced("Intelligent-Tiering of buckets", assumption="s3_gb"),
        "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.SSEAlgorithm": Unpriced(
            "Encryption in two layers", free=("aes256", "aws:kms"), assumption="s3_gb"
        ),
        "InventoryConfigurations": Unpriced("Inventories of buckets", assumption="s3_gb"),
        "LifecycleConfiguration.Rules.*.NoncurrentVersionTransition": Unpriced(
            "Transitions of objects", assumption="s3_gb"
        ),
        "LifecycleConfiguration.Rules.*.NoncurrentVersionTransitions": Unpriced(
            "Transitions of objects", assumption="s3_gb"
        ),
        "LifecycleConfiguration.Rules.*.Transition": Unpriced("Transitions of objects", assumption="s3_gb"),
        "LifecycleConfiguration.Rules.*.Transitions": Unpriced("Transitions of objects", assumption="s3_gb"),
        "MetadataConfiguration": Unpriced("Metadata tables of buckets", assumption="s3_puts"),
        "MetadataTableConfiguration": Unpriced("Metadata tables of buckets", assumption="s3_puts"),
        "MetricsConfigurations": Unpriced("Request metrics of buckets"),
        "NotificationConfiguration.EventBridgeConfiguration": Unpriced(
            "Events of buckets in EventBridge", assumption="s3_puts"
        ),
        "ReplicationConfiguration": Unpriced("Replication of buckets", assumption="s3_gb"),
    },
    "AWS::SNS::Topic": {
        "ArchivePolicy": Unpriced("Archives of topics", assumption="messages"),
        "DataProtectionPolicy": Unpriced("Data protection of topics", assumption="messages"),
        "Subscription": Unpriced("Deliveries of topics", assumption="messages"),
    },
    "AWS::WAFv2::WebACL": {
        "AssociationConfig": Unpriced("Inspection of larger requests", assumption="requests"),
        "MonetizationConfig": _MONETIZATION,
        "OnSourceDDoSProtectionConfig": Unpriced("Protection of load balancers by web ACLs", assumption="requests"),
        "Rules.*.Action.Captcha": _CHALLENGE,
        "Rules.*.Action.Challenge": _CHALLENGE,
        "Rules.*.Action.Monetize": _MONETIZATION,
        "Rules.*.Statement.RuleGroupReferenceStatement": Unpriced("Rules of rule groups"),
    },
}
"""By the types of resources, and the paths of properties. A star stands for each element of a list, and for
each member of an object."""


def add_unpriced(meter: Meter) -> None:
    """Adds a line for each property of the resource that AWS bills at an unknown price."""
    for path, unpriced in UNPRICED.get(meter.resource.type, {}).items():
        if any(_costs(node, unpriced) for node in _nodes(meter.resource, path.split("."))):
            meter.unknown(unpriced.item, f"no price of {path}", assumption=unpriced.assumption)


def _nodes(node: Node, path: list[str]) -> Iterator[Node]:
    if not path:
        yield node
    elif path[0] == "*":
        for each in [*node.items, *node.entries.values()] or ([node] if node.unknown else []):
            yield from _nodes(each, path[1:])
    else:
        yield from _nodes(node[path[0]], path[1:])


def _costs(node: Node, unpriced: Unpriced) -> bool:
    """Whether a value is there, and is none of those that cost nothing. The deployment may decide it."""
    if node.missing or node.value in ([], {}, False):
        return False
    return node.text is None or node.text.lower() not in (*OFF, *unpriced.free)
