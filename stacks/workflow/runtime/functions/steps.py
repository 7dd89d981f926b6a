"""The handler of a function that takes steps of the workflow."""

from collections.abc import Callable, Mapping
from typing import Any

from observing import count, logger, tracer

Step = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Takes the order id and the event, and returns a result with an "outcome", for the conditions of the workflow."""
LOGGED = ("reason", "was_done")
"""What the log has of a result, besides its outcome."""


def steps(actions: Mapping[str, Step]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a Lambda function, for events that name an action and an order.

    A refusal is a result, not an error. The workflow tries a step again after any error, so each step can be repeated.
    """

    @logger.inject_lambda_context(clear_state=True)
    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        action, order_id = event["action"], event["order_id"]
        logger.append_keys(action=action, order_id=order_id)
        try:
            result = actions[action](order_id, event)
        except Exception:
            logger.exception("failed")
            raise
        logger.info(result["outcome"], **{name: result[name] for name in LOGGED if name in result})
        count(result["outcome"].title(), context)
        return result

    return handler
