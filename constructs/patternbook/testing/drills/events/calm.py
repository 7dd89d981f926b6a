"""The events of normal operation, which must not ring."""

from dataclasses import replace

from patternbook.testing.drills.emitters.ecs import EcsService
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.scenarios import Scenario, calm_tasks, of, task
from patternbook.testing.drills.world import Minute, Role


def day() -> Scenario:
    """Nothing happens."""
    return Scenario("an ordinary day", lambda _, calm: calm, needs=frozenset())


def quiet_night() -> Scenario:
    """Nobody sends requests or messages, so most metrics stop. Workers poll the empty queue."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm.clients(), queue=Messages(), files=replace(calm.files, throughput_percent=0))

    return Scenario("a quiet night", course, needs=frozenset())


def rolling_deployment(by: Role = "main") -> Scenario:
    """New tasks start beside the old ones, pass their first health check, and take over. Old tasks are deregistered."""

    def course(minute: int, calm: Minute) -> Minute:
        count = calm_tasks(calm, by)
        running = (count, 2 * count, 2 * count, 2 * count, 2 * count, count + 1, count)[min(minute, 6)]
        pending = count if minute == 0 else 0
        tasks = calm.tasks(by, running=running, pending=pending, deployments=2 if minute < 6 else 1)
        if by == "worker":
            return tasks
        # A new target may fail its first health checks while its application starts.
        starting = 1 if minute in (1, 2) else 0
        return tasks.clients(healthy=max(running - starting, 0), unhealthy=starting, answered=600)

    sent = (EcsService.deployment_started, EcsService.deployment_completed, EcsService.steady)
    return Scenario(f"a rolling deployment{of(by)}", course, sent=sent, by=by)


def scale_out(by: Role = "main", *, start_minutes: int) -> Scenario:
    """Scaling asks for two more tasks, which take some minutes to start: an image is pulled, an instance boots."""

    def course(minute: int, calm: Minute) -> Minute:
        count = calm_tasks(calm, by)
        started = minute >= start_minutes
        tasks = calm.tasks(by, desired=count + 2, running=count + 2 if started else count, pending=0 if started else 2)
        return tasks if by == "worker" else tasks.clients(healthy=count + 2 if started else count, answered=2_000)

    return Scenario(f"scale-out, with {start_minutes} minutes for each {task(by)} to start", course)


def growth(*, start_minutes: int) -> Scenario:
    """Load grows for an hour, and scaling asks for two more tasks every ten minutes."""

    def course(minute: int, calm: Minute) -> Minute:
        steps, phase = divmod(min(minute, 59), 10)
        desired = calm.main.desired + 2 * (steps + 1)
        running = desired - (2 if phase < start_minutes else 0)
        return calm.tasks("main", desired=desired, running=running).clients(healthy=running, answered=300 * desired)

    return Scenario(f"an hour of growth, with {start_minutes} minutes for each task to start", course)


def scale_in(by: Role = "main") -> Scenario:
    """Scaling takes two tasks away. They are deregistered at once, and stop a little later."""

    def before(_: int, calm: Minute) -> Minute:
        return calm.tasks(by, desired=calm_tasks(calm, by) + 2, running=calm_tasks(calm, by) + 2)

    def course(minute: int, calm: Minute) -> Minute:
        return calm.tasks(by, running=calm_tasks(calm, by) + (2 if minute == 0 else 0))

    return Scenario(f"scale-in{of(by)}", course, before=before)


def scheduled_minimum() -> Scenario:
    """A schedule takes the service from many tasks to the fewest that the settings allow."""

    def before(_: int, calm: Minute) -> Minute:
        return calm.tasks("main", desired=10, running=10).clients(healthy=10, answered=6_000)

    def course(minute: int, calm: Minute) -> Minute:
        running = 10 if minute == 0 else calm.fewest
        return calm.tasks("main", desired=calm.fewest, running=running).clients(healthy=calm.fewest)

    return Scenario("a schedule that leaves the fewest tasks", course, before=before)


def one_replaced(by: Role = "main") -> Scenario:
    """One task stops, as for a Spot interruption or a retirement, and another runs two minutes later."""

    def course(minute: int, calm: Minute) -> Minute:
        count = calm_tasks(calm, by)
        running = count - 1 if minute < 2 else count
        tasks = calm.tasks(by, running=running, pending=count - running)
        return tasks if by == "worker" else tasks.clients(healthy=running, answered=600)

    return Scenario(f"one {task(by)} that is replaced", course)


def zone_rebalance() -> Scenario:
    """ECS starts a task in another AZ before it stops one, as after an outage of an AZ.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """

    def course(minute: int, calm: Minute) -> Minute:
        running = calm.main.desired + (1 if minute % 6 in (1, 2) and minute < 18 else 0)
        return calm.tasks("main", running=running).clients(healthy=running, answered=600)

    return Scenario("AZ rebalancing", course)


def one_error() -> Scenario:
    """One failed request among many."""

    def course(minute: int, calm: Minute) -> Minute:
        return calm.clients(answered=599, failed=1) if minute == 0 else calm

    return Scenario("one failed request among many", course)


def rare_errors() -> Scenario:
    """Six failed requests per minute among a million."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=999_994, failed=6)

    return Scenario("six failed requests per minute among a million", course)


def one_error_at_night() -> Scenario:
    """One failed request in an hour without others, as from a scanner."""

    def course(minute: int, calm: Minute) -> Minute:
        return calm.clients(failed=1 if minute == 5 else 0)

    return Scenario("one failed request in a quiet hour", course, before=lambda _, calm: calm.clients())


def one_slow_request() -> Scenario:
    """One slow answer in an hour without others."""

    def course(minute: int, calm: Minute) -> Minute:
        return calm.clients(answered=1, seconds=4) if minute == 5 else calm.clients()

    return Scenario("one slow request in a quiet hour", course, before=lambda _, calm: calm.clients())


def burst_on_files() -> Scenario:
    """Two minutes of heavy use of the file system, as when tasks start."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, files=replace(calm.files, throughput_percent=95 if minute < 2 else 5))

    return Scenario("two minutes of heavy use of the file system", course, needs=frozenset({"files"}))


def batch_of_messages() -> Scenario:
    """A batch of messages arrives, and the workers are done with it in five minutes."""

    def course(minute: int, calm: Minute) -> Minute:
        left = max(500 - 100 * minute, 0)
        return replace(calm, queue=Messages(visible=left, oldest_seconds=60 * minute if left else None, deleted=100))

    return Scenario("a batch of messages that takes five minutes", course)


def new_consumer() -> Scenario:
    """Another VPC connects, and sends more than the one before."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=3_000)

    return Scenario("another consumer that connects", course)


def reconnecting_agents() -> Scenario:
    """Each agent disconnects several times an hour, and reconnects by itself.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html
    """

    def course(minute: int, calm: Minute) -> Minute:
        return calm.tasks("main", silent=1 if minute % 12 in (0, 1) else 0)

    return Scenario("agents that disconnect and reconnect", course)
