"""Measures the import of the function of ``LambdaConcurrencyStack``: a cold start takes at least as long.

``python -m tools.bench_work``, which is also a part of ``make bench``. The times are CPU times, and medians of one run.
"""

import os
import statistics
from pathlib import Path
from typing import Final

from stacks.lambda_concurrency.demonstration import CODE, variables
from tools.bench_web_api import ENVIRONMENT, IMPORTS, seconds_to_import

MODULES: Final = {"work": CODE, "items": CODE, "boto3": Path()}
"""The handler, the job without Powertools, and boto3 alone."""


def main() -> None:
    os.environ.update(ENVIRONMENT | variables(table="items", stack_name="Bench"))
    for module, folder in MODULES.items():
        seconds = statistics.median(seconds_to_import(module, folder) for _ in range(IMPORTS))
        print(f"{module:<18} import {1000 * seconds:5.0f} ms")


if __name__ == "__main__":
    main()
