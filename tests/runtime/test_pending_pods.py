"""The function that counts the pods which wait for Fargate, with a Kubernetes API on this machine."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
import pytest

from patternbook.eks.nodes.pending_pods import RUNTIME, TIMEOUT_SECONDS
from tests.runtime.kubernetes_api import Authority, KubernetesApi, pod, running
from tests.runtime.lambda_concurrency import load_modules

CLUSTER = "EksFargateStack-1a2b3c4d"
SECRET = "wJalrXUtnFEMI"
MOST_OF_A_LOG_EVENT = 256 * 1024


class Counter:
    """The function with its API."""

    def __init__(self, api: KubernetesApi, module: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.api = api
        self.module = module
        self._capsys = capsys

    def run(self) -> dict[str, Any]:
        """What the function writes into its log."""
        assert self.module.handler({}, None) is None
        [line] = self.written()
        return json.loads(line)

    def written(self) -> list[str]:
        return self._capsys.readouterr().out.splitlines()

    def token(self) -> str:
        """The URL in the token of the first request."""
        scheme, _, token = self.api.requests[0][1]["Authorization"].partition(" ")
        begin, _, encoded = token.partition(".")
        assert (scheme, begin) == ("Bearer", "k8s-aws-v1")
        assert "=" not in encoded
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def api(authority: Authority, tmp_path: Path) -> Iterator[KubernetesApi]:
    with running(authority.certify(tmp_path / "server.pem", "127.0.0.1")) as started:
        yield started


@pytest.fixture
def variables(authority: Authority) -> dict[str, str]:
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": "session/of+role==",
        "CLUSTER_NAME": CLUSTER,
        "CLUSTER_AUTHORITY": base64.b64encode(authority.pem).decode(),
        "METRIC_NAMESPACE": "Patternbook/EksFargateStack",
        "METRIC_NAME": "PendingFargatePods",
        "LATE_MINUTES": "5",
    }


@pytest.fixture
def counter(
    api: KubernetesApi,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Counter:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # another test may have used it with other credentials
    for name, value in {**variables, "CLUSTER_ENDPOINT": api.url}.items():
        monkeypatch.setenv(name, value)
    return Counter(api, load_modules(RUNTIME, "pending_pods", ["pending_pods"])["pending_pods"], capsys)


class TestCount:
    def test_without_pods_the_number_is_zero(self, counter: Counter) -> None:
        assert counter.run()["PendingFargatePods"] == 0

    def test_a_pod_counts_when_it_is_late(self, counter: Counter) -> None:
        counter.api.pods = [pod("young", minutes=4.9), pod("late", minutes=5.1), pod("old", minutes=90_000)]
        sent = counter.run()
        assert sent["PendingFargatePods"] == 2
        assert sent["Pods"] == ["default/late", "default/old"]

    def test_a_pod_that_is_being_deleted_does_not_wait(self, counter: Counter) -> None:
        counter.api.pods = [pod("gone", minutes=10, deletionTimestamp="2026-11-29T22:00:00Z")]
        assert counter.run()["PendingFargatePods"] == 0

    def test_a_pod_of_an_api_server_whose_clock_is_ahead_does_not_count(self, counter: Counter) -> None:
        counter.api.pods = [pod("ahead", minutes=-3)]
        assert counter.run()["PendingFargatePods"] == 0

    def test_all_pages_count(self, counter: Counter) -> None:
        counter.api.pods = [pod(f"pod-{number}", minutes=6) for number in range(1_253)]
        assert counter.run()["PendingFargatePods"] == 1_253
        assert [query.get("continue") for query, _ in counter.api.requests] == [None, "500", "1000"]
        assert len({query["fieldSelector"] for query, _ in counter.api.requests}) == 1

    def test_a_huge_list_fits_into_one_log_event(self, counter: Counter) -> None:
        counter.api.pods = [pod(f"{'a' * 240}-{number}", minutes=6) for number in range(10_000)]
        counter.module.handler({}, None)
        [line] = counter.written()
        assert json.loads(line)["PendingFargatePods"] == 10_000
        assert len(line) < MOST_OF_A_LOG_EVENT

    def test_the_number_is_a_metric_of_the_cluster(self, counter: Counter) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""
        sent = counter.run()
        [metrics] = sent["_aws"]["CloudWatchMetrics"]
        assert metrics == {
            "Namespace": "Patternbook/EksFargateStack",
            "Dimensions": [["ClusterName"]],
            "Metrics": [{"Name": "PendingFargatePods", "Unit": "Count"}],
        }
        assert sent["ClusterName"] == CLUSTER
        now = counter.module.time.time() * 1000
        assert now - 60_000 < sent["_aws"]["Timestamp"] <= now


class TestRequest:
    def test_it_asks_for_the_metadata_of_pending_pods_of_fargate_only(self, counter: Counter) -> None:
        counter.run()
        [(query, headers)] = counter.api.requests
        assert query == {"fieldSelector": "status.phase=Pending,spec.schedulerName=fargate-scheduler", "limit": "500"}
        assert headers["Accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    def test_the_token_is_a_call_of_sts_that_the_role_has_signed_for_this_cluster(self, counter: Counter) -> None:
        counter.run()
        url = urlsplit(counter.token())
        query = dict(parse_qsl(url.query))
        assert (url.scheme, url.netloc, url.path) == ("https", "sts.eu-west-1.amazonaws.com", "/")
        assert (query["Action"], query["X-Amz-Security-Token"]) == ("GetCallerIdentity", "session/of+role==")
        assert int(query["X-Amz-Expires"]) <= 60
        signature = query.pop("X-Amz-Signature")
        assert signature == signature_of(url.netloc, query, cluster=CLUSTER)
        assert signature != signature_of(url.netloc, query, cluster="other")

    def test_each_call_has_a_token_of_its_own(self, counter: Counter) -> None:
        """A token is old after a quarter of an hour, and Lambda keeps an environment for longer."""
        counter.run()
        first = counter.token()
        counter.api.requests.clear()
        counter.module.time.sleep(1.1)
        counter.run()
        assert counter.token() != first


class TestFailures:
    """The alarm takes a minute without a number for a bad one, so a call that fails must not send one."""

    @pytest.mark.parametrize("status", [301, 401, 403, 404, 410, 429, 500, 503])
    def test_another_status_is_an_error(self, counter: Counter, status: int) -> None:
        counter.api.refusals = {1: (status, '{"kind":"Status","message":"pods is forbidden"}')}
        with pytest.raises(RuntimeError, match=rf"must answer 200, got {status}: .*pods is forbidden"):
            counter.module.handler({}, None)
        assert counter.written() == []
        assert len(counter.api.requests) == 1

    def test_a_list_that_ends_early_is_an_error(self, counter: Counter) -> None:
        counter.api.pods = [pod(f"pod-{number}", minutes=6) for number in range(600)]
        counter.api.refusals = {2: (410, "expired")}
        with pytest.raises(RuntimeError, match="got 410"):
            counter.module.handler({}, None)
        assert counter.written() == []

    @pytest.mark.parametrize("body", ["", "<html>", "null", "[]", "{}", '{"items": [{}], "metadata": {}}'])
    def test_an_answer_that_is_no_list_is_an_error(self, counter: Counter, body: str) -> None:
        counter.api.refusals = {1: (200, body)}
        with pytest.raises((ValueError, KeyError, TypeError)):
            counter.module.handler({}, None)
        assert counter.written() == []

    def test_an_api_that_does_not_answer_ends_the_call_in_time(self, counter: Counter) -> None:
        assert counter.module.SECONDS * 3 < TIMEOUT_SECONDS
        counter.module.SECONDS = 0.2
        counter.api.wait_seconds = 1
        with pytest.raises(TimeoutError):
            counter.module.handler({}, None)
        assert counter.written() == []

    def test_an_api_that_is_not_there_is_an_error(self, counter: Counter) -> None:
        counter.module.ENDPOINT = urlsplit("https://127.0.0.1:9")
        with pytest.raises(ConnectionRefusedError):
            counter.module.handler({}, None)
        assert counter.written() == []


class TestTls:
    def test_another_authority_is_refused(self, counter: Counter) -> None:
        counter.module.AUTHORITY = Authority().pem.decode()
        with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self.signed|signature"):
            counter.module.handler({}, None)
        assert counter.api.requests == []

    def test_a_certificate_for_another_server_is_refused(
        self, counter: Counter, authority: Authority, tmp_path: Path
    ) -> None:
        with running(authority.certify(tmp_path / "other.pem", "127.0.0.2")) as other:
            counter.module.ENDPOINT = urlsplit(other.url)
            with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for '127\.0\.0\.1'"):
                counter.module.handler({}, None)
            assert other.requests == []

    def test_no_public_authority_is_trusted(self, counter: Counter, authority: Authority) -> None:
        context = counter.module._tls()
        assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(authority.pem.decode())]
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)

    def test_the_authority_of_eks_is_trusted_by_python_3_13_and_later(
        self, counter: Counter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Their default is a strict check, which refuses an authority without key identifiers."""
        create = ssl.create_default_context

        def strict(**given: Any) -> ssl.SSLContext:
            context = create(**given)
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            return context

        monkeypatch.setattr(ssl, "create_default_context", strict)
        with monkeypatch.context() as patch:
            patch.setattr(counter.module, "_tls", lambda: strict(cadata=counter.module.AUTHORITY))
            with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)key identifier"):
                counter.module.handler({}, None)
        assert counter.run()["PendingFargatePods"] == 0


def signature_of(host: str, query: dict[str, str], *, cluster: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    def sign(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(), "sha256")

    names = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
    headers = f"host:{host}\nx-k8s-aws-id:{cluster}\n"
    request = "\n".join(["GET", "/", names, headers, query["X-Amz-SignedHeaders"], digest("")])
    scope = query["X-Amz-Credential"].split("/")[1:]
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), digest(request)])
    key = f"AWS4{SECRET}".encode()
    for part in scope:
        key = sign(key, part)
    return sign(key, text).hex()
