"""Events that people must hear of. They say what is true, and name no alarm.

What AWS does in them is documented, or found in public reports. For instance, ECS replaces a task that stops within a
minute or two, so a good minute lies between bad ones
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html).
"""

from dataclasses import replace

from patternbook.testing.drills.emitters.ecs import EcsService
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.scenarios import Scenario, calm_tasks, of, task
from patternbook.testing.drills.world import Minute, Role


def unchanged(_: int, calm: Minute) -> Minute:
    return calm


def clients(requests: int) -> str:
    return f"at {requests} requests a minute" if requests else "without requests"


def total_outage(*, requests: int, by: Role = "main") -> Scenario:
    """No task runs: each stopped, and none can be started. Targets are deregistered with their tasks."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.tasks(by, running=0, pending=0).clients(healthy=0, without_target=requests)

    def before(_: int, calm: Minute) -> Minute:
        return calm if requests else calm.clients()

    return Scenario(f"No task runs, {clients(requests)}", course, before=before)


def worker_outage() -> Scenario:
    """No worker runs, and messages go on to arrive."""

    def course(minute: int, calm: Minute) -> Minute:
        waiting = Messages(visible=60 * (minute + 1), oldest_seconds=60 * (minute + 1), sent=60)
        return replace(calm.tasks("worker", running=0), queue=waiting)

    return Scenario("No worker runs", course, by="worker")


def idle_worker_outage() -> Scenario:
    """No worker runs, and the queue is empty, so no message gets old."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm.tasks("worker", running=0), queue=Messages())

    return Scenario("No worker runs, and the queue is empty", course, by="worker")


def crash_loop(*, requests: int) -> Scenario:
    """All tasks stop soon after their start, again and again: of three minutes, they run in two."""

    def course(minute: int, calm: Minute) -> Minute:
        running = (0, calm.main.desired, calm.main.desired - 1)[minute % 3]
        tasks = calm.tasks("main", running=running, pending=calm.main.desired - running)
        if running:
            return tasks.clients(healthy=running, answered=requests // 2, reset=requests // 2)
        return tasks.clients(healthy=0, without_target=requests)

    def before(_: int, calm: Minute) -> Minute:
        return calm if requests else calm.clients()

    title = f"All tasks crash soon after their start, again and again, {clients(requests)}"
    return Scenario(title, course, before=before)


def worker_crash_loop() -> Scenario:
    """The worker stops soon after its start, again and again. What it received becomes visible again."""

    def course(minute: int, calm: Minute) -> Minute:
        running = calm.worker.desired if minute % 3 else 0
        return calm.tasks("worker", running=running, pending=calm.worker.desired - running)

    return Scenario("The worker crashes soon after its start, again and again", course, by="worker")


def one_crashes(by: Role = "main") -> Scenario:
    """While more than the fewest tasks run, one stops, and so does its replacement. The others do the work."""

    def before(_: int, calm: Minute) -> Minute:
        several = calm_tasks(calm, by) + 2
        return calm.tasks(by, desired=several, running=several)

    def course(minute: int, calm: Minute) -> Minute:
        several = calm_tasks(calm, by) + 2
        return calm.tasks(by, desired=several, running=several - (1 if minute % 3 == 0 else 0))

    return Scenario(f"One {task(by)} of several crashes, again and again", course, by=by, before=before)


def one_unhealthy() -> Scenario:
    """One task of several fails its health check. Its replacement runs before it stops, and fails some minutes later.

    "If tasks become unhealthy, the Amazon ECS service scheduler will start replacement tasks first and maintain
    minimumHealthyPercent tasks until the replacement tasks become healthy."
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """

    def course(minute: int, calm: Minute) -> Minute:
        phase, count = minute % 5, calm.main.desired
        if phase in (3, 4):
            return calm
        running = count + (1 if phase == 2 else 0)
        return calm.tasks("main", running=running).clients(healthy=count - 1, unhealthy=1, answered=600)

    title = "One task of several fails its health check, again and again"
    return Scenario(title, course, sent=(EcsService.unhealthy_task_stopped,), sent_after=3)


def all_unhealthy() -> Scenario:
    """All tasks fail the health check of the load balancer, which then sends requests to all of them.

    Their replacements run before they stop, and fail it, too.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    def course(minute: int, calm: Minute) -> Minute:
        running = calm.main.desired * (2 if minute % 5 == 4 else 1)
        return calm.tasks("main", running=running).clients(healthy=0, unhealthy=running, answered=600)

    sent = (EcsService.unhealthy_task_stopped,)
    return Scenario("All tasks fail their health check", course, sent=sent, sent_after=5)


def failing(requests: int, failed: int, title: str) -> Scenario:
    """Tasks answer with server errors, and pass their health check."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=requests - failed, failed=failed)

    return Scenario(title, course)


def quiet_service_fails() -> Scenario:
    """A request every four minutes, and every one fails."""

    def course(minute: int, calm: Minute) -> Minute:
        return calm.clients(failed=1 if minute % 4 == 0 else 0)

    def before(minute: int, calm: Minute) -> Minute:
        return calm.clients(answered=1 if minute % 4 == 0 else 0)

    return Scenario("A request every four minutes, and every one fails", course, before=before)


def unanswered() -> Scenario:
    """Tasks wait for something that does not answer, so the load balancer gives up."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(unanswered=30)

    return Scenario("No request is answered in time (30 a minute)", course)


def slow() -> Scenario:
    """A dependency is slow, and so is every answer."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=60, seconds=3)

    return Scenario("Every answer takes 3 seconds", course)


def no_room(by: Role = "main") -> Scenario:
    """Scaling asks for two more tasks, and there is no capacity to run them."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.tasks(by, desired=calm_tasks(calm, by) + 2)

    return Scenario(f"There is no capacity for the {task(by)}s that scaling asks for", course, by=by)


def lost_instance() -> Scenario:
    """An instance is lost, its group cannot launch another, and a task of each service waits for room."""

    def course(_: int, calm: Minute) -> Minute:
        tasks = calm.tasks("main", running=calm.main.desired - 1).tasks("worker", running=calm.worker.desired - 1)
        return tasks.clients(healthy=calm.main.desired - 1, answered=600)

    return Scenario("An instance is lost, and no other can be launched", course)


def roll_back(by: Role = "main") -> Scenario:
    """The circuit breaker, or an alarm, rolls a deployment back. The old tasks go on."""
    sent = (EcsService.deployment_started, EcsService.deployment_failed)
    return Scenario(f"A deployment{of(by)} fails and is rolled back", unchanged, sent=sent, by=by)


def not_placed() -> Scenario:
    """No machine can run a task: none is registered, or none has room."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.tasks("main", running=max(calm.main.desired - 1, 0))

    return Scenario("No machine can run a task", course, sent=(EcsService.placement_failed,))


def silent_agents(*, machines: int | None = None) -> Scenario:
    """Machines do not reach AWS any more. ECS takes their tasks for running.

    :param machines: how many, with one task each. None stands for all.
    """

    def course(_: int, calm: Minute) -> Minute:
        return calm.tasks("main", silent=calm.main.desired if machines is None else machines)

    which = "All machines are" if machines is None else "One machine is"
    return Scenario(f"{which} cut off from AWS", course)


def files_at_their_limit() -> Scenario:
    """Tasks read and write as much as the file system permits."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm, files=replace(calm.files, throughput_percent=98))

    return Scenario("The file system is at its permitted throughput", course, needs=frozenset({"files"}))


def backlog() -> Scenario:
    """Messages arrive faster than the workers take them."""

    def course(minute: int, calm: Minute) -> Minute:
        age = 60 * (minute + 1)
        return replace(calm, queue=Messages(visible=age // 2, in_flight=10, oldest_seconds=age, sent=60, deleted=30))

    return Scenario("Messages arrive faster than the workers take them", course, by="worker")


def poisoned() -> Scenario:
    """The worker fails at a message, which SQS moves to the dead-letter queue. The age of the oldest does not see
    it."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm, dead_letters=Messages(visible=1, oldest_seconds=0))

    return Scenario("The worker fails at a message again and again", course, by="worker")


def resets(a_minute: int) -> Scenario:
    """Tasks reset every connection, and pass their health check."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(reset=a_minute)

    return Scenario(f"Tasks reset every connection ({a_minute} a minute)", course)


def idle_connections() -> Scenario:
    """Clients send on connections that were idle for longer than the load balancer keeps them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#connection-idle-timeout
    """

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=600, idle_closed=300)

    return Scenario("Clients send on connections that were idle for too long", course)


def blocked() -> Scenario:
    """A client tries again and again, and the security group of the load balancer does not admit it."""

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=600, blocked=6)

    return Scenario("The security group of the load balancer blocks a client", course)


def no_ports() -> Scenario:
    """Clients open more connections at once than the load balancer has ports for.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html
    """

    def course(_: int, calm: Minute) -> Minute:
        return calm.clients(answered=50_000, without_port=20)

    return Scenario("The load balancer has no free port for connections", course)
