"""Checks of a deployed ``LambdaEdgeStack``."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pytest

from patternbook.limits.edge import ARCHITECTURE, EVENTS, PRINCIPALS, REGION, VIEWER
from tests.deployed.answers import Answer
from tests.deployed.changes import ATTACHED, BODY, EVERYTHING, STATEMENTS, TRUST, by, made, may, output
from tests.deployed.looking import (
    CERTIFICATE,
    RECORD,
    check_certificate,
    check_names,
    inline_statements,
    listed,
    policies_of,
)
from tests.deployed.proving import Copied, fails
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "LambdaEdgeStack"
PINNED_REGION = REGION

DISTRIBUTION = "AWS::CloudFront::Distribution"
LOG_ACTIONS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
PAGES = {"index.html", "about/index.html", "variant-b/index.html"}
COOKIE = "variant"
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")

CONFIG = "cloudfront.get_distribution_config DistributionConfig"
PAGES_BEHAVIOR, ASSETS = f"{CONFIG} DefaultCacheBehavior", f"{CONFIG} CacheBehaviors Items *"
AT = f"{PAGES_BEHAVIOR} LambdaFunctionAssociations Items"
ARN = "arn:aws:lambda:us-east-1:111122223333:function:other"
FUNCTION = "lambda.get_function_configuration"
KEY = "cloudfront.get_cache_policy_config CachePolicyConfig ParametersInCacheKeyAndForwardedToOrigin"
RECORDS = "route53.list_resource_record_sets ResourceRecordSets"
ISSUED = "acm.describe_certificate Certificate"
TLS = f"{CONFIG} ViewerCertificate"
SECURITY = "cloudfront.get_response_headers_policy_config ResponseHeadersPolicyConfig SecurityHeadersConfig"
ORIGIN = f"{CONFIG} Origins Items 0"
SIGNING = "cloudfront.get_origin_access_control_config OriginAccessControlConfig SigningBehavior"
BLOCKED = "s3.get_public_access_block PublicAccessBlockConfiguration BlockPublicPolicy"
READERS = "s3.get_bucket_policy Policy Statement Effect=Allow"
BY_DISTRIBUTION = {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::111122223333:distribution/OTHER"}}
VERSIONS = "s3.get_bucket_versioning Status"
DELIVERIES = "logs.describe_deliveries deliveries"
BUCKET = "logs.describe_delivery_destinations deliveryDestinations * deliveryDestinationConfiguration"
HEADERS, AGAIN = "http.get#1 headers", "http.get#2"
GIVEN = f"{HEADERS} set-cookie"
SECURE = dict.fromkeys(("content-security-policy", "strict-transport-security", "x-content-type-options"), "given")


def _site(parameters: Mapping[str, Any]) -> Answer:
    """The answers of the functions at the edge, which an emulated account does not run."""
    path = "/" + parameters["url"].removeprefix("https://").partition("/")[2]
    if path == "/":
        cookie = {} if "Cookie" in parameters["headers"] else {"set-cookie": f"{COOKIE}=a; Secure; HttpOnly"}
        return {"status": 200, "headers": {**SECURE, **cookie}, "body": "variant a"}
    if path == "/about/index.html?a=b":
        return {"status": 301, "headers": {"location": parameters["url"].replace("/index.html", "")}, "body": ""}
    if path == "/about":
        return {"status": 200, "headers": {}, "body": "about"}
    return {"status": 404, "headers": {}, "body": "There is no such page"}


BY_HAND = {"http.get": _site}


VIEWER_FUNCTION = {"Quantity": 1, "Items": [{"EventType": "viewer-request", "LambdaFunctionARN": f"{ARN}:1"}]}
SOURCES = "logs.describe_delivery_sources deliverySources"
SITE_BUCKET = Copied(output("BucketName"), "arn:aws:s3:::{}")
IN_SANDBOX = {
    f"{SOURCES}": [{"name": "ours", "resourceArns": ["arn"]}],
    f"{SOURCES} 0 resourceArns 0": Copied(f"{made(DISTRIBUTION)} PhysicalResourceId", ":distribution/{}"),
    f"{DELIVERIES}": [{"deliverySourceName": "ours"}],
}


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("5xxErrorRate", "LambdaExecutionError", "LambdaValidationError", "LambdaLimitExceededErrors"),
        "ConcurrentExecutions",
    }


@fails("is in eu-west-1, not in us-east-1", "region", "eu-west-1")
def test_the_stack_is_where_cloudfront_looks_for_functions(stack: DeployedStack) -> None:
    region = stack.region
    assert region == REGION, f"the stack is in {region}, not in {REGION}"


@fails(r"no function at \['origin-request'\]", f"{AT} EventType=origin-request")
@fails("at viewer-request is no numbered version", f"{AT} EventType=viewer-request LambdaFunctionARN", f"{ARN}:$LATEST")
@fails("no numbered version in", f"{AT} * LambdaFunctionARN", f"{ARN}:1".replace("us-east-1", "eu-west-1"))
@fails("a version that is not the stack's", f"{AT} EventType=viewer-response LambdaFunctionARN", f"{ARN}:1")
@fails(r"each request for /assets/\* calls a function", f"{ASSETS} LambdaFunctionAssociations", VIEWER_FUNCTION)
def test_a_function_is_at_each_event(stack: DeployedStack) -> None:
    found = associations(config(stack)["DefaultCacheBehavior"])
    assert found.keys() == EVENTS.keys(), f"no function at {sorted(EVENTS.keys() - found.keys())}"
    for event, arn in found.items():
        assert re.fullmatch(rf"arn:aws:lambda:{REGION}:\d{{12}}:function:[\w-]+:\d+", arn), (
            f"at {event} is no numbered version in {REGION}: {arn}"
        )
        assert arn in stack.all("AWS::Lambda::Version"), f"at {event} is a version that is not the stack's: {arn}"
    for behavior in config(stack).get("CacheBehaviors", {}).get("Items", []):
        assert not [event for event in associations(behavior) if EVENTS[event] is VIEWER], (
            f"each request for {behavior['PathPattern']} calls a function"
        )


@fails("has environment variables", f"{FUNCTION} Environment", {"Variables": {"A": "b"}})
@fails("another architecture", f"{FUNCTION} Architectures", ["arm64"])
@fails("runs on provided", f"{FUNCTION} Runtime", "provided.al2023")
@fails("256 MiB of memory, where", f"{FUNCTION} MemorySize", 256)
@fails("31 seconds, where", f"{FUNCTION} Timeout", 31)
@fails("1048577 bytes, where", f"{FUNCTION} CodeSize", 2**20 + 1)
def test_the_functions_are_such_as_cloudfront_takes(stack: DeployedStack) -> None:
    for event, function in functions(stack):
        name, limits = function["FunctionName"], EVENTS[event]
        assert not function.get("Environment", {}).get("Variables"), f"{name} has environment variables"
        assert function.get("Architectures", [ARCHITECTURE]) == [ARCHITECTURE], f"{name} is for another architecture"
        assert function["Runtime"].startswith("python"), f"{name} runs on {function['Runtime']}"
        for what, value, most in (
            ("MiB of memory", function["MemorySize"], limits.memory_mib),
            ("seconds", function["Timeout"], limits.timeout_seconds),
            ("bytes", function["CodeSize"], limits.package_bytes),
        ):
            assert 0 < value <= most, f"{name} has {value} {what}, where {event} takes {most}"


@fails(r"is run by \['lambda.amazonaws.com'\]", f"{TRUST} Principal", by("lambda.amazonaws.com"))
@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may write to arn:aws:logs:\*", f"{STATEMENTS} * Resource", "arn:aws:logs:*:111122223333:log-group:*")
@fails("more than log, or not even that: .*CreateLogGroup", may())
def test_the_functions_may_write_their_logs_only(stack: DeployedStack) -> None:
    for _, function in functions(stack):
        name, role = function["FunctionName"], function["Role"].rpartition("/")[2]
        trust = stack.ask("iam.get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        trusted = {
            service for statement in trust["Statement"] for service in listed(statement["Principal"].get("Service", []))
        }
        assert trusted == set(PRINCIPALS), f"{name} is run by {sorted(trusted)}"
        attached = policies_of(stack, role)
        assert not attached, f"{name} has managed policies: {attached}"
        allowed = set[str]()
        for statement in inline_statements(stack, role):
            allowed |= set(listed(statement["Action"]))
            for resource in listed(statement["Resource"]):
                own = rf"arn:aws:logs:\*:\d{{12}}:log-group:/aws/lambda/{REGION}\.{re.escape(name)}(:\*)?"
                assert re.fullmatch(own, resource), f"{name} may write to {resource}"
        assert allowed == LOG_ACTIONS, f"{name} may more than log, or not even that: {sorted(allowed ^ LOG_ACTIONS)}"


@fails("658327ea is not the stack's", f"{PAGES_BEHAVIOR} CachePolicyId", "658327ea")
@fails("cookies in the cache key: all", f"{KEY} CookiesConfig CookieBehavior", "all")
@fails("cookies in the cache key: whitelist .*session", f"{KEY} CookiesConfig Cookies Items +", "session")
@fails("headers and query strings", f"{KEY} HeadersConfig HeaderBehavior", "whitelist")
@fails(r"\('none', 'all'\)", f"{KEY} QueryStringsConfig QueryStringBehavior", "all")
@fails("more than the cache key: all-viewer", f"{PAGES_BEHAVIOR} OriginRequestPolicyId", "all-viewer")
def test_pages_are_cached_by_their_path_and_variant(stack: DeployedStack) -> None:
    policy = config(stack)["DefaultCacheBehavior"].get("CachePolicyId")
    assert policy in stack.all("AWS::CloudFront::CachePolicy"), f"the cache policy {policy} is not the stack's"
    found = stack.ask("cloudfront.get_cache_policy_config", Id=policy)["CachePolicyConfig"]
    key = found["ParametersInCacheKeyAndForwardedToOrigin"]
    cookies = key["CookiesConfig"].get("Cookies", {}).get("Items", [])
    of_cookies = key["CookiesConfig"]["CookieBehavior"]
    assert (of_cookies, cookies) == ("whitelist", [COOKIE]), f"cookies in the cache key: {of_cookies} {cookies}"
    others = (key["HeadersConfig"]["HeaderBehavior"], key["QueryStringsConfig"]["QueryStringBehavior"])
    assert others == ("none", "none"), f"headers and query strings in the cache key: {others}"
    forwarded = config(stack)["DefaultCacheBehavior"].get("OriginRequestPolicyId")
    assert not forwarded, f"the bucket gets more than the cache key: {forwarded}"


@fails("is disabled", f"{CONFIG} Enabled", False)
@fails("speaks http2", f"{CONFIG} HttpVersion", "http2")
@fails("IPv6", f"{CONFIG} IsIPV6Enabled", False)
@fails("plain HTTP: allow-all", f"{ASSETS} ViewerProtocolPolicy", "allow-all")
def test_viewers_get_https_and_http_3(stack: DeployedStack) -> None:
    found = config(stack)
    assert found["Enabled"], "the distribution is disabled"
    assert found["HttpVersion"] == "http2and3", f"the distribution speaks {found['HttpVersion']}"
    assert found["IsIPV6Enabled"], "viewers with IPv6 do not get to the distribution"
    for behavior in behaviors(stack):
        protocols = behavior["ViewerProtocolPolicy"]
        assert protocols in ("redirect-to-https", "https-only"), f"viewers get plain HTTP: {protocols}"


@fails("the site is at www.example.org, and", output("Url"), "https://www.example.org", only="sandbox")
@fails("canonical host is other", output("Url"), "https://other", only="everything")
@fails("leads to nothing by its HTTPS record", f"{RECORDS} Type=HTTPS", only="everything")
@fails("leads to nothing by its AAAA record", f"{RECORDS} Type=AAAA", only="everything")
@fails("leads to other by its A record", f"{RECORDS} Type=A AliasTarget DNSName", "other", only="everything")
@fails("certificate is PENDING_VALIDATION", f"{ISSUED} Status", "PENDING_VALIDATION", only="everything")
@fails("does not cover", f"{ISSUED} SubjectAlternativeNames", ["other.example.com"], only="everything")
@fails("in use is none", f"{TLS} ACMCertificateArn", only="everything")
@fails("in use is arn:other", f"{TLS} ACMCertificateArn", "arn:other", only="everything")
@fails("viewers may use TLSv1.1_2016", f"{TLS} MinimumProtocolVersion", "TLSv1.1_2016", only="everything")
def test_names_of_ones_own_come_with_a_certificate_and_new_tls(stack: DeployedStack) -> None:
    found = config(stack)
    names = found.get("Aliases", {}).get("Items", [])
    certificate = found.get("ViewerCertificate", {})
    host = stack.outputs["Url"].removeprefix("https://")
    if not names:
        own = stack.outputs["DistributionDomainName"]
        assert host == own, f"the site is at {host}, and the distribution, without a name of its own, at {own}"
        return
    assert host in names, f"the canonical host is {host}, and the names of the distribution are {names}"
    if stack.all(RECORD):
        check_names(stack, names, stack.outputs["DistributionDomainName"], ("A", "AAAA", "HTTPS"))
    if stack.all(CERTIFICATE):
        check_certificate(stack, names, certificate.get("ACMCertificateArn", "none"))
    arn, minimum = certificate.get("ACMCertificateArn", ""), certificate.get("MinimumProtocolVersion", "")
    assert f":{REGION}:" in arn, f"the certificate is not in {REGION}: {arn or 'none'}"
    assert minimum >= "TLSv1.2_2021", f"viewers may use {minimum}"


@fails("the headers are of None", f"{ASSETS} ResponseHeadersPolicyId")
@fails(r"responses lack \['FrameOptions'\]", f"{SECURITY} FrameOptions")
@fails("the bucket may say otherwise", f"{SECURITY} ContentTypeOptions Override", False)
def test_every_response_has_security_headers(stack: DeployedStack) -> None:
    for behavior in behaviors(stack):
        policy = behavior.get("ResponseHeadersPolicyId")
        assert policy in stack.all("AWS::CloudFront::ResponseHeadersPolicy"), f"the headers are of {policy}"
        found = stack.ask("cloudfront.get_response_headers_policy_config", Id=policy)["ResponseHeadersPolicyConfig"]
        security = found.get("SecurityHeadersConfig", {})
        needed = {"StrictTransportSecurity", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy"}
        assert needed <= security.keys(), f"responses lack {sorted(needed - security.keys())}"
        assert all(security[name]["Override"] for name in needed), f"the bucket may say otherwise: {security}"


@fails("origin is other", f"{ORIGIN} DomainName", "other.s3.us-east-1.amazonaws.com")
@fails("requests to the bucket are not signed", f"{ORIGIN} OriginAccessControlId", "")
@fails("are signed never", SIGNING, "never")
@fails("can be made public", BLOCKED, False)
@fails(r"\* may \['s3:GetObject'\]", f"{READERS} Principal", "*")
@fails(r"CloudFront may \['s3:\*'\]", f"{READERS} Action", "s3:*")
@fails("all distributions may read the bucket", f"{READERS} Condition", {})
@fails("OTHER'] may read the bucket", f"{READERS} Condition", BY_DISTRIBUTION)
def test_the_bucket_is_read_by_the_distribution_only(stack: DeployedStack) -> None:
    bucket, distribution = stack.outputs["BucketName"], stack.only(DISTRIBUTION)
    for origin in config(stack)["Origins"]["Items"]:
        assert origin["DomainName"].startswith(f"{bucket}.s3."), f"the origin is {origin['DomainName']}"
        control = origin.get("OriginAccessControlId")
        assert control in stack.all("AWS::CloudFront::OriginAccessControl"), "requests to the bucket are not signed"
        signing = stack.ask("cloudfront.get_origin_access_control_config", Id=control)["OriginAccessControlConfig"]
        assert signing["SigningBehavior"] == "always", f"requests to the bucket are signed {signing['SigningBehavior']}"
    blocked = stack.ask("s3.get_public_access_block", Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert blocked == dict.fromkeys(BLOCKS, True), f"the bucket can be made public: {blocked}"
    for statement in json.loads(stack.ask("s3.get_bucket_policy", Bucket=bucket)["Policy"])["Statement"]:
        if statement["Effect"] == "Allow":
            who, what = statement["Principal"], listed(statement["Action"])
            assert who == {"Service": "cloudfront.amazonaws.com"}, f"{who} may {what}"
            assert what == ["s3:GetObject"], f"CloudFront may {what}"
            by = [arn for condition in statement.get("Condition", {}).values() for arn in condition.values()]
            own = [str(arn).rpartition(":distribution/")[2] for arn in by]
            assert own == [distribution], f"{by or 'all distributions'} may read the bucket"


@fails(r"lacks \['about/index.html'\]", "s3.list_objects_v2 Contents Key=about/index.html")
@fails("html is binary/octet-stream", "s3.head_object ContentType", "binary/octet-stream")
def test_the_site_is_uploaded(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    found = {item["Key"] for item in stack.ask("s3.list_objects_v2", Bucket=bucket).get("Contents", [])}
    assert found >= PAGES, f"the bucket lacks {sorted(PAGES - found)}"
    for key in PAGES:
        kind = stack.ask("s3.head_object", Bucket=bucket, Key=key)["ContentType"]
        assert kind == "text/html; charset=utf-8", f"{key} is {kind}"


@fails("old versions of files are Enabled in sandbox", VERSIONS, "Enabled", only="sandbox")
@fails("old versions of files are Suspended in production", VERSIONS, "Suspended", only="production")
def test_the_site_is_kept_in_production_only(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    status = stack.ask("s3.get_bucket_versioning", Bucket=bucket).get("Status", "off")
    expected = "Enabled" if stack.production else "off"
    assert status == expected, f"old versions of files are {status} in {stack.posture}"


@fails("0 deliveries in production", DELIVERIES, [], only="production")
@fails("1 deliveries in sandbox", IN_SANDBOX, only="sandbox")
@fails("other, which is not the stack's", f"{BUCKET} destinationResourceArn", "arn:aws:s3:::other", only="production")
@fails("go to the bucket of the site", f"{BUCKET} destinationResourceArn", SITE_BUCKET, only="production")
@fails("may write access logs", f"{READERS} Principal", {"Service": "s3.amazonaws.com"}, only="production")
def test_access_logs_are_delivered_in_production_only(stack: DeployedStack) -> None:
    arn = f":distribution/{stack.only(DISTRIBUTION)}"
    sources = {
        source["name"]
        for source in stack.ask("logs.describe_delivery_sources")["deliverySources"]
        if any(resource.endswith(arn) for resource in source["resourceArns"])
    }
    deliveries = [
        delivery
        for delivery in stack.ask("logs.describe_deliveries")["deliveries"]
        if delivery["deliverySourceName"] in sources
    ]
    assert len(deliveries) == (1 if stack.production else 0), f"{len(deliveries)} deliveries in {stack.posture}"
    for delivery in deliveries:
        destinations = stack.ask("logs.describe_delivery_destinations")["deliveryDestinations"]
        [destination] = [each for each in destinations if each["arn"] == delivery["deliveryDestinationArn"]]
        bucket = destination["deliveryDestinationConfiguration"]["destinationResourceArn"].rpartition(":")[2]
        assert bucket in stack.all("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"
        assert bucket != stack.outputs["BucketName"], "access logs go to the bucket of the site"
        policy = json.loads(stack.ask("s3.get_bucket_policy", Bucket=bucket)["Policy"])
        writers = [each["Principal"] for each in policy["Statement"] if each["Effect"] == "Allow"]
        assert writers == [{"Service": "delivery.logs.amazonaws.com"}], f"{writers} may write access logs"


@fails("the site answers 503", "http.get status", 503)
@fails("the page has no content-security-policy", f"{HEADERS} content-security-policy")
@fails("the page has no strict-transport-security", f"{HEADERS} strict-transport-security")
@fails("the page has no x-content-type-options", f"{HEADERS} x-content-type-options")
@fails("a visitor gets no variant: ''", GIVEN)
@fails("gets no variant: 'vari", GIVEN, "variant=c; Secure")
@fails("is not Secure", GIVEN, "variant=a; HttpOnly")
@fails("is not HttpOnly", GIVEN, "variant=a; Secure")
@fails("gets another variant", f"{AGAIN} body", "variant b")
@fails("gets another cookie", f"{AGAIN} headers set-cookie", "variant=a")
@pytest.mark.real_account
def test_a_page_has_its_headers_and_a_variant(stack: DeployedStack) -> None:
    url = stack.outputs["Url"]
    answer = stack.page(f"{url}/")
    assert answer["status"] == 200, f"the site answers {answer['status']}"
    for name in ("content-security-policy", "strict-transport-security", "x-content-type-options"):
        assert name in answer["headers"], f"the page has no {name}"
    cookie = answer["headers"].get("set-cookie", "")
    given = re.match(rf"{COOKIE}=([ab]);", cookie)
    assert given, f"a visitor gets no variant: {cookie!r}"
    for attribute in ("Secure", "HttpOnly"):
        assert attribute in cookie, f"the cookie is not {attribute}: {cookie}"
    again = stack.page(f"{url}/", Cookie=f"{COOKIE}={given[1]}")
    assert again["body"] == answer["body"], "the same visitor gets another variant"
    assert "set-cookie" not in again["headers"], "a visitor who has a variant gets another cookie"


@fails("is answered by 200", "http.get#1 status", 200)
@fails("answered by 301, to https://evil.com/", f"{HEADERS} location", "https://evil.com/")
@fails("there is no page at /about", "http.get#2 status", 404)
@pytest.mark.real_account
def test_a_page_has_one_address(stack: DeployedStack) -> None:
    answer = stack.page(f"{stack.outputs['Url']}/about/index.html?a=b")
    location = answer["headers"].get("location")
    assert (answer["status"], location) == (301, f"{stack.outputs['Url']}/about?a=b"), (
        f"/about/index.html is answered by {answer['status']}, to {location}"
    )
    assert stack.page(f"{stack.outputs['Url']}/about")["status"] == 200, "there is no page at /about"


@fails("answered by 403", "http.get status", 403)
@fails("is of no help: NoSuchKey", BODY, "NoSuchKey")
@pytest.mark.real_account
def test_a_missing_page_is_one_of_help(stack: DeployedStack) -> None:
    answer = stack.page(f"{stack.outputs['Url']}/there-is-no-such-page")
    assert answer["status"] == 404, f"a missing page is answered by {answer['status']}"
    assert "There is no such page" in answer["body"], f"a missing page is of no help: {answer['body'][:200]}"


def config(stack: DeployedStack) -> dict[str, Any]:
    found = stack.ask("cloudfront.get_distribution_config", Id=stack.only(DISTRIBUTION))
    return found["DistributionConfig"]


def behaviors(stack: DeployedStack) -> list[dict[str, Any]]:
    found = config(stack)
    return [found["DefaultCacheBehavior"], *found.get("CacheBehaviors", {}).get("Items", [])]


def associations(behavior: dict[str, Any]) -> dict[str, str]:
    """Versions of functions, by event."""
    found = behavior.get("LambdaFunctionAssociations", {}).get("Items", [])
    return {each["EventType"]: each["LambdaFunctionARN"] for each in found}


def functions(stack: DeployedStack) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each event of the distribution, with the configuration of its function version."""
    for event, arn in associations(config(stack)["DefaultCacheBehavior"]).items():
        yield event, stack.ask("lambda.get_function_configuration", FunctionName=arn)
