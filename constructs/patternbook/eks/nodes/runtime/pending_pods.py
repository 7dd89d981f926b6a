"""Counts the pods that have waited for Fargate for too long, and sends the number as a metric.

Nothing is sent if the Kubernetes API does not answer as it should. The alarm takes a missing number for a bad one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import base64
import json
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3

CLUSTER = os.environ["CLUSTER_NAME"]
ENDPOINT = urlsplit(os.environ["CLUSTER_ENDPOINT"])
AUTHORITY = base64.b64decode(os.environ["CLUSTER_AUTHORITY"]).decode()
NAMESPACE = os.environ["METRIC_NAMESPACE"]
METRIC = os.environ["METRIC_NAME"]
LATE_SECONDS = int(os.environ["LATE_MINUTES"]) * 60

SELECTOR = "status.phase=Pending,spec.schedulerName=fargate-scheduler"
"""https://www.kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/"""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Without it, the answer would contain the environment variables of the pods: https://pkg.go.dev/k8s.io/client-go/metadata"""
PAGE = 500
SECONDS = 5
"""Time to connect, and time between two parts of an answer."""
NAMED = 20
"""Number of pods that the log names."""

sts = boto3.client("sts")
sts.meta.events.register(
    "before-sign.sts.GetCallerIdentity", lambda request, **_: request.headers.add_header("x-k8s-aws-id", CLUSTER)
)


def handler(_event: Any, _context: Any) -> None:
    now = time.time()
    late = [each for each in _pending() if _created(each) < now - LATE_SECONDS]
    metric = {"Name": METRIC, "Unit": "Count"}
    about = {"Namespace": NAMESPACE, "Dimensions": [["ClusterName"]], "Metrics": [metric]}
    names = [f"{each['namespace']}/{each['name']}" for each in late[:NAMED]]
    sent = {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [about]}, "ClusterName": CLUSTER}
    print(json.dumps({**sent, METRIC: len(late), "Pods": names}))


def _pending() -> Iterator[dict[str, Any]]:
    """The metadata of the pods that wait, without those that are being deleted."""
    headers = {"Accept": METADATA_ONLY, "Authorization": f"Bearer {_token()}"}
    query = {"fieldSelector": SELECTOR, "limit": str(PAGE)}
    with closing(HTTPSConnection(ENDPOINT.netloc, timeout=SECONDS, context=_tls())) as api:
        while True:
            api.request("GET", f"/api/v1/pods?{urlencode(query)}", headers=headers)
            answer = api.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"The Kubernetes API must answer 200, got {answer.status}: {body[:500]!r}.")
            pods = json.loads(body)
            yield from (each["metadata"] for each in pods["items"] if "deletionTimestamp" not in each["metadata"])
            query["continue"] = pods["metadata"].get("continue", "")
            if not query["continue"]:
                return


def _created(pod: dict[str, Any]) -> float:
    return datetime.strptime(pod["creationTimestamp"], "%Y-%m-%dT%H:%M:%S%z").timestamp()


def _tls() -> ssl.SSLContext:
    """Trusts the certificate authority of the cluster, and no other.

    The strict check of Python 3.13 refuses it, because it has no key identifiers:
    https://github.com/kubernetes-client/python/issues/2394
    """
    context = ssl.create_default_context(cadata=AUTHORITY)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _token() -> str:
    """A signed call of STS, by which EKS finds out the role of the function. Nothing is sent to STS from here.

    https://docs.aws.amazon.com/cli/latest/reference/eks/get-token.html
    """
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    return f"k8s-aws-v1.{base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')}"
