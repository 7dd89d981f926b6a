"""The server process of the emulated account: MiniStack, with the CloudFormation types that it lacks.

Only :class:`rehearsal.account.EmulatedAccount` starts it. It passes a listening socket of 127.0.0.1, so that no port
has to be guessed and none is open to the network. The server ends when its standard input is closed. That happens when
the parent process ends, for whatever reason.
"""

import asyncio
import contextvars
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import ministack.app
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import acm, ecr, route53, sns
from ministack.services.cloudformation import custom_resource

import rehearsal.types
from rehearsal import CALLS, CERTIFICATE_ID, HOSTED_ZONE_ID, IMAGE, INVENTORY, TOPIC_NAME
from rehearsal.types import calls, rds, replacements, rollbacks

# These stores hold no resources, but names, caches and the past: stacks, change sets, calls, metrics, past alarms.
HISTORY = (
    *("cloudformation.", "cloudtrail.", "cloudwatch._alarm_history", "cloudwatch._metrics", "rollbacks."),
    *("apigateway._jwks_cache", "eventbridge._events_log", "s3._completed_multipart_uploads"),
)
# Every account has these. MiniStack creates them at the first request.
DEFAULT_RESOURCES = (
    ("athena._data_catalogs", "AwsDataCatalog"),
    ("athena._workgroups", "primary"),
    ("eventbridge._event_buses", "default"),
    ("scheduler._schedule_groups", "default"),
)


def main() -> None:
    """``python -m rehearsal.server SOCKET SECONDS``: a file descriptor, and the time limit for custom resources."""
    socket, seconds = (int(argument) for argument in sys.argv[1:])
    rehearsal.types.register()
    replacements.register()
    rollbacks.register()
    calls.register()
    limit_custom_resources(seconds)
    add_hosted_zone()
    add_certificate()
    add_image()
    sns._create_topic({"Name": [TOPIC_NAME]})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.keep_alive_timeout = 75
    asyncio.run(serve(with_inventory(ministack.app.app), config))


def _end_with_parent() -> None:
    sys.stdin.read()
    rds.kill_servers()
    # If the parent was killed, it could not delete its temporary folder, which is the home of all its processes.
    shutil.rmtree(os.environ["HOME"], ignore_errors=True)
    # The group includes the processes that run Lambda functions. SIGTERM is not enough: a custom resource that hangs
    # would keep the server from ending.
    os.killpg(os.getpgrp(), signal.SIGKILL)


def limit_custom_resources(seconds: int) -> None:
    """Fails custom resources that do not respond in time. MiniStack waits for an hour, as CloudFormation does."""
    invoke = custom_resource.invoke_custom_resource

    def invoke_with_limit(request_type: str, logical_id: str, *arguments: Any, **named: Any) -> Any:
        answer: list[Any] = []
        failure: list[BaseException] = []

        def ask(context: contextvars.Context) -> None:
            try:
                answer.append(context.run(invoke, request_type, logical_id, *arguments, **named))
            except BaseException as error:
                failure.append(error)

        asking = threading.Thread(target=ask, args=(contextvars.copy_context(),), daemon=True)
        asking.start()
        asking.join(seconds)
        if failure:
            raise failure[0]
        if not answer:
            raise TimeoutError(
                f"{logical_id}: no response to {request_type} within {seconds} seconds, the limit of a rehearsal"
            )
        return answer[0]

    custom_resource.invoke_custom_resource = invoke_with_limit  # ty: ignore[invalid-assignment]


def add_hosted_zone() -> None:
    """Adds the zone of :data:`rehearsal.HOSTED_ZONE_ID`. MiniStack would give a new zone a random id."""
    zone = {"id": HOSTED_ZONE_ID, "name": "example.com.", "caller_reference": "rehearsal", "comment": ""}
    route53._zones[HOSTED_ZONE_ID] = {**zone, "private": False, "vpcs": []}
    route53._records[HOSTED_ZONE_ID] = route53._default_records(zone["name"])


def add_certificate() -> None:
    """Adds the certificate of :data:`rehearsal.CERTIFICATE_ID`. MiniStack would give a new one a random id."""
    names = {"DomainName": "example.com", "SubjectAlternativeNames": ["example.com", "*.example.com"]}
    made = json.loads(acm._request_certificate(names)[2])["CertificateArn"]
    arn = f"{made.rpartition('/')[0]}/{CERTIFICATE_ID}"
    acm._certificates[arn] = {**acm._certificates.pop(made), "CertificateArn": arn}


def add_image() -> None:
    """Adds the image of :data:`rehearsal.IMAGE`, whose index says that it is for x86_64. Nothing runs it."""
    name, tag = IMAGE
    manifest = json.dumps({"manifests": [{"platform": {"architecture": "amd64", "os": "linux"}}]})
    ecr._create_repository({"repositoryName": name})
    ecr._put_image({"repositoryName": name, "imageTag": tag, "imageManifest": manifest})


def inventory() -> dict[str, list[str]]:
    """The keys of all records of all services, by the name of their store."""
    stores = {}
    for module_name, module in sorted(sys.modules.items()):
        package, _, service = module_name.rpartition(".")
        if package not in ("ministack.services", "rehearsal.types"):
            continue
        for attribute, store in vars(module).items():
            name = f"{service}.{attribute}"
            if isinstance(store, (AccountRegionScopedDict, AccountScopedDict)) and not name.startswith(HISTORY):
                stores[name] = sorted(str(key) for *_, key in store.to_dict() if (name, key) not in DEFAULT_RESOURCES)
    # A hosted zone outlives the stacks, so its records count, not the zone that they are in.
    stores["route53._records"] = sorted(
        f"{zone} {record['Name']} {record['Type']}"
        for (*_, zone), records in route53._records.to_dict().items()
        for record in records
    )
    return stores


def handler_calls() -> dict[str, list[str]]:
    """The API functions that the handlers of types have called so far, by type."""
    return {resource_type: sorted(functions) for resource_type, functions in calls.made.items()}


def with_inventory(app: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack's application, which also answers requests for the inventory, and for the calls of handlers."""
    own = {INVENTORY: inventory, CALLS: handler_calls}

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in own:
            # The bootstrap stack's bucket refuses requests without TLS as soon as permissions count. This request never
            # leaves the machine.
            await app({**scope, "scheme": "https"} if ministack.app.AUTH else scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(own[scope["path"]]()).encode()})

    return wrapped


if __name__ == "__main__":
    main()
