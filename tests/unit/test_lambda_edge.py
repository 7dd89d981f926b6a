"""The promises of stacks/lambda_edge."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match

from patternbook import (
    SANDBOX,
    DistributionLogs,
    EdgeFunction,
    SiteDistribution,
    SiteUpload,
    site_bucket,
    site_origin,
)
from patternbook.limits.edge import (
    ALIASES_PER_DISTRIBUTION,
    EVENTS,
    FORBIDDEN_PROPERTIES,
    LAMBDA_QUOTAS_URL,
    PRINCIPALS,
    QUOTAS_URL,
    RESTRICTIONS_URL,
    URI_CHARACTERS,
)
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.lambda_edge import LambdaEdgeSettings, LambdaEdgeStack

PATTERN = LambdaEdgeStack
EVERY_OPTION: Mapping[str, Any] = {
    "domain_names": ["www.example.com", "example.com"],
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "web_acl_arn": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/main/12345678-1234-1234-1234-123456789012",
    "price_class": "all",
    "allowed_countries": ["DE", "FR"],
    "redirect_hosts": ["shop.example.com"],
    "redirects": [
        {"source": "/old", "target": "/about", "status": 308},
        {"source": "/shop", "target": "https://shop.example.com/all"},
    ],
    "variant_b_percent": 10,
    "variant_paths": [],
    "variant_days": 7,
    "page_cache_seconds": 60,
    "content_security_policy": "default-src 'self'; img-src 'self' data:",
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"blocked_countries": ["AQ"]}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
OWN: Mapping[str, Any] = {**OTHER_OPTIONS, "page_cache_seconds": 60}
NAMES: Mapping[str, Any] = {name: EVERY_OPTION[name] for name in ("domain_names", "hosted_zone_id")}
VARIANTS = {
    "full": FULL,
    "own": OWN,
    "named_sandbox": NAMES,
    "named_production": {**NAMES, "posture": "production"},
}
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b"
LOG_ACTIONS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


def config(stack: Reading) -> dict[str, Any]:
    return stack.one("AWS::CloudFront::Distribution")["DistributionConfig"]


def behaviors(stack: Reading) -> list[dict[str, Any]]:
    return [config(stack)["DefaultCacheBehavior"], *config(stack)["CacheBehaviors"]]


def versions(stack: Reading) -> dict[str, Resource]:
    """The function version at each event, for pages."""
    found = config(stack)["DefaultCacheBehavior"]["LambdaFunctionAssociations"]
    return {each["EventType"]: stack.to(each["LambdaFunctionARN"]) for each in found}


def functions(stack: Reading) -> dict[str, Resource]:
    return {event: stack.to(version["FunctionName"]) for event, version in versions(stack).items()}


def log_policies(stack: Reading) -> dict[str, Resource]:
    return {event: policies_of(stack, stack.to(each["Role"]))[0] for event, each in functions(stack).items()}


def asset(stack: Reading, resource: Resource) -> Path:
    """The folder of a function's package, in the cloud assembly."""
    app = stack.stack.node.root
    assert isinstance(app, cdk.App)
    return Path(app.outdir, f"asset.{resource['Code']['S3Key'].removesuffix('.zip')}")


def bucket_of_site(stack: Reading) -> Resource:
    [origin] = config(stack)["Origins"]
    return stack.to(origin["DomainName"])


def metrics(alarm: Resource) -> list[dict[str, Any]]:
    """The metrics that an alarm watches, by itself or in an expression."""
    inside = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics") or [] if "MetricStat" in each]
    return inside or [alarm.body["Properties"]]


def upload_role(stack: Reading) -> Resource:
    return stack.to(stack.to(stack.one("Custom::SiteUpload")["ServiceToken"])["Role"])


def policies_of(stack: Reading, role: Resource) -> list[Resource]:
    return [each for each in stack.all("AWS::IAM::Policy") if stack.to(each["Roles"][0]) == role]


def policy_of(stack: Reading, bucket: Resource) -> list[dict[str, Any]]:
    [policy] = [each for each in stack.all("AWS::S3::BucketPolicy") if stack.to(each["Bucket"]) == bucket]
    return policy["PolicyDocument"]["Statement"]


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, LambdaEdgeStack)
    assert stack.functions.keys() == EVENTS.keys()
    assert stack.bucket.bucket_name
    assert stack.distribution.distribution_id
    assert stack.monitoring.topic


class TestPlace:
    def test_it_is_in_us_east_1(self, any_stack: Reading) -> None:
        assert any_stack.stack.region == "us-east-1"


class TestBucket:
    def test_it_is_private_and_read_by_this_distribution_only(self, any_stack: Reading) -> None:
        bucket = bucket_of_site(any_stack)
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        [allowed] = [each for each in policy_of(any_stack, bucket) if each["Effect"] == "Allow"]
        assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert allowed["Action"] == "s3:GetObject"
        [source] = allowed["Condition"]["StringEquals"].values()
        assert any_stack.shown(source).endswith(":distribution/${AWS::CloudFront::Distribution}")

    def test_requests_to_it_are_signed(self, any_stack: Reading) -> None:
        [origin] = config(any_stack)["Origins"]
        control = any_stack.to(origin["OriginAccessControlId"])["OriginAccessControlConfig"]
        assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")

    def test_production_keeps_it_and_old_versions(self, sandbox: Reading, production: Reading) -> None:
        assert bucket_of_site(sandbox).kept == ("Delete", "Delete")
        assert "VersioningConfiguration" not in bucket_of_site(sandbox).body["Properties"]
        assert bucket_of_site(production).kept == ("RetainExceptOnCreate", "Retain")
        assert bucket_of_site(production)["VersioningConfiguration"] == {"Status": "Enabled"}


class TestFunctions:
    def test_one_is_at_each_event(self, any_stack: Reading) -> None:
        assert versions(any_stack).keys() == EVENTS.keys()
        assert {version.type for version in versions(any_stack).values()} == {"AWS::Lambda::Version"}
        assert len({function.id for function in functions(any_stack).values()}) == 4

    def test_they_are_such_as_cloudfront_takes(self, any_stack: Reading) -> None:
        for event, function in functions(any_stack).items():
            assert not FORBIDDEN_PROPERTIES.keys() & function.body["Properties"].keys()
            assert "FunctionName" not in function.body["Properties"]
            assert function["Architectures"] == ["x86_64"]
            assert function["Runtime"].startswith("python")
            assert function["MemorySize"] <= EVENTS[event].memory_mib
            assert function["Timeout"] <= EVENTS[event].timeout_seconds
            assert function["Handler"] == f"{event.replace('-', '_')}.handler"

    def test_they_and_their_versions_outlive_the_stack(self, any_stack: Reading) -> None:
        for resource in (*functions(any_stack).values(), *versions(any_stack).values()):
            assert resource.kept == ("Retain", "Retain")

    def test_they_may_write_their_logs_in_each_region_and_nothing_else(self, any_stack: Reading) -> None:
        for function in functions(any_stack).values():
            role = any_stack.to(function["Role"])
            [trust] = role["AssumeRolePolicyDocument"]["Statement"]
            assert set(trust["Principal"]["Service"]) == set(PRINCIPALS)
            assert "ManagedPolicyArns" not in role.body["Properties"]
            [statement] = any_stack.statements(role)
            group = "arn:aws:logs:*:${AWS::AccountId}:log-group:/aws/lambda/us-east-1.${AWS::Lambda::Function}"
            assert statement["Action"] == LOG_ACTIONS
            assert set(statement["Resource"]) == {group, f"{group}:*"}
            [policy] = policies_of(any_stack, role)
            assert any_stack.refers(policy, function)

    def test_they_may_write_their_logs_before_the_distribution_calls_them(self, any_stack: Reading) -> None:
        calling = any_stack.before(any_stack.one("AWS::CloudFront::Distribution"))
        for function in functions(any_stack).values():
            [policy] = policies_of(any_stack, any_stack.to(function["Role"]))
            assert policy.id in calling

    def test_no_log_group_of_their_own_names_stays_empty(self, any_stack: Reading) -> None:
        [group] = any_stack.all("AWS::Logs::LogGroup")
        assert not any(any_stack.refers(group, function) for function in functions(any_stack).values())

    def test_each_has_its_settings_in_its_package(self, full: Reading) -> None:
        found = {
            event: json.loads((asset(full, function) / "settings.json").read_text(encoding="utf-8"))
            for event, function in functions(full).items()
        }
        policy = FULL["content_security_policy"]
        assert found == {
            "viewer-request": {
                "host": "www.example.com",
                "redirects": {"/old": [308, "/about"], "/shop": [301, "https://shop.example.com/all"]},
                "b_percent": 10,
                "strict_transport_security": "max-age=31536000",
            },
            "origin-request": {"variant_paths": []},
            "origin-response": {
                "page_cache_seconds": 60,
                "content_security_policy": policy,
                "objects": [
                    *("/about/index.html", "/assets/icon.1.svg", "/assets/style.1.css", "/index.html", "/robots.txt"),
                    "/variant-b/index.html",
                ],
            },
            "viewer-response": {"content_security_policy": policy, "variant_days": 7, "variant_paths": []},
        }

    def test_a_changed_setting_is_a_new_function_with_one_version(self, sandbox: Reading, own: Reading) -> None:
        """A second version of a function would block the retry of a failed deployment. The old function keeps its own
        policy until the distribution calls the new one.

        CloudFormation makes a new resource only for a new logical id, so this test compares logical ids.
        """
        for of in (functions, versions, log_policies):
            before, after = of(sandbox), of(own)
            changed = {event for event, resource in before.items() if resource.id != after[event].id}
            assert changed == {"origin-response"}
            assert before["origin-response"].id not in own.resources

    @pytest.mark.parametrize(
        "change",
        [
            {"files": {"a.py": "# changed"}},
            {"files": {"a.py": "", "b.py": ""}},
            {"description": "Changed"},
            {"memory_mib": 129},
            {"timeout_seconds": 4},
        ],
    )
    def test_each_change_of_a_function_is_a_new_one(self, change: dict[str, Any]) -> None:
        given: dict[str, Any] = {"files": {"a.py": ""}, "description": "Same", "memory_mib": 128, "timeout_seconds": 5}
        ids = []
        for arguments in (given, given, {**given, **change}):
            stack = cdk.Stack(unchecked_app(), "Edge", env=cdk.Environment(region="us-east-1"))
            edge = EdgeFunction(stack, "Function", event="origin-request", handler="a.handler", **arguments)
            ids.append(stack.resolve(edge.function.function_name))
        assert ids[0] == ids[1]
        assert ids[0] != ids[2]


class TestDistribution:
    def test_viewers_get_https_and_http_3(self, any_stack: Reading) -> None:
        assert config(any_stack)["Enabled"] is True
        assert config(any_stack)["HttpVersion"] == "http2and3"
        assert config(any_stack)["IPV6Enabled"] is True
        assert {each["ViewerProtocolPolicy"] for each in behaviors(any_stack)} == {"redirect-to-https"}

    def test_names_of_ones_own_come_with_a_certificate_and_new_tls(self, full: Reading) -> None:
        assert config(full)["Aliases"] == ["www.example.com", "example.com"]
        viewer = dict(config(full)["ViewerCertificate"])
        certificate = full.to(viewer.pop("AcmCertificateArn"))
        assert certificate == full.one("AWS::CertificateManager::Certificate")
        assert (certificate["DomainName"], certificate["SubjectAlternativeNames"]) == (
            "www.example.com",
            ["example.com"],
        )
        assert viewer == {"MinimumProtocolVersion": "TLSv1.2_2025", "SslSupportMethod": "sni-only"}

    def test_each_name_leads_to_the_distribution_by_ipv4_ipv6_and_http_3(self, full: Reading) -> None:
        records = full.all("AWS::Route53::RecordSet")
        assert sorted((each["Name"], each["Type"]) for each in records) == [
            *(("example.com.", "A"), ("example.com.", "AAAA"), ("example.com.", "HTTPS")),
            *(("www.example.com.", "A"), ("www.example.com.", "AAAA"), ("www.example.com.", "HTTPS")),
        ]
        for each in records:
            assert full.shown(each["AliasTarget"]["DNSName"]) == "${AWS::CloudFront::Distribution.DomainName}"
            assert each["HostedZoneId"] == FULL["hosted_zone_id"]

    @pytest.mark.parametrize("posture", ["sandbox", "production"])
    def test_names_that_are_added_later_replace_nothing_but_a_function(
        self, read: Callable[[str], Reading], posture: str
    ) -> None:
        """The function at viewer request has the canonical name in its package."""
        before, after = read(posture), read(f"named_{posture}")
        gone = {before.resources[each].type for each in before.resources.keys() - after.resources.keys()}
        assert gone == {"AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::IAM::Policy"}
        assert config(before)["Origins"] == config(after)["Origins"]
        changed = {name for name in config(before) if config(before)[name] != config(after)[name]}
        assert changed == {"DefaultCacheBehavior"}
        assert config(after).keys() - config(before).keys() == {"Aliases", "ViewerCertificate"}

    @pytest.mark.parametrize("name", ["sandbox", "production"])
    def test_without_it_is_under_cloudfronts_own(self, read: Callable[[str], Reading], name: str) -> None:
        assert not {"Aliases", "ViewerCertificate"} & config(read(name)).keys()

    @pytest.mark.parametrize(("name", "seconds"), [("sandbox", 86_400), ("production", 86_400), ("own", 60)])
    def test_pages_are_cached_by_path_and_variant_only(
        self, read: Callable[[str], Reading], name: str, seconds: int
    ) -> None:
        stack = read(name)
        policy = stack.to(config(stack)["DefaultCacheBehavior"]["CachePolicyId"])["CachePolicyConfig"]
        assert policy["ParametersInCacheKeyAndForwardedToOrigin"] == {
            "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": ["variant"]},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
            "EnableAcceptEncodingBrotli": True,
            "EnableAcceptEncodingGzip": True,
        }
        assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, seconds)
        assert not [each for each in behaviors(stack) if "OriginRequestPolicyId" in each]

    def test_assets_are_cached_by_path_and_without_viewer_events(self, any_stack: Reading) -> None:
        [assets] = config(any_stack)["CacheBehaviors"]
        assert assets["PathPattern"] == "/assets/*"
        [function] = assets["LambdaFunctionAssociations"]
        assert function["EventType"] == "origin-response"
        assert any_stack.to(function["LambdaFunctionARN"]) == versions(any_stack)["origin-response"]
        assert assets["CachePolicyId"] == cloudfront.CachePolicy.CACHING_OPTIMIZED.cache_policy_id

    def test_every_response_has_security_headers(self, any_stack: Reading) -> None:
        [policy] = {any_stack.to(each["ResponseHeadersPolicyId"]).id for each in behaviors(any_stack)}
        found = any_stack.resources[policy]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        assert found == {
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY", "Override": True},
            "ReferrerPolicy": {"Override": True, "ReferrerPolicy": "strict-origin-when-cross-origin"},
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": 31_536_000,
                "IncludeSubdomains": False,
                "Override": True,
            },
        }

    @pytest.mark.parametrize(
        ("name", "price_class", "web_acl", "countries"),
        [
            ("sandbox", "PriceClass_100", None, None),
            ("production", "PriceClass_100", None, None),
            ("own", "PriceClass_100", None, {"RestrictionType": "blacklist", "Locations": ["AQ"]}),
            (
                "full",
                "PriceClass_All",
                FULL["web_acl_arn"],
                {"RestrictionType": "whitelist", "Locations": ["DE", "FR"]},
            ),
        ],
    )
    def test_where_and_for_whom_it_answers_is_a_setting(
        self, read: Callable[[str], Reading], name: str, price_class: str, web_acl: str | None, countries: Any
    ) -> None:
        found = config(read(name))
        assert found.get("PriceClass", "PriceClass_All") == price_class
        assert found.get("WebACLId") == web_acl
        assert found.get("Restrictions", {}).get("GeoRestriction") == countries


class TestSite:
    def test_it_is_uploaded_and_the_cache_emptied(self, any_stack: Reading) -> None:
        files = any_stack.one("Custom::SiteUpload")
        assert any_stack.to(files["Bucket"]) == bucket_of_site(any_stack)
        assert any_stack.to(files["Distribution"]).type == "AWS::CloudFront::Distribution"
        assert files["SourceKey"].endswith(".zip")

    def test_the_cache_is_emptied_too_when_what_it_holds_would_be_made_otherwise(self, any_stack: Reading) -> None:
        pages = any_stack.one("AWS::CloudFront::Distribution")["DistributionConfig"]["DefaultCacheBehavior"]
        at_the_origin = {
            any_stack.to(each["LambdaFunctionARN"]).id
            for each in pages["LambdaFunctionAssociations"]
            if each["EventType"].startswith("origin-")
        }
        assert len(at_the_origin) == 2
        made_by = any_stack.one("Custom::SiteUpload")["MadeBy"]
        assert {any_stack.to(each).id for each in made_by} == at_the_origin

    @pytest.mark.parametrize(("name", "empties"), [("sandbox", "true"), ("production", "false")])
    def test_only_what_is_deleted_is_emptied(self, read: Callable[[str], Reading], name: str, empties: str) -> None:
        assert read(name).one("Custom::SiteUpload")["EmptyOnDelete"] == empties

    def test_it_is_the_only_custom_resource(self, any_stack: Reading) -> None:
        kinds = [each.type for each in any_stack.resources.values()]
        assert [kind for kind in kinds if "Custom" in kind] == ["Custom::SiteUpload"]
        assert kinds.count("AWS::Lambda::Function") == 5
        assert "AWS::Lambda::LayerVersion" not in kinds

    def test_its_function_may_do_that_and_no_more(self, any_stack: Reading) -> None:
        files = any_stack.one("Custom::SiteUpload")
        role = upload_role(any_stack)
        assert "ManagedPolicyArns" not in role.body["Properties"]
        allowed = {
            tuple(each["Action"]) if isinstance(each["Action"], list) else each["Action"]: each["Resource"]
            for each in any_stack.statements(role)
        }
        source = any_stack.shown(files["SourceBucket"])
        assert {action: any_stack.shown(resource) for action, resource in allowed.items()} == {
            ("logs:CreateLogStream", "logs:PutLogEvents"): "${AWS::Logs::LogGroup.Arn}",
            "s3:GetObject": f"arn:aws:s3:::{source}/*.zip",
            "s3:ListBucket": "${AWS::S3::Bucket.Arn}",
            ("s3:DeleteObject", "s3:PutObject"): "${AWS::S3::Bucket.Arn}/*",
            "kms:Decrypt": "arn:aws:kms:us-east-1:*:key/*",
            "cloudfront:CreateInvalidation": (
                "arn:aws:cloudfront::${AWS::AccountId}:distribution/${AWS::CloudFront::Distribution}"
            ),
        }
        assert files["SourceKey"].endswith(".zip")
        assert {policy.id for policy in policies_of(any_stack, role)} <= any_stack.before(files)

    def test_it_reads_a_bootstrapped_bucket_with_a_customer_managed_key(self, any_stack: Reading) -> None:
        """The role may use a key only by S3, and only for the archives of that bucket."""
        statements = any_stack.statements(upload_role(any_stack))
        [decrypting] = [each for each in statements if each["Action"] == "kms:Decrypt"]
        source = f"arn:aws:s3:::{any_stack.shown(any_stack.one('Custom::SiteUpload')['SourceBucket'])}"
        assert any_stack.shown(decrypting["Condition"]) == {
            "StringEquals": {"kms:ViaService": "s3.us-east-1.${AWS::URLSuffix}"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [source, f"{source}/*.zip"]},
        }

    def test_its_permissions_do_not_change_with_the_files(self, any_stack: Reading) -> None:
        digest = any_stack.one("Custom::SiteUpload")["SourceKey"].removesuffix(".zip")
        for policy in policies_of(any_stack, upload_role(any_stack)):
            assert digest not in json.dumps(policy.body)

    def test_its_permission_to_upload_does_not_wait_for_the_distribution(self, any_stack: Reading) -> None:
        distribution = any_stack.one("AWS::CloudFront::Distribution")
        waiting = [
            [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]]
            for policy in policies_of(any_stack, upload_role(any_stack))
            if distribution.id in any_stack.before(policy)
        ]
        assert waiting == [["cloudfront:CreateInvalidation"]]

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_its_log_is_kept_for_a_time(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        stack = read(name)
        group = stack.one("AWS::Logs::LogGroup")
        assert group["RetentionInDays"] == days
        function = stack.to(stack.one("Custom::SiteUpload")["ServiceToken"])
        assert stack.to(function["LoggingConfig"]["LogGroup"]) == group
        assert ("KmsKeyId" in group.body["Properties"]) == (name != "sandbox")


class TestOperation:
    def test_alarms_on_errors_notify_the_topic(self, any_stack: Reading) -> None:
        topic = any_stack.one("AWS::SNS::Topic")
        alarms = any_stack.all("AWS::CloudWatch::Alarm")
        watched = [metric for alarm in alarms for metric in metrics(alarm)]
        assert {(metric["Namespace"], metric["MetricName"]) for metric in watched} == {
            *(("AWS/CloudFront", name) for name in ("5xxErrorRate", "LambdaExecutionError", "LambdaValidationError")),
            *(("AWS/CloudFront", name) for name in ("LambdaLimitExceededErrors", "Requests")),
            ("AWS/Lambda", "ConcurrentExecutions"),
        }
        for metric in watched:
            dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
            if metric["Namespace"] == "AWS/Lambda":
                assert dimensions == {}, "the metric of all functions of the Region has no dimension"
                continue
            assert dimensions["Region"] == "Global"
            assert any_stack.to(dimensions["DistributionId"]).type == "AWS::CloudFront::Distribution"
        for alarm in alarms:
            assert any_stack.to(alarm["AlarmActions"][0]) == any_stack.to(alarm["OKActions"][0]) == topic

    def test_each_alarm_looks_at_some_of_its_minutes(self, any_stack: Reading) -> None:
        """A minute without requests must not reset an alarm."""
        for alarm in any_stack.all("AWS::CloudWatch::Alarm"):
            assert alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"]

    def test_every_metric_of_the_dashboard_has_its_dimensions(self, any_stack: Reading) -> None:
        body = any_stack.shown(any_stack.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
        metrics = [each["properties"].get("metrics", []) for each in json.loads(body)["widgets"]]
        of_cloudfront = [metric for each in metrics for metric in each if metric[0] == "AWS/CloudFront"]
        assert len(of_cloudfront) == 8
        for metric in of_cloudfront:
            assert metric[2:6] == ["DistributionId", "${AWS::CloudFront::Distribution}", "Region", "Global"]

    def test_access_logs_are_delivered_in_production(self, production: Reading, full: Reading) -> None:
        for stack, days in ((production, 365), (full, 30)):
            source = stack.one("AWS::Logs::DeliverySource")
            destination = stack.one("AWS::Logs::DeliveryDestination")
            delivery = stack.one("AWS::Logs::Delivery")
            assert stack.shown(source["ResourceArn"]).endswith(":distribution/${AWS::CloudFront::Distribution}")
            assert source["LogType"] == "ACCESS_LOGS"
            assert delivery["DeliverySourceName"] == source["Name"]
            assert source.id in stack.before(delivery)
            assert stack.to(delivery["DeliveryDestinationArn"]) == destination
            bucket = stack.to(destination["DestinationResourceArn"])
            assert bucket != bucket_of_site(stack)
            assert bucket["LifecycleConfiguration"]["Rules"] == [{"ExpirationInDays": days, "Status": "Enabled"}]
            assert bucket.kept == ("RetainExceptOnCreate", "Retain")
            [allowed] = [each for each in policy_of(stack, bucket) if each["Effect"] == "Allow"]
            assert allowed["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
            assert stack.shown(allowed["Resource"]) == "${AWS::S3::Bucket.Arn}/AWSLogs/${AWS::AccountId}/*"
            assert stack.shown(allowed["Condition"]) == {
                "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:${AWS::AccountId}:delivery-source:*"},
                "StringEquals": {
                    "aws:SourceAccount": "${AWS::AccountId}",
                    "s3:x-amz-acl": "bucket-owner-full-control",
                },
            }

    def test_sandbox_has_none(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::Logs::DeliverySource")
        assert len(sandbox.all("AWS::S3::Bucket")) == 1

    def test_outputs(self, sandbox: Reading, full: Reading) -> None:
        names = {"Url", "DistributionDomainName", "BucketName", "LogGroupNames", "DashboardUrl"}
        for stack in (sandbox, full):
            assert stack.document["Outputs"].keys() == names
        assert sandbox.output("Url") == "https://${AWS::CloudFront::Distribution.DomainName}"
        assert full.output("Url") == "https://www.example.com"
        assert sandbox.output("LogGroupNames").count("/aws/lambda/us-east-1.${AWS::Lambda::Function}") == 4


def redirects(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"redirects": [{"source": source, "target": target} for source, target in pairs]}


NAMED = {"domain_names": ["example.com"], "certificate_arn": CERTIFICATE}


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            (
                {"domain_names": ["example.com"]},
                "certificate_arn",
                "domain_names must come with hosted_zone_id or certificate_arn, got neither",
            ),
            ({"certificate_arn": CERTIFICATE}, "certificate_arn", "must be unset without domain_names"),
            (
                {**NAMED, "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
                "certificate_arn",
                "must be a certificate in us-east-1, got eu-west-1. CloudFront takes",
            ),
            (
                {**NAMED, "domain_names": [f"a{n}.example.com" for n in range(ALIASES_PER_DISTRIBUTION + 1)]},
                "domain_names",
                "must list at most 100 names, got 101. That is CloudFront's quota of alternate domain names per "
                f"distribution ({QUOTAS_URL})",
            ),
            ({"domain_names": ["Example.com"]}, "domain_names.0", "a domain name in lower case"),
            (
                {"web_acl_arn": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/1"},
                "web_acl_arn",
                "global/webacl/main",
            ),
            (
                {"allowed_countries": ["DE"], "blocked_countries": ["FR"]},
                "blocked_countries",
                "must be empty with allowed_countries",
            ),
            ({"allowed_countries": ["de"]}, "allowed_countries.0", "a two-letter country code"),
            ({"blocked_countries": ["XX"]}, "blocked_countries.0", "a two-letter country code"),
            ({"variant_paths": ["/about"]}, "variant_paths", "both variants, got /about"),
            ({"variant_paths": ["/about/"]}, "variant_paths.0", 'a path such as "/about"'),
            ({"content_security_policy": "a\r\nX: b"}, "content_security_policy", "printable ASCII characters"),
            (redirects(("/a", "https://evil.com/")), "redirects", "domain_names or redirect_hosts only, got evil.com"),
            (redirects(("/a", "//evil.com")), "redirects.0.target", 'a path such as "/team", or a URL'),
            (redirects(("/a", "http://example.com/")), "redirects.0.target", 'a URL such as "https://'),
            (redirects(("/a", "https://example.com@evil.com/")), "redirects.0.target", "a URL such as"),
            (redirects(("/a", "https://example.com:8080/")), "redirects.0.target", "a URL such as"),
            (redirects(("/a", "/b\r\nX: y")), "redirects.0.target", "a URL such as"),
            (redirects(("/a", "javascript:alert(1)")), "redirects.0.target", "a URL such as"),
            (
                redirects(("/a", "/" + "b" * URI_CHARACTERS)),
                "redirects.0.target",
                f"8,192 characters, CloudFront's quota ({LAMBDA_QUOTAS_URL})",
            ),
            (redirects(("/a/", "/b")), "redirects.0.source", "normalized"),
            (redirects(("/index.html", "/b")), "redirects.0.source", "normalized"),
            (redirects(("/a/../b", "/b")), "redirects.0.source", "normalized"),
            (redirects(("/%7ea", "/b")), "redirects.0.source", "normalized"),
            (redirects(("/variant-b/a", "/b")), "redirects.0.source", "normalized"),
            (redirects(("/a", "/b"), ("/a", "/c")), "redirects", "Must contain each source once"),
            (redirects(("/a", "/a")), "redirects", "Must not redirect to another source, but /a leads to /a"),
            (redirects(("/a", "/b"), ("/b", "/c")), "redirects", "/a leads to /b"),
            (redirects(("/a", "/b?c"), ("/b", "/c")), "redirects", "/a leads to /b"),
            (redirects(("/a", "/a/")), "redirects", "without a slash or index.html at its end, got /a/"),
            ({**NAMED, **redirects(("/a", "https://example.com/a"))}, "redirects", "/a leads to /a"),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(LambdaEdgeStack, **settings)
        assert list(said) == [path]
        assert remedy in said[path]

    def test_a_table_of_redirects_too_large_for_a_package(self) -> None:
        import random

        words = random.Random(1)
        table = [(f"/{words.getrandbits(512):x}", f"/to/{words.getrandbits(512):x}") for _ in range(12_000)]
        said = refusal(LambdaEdgeStack, **redirects(*table))
        assert list(said) == ["redirects"]
        assert (
            "The package of the viewer-request function must be at most 1,048,576 bytes compressed, got"
            in said["redirects"]
        )
        assert f"({LAMBDA_QUOTAS_URL})" in said["redirects"]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (
                {"memory_mib": 256},
                f"memory_mib must be 128 at viewer-request, got 256 ({LAMBDA_QUOTAS_URL})",
            ),
            ({"timeout_seconds": 6}, "timeout_seconds must be 1 to 5 at viewer-request, got 6"),
            (
                {"event": "origin-request", "timeout_seconds": 31},
                "timeout_seconds must be 1 to 30 at origin-request, got 31",
            ),
            (
                {"event": "origin-request", "memory_mib": 64},
                "memory_mib must be 128 to 10,240 at origin-request, got 64",
            ),
            ({"handler": "b.handler"}, "got b.handler. There is no b.py among a.py"),
        ],
    )
    def test_a_function_that_cloudfront_does_not_take(self, wrong: dict[str, Any], message: str) -> None:
        stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="us-east-1"))
        right = {"event": "viewer-request", "files": {"a.py": ""}, "handler": "a.handler", "description": ""}
        given: dict[str, Any] = {**right, **wrong}
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
            EdgeFunction(stack, "Function", **given)
        assert message in str(refused.value)
        assert not stack.node.children

    @pytest.mark.parametrize("region", [None, "eu-west-1"])
    def test_another_region(self, region: str | None) -> None:
        stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region=region))
        with pytest.raises(ValueError, match="must be in us-east-1, got") as refused:
            EdgeFunction(
                stack, "Function", event="viewer-request", files={"a.py": ""}, handler="a.handler", description=""
            )
        assert RESTRICTIONS_URL in str(refused.value)
        bucket = s3.Bucket(stack, "Bucket")
        with pytest.raises(ValueError, match="access logs must be in us-east-1, got"):
            DistributionLogs(stack, "Logs", distribution=bucket, posture=SANDBOX)  # ty: ignore[invalid-argument-type]

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        stack = cdk.Stack(cdk.App(), "Stack")
        bucket: Any = s3.Bucket(stack, "Bucket")
        with pytest.raises(ValueError, match=r"folder must be a directory, got .*missing"):
            SiteUpload(stack, "Site", folder=tmp_path / "missing", bucket=bucket, distribution=bucket, posture=SANDBOX)


@pytest.mark.parametrize(
    ("names", "shared"),
    [(["www.example.com", "example.com"], "www.example.com, example.com"), (["www.example.com"], "www.example.com")],
)
def test_the_second_stage_is_warned_of_domain_names_of_the_first(names: list[str], shared: str, tmp_path: Path) -> None:
    """CloudFront accepts a domain name on one distribution, in all accounts."""
    app = unchecked_app(tmp_path)
    env = cdk.Environment(account="111122223333", region="us-east-1")
    made = []
    for scope, given in ((app, EVERY_OPTION["domain_names"]), (cdk.Stage(app, "live", env=env), names)):
        settings = LambdaEdgeSettings(domain_names=tuple(given), certificate_arn=CERTIFICATE)
        made.append(LambdaEdgeStack(scope, "LambdaEdgeStack", settings=settings, posture=SANDBOX))
    first, second = (Annotations.from_stack(each).find_warning("*", Match.any_value()) for each in made)
    assert first == []
    [warning] = second
    assert f"LambdaEdgeStack has {shared} in domain_names, too." in str(warning.entry.data)


def test_stages_with_domain_names_of_their_own_are_silent(tmp_path: Path) -> None:
    app = unchecked_app(tmp_path)
    for name in ("www.example.com", "www.example.org"):
        settings = LambdaEdgeSettings.model_validate({"domain_names": [name], "certificate_arn": CERTIFICATE})
        stack = LambdaEdgeStack(cdk.Stage(app, name[-3:]), "Site", settings=settings, posture=SANDBOX)
        assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


class TestPage:
    """The code of the page, in an app of its own."""

    @pytest.fixture
    def given(self) -> dict[str, Any]:
        stack = cdk.Stack(unchecked_app(), "Site", env=cdk.Environment(region="us-east-1"))
        bucket = site_bucket(stack, "Bucket", posture=SANDBOX)
        pages = cloudfront.BehaviorOptions(origin=site_origin(bucket))
        site = SiteDistribution(stack, "Site", comment="Site", default_behavior=pages)
        names = {"SiteDistribution": SiteDistribution, "site_origin": site_origin, "cloudfront": cloudfront}
        return {**names, "origins": origins, "s3": s3, "stack": stack, "bucket": bucket, "pages": pages, "site": site}

    @staticmethod
    def run(word: str, given: dict[str, Any]) -> None:
        page = (Path(__file__).parents[2] / "docs" / "lambda-edge.md").read_text(encoding="utf-8")
        [code] = [each for each in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if word in each]
        assert len(code.splitlines()) <= 8
        exec(compile(code, "lambda-edge.md", "exec"), given)

    def test_a_staging_distribution(self, given: dict[str, Any]) -> None:
        self.run("Staging", given)
        stack = Reading(given["stack"])
        found = {each["DistributionConfig"]["Comment"]: each for each in stack.all("AWS::CloudFront::Distribution")}
        first, staging = (found[name]["DistributionConfig"] for name in ("Site", "Staging"))
        assert first["HttpVersion"] == staging["HttpVersion"] == "http2"
        assert staging["Staging"] is True
        assert "Staging" not in first
        policy = stack.one("AWS::CloudFront::ContinuousDeploymentPolicy")
        assert stack.to(first["ContinuousDeploymentPolicyId"]) == policy
        config = policy["ContinuousDeploymentPolicyConfig"]
        assert [stack.to(each) for each in config["StagingDistributionDnsNames"]] == [found["Staging"]]
        assert config["TrafficConfig"]["SingleHeaderConfig"]["Header"].startswith("aws-cf-cd-")
        [bucket] = stack.all("AWS::S3::Bucket")
        readers = [each for each in policy_of(stack, bucket) if each["Effect"] == "Allow"]
        sources = [value for each in readers for value in each["Condition"]["StringEquals"].values()]
        assert len(sources) == 2, "each of the two distributions may read the bucket"

    def test_origin_failover(self, given: dict[str, Any]) -> None:
        self.run("OriginGroup", given)
        SiteDistribution(given["stack"], "Both", comment="Both", default_behavior=given["pages"])
        stack = Reading(given["stack"])
        [config] = [
            each["DistributionConfig"]
            for each in stack.all("AWS::CloudFront::Distribution")
            if each["DistributionConfig"]["Comment"] == "Both"
        ]
        [group] = config["OriginGroups"]["Items"]
        assert config["DefaultCacheBehavior"]["TargetOriginId"] == group["Id"]
        ids = {each["Id"]: each["DomainName"] for each in config["Origins"]}
        first, second = (ids[member["OriginId"]] for member in group["Members"]["Items"])
        assert stack.to(first).type == "AWS::S3::Bucket"
        assert "company-site-replica" in stack.shown(second)
        assert set(group["FailoverCriteria"]["StatusCodes"]["Items"]) == {500, 502, 503, 504}


class TestDrawing(DrawingPromises):
    """What docs/lambda-edge.d2 shows."""
