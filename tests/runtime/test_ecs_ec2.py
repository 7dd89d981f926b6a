"""Runs the scripts of the demonstration with a task metadata endpoint and a fake AWS CLI."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.deployed.test_ecs_ec2 import PAGE, RECEIVED

ROOT = Path(__file__).parents[2]
WEB = ROOT / "constructs/patternbook/ecs/runtime/web.sh"
WORK = ROOT / "stacks/ecs_ec2/runtime/work.sh"
TOOLS = ("sh", "cat", "cut", "head", "sed", "tr", "wget")
# Replaces wget on machines without it, such as macOS.
WGET = (
    f"#!{sys.executable}\nimport sys, urllib.request\n"
    "sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[-1], timeout=10).read())\n"
)
# Prints its arguments instead of serving pages.
HTTPD = '#!/bin/sh\necho "httpd $*"\n'
# Emulates a queue. Its messages are in a file. It records its arguments in another file.
AWS = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
folder = Path(__file__).parent.parent
messages = json.loads((folder / "messages").read_text())
asked = " ".join(sys.argv[1:])
with (folder / "asked").open("a") as notes:
    notes.write(asked + "\\n")
assert sys.argv[3:5] == ["--queue-url", os.environ["QUEUE_URL"]], asked
if sys.argv[2] == "delete-message":
    assert sys.argv[6] == messages[0][0], asked
    (folder / "messages").write_text(json.dumps(messages[1:]))
elif messages:
    print("\\t".join(messages[0]))
else:
    print(os.environ.get("NOTHING", "None"))
    if (folder / "empty").exists():
        os.kill(os.getppid(), 15)
    (folder / "empty").touch()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with only the tools that the scripts may use."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {"wget": WGET, "httpd": HTTPD, "aws": AWS}.items():
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    for name in TOOLS:
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def run(script: Path, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as the container does, which has the text of the script in its command."""
    command = ["sh", "-c", script.read_text(encoding="utf-8"), script.name, *arguments]
    return subprocess.run(
        command,
        env={"PATH": str(folder / "bin"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class _Metadata(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html
        task = {"TaskARN": "arn:aws:ecs:eu-west-1:111122223333:task/book/0a1b2c", "AvailabilityZone": "eu-west-1a"}
        sound = self.path == "/sound/task"
        body = json.dumps(task if sound else {"TaskARN": task["TaskARN"]}, indent=2).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Metadata) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class TestWeb:
    def test_it_serves_a_page_with_the_task_id(self, folder: Path, metadata: str) -> None:
        arguments = (str(folder), "8080", "A title", "And <b>text</b>")
        finished = run(WEB, folder, *arguments, ECS_CONTAINER_METADATA_URI_V4=f"{metadata}/sound")
        assert finished.stderr == ""
        assert finished.stdout == f"httpd -f -p 8080 -h {folder}\n"
        page = (folder / "index.html").read_text(encoding="utf-8")
        assert "<h1>Task 0a1b2c in eu-west-1a</h1>" in page
        assert "<title>A title</title>" in page
        assert "<p>And <b>text</b></p>" in page
        found = PAGE.search(page)
        assert found, "what the check of a deployed stack looks for"
        assert found[1] == "eu-west-1a"

    def test_it_fails_without_task_metadata(self, folder: Path, metadata: str) -> None:
        arguments = (str(folder), "8080", "", "")
        finished = run(WEB, folder, *arguments, ECS_CONTAINER_METADATA_URI_V4=f"{metadata}/other")
        assert finished.returncode == 1
        assert "no AvailabilityZone" in finished.stderr
        assert not (folder / "index.html").exists()


class TestWork:
    @pytest.mark.parametrize("nothing", ["None", "", "None\tNone"])
    def test_it_prints_and_deletes_messages_until_sigterm(self, folder: Path, nothing: str) -> None:
        messages = [["receipt+/=1", "A web task has started"], ["receipt2", "two\twords"]]
        (folder / "messages").write_text(json.dumps(messages), encoding="utf-8")
        finished = run(WORK, folder, QUEUE_URL="https://queue", NOTHING=nothing)
        assert finished.stderr == ""
        assert finished.stdout.splitlines() == [RECEIVED, "work: received: two\twords", "work: told to stop"]
        assert finished.returncode == 0
        assert json.loads((folder / "messages").read_text(encoding="utf-8")) == []
        asked = [line.split()[1] for line in (folder / "asked").read_text(encoding="utf-8").splitlines()]
        assert asked == [*("receive-message", "delete-message") * 2, "receive-message", "receive-message"]

    def test_it_fails_if_the_queue_fails(self, folder: Path) -> None:
        (folder / "messages").write_text("[]", encoding="utf-8")
        (folder / "bin" / "aws").write_text("#!/bin/sh\necho AccessDenied >&2\nexit 254\n", encoding="utf-8")
        finished = run(WORK, folder, QUEUE_URL="https://queue")
        assert finished.returncode == 254
        assert finished.stderr == "AccessDenied\n"
