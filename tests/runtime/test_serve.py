"""Runs the script of the private service's demonstration with a fake web server."""

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "stacks/fargate_private_link/runtime/serve.sh"


def run(folder: Path, tools: Path) -> "subprocess.CompletedProcess[str]":
    """Runs the text of the script, as the task does."""
    command = ["sh", "-c", SCRIPT.read_text(encoding="utf-8"), "serve.sh", str(folder), "8080"]
    path = {"PATH": f"{tools}:/usr/bin:/bin"}
    return subprocess.run(command, env=path, capture_output=True, text=True, check=False, timeout=10)


def tools_in(folder: Path) -> Path:
    folder.mkdir()
    for name, line in {"hostname": "echo ip-10-0-1-2", "httpd": 'echo "$$ $*"'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def test_the_page_names_the_task(tmp_path: Path) -> None:
    finished = run(tmp_path, tools_in(tmp_path / "bin"))
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "index.html").read_text(encoding="utf-8").startswith("Hello from task ip-10-0-1-2,")


def test_the_server_replaces_the_shell(tmp_path: Path) -> None:
    """The server has the process id of the shell, so it receives the signal to stop."""
    tools = tools_in(tmp_path / "bin")
    script = SCRIPT.read_text(encoding="utf-8")
    started = subprocess.Popen(
        ["sh", "-c", script, "serve.sh", str(tmp_path), "8080"],
        env={"PATH": f"{tools}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    printed, _ = started.communicate(timeout=10)
    assert printed.split() == [str(started.pid), "-f", "-p", "8080", "-h", str(tmp_path)]


def test_it_fails_without_a_writable_folder(tmp_path: Path) -> None:
    finished = run(tmp_path / "missing", tools_in(tmp_path / "bin"))
    assert finished.returncode != 0
    assert finished.stdout == ""
