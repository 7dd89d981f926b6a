"""The process of the emulated account: MiniStack, with the CloudFormation types that it lacks.

Started by :class:`rehearsal.account.EmulatedAccount` only, which hands over a listening socket of 127.0.0.1, so that
no port has to be guessed and none is open to the network. It ends when its standard input does, and so with its
parent, however that ends.
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
from ministack.services.cloudformation import custom_resource

import rehearsal.types
from rehearsal import INVENTORY
from rehearsal.types import replacements

# What tells of the past, and is no resource: stacks and change sets, calls, metrics, what became of alarms.
HISTORY = (
    *("cloudformation.", "cloudtrail.", "cloudwatch._alarm_history", "cloudwatch._metrics"),
    "s3._completed_multipart_uploads",
)
# What every account has, and MiniStack makes when it is first asked for.
FROM_THE_BEGINNING = (("eventbridge._event_buses", "default"),)


def main() -> None:
    """``python -m rehearsal.server SOCKET SECONDS``: the number of the socket, and the limit for custom resources."""
    socket, seconds = (int(argument) for argument in sys.argv[1:])
    rehearsal.types.register()
    replacements.register()
    bound_custom_resources(seconds)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.keep_alive_timeout = 75
    asyncio.run(serve(with_inventory(ministack.app.app), config))


def _end_with_parent() -> None:
    sys.stdin.read()
    # A parent that was killed leaves its folder, which is the home of all that it started.
    shutil.rmtree(os.environ["HOME"], ignore_errors=True)
    # With the group go the processes that run Lambda functions. A request to end politely could wait for ever: a
    # custom resource that hangs holds the server up.
    os.killpg(os.getpgrp(), signal.SIGKILL)


def bound_custom_resources(seconds: int) -> None:
    """Fails a custom resource that has not answered in time; MiniStack waits for an hour, as CloudFormation does."""
    unbounded = custom_resource.invoke_custom_resource

    def bounded(request_type: str, logical_id: str, *arguments: Any, **named: Any) -> Any:
        answer: list[Any] = []
        failure: list[BaseException] = []

        def ask(context: contextvars.Context) -> None:
            try:
                answer.append(context.run(unbounded, request_type, logical_id, *arguments, **named))
            except BaseException as error:
                failure.append(error)

        asking = threading.Thread(target=ask, args=(contextvars.copy_context(),), daemon=True)
        asking.start()
        asking.join(seconds)
        if failure:
            raise failure[0]
        if not answer:
            raise TimeoutError(
                f"{logical_id}: no answer to {request_type} after {seconds} seconds, the limit of a rehearsal"
            )
        return answer[0]

    custom_resource.invoke_custom_resource = bounded  # ty: ignore[invalid-assignment]


def inventory() -> dict[str, list[str]]:
    """Every record of every service, by the name of the store it is in: all that is in the account."""
    stores = {}
    for module_name, module in sorted(sys.modules.items()):
        package, _, service = module_name.rpartition(".")
        if package not in ("ministack.services", "rehearsal.types"):
            continue
        for attribute, store in vars(module).items():
            name = f"{service}.{attribute}"
            if isinstance(store, (AccountRegionScopedDict, AccountScopedDict)) and not name.startswith(HISTORY):
                stores[name] = sorted(str(key) for *_, key in store.to_dict() if (name, key) not in FROM_THE_BEGINNING)
    return stores


def with_inventory(app: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack's application, and an address that tells what is in the account."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != INVENTORY:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(inventory()).encode()})

    return wrapped


if __name__ == "__main__":
    main()
