"""EventBridge event patterns, for the operators that the book uses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from patternbook.testing.drills.alarms import COMPARISONS

NUMERIC: Final = {
    ">": COMPARISONS["GreaterThanThreshold"],
    ">=": COMPARISONS["GreaterThanOrEqualToThreshold"],
    "<": COMPARISONS["LessThanThreshold"],
    "<=": COMPARISONS["LessThanOrEqualToThreshold"],
    "=": lambda value, wanted: value == wanted,
}


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has all that a pattern asks for.

    :raises NotImplementedError: for an operator that this module does not know.
    """
    results = [_field(key, wanted, event) for key, wanted in pattern.items()]  # all, to refuse unknown operators
    return all(results)


def _field(key: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if key == "$or":
        results = [matches(each, event) for each in wanted]
        return any(results)
    if isinstance(wanted, Mapping):
        inner = event.get(key)
        return matches(wanted, inner if isinstance(inner, Mapping) else {})
    given = event.get(key)
    # A list in an event matches if one of its values does.
    values = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    results = [_value(each, value, present=key in event) for each in wanted for value in values]
    return any(results)


def _value(wanted: Any, value: Any, *, present: bool) -> bool:
    match wanted:
        case {"exists": bool(exists)}:
            return present == exists
        case {"prefix": str(prefix)}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"suffix": str(suffix)}:
            return isinstance(value, str) and value.endswith(suffix)
        case {"anything-but": unwanted}:
            return present and value not in (unwanted if isinstance(unwanted, list) else [unwanted])
        case {"numeric": list(tests)}:
            pairs = zip(tests[::2], tests[1::2], strict=True)
            return isinstance(value, int | float) and all(NUMERIC[sign](value, number) for sign, number in pairs)
        case dict():
            raise NotImplementedError(f"{wanted} is not supported by {__name__}. Add it there.")
    return present and value == wanted
