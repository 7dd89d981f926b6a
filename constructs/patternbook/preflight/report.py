"""Writes the answers as a table, or as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patternbook.preflight.asking import Asked
from patternbook.preflight.questions import Answer, Question, Verdict
from patternbook.preflight.stack import Stack, Target
from patternbook.rules.report import printable

VERDICTS = tuple(Verdict)
SUMMARY = {
    Verdict.STOPS: "Stops the deployment",
    Verdict.MAY: "May stop it",
    Verdict.UNKNOWN: "Unknown",
    Verdict.FINE: "Fine",
}


@dataclass(frozen=True)
class Flight:
    """A stack, and the answers about it."""

    stack: Stack
    asked: Sequence[Asked]

    @property
    def answers(self) -> Iterator[tuple[Question, Answer]]:
        """All answers, the worst first."""
        pairs = [(each.question, answer) for each in self.asked for answer in each.answers]
        return iter(sorted(pairs, key=lambda pair: VERDICTS.index(pair[1].verdict)))

    def count(self, verdict: Verdict) -> int:
        """The number of answers with a verdict."""
        return sum(answer.verdict is verdict for _, answer in self.answers)


def as_text(flights: Sequence[Flight], *, identity: str) -> str:
    """A table for each stack, and a summary.

    :param identity: the ARN of the credentials.
    """
    paragraphs = [line for flight in flights for line in _table(flight, identity)]
    counts = Counter({verdict: sum(each.count(verdict) for each in flights) for verdict in VERDICTS})
    paragraphs.append(" ".join(f"{SUMMARY[verdict]}: {counts[verdict]}." for verdict in VERDICTS))
    return printable("\n".join(paragraphs))


def _table(flight: Flight, identity: str) -> Iterator[str]:
    target = flight.stack.target
    yield f"{flight.stack.name} in {target.region} of account {target.account_id}, asked as {identity}\n"
    width = max((len(each.question.id) for each in flight.asked), default=0)
    for question, answer in flight.answers:
        indent = " " * (width + 12)
        yield f"  {answer.verdict.value:<8} {question.id:<{width}} {answer.message}"
        if answer.verdict is not Verdict.FINE:
            yield f"{indent}{answer.fix or question.fix}"
        if answer.verdict in (Verdict.STOPS, Verdict.MAY):
            yield f"{indent}{question.source}"
    yield ""


def as_json(flights: Sequence[Flight], *, identity: str) -> str:
    """An object with all answers."""
    return json.dumps(
        {
            "identity": identity,
            "stacks": [
                {
                    "template": flight.stack.path,
                    **_where(flight.stack.target),
                    "answers": [
                        {
                            "question": question.id,
                            "verdict": answer.verdict.value,
                            "summary": question.summary,
                            "message": answer.message,
                            "fix": answer.fix or question.fix,
                            "permissions": list(question.permissions),
                            "source": question.source,
                        }
                        for question, answer in flight.answers
                    ],
                }
                for flight in flights
            ],
            "counts": {verdict.value: sum(each.count(verdict) for each in flights) for verdict in VERDICTS},
        },
        indent=2,
    )


def _where(target: Target) -> dict[str, str]:
    return {"stack": target.stack_name, "account": target.account_id, "region": target.region}
