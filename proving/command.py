"""The command ``python -m proving STACK [STAGE]``."""

import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from patternbook.preflight.access import NoAccessError, session_of
from patternbook.settings.mistakes import SettingsError, did_you_mean
from proving.candidate import Candidate, RefusedError, left_by_earlier_proof, preflight, record_of, synthesized
from proving.cost import cost_of
from proving.proof import Proof, RecordedReport
from proving.question import ask, confirm
from proving.record import FAILED, FOLDER, INTERRUPTED, PROVEN, Record, now
from rehearsal.account import ROOT
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.plan import SANDBOX as IN_APP
from rehearsal.plans import PLANS
from rehearsal.running import RehearsalError
from tools.stage import StageError, stage_named

FAILURES: Final = (RehearsalError, ClientError, BotoCoreError)
"""What a step may end with."""
ANSWER_SECONDS: Final = 900
"""Time to say that the stack of a failed proof must stay. It costs money, and credentials expire."""


def main(arguments: Sequence[str], interruption: Interruption) -> int:
    """:returns: the exit status: 0 if the pattern is proven."""
    try:
        pattern, stage = _chosen(arguments)
        with tempfile.TemporaryDirectory(prefix="patternbook-prove-") as folder:
            return _prove(pattern, stage, Path(folder), interruption)
    except (RefusedError, NoAccessError, StageError, SettingsError, RehearsalError) as error:
        print(f"\n{error}", file=sys.stderr)
    except (ClientError, BotoCoreError) as error:
        print(f"\nAWS does not answer as it must: {error}", file=sys.stderr)
    except StopRequestError:
        print("\nStopped. Nothing was deployed.", file=sys.stderr)
        return interruption.exit_status
    return 1


def _chosen(arguments: Sequence[str]) -> tuple[str, str]:
    pattern, stage = arguments[0], " ".join(arguments[1:])
    if pattern not in PLANS:
        message = f"STACK must be a stack of the book, got {pattern!r}.{did_you_mean(pattern, PLANS)}"
        raise RefusedError(f"{message} Choose from {', '.join(PLANS)}.")
    return pattern, stage_named(stage)


def _prove(pattern: str, stage: str, folder: Path, interruption: Interruption) -> int:
    candidate = synthesized(session_of(None), pattern, stage, folder, interruption)
    record = record_of(candidate)
    report = RecordedReport(record)
    report.line(f"{candidate.name} in {candidate.account.region} of account {candidate.account.identity.account_id}")
    old = left_by_earlier_proof(candidate)
    preflight(candidate, report)
    confirm(candidate, interruption, old=old)
    if left_by_earlier_proof(candidate) != old:
        raise RefusedError(f"Nothing was deployed: {candidate.name} was made or removed in the meantime. Start again.")
    # Nothing of an emulated account may get among the records of AWS.
    report.save = partial(record.write, folder / "proven" if candidate.account.is_emulated else FOLDER)
    try:
        report.save()
    except OSError as error:
        raise RefusedError(f"Nothing was deployed: the record cannot be written: {error}") from None
    return _deploy(candidate, report, interruption, old=old)


def _deploy(candidate: Candidate, report: RecordedReport, interruption: Interruption, *, old: bool) -> int:
    """Proves the stack, and writes the record, whatever happens."""
    production = candidate.described["posture"] == "production"
    proof = Proof(
        candidate.account,
        candidate.assemblies,
        candidate.stage or IN_APP,
        candidate.pattern,
        report,
        production=production,
    )
    start, status = datetime.now(timezone.utc), 1
    try:
        if old:
            proof.remove()
        proof.prove()
        status = 0
    except StopRequestError:
        status = interruption.exit_status
        print(f"\nStopped. {_what_exists(candidate)}", file=sys.stderr)
    except Exception as error:  # nobody else removes the stack
        print(f"\n{_said(error)}", file=sys.stderr)
        _remove_after_failure(candidate, proof, interruption)
    hours = (datetime.now(timezone.utc) - start).total_seconds() / 3600
    _end(candidate, report.record, status, hours)
    try:
        path = report.save()
    except OSError as error:
        print(f"\nThe record could not be written: {error}", file=sys.stderr)
        return status or 1
    if report.record.emulated:
        print("\nThis was an emulated account, which proves nothing about AWS. No record is kept.")
    else:
        print(f"\n{candidate.name}: {report.record.outcome}. The record is {path.relative_to(ROOT)}.")
        print("CONTRIBUTING.md says how to contribute it.")
    return status


def _end(candidate: Candidate, record: Record, status: int, hours: float) -> None:
    template = json.loads(candidate.template_file.read_text(encoding="utf-8"))
    record.outcome = {0: PROVEN, 1: FAILED}.get(status, INTERRUPTED)
    record.ended = now()
    record.cost = cost_of(template, hours=hours).as_dict()


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, FAILURES) else f"make prove itself failed: {type(error).__name__}: {error}"


def _what_exists(candidate: Candidate) -> str:
    """What the account has now, and how to remove it."""
    try:
        found = candidate.state()
    except (ClientError, BotoCoreError) as error:
        said = f"AWS does not say whether {candidate.name} exists ({error})."
    else:
        if found is None:
            return f"{candidate.name} does not exist."
        said = f"{candidate.name} exists, and costs money: it is {found['StackStatus']}."
    where = f"in {candidate.account.region} of account {candidate.account.identity.account_id}"
    return f"{said} Remove it {where}:\n{candidate.removal()}\nThe next make prove removes it, too."


def _remove_after_failure(candidate: Candidate, proof: Proof, interruption: Interruption) -> None:
    """Destroys what a failed proof leaves. On a terminal, it asks before, because one may want to look at it."""
    try:
        if candidate.state() is None:
            return
        if sys.stdin.isatty():
            prompt = f"Destroy the stack now? Type no to keep it. In {ANSWER_SECONDS // 60} minutes it is destroyed: "
            answer = ask(prompt, interruption, seconds=ANSWER_SECONDS)
            if answer.lower() in ("n", "no"):
                print(_what_exists(candidate), file=sys.stderr)
                return
        proof.remove()
    except StopRequestError:
        print(f"\nStopped. {_what_exists(candidate)}", file=sys.stderr)
    except Exception as error:
        print(f"\nThe stack could not be destroyed: {_said(error)}\n{_what_exists(candidate)}", file=sys.stderr)
