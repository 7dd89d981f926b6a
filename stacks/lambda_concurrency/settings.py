"""Settings of LambdaConcurrencyStack. The defaults work in an empty account."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.aws_lambda.package import check_package
from patternbook.aws_lambda.settings import FunctionSettings
from patternbook.data.settings import KeySettings, LogSettings, TableSettings
from patternbook.limits.aws_lambda import POWERTOOLS_LAYER_BYTES, TrafficShift, check_environment
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Whole, YesNo
from patternbook.settings.validators import Unit
from stacks.lambda_concurrency.demonstration import CODE, LONGEST_VARIABLES


class LambdaConcurrencySettings(KeySettings, AlarmSettings, LogSettings, TableSettings, FunctionSettings):
    """Settings of the pattern beyond those of its constructs."""

    demonstration: ClassVar[Path | None] = CODE

    powertools: YesNo = True
    """Add the layer of Powertools for AWS Lambda to the function. Set it to false for code of your own that does not
    import it, or that contains it."""
    invoke_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """Accounts, roles and users that may call the function by its URL. Principals of the stack's account need only a
    policy of their own."""
    traffic_shift: TrafficShift = "Canary10Percent5Minutes"
    """CodeDeploy deployment configuration, by which traffic shifts to a new version."""
    duration_alarm_percent: Annotated[Whole, Field(ge=10, le=100), Unit("%")] = 80
    """Share of the timeout above which a call counts as slow."""

    @field_validator("environment")
    @classmethod
    def _fits_beside_those_of_the_pattern(cls, value: dict[str, str]) -> dict[str, str]:
        check_environment(value, others=LONGEST_VARIABLES)
        return value

    @field_validator("powertools")
    @classmethod
    def _fits_beside_the_code(cls, value: bool, info: ValidationInfo) -> bool:
        code_path = info.data.get("code_path")
        if not value and "code_path" in info.data and code_path is None:
            raise ValueError("Requires code_path, because the demonstration imports Powertools. Set both, or neither.")
        if value and code_path is not None:
            try:
                check_package(Path(code_path), direct_upload=False, layers_bytes=POWERTOOLS_LAYER_BYTES)
            except ValueError as error:
                raise ValueError(f"{error} Set powertools to false if the code does not import it.") from error
        return value
