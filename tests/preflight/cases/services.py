"""Quotas of CloudFront, App Runner, IAM, Auto Scaling, RDS and S3."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.base import quota
from tests.preflight.cases.compute import group
from tests.preflight.world import Case, resource

PAGE = {"Marker": "", "IsTruncated": False, "MaxItems": 100}
DISTRIBUTION = {"Site": resource("AWS::CloudFront::Distribution")}
FUNCTION = {"Function": resource("AWS::CloudFront::Function")}
CACHE = {"Cache": resource("AWS::CloudFront::CachePolicy")}
HEADERS = {"Headers": resource("AWS::CloudFront::ResponseHeadersPolicy")}
RUNNER = {"Service": resource("AWS::AppRunner::Service")}
ROLE = {"Role": resource("AWS::IAM::Role")}
CLUSTER = {"Cluster": resource("AWS::RDS::DBCluster")}
BUCKET = {"Bucket": resource("AWS::S3::Bucket")}


def sites(count: int) -> dict[str, Any]:
    from tests.preflight.cases.distributions import distribution

    items = [distribution() for _ in range(count)]
    return {"cloudfront.list_distributions": {"DistributionList": {**PAGE, "Quantity": count, "Items": items}}}


def functions(count: int) -> dict[str, Any]:
    items = [
        {
            "Name": f"f{each}",
            "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
            "FunctionMetadata": {"FunctionARN": "arn", "LastModifiedTime": "2026-11-29T00:00:00Z"},
        }
        for each in range(count)
    ]
    return {"cloudfront.list_functions": {"FunctionList": {"MaxItems": 100, "Quantity": count, "Items": items}}}


def caches(count: int) -> dict[str, Any]:
    policy = {
        "Id": "x",
        "LastModifiedTime": "2026-11-29T00:00:00Z",
        "CachePolicyConfig": {"Name": "x", "MinTTL": 0},
    }
    items = [{"Type": "custom", "CachePolicy": policy}] * count
    return {"cloudfront.list_cache_policies": {"CachePolicyList": {"MaxItems": 100, "Quantity": count, "Items": items}}}


def headers(count: int) -> dict[str, Any]:
    policy = {
        "Id": "x",
        "LastModifiedTime": "2026-11-29T00:00:00Z",
        "ResponseHeadersPolicyConfig": {"Name": "x"},
    }
    items = [{"Type": "custom", "ResponseHeadersPolicy": policy}] * count
    return {
        "cloudfront.list_response_headers_policies": {
            "ResponseHeadersPolicyList": {"MaxItems": 100, "Quantity": count, "Items": items}
        }
    }


def runners(count: int, *names: str) -> dict[str, Any]:
    return {
        "service-quotas.list_service_quotas": {"Quotas": [{"QuotaName": each, "Value": 2.0} for each in names]},
        "apprunner.list_services": {"ServiceSummaryList": [{"ServiceName": "service"}] * count},
    }


def iam(roles: int) -> dict[str, Any]:
    return {"iam.get_account_summary": {"SummaryMap": {"Roles": roles, "RolesQuota": 1000}}}


def groups(count: int) -> dict[str, Any]:
    limits = {"MaxNumberOfAutoScalingGroups": 500, "MaxNumberOfLaunchConfigurations": 200}
    return {"autoscaling.describe_account_limits": {**limits, "NumberOfAutoScalingGroups": count}}


def databases(used: int) -> dict[str, Any]:
    quotas = [{"AccountQuotaName": "DBClusters", "Used": used, "Max": 40}]
    return {"rds.describe_account_attributes": {"AccountQuotas": quotas}}


def buckets(count: int) -> dict[str, Any]:
    return {"s3.list_buckets": {"Buckets": [{"Name": f"b{each}"} for each in range(count)]}}


runner = Case("quota-app-runner", "fine", "1 in use", RUNNER, runners(1, "Services", "Connections"))
CASES = (
    Case("quota-distributions", "fine", "1 in use", DISTRIBUTION, {**quota(2), **sites(1)}),
    Case("quota-distributions", "stops", "2 in use", DISTRIBUTION, {**quota(2), **sites(2)}),
    Case("quota-cloudfront-functions", "fine", "AWS documents 100", FUNCTION, {**runners(0), **functions(99)}),
    Case("quota-cloudfront-functions", "may", "AWS documents 100", FUNCTION, {**runners(0), **functions(100)}),
    Case("quota-cloudfront-policies", "fine", "19 in use", CACHE, {**quota(20), **caches(19)}),
    Case("quota-cloudfront-policies", "stops", "20 in use", CACHE, {**quota(20), **caches(20)}),
    Case("quota-cloudfront-policies", "fine", "19 in use", HEADERS, {**quota(20), **headers(19)}),
    Case("quota-cloudfront-policies", "stops", "20 in use", HEADERS, {**quota(20), **headers(20)}),
    runner,
    replace(runner, given=runners(2, "Services"), verdict="stops", says="2 in use"),
    replace(runner, given=runners(2, "Connections"), verdict="unknown", says="the quota of the account is not known"),
    Case("quota-iam", "fine", "Roles of IAM: 999 in use", ROLE, iam(999)),
    Case("quota-iam", "stops", "Roles of IAM: 1000 in use", ROLE, iam(1000)),
    Case("quota-iam", "stops", "Roles of IAM: 1000 in use", ROLE, iam(999), earlier=ROLE),
    Case("quota-iam", "unknown", "does not say", ROLE, {"iam.get_account_summary": {"SummaryMap": {}}}),
    Case("quota-rds", "unknown", "does not say", CLUSTER, {"rds.describe_account_attributes": {"AccountQuotas": []}}),
    Case("quota-auto-scaling-groups", "fine", "499 in use", group(), groups(499)),
    Case("quota-auto-scaling-groups", "stops", "500 in use", group(), groups(500)),
    Case("quota-rds", "fine", "DBClusters of RDS: 39 in use", CLUSTER, databases(39)),
    Case("quota-rds", "stops", "DBClusters of RDS: 40 in use", CLUSTER, databases(40)),
    Case("quota-buckets", "fine", "1 in use", BUCKET, {**quota(2), **buckets(1)}),
    Case("quota-buckets", "stops", "2 in use", BUCKET, {**quota(2), **buckets(2)}),
)
