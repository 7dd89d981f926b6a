"""Checks of what scales, on any service: a minimum and a maximum, and a share of Spot."""


def check_order(name: str, *, minimum: int, maximum: int, lowest: int = 0) -> None:
    """:param name: name of the two arguments without ``min_`` and ``max_``.
    :param lowest: smallest possible minimum.
    :raises ValueError: if the minimum is below ``lowest`` or above the maximum.
    """
    if minimum < lowest:
        raise ValueError(f"min_{name} must be at least {lowest}, got {minimum}.")
    if maximum < minimum:
        raise ValueError(
            f"max_{name} must be at least min_{name} ({minimum}), got {maximum}. Raise max_{name} or lower min_{name}."
        )


def check_spot_share(*, on_demand_base: int, spot_percent: int) -> None:
    """:raises ValueError: if the base is negative or the share is not 0 to 100."""
    if on_demand_base < 0:
        raise ValueError(f"on_demand_base must be at least 0, got {on_demand_base}.")
    if not 0 <= spot_percent <= 100:
        raise ValueError(f"spot_percent must be 0 to 100, got {spot_percent}.")
