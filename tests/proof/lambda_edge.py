"""A sound account: what ``LambdaEdgeStack`` leaves behind, and the handles to spoil it by.

Moto keeps neither the functions of a distribution nor its policies, and makes no function without Docker: what
CloudFront and Lambda answer is in this module.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import unquote

import boto3

from patternbook.limits.edge import EVENTS
from tests.proof import fargate_efs

NUMBER = "123456789012"  # moto's account
DISTRIBUTION, DOMAIN = "E2QWRUHEXAMPLE", "d111111abcdef8.cloudfront.net"
BUCKET, LOGS = "website", "access-logs"
CERTIFICATE = f"arn:aws:acm:us-east-1:{NUMBER}:certificate/1a2b"
LOG = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
PAGE = {"content-security-policy": "default-src 'self'", "x-content-type-options": "nosniff"}
HSTS = {"strict-transport-security": "max-age=31536000"}
COOKIE = "variant=a; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax"


class Website(ThreadingHTTPServer):
    """Stands for the distribution: answers by path, and by whether a cookie came along."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.sound()

    def sound(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], str]] = {
            "/": (200, {**HSTS, **PAGE, "set-cookie": COOKIE}, "variant a"),
            "/ with a cookie": (200, {**HSTS, **PAGE}, "variant a"),
            "/about/index.html?a=b": (301, {**HSTS, "location": f"{self.url}/about?a=b"}, ""),
            "/about": (200, {**HSTS, **PAGE}, "about"),
        }
        self.missing = (404, dict(HSTS), "There is no such page")

    def change(self, path: str, **wrong: Any) -> None:
        status, headers, body = self.pages[path]
        without = wrong.get("without")
        kept = {name: value for name, value in headers.items() if name != without}
        headers = {**kept, **wrong.get("headers", {})}
        self.pages[path] = (wrong.get("status", status), headers, wrong.get("body", body))


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Website)
        path = f"{self.path} with a cookie" if "Cookie" in self.headers else self.path
        status, headers, body = site.pages.get(path, site.missing)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Account(fargate_efs.Account):
    name = "LambdaEdgeStack"
    latest: ClassVar["Account"]
    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        "AWS/CloudFront": ("5xxErrorRate", "LambdaExecutionError", "LambdaValidationError")
    }

    def __init__(self, session: boto3.Session, *, posture: str, website: Website) -> None:
        self.session, self.posture, self.website = session, posture, website
        self.production = posture == "production"
        self.resources: dict[str, list[str]] = {}
        self._key()
        self._functions()
        self._policies()
        self._distribution()
        self._buckets()
        self._alarms()
        # The names of the outputs are the site's; where it is asked for a page it is on this machine.
        self.outputs = {"Url": f"https://{DOMAIN}", "DistributionDomainName": DOMAIN, "BucketName": BUCKET}
        self._let_cloudfront_and_lambda_answer()

    def _functions(self) -> None:
        iam, self.functions = self.client("iam"), {}
        self.versions: dict[str, str] = {}
        for event in EVENTS:
            name = f"{event}-1A2B"
            trust = self.trust("lambda.amazonaws.com", "edgelambda.amazonaws.com")
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
            arn = self._made("AWS::Lambda::Version", f"arn:aws:lambda:us-east-1:{NUMBER}:function:{name}:1")
            self.versions[event] = arn
            self.functions[arn] = {
                "FunctionName": name,
                "Role": role,
                "Runtime": "python3.13",
                "Architectures": ["x86_64"],
                "MemorySize": 128,
                "Timeout": 5,
                "CodeSize": 3000,
            }
            self.let(name)

    @staticmethod
    def trust(*services: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def let(self, name: str, actions: Sequence[str] = LOG, resource: str | None = None) -> None:
        """What the role of a function may do."""
        group = f"arn:aws:logs:*:{NUMBER}:log-group:/aws/lambda/us-east-1.{name}"
        resources = [resource] if resource else [group, f"{group}:*"]
        document = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resources}]}
        self.client("iam").put_role_policy(
            RoleName=name, PolicyName="Logs", PolicyDocument=json.dumps({"Version": "2012-10-17", **document})
        )

    def _policies(self) -> None:
        key = {
            "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": {"Quantity": 1, "Items": ["variant"]}},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        }
        self.key = key
        security = ("StrictTransportSecurity", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy")
        self.security: dict[str, Any] = {name: {"Override": True} for name in security}
        self.control = {"SigningBehavior": "always"}
        for kind, physical_id in (
            ("CachePolicy", "pages"),
            ("ResponseHeadersPolicy", "headers"),
            ("OriginAccessControl", "control"),
            ("Distribution", DISTRIBUTION),
        ):
            self._made(f"AWS::CloudFront::{kind}", physical_id)

    def _distribution(self) -> None:
        def behavior(*events: str, **more: Any) -> dict[str, Any]:
            items = [{"EventType": event, "LambdaFunctionARN": self.versions[event]} for event in events]
            return {
                "ViewerProtocolPolicy": "redirect-to-https",
                "ResponseHeadersPolicyId": "headers",
                "LambdaFunctionAssociations": {"Quantity": len(items), "Items": items},
                **more,
            }

        self.pages = behavior(*EVENTS, CachePolicyId="pages")
        self.assets = behavior("origin-response", CachePolicyId="658327ea", PathPattern="/assets/*")
        self.origin = {"DomainName": f"{BUCKET}.s3.us-east-1.amazonaws.com", "OriginAccessControlId": "control"}
        self.config: dict[str, Any] = {
            "Enabled": True,
            "HttpVersion": "http2and3",
            "IsIPV6Enabled": True,
            "DefaultCacheBehavior": self.pages,
            "CacheBehaviors": {"Quantity": 1, "Items": [self.assets]},
            "Origins": {"Quantity": 1, "Items": [self.origin]},
            "Aliases": {"Quantity": 0},
            "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        }

    def name_it(self, minimum: str = "TLSv1.2_2025", certificate: str = CERTIFICATE) -> None:
        """A name of one's own, with a certificate."""
        self.config["Aliases"] = {"Quantity": 1, "Items": ["www.example.com"]}
        self.config["ViewerCertificate"] = {"ACMCertificateArn": certificate, "MinimumProtocolVersion": minimum}
        self.outputs["Url"] = "https://www.example.com"

    def at(self, event: str, arn: str | None, *, of: dict[str, Any] | None = None) -> None:
        """Another function at an event, or none."""
        behavior = of or self.pages
        items = behavior["LambdaFunctionAssociations"]["Items"]
        items[:] = [each for each in items if each["EventType"] != event]
        if arn:
            items.append({"EventType": event, "LambdaFunctionARN": arn})

    def function(self, event: str) -> dict[str, Any]:
        return self.functions[self.versions[event]]

    def _buckets(self) -> None:
        s3 = self.client("s3")
        for bucket in (BUCKET, *([LOGS] if self.production else [])):
            s3.create_bucket(Bucket=self._made("AWS::S3::Bucket", bucket))
        self.block()
        self.let_read()
        for key in ("index.html", "about/index.html", "variant-b/index.html"):
            self.put(key)
        if self.production:
            self.version("Enabled")
            self.let_write()
            self.deliver()

    def block(self, **wrong: bool) -> None:
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        blocked: Any = {**dict.fromkeys(names, True), **wrong}
        self.client("s3").put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=blocked)

    def let_read(self, **wrong: Any) -> None:
        by = f"arn:aws:cloudfront::{NUMBER}:distribution/{DISTRIBUTION}"
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
            "Condition": {"StringEquals": {"AWS:SourceArn": by}},
            **wrong,
        }
        self._policy_of(BUCKET, allow)

    def let_write(self, service: str = "delivery.logs.amazonaws.com") -> None:
        allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{LOGS}/*"}
        self._policy_of(LOGS, {**allow, "Principal": {"Service": service}})

    def _policy_of(self, bucket: str, statement: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)

    def put(self, key: str, kind: str = "text/html; charset=utf-8") -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"", ContentType=kind)

    def version(self, status: Any) -> None:
        self.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})

    def deliver(self, bucket: str = LOGS) -> None:
        logs, arn = self.client("logs"), f"arn:aws:cloudfront::{NUMBER}:distribution/{DISTRIBUTION}"
        logs.put_delivery_source(name="access-logs", resourceArn=arn, logType="ACCESS_LOGS")
        to = {"destinationResourceArn": f"arn:aws:s3:::{bucket}"}
        answer = logs.put_delivery_destination(name=f"to-{bucket}", deliveryDestinationConfiguration=to)
        logs.create_delivery(
            deliverySourceName="access-logs", deliveryDestinationArn=answer["deliveryDestination"]["arn"]
        )

    def deliver_elsewhere(self, bucket: str) -> None:
        self.stop_delivery()
        self.deliver(bucket)

    def stop_delivery(self) -> None:
        logs = self.client("logs")
        for delivery in logs.describe_deliveries()["deliveries"]:
            logs.delete_delivery(id=delivery["id"])

    def _let_cloudfront_and_lambda_answer(self) -> None:
        self.answers: dict[str, Callable[[str], dict[str, Any]]] = {
            "GetDistributionConfig": lambda _: {"DistributionConfig": self.config},
            "GetCachePolicyConfig": lambda _: {
                "CachePolicyConfig": {"ParametersInCacheKeyAndForwardedToOrigin": self.key}
            },
            "GetResponseHeadersPolicyConfig": lambda _: {
                "ResponseHeadersPolicyConfig": {"SecurityHeadersConfig": self.security}
            },
            "GetOriginAccessControlConfig": lambda _: {"OriginAccessControlConfig": self.control},
            "GetFunctionConfiguration": lambda path: self.functions[unquote(path.split("/")[3])],
        }
        Account.latest = self
        for service in ("cloudfront", "lambda"):  # clients outlive accounts, and are told once
            self.client(service).meta.events.register(f"before-call.{service}", _respond, unique_id="in-memory")


def _respond(model: Any, params: dict[str, Any], **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
    answer = Account.latest.answers[model.name](params["url_path"])
    return SimpleNamespace(status_code=200), copy.deepcopy(answer)
