"""What happens to a site behind CloudFront, to a service of App Runner, and to images in ECR: events, and calm."""

from collections.abc import Callable
from dataclasses import replace

from patternbook.testing.drills.emitters.app_runner import AppRequests, AppRunnerService
from patternbook.testing.drills.emitters.cloudfront import Views
from patternbook.testing.drills.emitters.ecr import Repository
from patternbook.testing.drills.scenarios import Course, Scenario
from patternbook.testing.drills.world import Minute, Sent

# A site behind CloudFront


def _site(title: str, views: Views | Callable[[int], Views], before: Views | None = None) -> Scenario:
    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, views=views if isinstance(views, Views) else views(minute))

    earlier: Course | None = None if before is None else lambda _, calm: replace(calm, views=before)
    return Scenario(title, course, by=None, needs=frozenset({"site"}), before=earlier)


def viewer_function_fails(requests: int) -> Scenario:
    """A function at a viewer event runs for each request."""
    return _site(f"A function at a viewer event fails ({requests} requests a minute)", Views(0, crashes=requests))


def some_calls_fail() -> Scenario:
    return _site("One call in ten of a function at a viewer event fails", Views(540, crashes=60))


def origin_function_fails() -> Scenario:
    """CloudFront has most pages in its cache, and calls functions at origin events for the others only."""
    return _site("A function at an origin event fails, and most pages are cached", Views(596, crashes=4))


def rare_function_failures() -> Scenario:
    return _site(
        "A request every four minutes, and a function fails at each",
        lambda minute: Views(0, crashes=0 if minute % 4 else 1),
    )


def invalid_responses() -> Scenario:
    return _site("A function returns a response that CloudFront refuses", Views(540, refused=60))


def functions_throttled() -> Scenario:
    return _site("Lambda throttles functions in some Region", Views(580, throttled=20))


def region_busy() -> Scenario:
    """Another function of the account uses most of the concurrency of us-east-1."""
    return _site("The functions of us-east-1 run into the quota of the account", Views(600, executions=900))


def origin_access_broken(answered: int) -> Scenario:
    """The bucket refuses files of the site. The function at origin response answers 503 for them."""
    title = "The bucket does not admit the distribution"
    where = f"{title}, and most pages are cached" if answered else title
    return _site(where, Views(answered, unavailable=20))


def bucket_down() -> Scenario:
    return _site("The bucket answers with errors", Views(300, unavailable=300))


def visitors() -> Scenario:
    return _site("an ordinary day", Views(missing=6))


def nobody() -> Scenario:
    return _site("a quiet night", Views(0, executions=0))


def crawler() -> Scenario:
    """It asks for pages that never existed."""
    return _site("a crawler that asks for missing pages", Views(100, missing=2_000))


def one_failed_call() -> Scenario:
    """A function times out once by day, and once at night."""

    def views(minute: int) -> Views:
        if minute == 40:
            return Views(0, crashes=1)
        return Views(599, crashes=1) if minute == 0 else Views()

    return _site("one failed request, by day or at night", views)


def rare_timeouts() -> Scenario:
    return _site("six failed requests per minute among a hundred thousand", Views(99_994, crashes=6))


def burst() -> Scenario:
    """Two minutes in which a campaign begins."""
    busy = Views(60_000, throttled=5, executions=950)
    return _site("two busy minutes at the quota", lambda minute: busy if minute < 2 else Views())


# A service of App Runner


def _service(
    title: str, requests: AppRequests | Callable[[int], AppRequests], sent: tuple[Sent, ...] = (), after: int = 0
) -> Scenario:
    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, app=requests if isinstance(requests, AppRequests) else requests(minute))

    return Scenario(title, course, sent=sent, sent_after=after, by="app", needs=frozenset())


def every_request_fails(requests: int) -> Scenario:
    return _service(f"Every request fails ({requests} a minute)", AppRequests(0, failed=requests))


def one_in_ten_fails() -> Scenario:
    return _service("One request in ten fails", AppRequests(540, failed=60))


def quiet_service_fails() -> Scenario:
    return _service(
        "A request every four minutes, and every one fails",
        lambda minute: AppRequests(0, failed=0 if minute % 4 else 1, active=0 if minute % 4 else 1),
    )


def slow_answers() -> Scenario:
    return _service("Every answer takes 3 seconds", AppRequests(60, seconds=3))


def all_instances() -> Scenario:
    """The service runs as many instances as it may."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm, app=AppRequests(60_000, active=calm.max_instances))

    return Scenario("All instances are at work", course, by="app", needs=frozenset({"instances"}))


def update_rolled_back() -> Scenario:
    """The new image does not pass its health check. The old one goes on."""
    sent: tuple[Sent, ...] = (AppRunnerService.update_failed,)
    return _service("An update fails, and App Runner goes back", AppRequests(), sent)


def deployment_fails() -> Scenario:
    sent: tuple[Sent, ...] = (AppRunnerService.deployment_failed,)
    return _service("An automatic deployment fails", AppRequests(), sent)


def requests_by_day() -> Scenario:
    return _service("an ordinary day", AppRequests(refused=10))


def no_requests() -> Scenario:
    return _service("a quiet night", AppRequests(0, active=0))


def an_update() -> Scenario:
    sent: tuple[Sent, ...] = (AppRunnerService.updated,)
    return _service("an update that succeeds", AppRequests(), sent)


def one_failed_request() -> Scenario:
    def requests(minute: int) -> AppRequests:
        if minute == 40:
            return AppRequests(0, failed=1)
        return AppRequests(599, failed=1) if minute == 0 else AppRequests()

    return _service("one failed request, by day or at night", requests)


def a_busy_quarter() -> Scenario:
    """Ten minutes with all instances, as after a campaign."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, app=AppRequests(60_000, active=calm.max_instances) if minute < 10 else AppRequests())

    return Scenario("ten busy minutes with all instances", course, by="app", needs=frozenset({"instances"}))


# Images in ECR


def _images(title: str, *sent: Sent) -> Scenario:
    return Scenario(title, lambda _, calm: calm, sent=sent, by="repository", needs=frozenset())


def critical_finding() -> Scenario:
    return _images("A scan finds a CRITICAL vulnerability in an image", Repository.critical_finding)


def images_by_day() -> Scenario:
    return _images(
        "scans that find nothing, or LOW vulnerabilities only", Repository.low_finding, Repository.closed_finding
    )


def findings_elsewhere() -> Scenario:
    return _images("findings in another repository", Repository.finding_in_another)
