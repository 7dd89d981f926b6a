"""The types of resources that hold data, and those that decide who may do or reach something."""

from typing import Final

# CloudFormation takes a final snapshot of some of these:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
# The others lose what they hold: users, messages, images, keys that decrypt, and the history in logs.
STORED_DATA: Final = frozenset(
    {
        *("AWS::AmazonMQ::Broker", "AWS::Cassandra::Keyspace", "AWS::Cassandra::Table"),
        *("AWS::CodeCommit::Repository", "AWS::DocDBElastic::Cluster", "AWS::EC2::Instance"),
        *("AWS::Glue::Database", "AWS::KinesisVideo::Stream", "AWS::Lightsail::Bucket", "AWS::Lightsail::Database"),
        *("AWS::Lightsail::Disk", "AWS::Lightsail::Instance", "AWS::MemoryDB::Cluster", "AWS::NeptuneGraph::Graph"),
        *("AWS::OpenSearchServerless::Collection", "AWS::RedshiftServerless::Namespace"),
        *("AWS::S3Express::DirectoryBucket", "AWS::S3Tables::Namespace", "AWS::S3Tables::Table"),
        *("AWS::S3Vectors::Index", "AWS::S3Vectors::VectorBucket", "AWS::Timestream::Database"),
        *("AWS::Timestream::InfluxDBInstance", "AWS::WorkSpaces::Workspace"),
        *("AWS::Backup::BackupVault", "AWS::Cognito::UserPool", "AWS::DSQL::Cluster", "AWS::DocDB::DBCluster"),
        *("AWS::DocDB::DBInstance", "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::EC2::Volume"),
        *("AWS::ECR::PublicRepository", "AWS::ECR::Repository", "AWS::EFS::FileSystem"),
        *("AWS::EKS::Cluster", "AWS::EMR::Cluster", "AWS::ElastiCache::CacheCluster"),
        *("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::Elasticsearch::Domain"),
        *("AWS::FSx::FileSystem", "AWS::FSx::StorageVirtualMachine", "AWS::FSx::Volume", "AWS::Glue::Table"),
        *("AWS::KMS::Key", "AWS::Kinesis::Stream", "AWS::Logs::LogGroup", "AWS::MSK::Cluster"),
        *("AWS::Neptune::DBCluster", "AWS::Neptune::DBInstance", "AWS::OpenSearchService::Domain"),
        *("AWS::Organizations::Account", "AWS::QLDB::Ledger", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
        *("AWS::RDS::GlobalCluster", "AWS::Redshift::Cluster", "AWS::S3::Bucket", "AWS::S3Tables::TableBucket"),
        *("AWS::SDB::Domain", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SSM::Parameter"),
        *("AWS::SecretsManager::Secret", "AWS::Timestream::Table"),
    }
)
"""A replacement begins empty. A removal takes the data away, or leaves it without its stack. A new topic has no
subscriptions that others made, and a new cluster no workloads."""

SECURITY: Final = frozenset(
    {
        *("AWS::Cognito::UserPoolClient", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SecurityGroup"),
        *("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"),
        *("AWS::EC2::VPCEndpointServicePermissions", "AWS::ECR::RegistryPolicy", "AWS::EKS::AccessEntry"),
        *("AWS::EKS::PodIdentityAssociation", "AWS::IAM::ManagedPolicy", "AWS::IAM::OIDCProvider"),
        *("AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::RolePolicy", "AWS::IAM::User", "AWS::IAM::UserPolicy"),
        *("AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::S3::AccessPoint", "AWS::S3::BucketPolicy"),
        *("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::ResourcePolicy"),
    }
)
"""Types whose every change is about security."""
SECURITY_PROPERTIES: Final = frozenset(
    {
        *("AccessPolicies", "FileSystemPolicy", "KeyPolicy", "PolicyDocument", "PublicAccessBlockConfiguration"),
        *("PubliclyAccessible", "RepositoryPolicyText", "ResourcePolicy", "ResourcesVpcConfig", "Scheme"),
        *("SecurityGroupIds", "SecurityGroups", "VpcSecurityGroupIds", "VPCSecurityGroups"),
    }
)
"""Properties of other types that are about security."""
