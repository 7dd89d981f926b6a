"""What rings in `WebApiStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import api
from patternbook.testing.drills.promises import NEW_VERSION, RAISE_CONCURRENCY, RAISE_UNITS, SLOW_CALLS, Drill, Promise
from stacks.web_api import WebApiStack

PATTERN = WebApiStack

ACCESS_LOG: Final = (
    "Find a failed request in the access log (output `AccessLogName`), and its `requestId` in the logs of the "
    "functions."
)
RAISE_RATES: Final = (
    "The access log has the clients. If they are welcome, raise `read_rate` and `read_burst`, or those for writes."
)
SIGN_INS: Final = (
    "CloudTrail has the sign-ins with their addresses. Turn on MFA, or threat protection with the plan PLUS."
)

DRILL = Drill(
    [
        Promise(api.functions_crash(600), 5, ACCESS_LOG),
        Promise(api.functions_crash(5), 10, ACCESS_LOG),
        Promise(api.functions_answer_500(), 5, ACCESS_LOG),
        Promise(api.some_fail(), 10, ACCESS_LOG),
        Promise(api.quiet_api_fails(), 30, ACCESS_LOG),
        Promise(api.quiet_functions_crash(), 30, ACCESS_LOG),
        Promise(api.some_calls_crash(), 10, ACCESS_LOG),
        Promise(api.no_concurrency(), 10, RAISE_CONCURRENCY),
        Promise(api.slow_table(), 10, SLOW_CALLS),
        Promise(api.near_timeout(), 10, SLOW_CALLS),
        Promise(api.throttled_api(), 15, RAISE_RATES),
        Promise(api.throttled_table(), 15, RAISE_UNITS),
        Promise(api.new_version("crashes", crashes=60), 4, NEW_VERSION),
        Promise(api.new_version("answers with 500", faults=60), 4, NEW_VERSION),
        Promise(api.new_version("is slow", answered=60, timeout_share=0.9), 4, NEW_VERSION),
        Promise(api.sign_ins_fail(), 15, SIGN_INS),
        Promise(api.sign_ins_throttled(), 15, "Ask AWS for a higher quota of UserAuthentication requests."),
    ],
    [
        api.day(),
        api.night(),
        api.cold_starts(),
        api.one_failure(),
        api.rare_failures(),
        api.expired_tokens(),
        api.short_burst(),
        api.deployment(),
        api.mistyped_passwords(),
    ],
)


class TestDrills(Drilled):
    pass
