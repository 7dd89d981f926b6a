"""Asks all questions about something at the same time, each within a time limit."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from patternbook.preflight.account import Account, CouldNotAskError
from patternbook.preflight.questions import Answer, Question, unknown


@dataclass(frozen=True)
class Asked:
    """A question, and what the account said."""

    question: Question
    answers: Sequence[Answer]


@dataclass
class _Asking:
    question: Question
    answers: list[Answer] = field(default_factory=list)

    def run(self, subject: Any, account: Account) -> None:
        try:
            for each in self.question.ask(subject, account):
                self.answers.append(each)
        except CouldNotAskError as error:
            self.answers.append(unknown(f"{error}."))
        except Exception as error:  # one wrong question must not hide the answers to the others
            self.answers.append(
                unknown(
                    f"The question itself failed: {type(error).__name__}: {error}.",
                    "Report it, with the properties of the resources that it is about.",
                )
            )


def ask_all(questions: Sequence[Question], subject: Any, account: Account, *, seconds: float) -> list[Asked]:
    """Asks each question in a thread of its own. One that hangs is left behind, and ends with the process.

    :param subject: what the questions are about: a stack that is to be deployed, for instance.
    :param seconds: the time limit for all, because all start together.
    :returns: the questions that concern the subject, in their order.
    """
    asking = [_Asking(each) for each in questions]
    threads = [threading.Thread(target=each.run, args=(subject, account), daemon=True) for each in asking]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    asked = []
    for each, thread in zip(asking, threads, strict=True):
        thread.join(max(0.0, deadline - time.monotonic()))
        answers = list(each.answers)
        if thread.is_alive():
            answers.append(
                unknown(
                    f"AWS gave no answer within {seconds:g} seconds.",
                    "Raise --timeout, or check the network, the proxy and the VPC endpoints.",
                )
            )
        if answers:
            asked.append(Asked(each.question, answers))
    return asked
