"""Settings that are the minimum and the maximum of the same thing."""

from pydantic import ValidationInfo

from patternbook.limits.scaling import check_order


def checked_maximum(value: int, info: ValidationInfo) -> int:
    """Validates a setting ``max_…``: it must not be below the setting ``min_…`` of the same name."""
    name = f"{info.field_name}".removeprefix("max_")
    if f"min_{name}" in info.data:
        check_order(name, minimum=info.data[f"min_{name}"], maximum=value)
    return value
