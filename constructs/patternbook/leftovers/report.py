"""Writes what is left as text, or as JSON: what is expired comes first."""

import json
from collections.abc import Iterator, Sequence

from patternbook.leftovers.questions import UNSEEN, tags
from patternbook.leftovers.stacks import Book, Leftover
from patternbook.preflight.asking import Asked
from patternbook.preflight.questions import Answer, Question, Verdict
from patternbook.rules.report import printable


def left(asked: Sequence[Asked], book: Book) -> list[tuple[Question, Leftover]]:
    """Everything that is left, once: what is expired first, then what has another date, then the rest.

    A resource that the tags show, too, is listed with its tags, which prove that it still exists.
    """
    every = [(each.question, answer) for each in asked for answer in each.answers if isinstance(answer, Leftover)]
    arns = [each.name for question, each in every if question is tags]
    found = [(question, each) for question, each in every if question is tags or not _is_among(arns, each.name)]
    return sorted(found, key=lambda pair: (not is_expired(pair[1], book), pair[1].expires or "9", pair[1].stack))


def _is_among(arns: Sequence[str], physical_id: str) -> bool:
    """Whether one of the ARNs is that of a physical id: an ARN itself, a name, or the URL of a queue."""
    name = physical_id.rpartition("/")[2] if "://" in physical_id else physical_id
    return any(arn == name or arn.endswith((f":{name}", f"/{name}")) for arn in arns)


def unanswered(asked: Sequence[Asked]) -> list[tuple[Question, Answer]]:
    """The questions that AWS did not answer, each with the reason."""
    return [(each.question, answer) for each in asked for answer in each.answers if answer.verdict is Verdict.UNKNOWN]


def is_expired(leftover: Leftover, book: Book) -> bool:
    """Whether the date of its tag is over."""
    return bool(leftover.expires) and leftover.expires < book.today


def as_text(asked: Sequence[Asked], book: Book, *, where: str) -> str:
    """A paragraph for each thing, what was not answered, and what the command cannot see."""
    return printable("\n".join(_lines(asked, book, where)))


def _lines(asked: Sequence[Asked], book: Book, where: str) -> Iterator[str]:
    found = left(asked, book)
    yield f"Leftovers of Patternbook in {where}\n"
    for question, each in found:
        yield f"  {_age(each, book):<18} {question.id:<18} {each.stack}: {each.name}"
        yield f"{'':<40}{each.message} {question.fix}"
    for question, answer in unanswered(asked):
        yield f"  {'unknown':<18} {question.id:<18} {answer.message}"
    expired = sum(is_expired(each, book) for _, each in found)
    yield f"\nLeft: {len(found)}, of which expired: {expired}. Not answered: {len(unanswered(asked))}."
    yield "This command does not see:"
    yield from (f"- {each};" for each in UNSEEN)


def _age(leftover: Leftover, book: Book) -> str:
    if not leftover.expires:
        return "no date"
    return f"{'expired' if is_expired(leftover, book) else 'until'} {leftover.expires}"


def as_json(asked: Sequence[Asked], book: Book, *, where: str) -> str:
    """An object with the same."""
    return json.dumps(
        {
            "where": where,
            "leftovers": [
                {
                    "question": question.id,
                    "stack": each.stack,
                    "name": each.name,
                    "message": each.message,
                    "fix": question.fix,
                    "expires": each.expires,
                    "expired": is_expired(each, book),
                }
                for question, each in left(asked, book)
            ],
            "unanswered": [
                {"question": question.id, "message": answer.message} for question, answer in unanswered(asked)
            ],
            "unseen": list(UNSEEN),
        },
        indent=2,
    )
