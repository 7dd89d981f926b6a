"""How each resource type is priced. A pricer adds the lines of one resource to its meter.

A pricer that adds no line says that this resource costs nothing of itself. A type that is neither here nor in
:data:`patternbook.cost.pricers.free.FREE` is unknown.
"""

from collections.abc import Callable, Mapping
from typing import Final

from patternbook.cost.lines import Meter
from patternbook.cost.pricers import containers, databases, instances, monitoring, network, serverless, storage

__all__ = ["PRICERS"]

PRICERS: Final[Mapping[str, Callable[[Meter], None]]] = {
    **containers.PRICERS,
    **databases.PRICERS,
    **instances.PRICERS,
    **monitoring.PRICERS,
    **network.PRICERS,
    **serverless.PRICERS,
    **storage.PRICERS,
}
