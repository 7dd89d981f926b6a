"""Each check of tests/deployed/test_lambda_edge.py passes on a sound account, and fails where its promise is broken."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from tests.deployed import test_lambda_edge as checks
from tests.deployed.stack import DeployedStack, ThriftySession
from tests.proof.fargate_efs import proofs_of
from tests.proof.lambda_edge import BUCKET, CERTIFICATE, NUMBER, PAGE, Account, Website
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.test_fargate_efs import encrypt_topic_otherwise

SANDBOX, PRODUCTION = "sandbox", "production"
OTHER = f"arn:aws:lambda:us-east-1:{NUMBER}:function:other:1"
LATEST = f"arn:aws:lambda:us-east-1:{NUMBER}:function:viewer-request-1A2B:$LATEST"
ON_THE_NET = (
    checks.test_a_page_has_its_headers_and_a_variant,
    checks.test_a_page_has_one_address,
    checks.test_a_missing_page_is_one_of_help,
)


def elsewhere(stack: DeployedStack) -> DeployedStack:
    return replace(stack, session=ThriftySession("nobody", "nobody", region_name="eu-west-1"))


def trust(account: Account, *services: str) -> None:
    account.client("iam").update_assume_role_policy(
        RoleName="viewer-request-1A2B", PolicyDocument=account.trust(*services)
    )


def attach(account: Account) -> None:
    iam = account.client("iam")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_policy(PolicyName="Everything", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="origin-request-1A2B", PolicyArn=arn)


def of_the_key(account: Account, part: str, **wrong: Any) -> None:
    account.key[part] = wrong


PROOFS = [
    Proof(
        checks.test_the_stack_is_where_cloudfront_looks_for_functions, elsewhere, "is in eu-west-1, not in us-east-1"
    ),
    *proofs_of(
        checks.test_a_function_is_at_each_event,
        (SANDBOX, lambda it: it.at("origin-request", None), r"no function at \['origin-request'\]"),
        (SANDBOX, lambda it: it.at("viewer-request", LATEST), "at viewer-request is no numbered version"),
        (
            PRODUCTION,
            lambda it: it.at("viewer-request", OTHER.replace("us-east-1", "eu-west-1")),
            "no numbered version in",
        ),
        (SANDBOX, lambda it: it.at("viewer-response", OTHER), "a version that is not the stack's"),
        (
            SANDBOX,
            lambda it: it.at("viewer-request", it.versions["viewer-request"], of=it.assets),
            r"each request for /assets/\* calls a function",
        ),
    ),
    *proofs_of(
        checks.test_the_functions_are_such_as_cloudfront_takes,
        (
            SANDBOX,
            lambda it: it.function("viewer-request").update(Environment={"Variables": {"A": "b"}}),
            "has environment variables",
        ),
        (SANDBOX, lambda it: it.function("viewer-request").update(Architectures=["arm64"]), "another architecture"),
        (SANDBOX, lambda it: it.function("origin-request").update(Runtime="provided.al2023"), "runs on provided"),
        (SANDBOX, lambda it: it.function("viewer-response").update(MemorySize=256), "256 MiB of memory, where"),
        (SANDBOX, lambda it: it.function("origin-response").update(Timeout=31), "31 seconds, where origin-response"),
        (PRODUCTION, lambda it: it.function("viewer-request").update(CodeSize=2**20 + 1), "1048577 bytes, where"),
    ),
    *proofs_of(
        checks.test_the_functions_may_write_their_logs_only,
        (SANDBOX, lambda it: trust(it, "lambda.amazonaws.com"), r"is run by \['lambda.amazonaws.com'\]"),
        (SANDBOX, attach, "has managed policies: .*Everything"),
        (
            SANDBOX,
            lambda it: it.let("viewer-response-1A2B", resource=f"arn:aws:logs:*:{NUMBER}:log-group:*"),
            r"may write to arn:aws:logs:\*:\d+:log-group:\*",
        ),
        (
            PRODUCTION,
            lambda it: it.let("origin-response-1A2B", ["logs:CreateLogGroup", "logs:CreateLogStream"]),
            r"may more than log, or not even that: \['logs:PutLogEvents'\]",
        ),
    ),
    *proofs_of(
        checks.test_pages_are_cached_by_their_path_and_variant,
        (SANDBOX, lambda it: it.pages.update(CachePolicyId="658327ea"), "658327ea is not the stack's"),
        (SANDBOX, lambda it: of_the_key(it, "CookiesConfig", CookieBehavior="all"), "cookies in the cache key: all"),
        (
            SANDBOX,
            lambda it: of_the_key(
                it, "CookiesConfig", CookieBehavior="whitelist", Cookies={"Items": ["variant", "session"]}
            ),
            "cookies in the cache key: whitelist .*session",
        ),
        (SANDBOX, lambda it: of_the_key(it, "HeadersConfig", HeaderBehavior="whitelist"), "headers and query strings"),
        (
            SANDBOX,
            lambda it: of_the_key(it, "QueryStringsConfig", QueryStringBehavior="all"),
            r"headers and query strings in the cache key: \('none', 'all'\)",
        ),
        (
            SANDBOX,
            lambda it: it.pages.update(OriginRequestPolicyId="all-viewer"),
            "more than the cache key: all-viewer",
        ),
    ),
    *proofs_of(
        checks.test_viewers_get_https_and_http_3,
        (SANDBOX, lambda it: it.config.update(Enabled=False), "is disabled"),
        (SANDBOX, lambda it: it.config.update(HttpVersion="http2"), "speaks http2"),
        (SANDBOX, lambda it: it.config.update(IsIPV6Enabled=False), "IPv6"),
        (PRODUCTION, lambda it: it.assets.update(ViewerProtocolPolicy="allow-all"), "plain HTTP: allow-all"),
    ),
    *proofs_of(
        checks.test_names_of_ones_own_come_with_a_certificate_and_new_tls,
        (SANDBOX, lambda it: it.outputs.update(Url="https://www.example.com"), "the site is at www.example.com, and"),
        (SANDBOX, lambda it: (it.name_it(), it.outputs.update(Url="https://other")), "canonical host is other"),
        (PRODUCTION, lambda it: it.name_it(certificate=""), "not in us-east-1: none"),
        (
            PRODUCTION,
            lambda it: it.name_it(certificate=CERTIFICATE.replace("us-east-1", "eu-west-1")),
            "not in us-east-1",
        ),
        (PRODUCTION, lambda it: it.name_it(minimum="TLSv1.1_2016"), "viewers may use TLSv1.1_2016"),
    ),
    *proofs_of(
        checks.test_every_response_has_security_headers,
        (SANDBOX, lambda it: it.assets.pop("ResponseHeadersPolicyId"), "the headers are of None"),
        (SANDBOX, lambda it: it.security.pop("FrameOptions"), r"responses lack \['FrameOptions'\]"),
        (
            PRODUCTION,
            lambda it: it.security.update(ContentTypeOptions={"Override": False}),
            "the bucket may say otherwise",
        ),
    ),
    *proofs_of(
        checks.test_the_bucket_is_read_by_the_distribution_only,
        (SANDBOX, lambda it: it.origin.update(DomainName="other.s3.us-east-1.amazonaws.com"), "origin is other"),
        (SANDBOX, lambda it: it.origin.update(OriginAccessControlId=""), "requests to the bucket are not signed"),
        (SANDBOX, lambda it: it.control.update(SigningBehavior="never"), "are signed never"),
        (PRODUCTION, lambda it: it.block(BlockPublicPolicy=False), "can be made public"),
        (SANDBOX, lambda it: it.let_read(Principal="*"), r"\* may \['s3:GetObject'\]"),
        (SANDBOX, lambda it: it.let_read(Action="s3:*"), r"CloudFront may \['s3:\*'\]"),
        (SANDBOX, lambda it: it.let_read(Condition={}), "all distributions may read the bucket"),
        (
            SANDBOX,
            lambda it: it.let_read(
                Condition={"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{NUMBER}:distribution/OTHER"}}
            ),
            "OTHER'] may read the bucket",
        ),
    ),
    *proofs_of(
        checks.test_the_site_is_uploaded,
        (
            SANDBOX,
            lambda it: it.client("s3").delete_object(Bucket=BUCKET, Key="about/index.html"),
            r"lacks \['about/index.html'\]",
        ),
        (SANDBOX, lambda it: it.put("index.html", "binary/octet-stream"), "index.html is binary/octet-stream"),
    ),
    *proofs_of(
        checks.test_the_site_is_kept_in_production_only,
        (SANDBOX, lambda it: it.version("Enabled"), "old versions of files are Enabled in sandbox"),
        (PRODUCTION, lambda it: it.version("Suspended"), "old versions of files are Suspended in production"),
    ),
    *proofs_of(
        checks.test_access_logs_are_delivered_in_production_only,
        (PRODUCTION, lambda it: it.stop_delivery(), "0 deliveries in production"),
        (SANDBOX, lambda it: it.deliver(), "1 deliveries in sandbox"),
        (PRODUCTION, lambda it: it.deliver_elsewhere("nobodys"), "nobodys, which is not the stack's"),
        (PRODUCTION, lambda it: it.deliver_elsewhere(BUCKET), "the bucket of the site"),
        (PRODUCTION, lambda it: it.let_write("s3.amazonaws.com"), "may write access logs"),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/CloudFront", "5xxErrorRate", AlarmActions=[]),
            r"does not hear of \['5xxErrorRate'\]",
        ),
        (
            PRODUCTION,
            lambda it: it.put_alarm("AWS/CloudFront", "LambdaExecutionError", ActionsEnabled=False),
            r"does not hear of \['LambdaExecutionError'\]",
        ),
    ),
    *proofs_of(
        checks.test_the_topic_takes_messages_of_alarms,
        (SANDBOX, lambda it: it.let_publish("events.amazonaws.com"), "alarms may not publish"),
        (PRODUCTION, encrypt_topic_otherwise, "encrypted with alias/aws/sns, not with the stack's key"),
    ),
    *proofs_of(
        checks.test_a_page_has_its_headers_and_a_variant,
        (SANDBOX, lambda it: it.website.change("/", status=503), "the site answers 503"),
        *(
            (SANDBOX, lambda it, name=name: it.website.change("/", without=name), f"the page has no {name}")
            for name in (*PAGE, "strict-transport-security")
        ),
        (SANDBOX, lambda it: it.website.change("/", without="set-cookie"), "a visitor gets no variant: ''"),
        (
            SANDBOX,
            lambda it: it.website.change("/", headers={"set-cookie": "variant=c; Secure"}),
            "gets no variant: 'vari",
        ),
        (SANDBOX, lambda it: it.website.change("/", headers={"set-cookie": "variant=a; HttpOnly"}), "is not Secure"),
        (SANDBOX, lambda it: it.website.change("/", headers={"set-cookie": "variant=a; Secure"}), "is not HttpOnly"),
        (SANDBOX, lambda it: it.website.change("/ with a cookie", body="variant b"), "gets another variant"),
        (
            SANDBOX,
            lambda it: it.website.change("/ with a cookie", headers={"set-cookie": "variant=a"}),
            "gets another cookie",
        ),
    ),
    *proofs_of(
        checks.test_a_page_has_one_address,
        (SANDBOX, lambda it: it.website.change("/about/index.html?a=b", status=200), "is answered by 200"),
        (
            SANDBOX,
            lambda it: it.website.change("/about/index.html?a=b", headers={"location": "https://evil.com/"}),
            "answered by 301, to https://evil.com/",
        ),
        (SANDBOX, lambda it: it.website.change("/about", status=404), "there is no page at /about"),
    ),
    *proofs_of(
        checks.test_a_missing_page_is_one_of_help,
        (SANDBOX, lambda it: setattr(it.website, "missing", (403, {}, "AccessDenied")), "answered by 403"),
        (SANDBOX, lambda it: setattr(it.website, "missing", (404, {}, "NoSuchKey")), "is of no help: NoSuchKey"),
    ),
]


@pytest.fixture(scope="module")
def website() -> Iterator[Website]:
    with Website() as site:
        thread = Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def session() -> ThriftySession:
    """In the Region of the stack."""
    return ThriftySession("nobody", "nobody", region_name="us-east-1")


@pytest.fixture
def account_in(
    website: Website, session: ThriftySession, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    website.sound()

    def account(posture: str) -> Account:
        return Account(session, posture=posture, website=website)

    with account_in_memory():
        yield account


def seen_by(check: Any, account: Account) -> DeployedStack:
    """The stack for a check: those that ask for pages get them from this machine."""
    if check in ON_THE_NET:
        account.outputs["Url"] = account.website.url
    return account.stack


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    account = account_in(posture)
    on_aws = [check for check in checks_of(checks) if check not in ON_THE_NET]
    assert [check.__name__ for check in on_aws if not passes(check, account.stack)] == []
    assert [check.__name__ for check in ON_THE_NET if not passes(check, seen_by(check, account))] == []


def test_a_name_of_ones_own_passes(account_in: Callable[[str], Account]) -> None:
    account = account_in(PRODUCTION)
    account.name_it()
    assert passes(checks.test_names_of_ones_own_come_with_a_certificate_and_new_tls, account.stack)


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(seen_by(proof.check, account_in(proof.account)))


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []
