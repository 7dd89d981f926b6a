"""Breaks things in an account, by calls of boto3, and puts them right.

Each function makes a function that is called with the :class:`Scene`. What it has to remember is in ``scene.kept``.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final
from uuid import uuid4

from rehearsal.running import RehearsalError

CALLS: Final = 5
"""Number of calls, records or requests in each round."""
POISON: Final = "make-prove/poison"
REASON: Final = "make prove"
POD: Final = "make-prove"
HTTP_SECONDS: Final = 30


@dataclass
class Scene:
    """A deployed stack, of which something is broken."""

    client: Callable[[str], Any]
    """Makes a client of boto3."""
    ids: Mapping[str, str]
    """Physical ids, by construct path below the stack."""
    outputs: Mapping[str, str]
    kept: dict[str, Any] = field(default_factory=dict)
    """What was there before, until it is put right."""


Do = Callable[[Scene], None]


def nothing(_: Scene) -> None:
    """For what is over by itself."""


def stop_tasks(service: str) -> Do:
    """Stops every running task of a service. ECS starts others."""

    def do(scene: Scene) -> None:
        ecs, cluster = scene.client("ecs"), scene.ids["Cluster/Resource"]
        # The ARN of an Express service is not that of its ECS service, which has the same name.
        running = ecs.list_tasks(cluster=cluster, serviceName=scene.ids[service].rpartition("/")[2])
        for task in running["taskArns"]:
            ecs.stop_task(cluster=cluster, task=task, reason=REASON)

    return do


def ask_for_a_task(service: str) -> Do:
    """Asks for one task of a service that has none."""

    def do(scene: Scene) -> None:
        ecs, names = scene.client("ecs"), {"cluster": scene.ids["Cluster/Resource"]}
        [found] = ecs.describe_services(services=[scene.ids[service]], **names)["services"]
        scene.kept.setdefault(service, found["desiredCount"])
        ecs.update_service(service=scene.ids[service], desiredCount=scene.kept[service] + 1, **names)

    return do


def restore_tasks(service: str) -> Do:
    """Asks for as many tasks as before."""

    def undo(scene: Scene) -> None:
        if service in scene.kept:
            scene.client("ecs").update_service(
                cluster=scene.ids["Cluster/Resource"],
                service=scene.ids[service],
                desiredCount=scene.kept[service],
            )
            del scene.kept[service]

    return undo


def throttle(function: str) -> Do:
    """Leaves a function no concurrency, and calls its alias.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def do(scene: Scene) -> None:
        client, name = scene.client("lambda"), scene.ids[function]
        if function not in scene.kept:
            reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
            scene.kept[function] = reserved
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        for _ in range(CALLS):
            with suppress(client.exceptions.TooManyRequestsException):  # as it should be
                client.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")

    return do


def restore_concurrency(function: str) -> Do:
    """Gives a function the concurrency that it had."""

    def undo(scene: Scene) -> None:
        if function not in scene.kept:
            return
        client, name, reserved = scene.client("lambda"), scene.ids[function], scene.kept[function]
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        del scene.kept[function]

    return undo


def send_wrong_events(function: str) -> Do:
    """Sends events without an item, which the function refuses."""

    def do(scene: Scene) -> None:
        for _ in range(CALLS):
            scene.client("lambda").invoke(
                FunctionName=scene.ids[function], Qualifier="live", InvocationType="Event", Payload=b"{}"
            )

    return do


def purge(output: str) -> Do:
    """Empties a queue, whose URL is an output."""

    def undo(scene: Scene) -> None:
        client = scene.client("sqs")
        with suppress(client.exceptions.PurgeQueueInProgress):  # it was purged in the last minute
            client.purge_queue(QueueUrl=scene.outputs[output])

    return undo


def unschedulable_pod(namespace: str) -> list[dict[str, Any]]:
    """The manifest of a pod for nodes that do not exist."""
    container = {"name": "pause", "image": "public.ecr.aws/eks-distro/kubernetes/pause:3.10"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD, "namespace": namespace},
            "spec": {"containers": [container], "nodeSelector": {"patternbook/nowhere": "true"}},
        }
    ]


def unmountable_pod(namespace: str) -> list[dict[str, Any]]:
    """The manifest of a pod that claims a volume which does not exist. Fargate does not start it:
    https://github.com/aws/containers-roadmap/issues/1382
    """
    [pod] = unschedulable_pod(namespace)
    container = {**pod["spec"]["containers"][0], "volumeMounts": [{"name": "nowhere", "mountPath": "/nowhere"}]}
    volume = {"name": "nowhere", "persistentVolumeClaim": {"claimName": POD}}
    return [{**pod, "spec": {"containers": [container], "volumes": [volume]}}]


def kubectl(request: str, manifest: list[dict[str, Any]]) -> Do:
    """Applies or deletes a manifest by the function of CDK's KubectlProvider, because the endpoint is private.

    Its events have the properties of the custom resource. The function is in aws-cdk-lib, in
    ``custom-resource-handlers/dist/aws-eks-v2/kubectl-handler/apply``.
    """

    def do(scene: Scene) -> None:
        event = {
            "RequestType": request,
            "ResourceType": "Custom::AWSCDK-EKS-KubernetesResource",
            "ResourceProperties": {
                "ClusterName": scene.ids["Eks/Cluster/Resource"],
                "Manifest": json.dumps(manifest),
                "Overwrite": "true",
            },
        }
        answer = scene.client("lambda").invoke(
            FunctionName=scene.ids["Eks/Cluster/KubectlProvider/Handler/Resource"], Payload=json.dumps(event).encode()
        )
        if "FunctionError" in answer:
            raise RehearsalError(f"kubectl could not {request.lower()} the pod: {answer['Payload'].read().decode()}")

    return do


def fail_app_runner_update(service: str) -> Do:
    """Updates the health check to a page that does not exist, once."""

    def do(scene: Scene) -> None:
        if service not in scene.kept:
            scene.kept[service] = True
            scene.client("apprunner").update_service(
                ServiceArn=scene.ids[service],
                HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/make-prove/no-such-page"},
            )

    return do


def lock_out_distribution(bucket: str) -> Do:
    """Deletes the policy of a bucket, and asks the distribution for pages that it does not have in its cache."""

    def do(scene: Scene) -> None:
        s3, name = scene.client("s3"), scene.ids[bucket]
        if bucket not in scene.kept:
            scene.kept[bucket] = s3.get_bucket_policy(Bucket=name)["Policy"]
            s3.delete_bucket_policy(Bucket=name)
        for _ in range(CALLS):
            ask_for_page(f"{scene.outputs['Url']}/make-prove-{uuid4().hex}")

    return do


def restore_bucket_policy(bucket: str) -> Do:
    """Puts the policy of a bucket back."""

    def undo(scene: Scene) -> None:
        if bucket in scene.kept:
            scene.client("s3").put_bucket_policy(Bucket=scene.ids[bucket], Policy=scene.kept[bucket])
            del scene.kept[bucket]

    return undo


def ask_for_page(url: str) -> None:
    """Asks for a page. Whatever the answer is, it counts as a request."""
    try:
        with urllib.request.urlopen(url, timeout=HTTP_SECONDS) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, HTTPException):
        pass


def upload_poison(bucket: str) -> Do:
    """Uploads an object of a type that is not accepted, once."""

    def do(scene: Scene) -> None:
        if bucket not in scene.kept:
            scene.kept[bucket] = True
            scene.client("s3").put_object(
                Bucket=scene.outputs[bucket], Key=f"uploads/{POISON}", Body=b"poison", ContentType="application/xml"
            )

    return do


def delete_poison(bucket: str) -> Do:
    """Deletes the object with its versions. Its message is done then, because the object is gone."""

    def undo(scene: Scene) -> None:
        s3, name = scene.client("s3"), scene.outputs[bucket]
        found = s3.list_object_versions(Bucket=name, Prefix=f"uploads/{POISON}")
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
        scene.kept.pop(bucket, None)

    return undo


def put_bad_records(stream: str) -> Do:
    """Puts records that are no JSON."""

    def do(scene: Scene) -> None:
        scene.client("firehose").put_record_batch(
            DeliveryStreamName=scene.ids[stream], Records=[{"Data": b"no JSON"}] * CALLS
        )

    return do


def stop_execution(output: str) -> Do:
    """Starts an execution about a document that does not exist, and stops it at once."""

    def do(scene: Scene) -> None:
        states, order = scene.client("stepfunctions"), f"make-prove-{uuid4().hex}"
        started = states.start_execution(
            stateMachineArn=scene.outputs[output], name=order, input=json.dumps({"order_id": order})
        )
        states.stop_execution(executionArn=started["executionArn"], error="Stopped", cause=REASON)

    return do
