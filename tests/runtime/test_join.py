"""Runs the script of the demonstration's init container with a fake task metadata endpoint."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SCRIPT = Path(__file__).parents[2] / "stacks/fargate_efs/runtime/join.sh"
TOOLS = ("sh", "cat", "date", "flock", "mv", "sed", "sleep", "tail", "tr", "wget")
HEAD = '<!doctype html><meta charset="utf-8"><title>Fargate with EFS</title>\n'
LINE = re.compile(r"<li>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ task (\w+) in ([\w-]+)</li>")

# Replace tools on machines without them, such as macOS.
STAND_INS = {
    "wget": "import sys, urllib.request\n"
    "sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[-1], timeout=10).read())",
    "flock": "import fcntl, sys\nfcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)",
}


class Metadata(ThreadingHTTPServer):
    """A task metadata endpoint, version 4, for many tasks: ``/TASK_ID/task``."""

    request_queue_size = 32
    zone: str | None = "eu-west-1a"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)

    def uri(self, task: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{task}"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Metadata)
        _, task, what = self.path.split("/")
        # A shortened form of the documented answer:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-examples.html
        document = {
            "Cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/book",
            "TaskARN": f"arn:aws:ecs:eu-west-1:111122223333:task/book/{task}",
            "Family": "book",
            "DesiredStatus": "RUNNING",
            "Limits": {"CPU": 0.25, "Memory": 512},
            "AvailabilityZone": self.server.zone,
            "Containers": [
                {"Labels": {"com.amazonaws.ecs.task-arn": "arn:…/label"}, "Networks": [{"AttachmentIndex": 0}]}
            ],
            "LaunchType": "FARGATE",
        }
        if self.server.zone is None:
            del document["AvailabilityZone"]
        body = json.dumps(document, indent=2).encode()
        self.send_response(200 if what == "task" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    with Metadata() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=["this machine", "busybox"])
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with only the shell and the tools that the script may use."""
    folder = tmp_path / "bin"
    (folder / "slow").mkdir(parents=True)
    busybox, applets = None, []
    if request.param == "busybox":
        busybox = shutil.which("busybox")
        if busybox is None:
            pytest.skip("busybox, which the image of the demonstration consists of, is not installed on this machine")
        applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in TOOLS:
        found = busybox if name in applets else "/bin/sh" if name == "sh" else shutil.which(name)
        if found is not None:
            (folder / name).symlink_to(found)
        else:
            write_tool(folder / name, f"#!{sys.executable} -IS\n{STAND_INS[name]}\n")
    return folder


def write_tool(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(metadata: Metadata, tools: Path, shared: Path) -> Iterator[Start]:
    """Starts the script by the container's command, as the task with this id."""
    started: list[subprocess.Popen[str]] = []

    def run(task: str) -> subprocess.Popen[str]:
        command = [str(tools / "sh"), "-c", SCRIPT.read_text(encoding="utf-8"), "join.sh", str(shared)]
        environment = {"PATH": f"{tools}/slow:{tools}", "ECS_CONTAINER_METADATA_URI_V4": metadata.uri(task)}
        process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def join(start: Start, task: str) -> None:
    process = start(task)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, ""), f"task {task} did not join"


def slow_down(tools: Path, tool: str, seconds: float) -> None:
    """Delays a tool. Without a lock, concurrent runs would then overlap, and a reader would see half a page."""
    write_tool(tools / "slow" / tool, f'#!{tools}/sh\nsleep {seconds}\nexec {tools}/{tool} "$@"\n')


def tasks_on(page: str) -> list[tuple[str, str]]:
    return LINE.findall(page)


def is_whole(page: str) -> bool:
    return page.startswith(HEAD) and page.endswith("</ol>\n") and page.count("<li>") == page.count("</li>")


def page_of(shared: Path) -> str:
    return (shared / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_the_task_and_its_az(start: Start, shared: Path) -> None:
    join(start, "0a1b2c")
    assert tasks_on(page_of(shared)) == [("0a1b2c", "eu-west-1a")], page_of(shared)


def test_the_page_is_whole_html(start: Start, shared: Path) -> None:
    join(start, "0a1b2c")
    assert is_whole(page_of(shared)), page_of(shared)


def test_a_later_task_is_shown_after_the_first(start: Start, shared: Path, metadata: Metadata) -> None:
    join(start, "first")
    metadata.zone = "eu-west-1b"
    join(start, "second")
    assert tasks_on(page_of(shared)) == [("first", "eu-west-1a"), ("second", "eu-west-1b")]


def test_only_the_last_hundred_starts_are_kept(start: Start, shared: Path) -> None:
    before = "".join(f"<li>2026-01-01T00:00:00Z task old{number} in eu-west-1c</li>\n" for number in range(100))
    (shared / ".lines").write_text(before, encoding="utf-8")
    join(start, "new")
    shown = [task for task, _ in tasks_on(page_of(shared))]
    assert shown == [*(f"old{number}" for number in range(1, 100)), "new"]


def test_tasks_that_start_together_lose_no_line(start: Start, shared: Path, tools: Path) -> None:
    slow_down(tools, "tail", 0.1)
    tasks = {f"task{number}" for number in range(8)}
    running = [start(task) for task in sorted(tasks)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    shown = [task for task, _ in tasks_on(page_of(shared))]
    assert sorted(shown) == sorted(tasks), f"missing: {tasks - set(shown)}"


def test_a_reader_never_sees_half_a_page(start: Start, shared: Path, tools: Path) -> None:
    join(start, "first")
    slow_down(tools, "cat", 0.3)
    process = start("second")
    pages = {page_of(shared)}
    while process.poll() is None:
        pages.add(page_of(shared))
        time.sleep(0.005)
    pages.add(page_of(shared))
    assert process.returncode == 0
    assert {len(tasks_on(page)) for page in pages} == {1, 2}, "the page did not change while it was read"
    assert all(is_whole(page) for page in pages), pages


@pytest.mark.parametrize("zone", [None, ""])
def test_metadata_without_an_az_is_an_error(start: Start, metadata: Metadata, zone: str | None) -> None:
    metadata.zone = zone
    process = start("lost")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "join: the task metadata has no TaskARN or no AvailabilityZone" in errors


def test_a_task_that_cannot_join_leaves_the_page_as_it_was(start: Start, metadata: Metadata, shared: Path) -> None:
    join(start, "first")
    before = {path.name: path.read_bytes() for path in shared.iterdir()}
    metadata.zone = None
    assert start("lost").wait(30) == 1
    assert {path.name: path.read_bytes() for path in shared.iterdir()} == before


def test_a_metadata_endpoint_that_is_not_there_is_an_error(start: Start, metadata: Metadata, shared: Path) -> None:
    metadata.shutdown()
    metadata.server_close()
    assert start("lost").wait(30) != 0
    assert not (shared / "index.html").exists()
