"""What a person would look at once ``LambdaEdgeStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_lambda_edge.py.
"""

import json
import re
import urllib.request
from collections.abc import Iterable
from email.message import Message
from typing import Any, NamedTuple
from urllib.error import HTTPError

import pytest

from patternbook.limits.edge import ARCHITECTURE, EVENTS, PRINCIPALS, REGION, VIEWER
from tests.deployed import service as any_service
from tests.deployed.service import heard_by_the_topic, inline_statements, listed
from tests.deployed.stack import DeployedStack

STACK = "LambdaEdgeStack"

DISTRIBUTION = "AWS::CloudFront::Distribution"
LOG_ACTIONS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
WATCHED = {"5xxErrorRate", "LambdaExecutionError", "LambdaValidationError"}
PAGES = {"index.html", "about/index.html", "variant-b/index.html"}
COOKIE = "variant"

# The same of any service.
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms


def test_the_stack_is_where_cloudfront_looks_for_functions(stack: DeployedStack) -> None:
    region = stack.session.region_name
    assert region == REGION, f"the stack is in {region}, not in {REGION}"


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


def test_the_functions_may_write_their_logs_only(stack: DeployedStack) -> None:
    iam = stack.client("iam")
    for _, function in functions(stack):
        name, role = function["FunctionName"], function["Role"].rpartition("/")[2]
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        trusted = {
            service for statement in trust["Statement"] for service in listed(statement["Principal"].get("Service", []))
        }
        assert trusted == set(PRINCIPALS), f"{name} is run by {sorted(trusted)}"
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert not attached, f"{name} has managed policies: {attached}"
        allowed = set[str]()
        for statement in inline_statements(stack, role):
            allowed |= set(listed(statement["Action"]))
            for resource in listed(statement["Resource"]):
                own = rf"arn:aws:logs:\*:\d{{12}}:log-group:/aws/lambda/{REGION}\.{re.escape(name)}(:\*)?"
                assert re.fullmatch(own, resource), f"{name} may write to {resource}"
        assert allowed == LOG_ACTIONS, f"{name} may more than log, or not even that: {sorted(allowed ^ LOG_ACTIONS)}"


def test_pages_are_cached_by_their_path_and_variant(stack: DeployedStack) -> None:
    cloudfront = stack.client("cloudfront")
    policy = config(stack)["DefaultCacheBehavior"].get("CachePolicyId")
    assert policy in stack.all("AWS::CloudFront::CachePolicy"), f"the cache policy {policy} is not the stack's"
    found = cloudfront.get_cache_policy_config(Id=policy)["CachePolicyConfig"]
    key = found["ParametersInCacheKeyAndForwardedToOrigin"]
    cookies = key["CookiesConfig"].get("Cookies", {}).get("Items", [])
    of_cookies = key["CookiesConfig"]["CookieBehavior"]
    assert (of_cookies, cookies) == ("whitelist", [COOKIE]), f"cookies in the cache key: {of_cookies} {cookies}"
    others = (key["HeadersConfig"]["HeaderBehavior"], key["QueryStringsConfig"]["QueryStringBehavior"])
    assert others == ("none", "none"), f"headers and query strings in the cache key: {others}"
    forwarded = config(stack)["DefaultCacheBehavior"].get("OriginRequestPolicyId")
    assert not forwarded, f"the bucket gets more than the cache key: {forwarded}"


def test_viewers_get_https_and_http_3(stack: DeployedStack) -> None:
    found = config(stack)
    assert found["Enabled"], "the distribution is disabled"
    assert found["HttpVersion"] == "http2and3", f"the distribution speaks {found['HttpVersion']}"
    assert found["IsIPV6Enabled"], "viewers with IPv6 do not get to the distribution"
    for behavior in behaviors(stack):
        protocols = behavior["ViewerProtocolPolicy"]
        assert protocols in ("redirect-to-https", "https-only"), f"viewers get plain HTTP: {protocols}"


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
    arn, minimum = certificate.get("ACMCertificateArn", ""), certificate.get("MinimumProtocolVersion", "")
    assert f":{REGION}:" in arn, f"the certificate is not in {REGION}: {arn or 'none'}"
    assert minimum >= "TLSv1.2_2021", f"viewers may use {minimum}"


def test_every_response_has_security_headers(stack: DeployedStack) -> None:
    cloudfront = stack.client("cloudfront")
    for behavior in behaviors(stack):
        policy = behavior.get("ResponseHeadersPolicyId")
        assert policy in stack.all("AWS::CloudFront::ResponseHeadersPolicy"), f"the headers are of {policy}"
        found = cloudfront.get_response_headers_policy_config(Id=policy)["ResponseHeadersPolicyConfig"]
        security = found.get("SecurityHeadersConfig", {})
        needed = {"StrictTransportSecurity", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy"}
        assert needed <= security.keys(), f"responses lack {sorted(needed - security.keys())}"
        assert all(security[name]["Override"] for name in needed), f"the bucket may say otherwise: {security}"


def test_the_bucket_is_read_by_the_distribution_only(stack: DeployedStack) -> None:
    cloudfront, s3 = stack.client("cloudfront"), stack.client("s3")
    bucket, distribution = stack.outputs["BucketName"], stack.only(DISTRIBUTION)
    for origin in config(stack)["Origins"]["Items"]:
        assert origin["DomainName"].startswith(f"{bucket}.s3."), f"the origin is {origin['DomainName']}"
        control = origin.get("OriginAccessControlId")
        assert control in stack.all("AWS::CloudFront::OriginAccessControl"), "requests to the bucket are not signed"
        signing = cloudfront.get_origin_access_control_config(Id=control)["OriginAccessControlConfig"]
        assert signing["SigningBehavior"] == "always", f"requests to the bucket are signed {signing['SigningBehavior']}"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert [*blocked.values()] == [True] * 4, f"the bucket can be made public: {blocked}"
    for statement in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]:
        if statement["Effect"] == "Allow":
            who, what = statement["Principal"], listed(statement["Action"])
            assert who == {"Service": "cloudfront.amazonaws.com"}, f"{who} may {what}"
            assert what == ["s3:GetObject"], f"CloudFront may {what}"
            by = [arn for condition in statement.get("Condition", {}).values() for arn in condition.values()]
            own = [str(arn).rpartition(":distribution/")[2] for arn in by]
            assert own == [distribution], f"{by or 'all distributions'} may read the bucket"


def test_the_site_is_uploaded(stack: DeployedStack) -> None:
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    found = {
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for item in page.get("Contents", [])
    }
    assert found >= PAGES, f"the bucket lacks {sorted(PAGES - found)}"
    for key in PAGES:
        kind = s3.head_object(Bucket=bucket, Key=key)["ContentType"]
        assert kind == "text/html; charset=utf-8", f"{key} is {kind}"


def test_the_site_is_kept_in_production_only(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    status = stack.client("s3").get_bucket_versioning(Bucket=bucket).get("Status", "off")
    expected = "Enabled" if stack.production else "off"
    assert status == expected, f"old versions of files are {status} in {stack.posture}"


def test_access_logs_are_delivered_in_production_only(stack: DeployedStack) -> None:
    logs, arn = stack.client("logs"), f":distribution/{stack.only(DISTRIBUTION)}"
    sources = {
        source["name"]
        for source in logs.describe_delivery_sources()["deliverySources"]
        if any(resource.endswith(arn) for resource in source["resourceArns"])
    }
    deliveries = [
        delivery for delivery in logs.describe_deliveries()["deliveries"] if delivery["deliverySourceName"] in sources
    ]
    assert len(deliveries) == (1 if stack.production else 0), f"{len(deliveries)} deliveries in {stack.posture}"
    for delivery in deliveries:
        destinations = logs.describe_delivery_destinations()["deliveryDestinations"]
        [destination] = [each for each in destinations if each["arn"] == delivery["deliveryDestinationArn"]]
        bucket = destination["deliveryDestinationConfiguration"]["destinationResourceArn"].rpartition(":")[2]
        assert bucket in stack.all("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"
        assert bucket != stack.outputs["BucketName"], "access logs go to the bucket of the site"
        policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        writers = [each["Principal"] for each in policy["Statement"] if each["Effect"] == "Allow"]
        assert writers == [{"Service": "delivery.logs.amazonaws.com"}], f"{writers} may write access logs"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


@pytest.mark.real_account
def test_a_page_has_its_headers_and_a_variant(stack: DeployedStack) -> None:
    answer = get(stack, "/")
    assert answer.status == 200, f"the site answers {answer.status}"
    for name in ("content-security-policy", "strict-transport-security", "x-content-type-options"):
        assert name in answer.headers, f"the page has no {name}"
    cookie = answer.headers.get("set-cookie", "")
    given = re.match(rf"{COOKIE}=([ab]);", cookie)
    assert given, f"a visitor gets no variant: {cookie!r}"
    for attribute in ("Secure", "HttpOnly"):
        assert attribute in cookie, f"the cookie is not {attribute}: {cookie}"
    again = get(stack, "/", cookie=f"{COOKIE}={given[1]}")
    assert again.body == answer.body, "the same visitor gets another variant"
    assert "set-cookie" not in again.headers, "a visitor who has a variant gets another cookie"


@pytest.mark.real_account
def test_a_page_has_one_address(stack: DeployedStack) -> None:
    answer = get(stack, "/about/index.html?a=b")
    location = answer.headers.get("location")
    assert (answer.status, location) == (301, f"{stack.outputs['Url']}/about?a=b"), (
        f"/about/index.html is answered by {answer.status}, to {location}"
    )
    assert get(stack, "/about").status == 200, "there is no page at /about"


@pytest.mark.real_account
def test_a_missing_page_is_one_of_help(stack: DeployedStack) -> None:
    answer = get(stack, "/there-is-no-such-page")
    assert answer.status == 404, f"a missing page is answered by {answer.status}"
    assert "There is no such page" in answer.body, f"a missing page is of no help: {answer.body[:200]}"


class Answer(NamedTuple):
    status: int
    headers: Message
    body: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows redirects instead of following them."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def get(stack: DeployedStack, path: str, *, cookie: str | None = None) -> Answer:
    headers = {"Cookie": cookie} if cookie else {}
    request = urllib.request.Request(stack.outputs["Url"] + path, headers=headers)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=30) as found:
            return Answer(found.status, found.headers, found.read().decode())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read().decode())


def config(stack: DeployedStack) -> dict[str, Any]:
    found = stack.client("cloudfront").get_distribution_config(Id=stack.only(DISTRIBUTION))
    return found["DistributionConfig"]


def behaviors(stack: DeployedStack) -> list[dict[str, Any]]:
    found = config(stack)
    return [found["DefaultCacheBehavior"], *found.get("CacheBehaviors", {}).get("Items", [])]


def associations(behavior: dict[str, Any]) -> dict[str, str]:
    """Versions of functions, by event."""
    found = behavior.get("LambdaFunctionAssociations", {}).get("Items", [])
    return {each["EventType"]: each["LambdaFunctionARN"] for each in found}


def functions(stack: DeployedStack) -> Iterable[tuple[str, dict[str, Any]]]:
    """What each version is, by the event that it is at."""
    for event, arn in associations(config(stack)["DefaultCacheBehavior"]).items():
        yield event, stack.client("lambda").get_function_configuration(FunctionName=arn)
