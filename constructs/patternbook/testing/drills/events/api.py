"""Events of an HTTP API that people must hear of, and events of its normal operation."""

from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.web_api import Capacity, Outcome, Requests, SignIns
from patternbook.testing.drills.scenarios import Course, Scenario
from patternbook.testing.drills.world import Minute


def _happens(title: str, course: Course, *, before: Course | None = None) -> Scenario:
    return Scenario(title, course, by=None, needs=frozenset({"api"}), before=before)


def _always(title: str, **state: Any) -> Scenario:
    """The same in each minute."""
    return _happens(title, lambda _, calm: replace(calm, **state))


def _now_and_then(outcome: Outcome, every: int = 4) -> Course:
    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, api=Requests(outcome if minute % every == 0 else Outcome()), sign_ins=SignIns())

    return course


# Events that must ring


def functions_crash(requests: int) -> Scenario:
    return _always(f"Every call of the functions fails ({requests} a minute)", api=Requests(Outcome(crashes=requests)))


def functions_answer_500() -> Scenario:
    """As without the table. Lambda counts no error."""
    return _always("The functions answer every request with 500", api=Requests(Outcome(faults=600)))


def some_fail() -> Scenario:
    return _always("One request in ten fails", api=Requests(Outcome(answered=540, faults=60)))


def quiet_api_fails() -> Scenario:
    fails, works = Outcome(faults=1), Outcome(answered=1)
    title = "A request to the API every four minutes, and every one fails"
    return _happens(title, _now_and_then(fails), before=_now_and_then(works))


def quiet_functions_crash() -> Scenario:
    fails, works = Outcome(crashes=1), Outcome(answered=1)
    title = "A call of the functions every four minutes, and every one fails"
    return _happens(title, _now_and_then(fails), before=_now_and_then(works))


def some_calls_crash() -> Scenario:
    return _always("One call of the functions in ten fails", api=Requests(Outcome(answered=540, crashes=60)))


def no_concurrency() -> Scenario:
    state = Requests(Outcome(answered=500), throttled_calls=100)
    return _always("The functions have no concurrency left", api=state)


def slow_table() -> Scenario:
    return _always("Every response of the API takes 5 seconds", api=Requests(Outcome(answered=60, seconds=5)))


def near_timeout() -> Scenario:
    state = Requests(Outcome(answered=60, timeout_share=0.9))
    return _always("Every call takes nine tenths of the timeout", api=state)


def throttled_api() -> Scenario:
    state = Requests(Outcome(answered=6_000), throttled=300)
    return _always("A client sends more requests than a route allows", api=state)


def throttled_table() -> Scenario:
    return _always(
        "The table throttles reads and writes",
        api=Requests(Outcome(answered=590, faults=10)),
        table=Capacity(reads=60_000, writes=60_000, throttled_reads=40, throttled_writes=40),
    )


def new_version(title: str, **outcome: Any) -> Scenario:
    """CodeDeploy shifts a tenth of the requests to a new version."""
    state = Requests(Outcome(answered=540), new=Outcome(**outcome))
    return _always(f"A new version {title} during the shift of traffic", api=state)


def sign_ins_fail() -> Scenario:
    return _always("All sign-ins fail (20 a minute)", sign_ins=SignIns(failures=20))


def sign_ins_throttled() -> Scenario:
    return _always("Cognito throttles sign-ins", sign_ins=SignIns(successes=600, throttled=20))


# Normal operation


def day() -> Scenario:
    return _happens("an ordinary day", lambda _, calm: calm)


def night() -> Scenario:
    quiet = {"api": Requests(), "table": Capacity(reads=0, writes=0), "sign_ins": SignIns()}
    return _always("a quiet night", **quiet)


def cold_starts() -> Scenario:
    """Each of a few requests starts an environment."""
    return _happens("rare requests, each with a cold start", _now_and_then(Outcome(answered=1, seconds=2.5)))


def one_failure() -> Scenario:
    """One request fails by day, and one at night."""

    def course(minute: int, calm: Minute) -> Minute:
        live = Outcome(answered=599, crashes=1) if minute == 0 else calm.api.live
        return replace(calm, api=Requests(Outcome(crashes=1)) if minute == 40 else Requests(live))

    return _happens("one failed request, by day or at night", course)


def rare_failures() -> Scenario:
    state = Requests(Outcome(answered=99_994, faults=6))
    return _always("six failed requests per minute among a hundred thousand", api=state)


def expired_tokens() -> Scenario:
    state = Requests(Outcome(answered=400), unauthorized=200)
    return _always("clients with expired tokens", api=state)


def short_burst() -> Scenario:
    """Two minutes above the limits of routes and table."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute > 1:
            return calm
        table = Capacity(reads=60_000, throttled_reads=5)
        return replace(calm, api=Requests(Outcome(answered=6_000), throttled=20), table=table)

    return _happens("two minutes above the limits", course)


def deployment() -> Scenario:
    state = Requests(Outcome(answered=540), new=Outcome(answered=60, seconds=1))
    return _always("a deployment whose new version works", api=state)


def mistyped_passwords() -> Scenario:
    """Users mistype passwords, and for one user at night every sign-in fails."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, sign_ins=SignIns(successes=20, failures=8) if minute < 30 else SignIns(failures=3))

    return _happens("mistyped passwords", course)
