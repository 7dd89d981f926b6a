"""A stand-in for the AWS CLI, which tests do not install: ``python -m tests.aws_cli SERVICE OPERATION OPTION…``.

It takes the options that botocore's model has for the operation, as the AWS CLI does, and calls it by boto3. With
``PARSE_ONLY`` in the environment it prints what it would call.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import xform_name


def parsed(service: str, command: str, options: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The method of boto3, and its parameters.

    :raises SystemExit: for an operation or an option that does not exist.
    """
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if command not in names:
        sys.exit(f"aws {service} has no command {command}")
    members = model.operation_model(names[command]).input_shape.members
    known = {xform_name(name, "-"): (name, shape) for name, shape in members.items()}
    parameters: dict[str, Any] = {}
    given = iter(options)
    for option in given:
        name = option.removeprefix("--").removeprefix("no-")
        if not option.startswith("--") or name not in known:
            sys.exit(f"aws {service} {command} has no option {option}")
        member, shape = known[name]
        if shape.type_name == "boolean":
            parameters[member] = not option.startswith("--no-")
        else:
            value = next(given)
            path = value.removeprefix("file://")
            parameters[member] = Path(path).read_text(encoding="utf-8") if path != value else value
    return xform_name(names[command]), parameters


def main(arguments: Sequence[str]) -> None:
    method, parameters = parsed(arguments[0], arguments[1], arguments[2:])
    if "PARSE_ONLY" in os.environ:
        print(json.dumps([arguments[0], method, parameters]), file=sys.stderr)
        return
    answer = getattr(boto3.client(arguments[0]), method)(**parameters)
    print(json.dumps({name: value for name, value in answer.items() if name != "ResponseMetadata"}, default=str))


if __name__ == "__main__":
    main(sys.argv[1:])
