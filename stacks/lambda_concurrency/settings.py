"""Settings of LambdaConcurrencyStack. The defaults work in an empty account."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from patternbook.aws_lambda.settings import FunctionSettings
from patternbook.data.settings import KeySettings, LogSettings
from patternbook.limits.aws_lambda import TrafficShift
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Whole
from patternbook.settings.validators import Unit
from stacks.lambda_concurrency.demonstration import CODE


class LambdaConcurrencySettings(KeySettings, AlarmSettings, LogSettings, FunctionSettings):
    """Settings of the pattern beyond those of its constructs."""

    demonstration: ClassVar[Path | None] = CODE

    invoke_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """Accounts, roles and users that may call the function by its URL. Principals of the stack's account need only a
    policy of their own."""
    traffic_shift: TrafficShift = "Canary10Percent5Minutes"
    """CodeDeploy deployment configuration, by which traffic shifts to a new version."""
    duration_alarm_percent: Annotated[Whole, Field(ge=10, le=100), Unit("%")] = 80
    """Share of the timeout above which a call counts as slow."""
