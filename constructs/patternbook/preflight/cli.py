"""The command ``patternbook preflight TEMPLATE…``."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from patternbook.preflight.access import Identity, NoAccessError, identity_of, partition_of, region_of, session_of
from patternbook.rules.reading import Source, TemplateError
from patternbook.rules.reading.given import read_all

if TYPE_CHECKING:
    import boto3

FINE, STOPPED, COULD_NOT_ASK = 0, 1, 2
TIMEOUT_SECONDS: Final = 30.0
DESCRIPTION: Final = """\
Asks an AWS account, by read-only calls, what would stop the deployment of templates. Exit status: 0 if nothing stops
it, 1 if something does (with --strict also if something may stop it or is unknown), 2 if nothing could be asked: a file
is not a template, there are no credentials, or there is no Region."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to a parser. Its arguments go to :func:`run`."""
    parser = commands.add_parser(
        "preflight", help="ask an account what would stop a deployment", description=DESCRIPTION
    )
    parser.add_argument("templates", nargs="*", metavar="TEMPLATE", help="file in JSON or YAML; - reads standard input")
    parser.add_argument("--region", help="Region of the deployment; defaults to that of the stack, then AWS_REGION")
    parser.add_argument("--profile", help="profile of the AWS configuration")
    parser.add_argument("--stack-name", default="", help="name of the stack; a template of the CDK has one")
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="value of a parameter of the template"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict", action="store_true", help="exit status 1 also for may and unknown")
    parser.add_argument("--policy", action="store_true", help="print the IAM policy that the command needs, and end")
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_SECONDS, help=f"seconds per question (default: {TIMEOUT_SECONDS:g})"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Runs the command.

    :returns: the exit status.
    """
    if given.policy:
        return _print_policy(given)
    try:
        return _preflight(given, given.today)
    except NoAccessError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_ASK


def _print_policy(given: argparse.Namespace) -> int:
    from patternbook.preflight.catalogue import QUESTIONS
    from patternbook.preflight.policy import policy_of

    region = given.region or os.environ.get("AWS_REGION") or ""
    print(json.dumps(policy_of(QUESTIONS, partition=partition_of(region)), indent=2))
    return FINE


def _preflight(given: argparse.Namespace, today: date) -> int:
    sources = _read(given)
    parameters = _parameters(given.parameter, sources)
    if given.timeout <= 0:
        raise NoAccessError(f"--timeout must be more than 0 seconds, got {given.timeout:g}.")
    session = session_of(given.profile)
    from patternbook.preflight.account import Account
    from patternbook.preflight.asking import ask_all
    from patternbook.preflight.catalogue import QUESTIONS
    from patternbook.preflight.questions import Verdict
    from patternbook.preflight.report import Flight, as_json, as_text
    from patternbook.preflight.stack import Target, assembly_of, stack_in

    accounts: dict[str, Account] = {}
    flights: list[Flight] = []
    identity = Identity("", "")
    for path, source in sources.items():
        assembly = assembly_of(path)
        region = region_of(session, given.region, assembly.region)
        if region not in accounts:
            accounts[region] = Account(session, region, seconds=given.timeout)
            identity = identity_of(accounts[region], region)
        partition = session.get_partition_for_region(region)
        target = Target(
            account_id=identity.account_id,
            partition=partition,
            url_suffix=_url_suffix(session, partition),
            region=region,
            stack_name=given.stack_name or assembly.stack_name,
        )
        stack = stack_in(
            accounts[region],
            path,
            source.document,
            target=target,
            assembly=assembly,
            given=parameters,
            today=today,
            earlier=[each.stack for each in flights],
        )
        flights.append(Flight(stack, ask_all(QUESTIONS, stack, accounts[region], seconds=given.timeout)))
    write = as_json if given.json else as_text
    print(write(flights, identity=identity.arn))
    sys.stdout.flush()
    bad = (Verdict.STOPS, Verdict.MAY, Verdict.UNKNOWN) if given.strict else (Verdict.STOPS,)
    return STOPPED if any(flight.count(each) for flight in flights for each in bad) else FINE


def _read(given: argparse.Namespace) -> dict[str, Source]:
    if not given.templates:
        raise NoAccessError("Name at least one template: patternbook preflight cdk.out/MyStack.template.json")
    try:
        return read_all(given.templates, rewritten="cannot be read")
    except TemplateError as error:
        raise NoAccessError(str(error)) from None


def _parameters(given: Sequence[str], sources: dict[str, Source]) -> dict[str, str]:
    found = {}
    for each in given:
        name, separator, value = each.partition("=")
        known = sorted({name for source in sources.values() for name in source.document.get("Parameters") or {}})
        if not separator:
            raise NoAccessError(f"--parameter must be NAME=VALUE, got {each!r}.")
        if name not in known:
            listed = f" Choose from {', '.join(known)}." if known else " The templates have no parameters."
            raise NoAccessError(f"--parameter {name!r} is no parameter of the templates.{listed}")
        found[name] = value
    return found


def _url_suffix(session: "boto3.Session", partition: str) -> str:
    resolver = session._session.get_component("endpoint_resolver")
    return resolver.get_partition_dns_suffix(partition)
