"""Settings of WorkflowStack. The defaults work in an empty account."""

from typing import Annotated

from pydantic import Field

from patternbook.data.settings import KeySettings, TableSettings
from patternbook.limits.step_functions import MESSAGE_SECONDS
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Unit, within


class WorkflowSettings(AlarmSettings, KeySettings, TableSettings, NetworkSettings):
    """Settings of the pattern beyond those of its constructs."""

    approval_above: Annotated[Whole, Field(ge=0, le=10**12), Unit("of the smallest unit of the currency")] = 50_000
    """Amount above which a person must approve an order, such as 50000 for 500 EUR."""
    approval_timeout_seconds: Annotated[Whole, within(MESSAGE_SECONDS), Unit("seconds")] = 86_400
    """Time for which an order waits for the approval. It is then undone."""
