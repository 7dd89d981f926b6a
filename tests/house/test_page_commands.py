"""Commands of docs/data-stream.md that put records again, run by a shell with a stand-in for the AWS CLI."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "data-stream.md"
LARGE = b"x" * 200_000
"""More than Linux takes as one argument, which is 128 KiB."""
CLI = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys
given, folder = sys.argv[1:], pathlib.Path(os.environ["FOLDER"])
if given[:2] == ["s3", "cp"]:
    shutil.copytree(folder / "errors", given[-1])
elif given[:2] == ["sqs", "receive-message"]:
    waiting = folder / "messages.json"
    print(waiting.read_text())
elif given[:2] == ["sqs", "delete-message"]:
    (folder / "messages.json").write_text("")
else:
    text = given[given.index("--record") + 1]
    record = sys.stdin.read() if text == "file:///dev/stdin" else text
    if (folder / "refuse").exists():
        sys.exit("ServiceUnavailableException")
    with (folder / "put.jsonl").open("a") as put:
        put.write(json.dumps([given[given.index("--cli-binary-format") + 1], json.loads(record)["Data"]]) + "\\n")
    print("{{}}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "aws").write_text(CLI, encoding="utf-8")
    (tmp_path / "bin" / "aws").chmod(0o755)
    (tmp_path / "errors" / "a").mkdir(parents=True)
    # Firehose may end the last line of a file or not.
    for name, lines in (("one", [failed(b"first"), failed(LARGE)]), ("two", [failed(b"third")])):
        (tmp_path / "errors" / "a" / name).write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def failed(record: bytes) -> str:
    return json.dumps({"errorCode": "Lambda.ProcessingFailedStatus", "rawData": base64.b64encode(record).decode()})


def run(folder: Path, heading: str) -> None:
    """Runs the commands of a part of the page."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    [commands] = re.findall(r"```sh\n(.*?)```", part.partition("\n## ")[0], re.DOTALL)
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "FOLDER": str(folder), "STREAM": "s", "BUCKET": "b", "UNDELIVERED_URL": "u"}
    subprocess.run(["sh", "-c", commands], cwd=folder, env=environment, capture_output=True, check=False, timeout=60)


def records(folder: Path) -> list[bytes]:
    """The records that were put, as the AWS CLI reads them."""
    if not (folder / "put.jsonl").exists():
        return []
    lines = [json.loads(line) for line in (folder / "put.jsonl").read_text(encoding="utf-8").splitlines()]
    return [base64.b64decode(data) if form == "base64" else data.encode() for form, data in lines]


def test_every_failed_record_is_put_again_as_it_came(folder: Path) -> None:
    run(folder, "Records that failed")
    assert sorted(records(folder)) == sorted([b"first", LARGE, b"third"])


def test_every_undelivered_message_is_put(folder: Path) -> None:
    message = {"Body": "ü" * 100_000, "ReceiptHandle": "h"}
    (folder / "messages.json").write_text(json.dumps({"Messages": [message]}), encoding="utf-8")
    run(folder, "Messages that SNS could not deliver")
    assert records(folder) == [message["Body"].encode()]


def test_a_message_that_is_refused_stays_in_the_queue(folder: Path) -> None:
    (folder / "refuse").touch()
    waiting = json.dumps({"Messages": [{"Body": "b", "ReceiptHandle": "h"}]})
    (folder / "messages.json").write_text(waiting, encoding="utf-8")
    run(folder, "Messages that SNS could not deliver")
    assert (folder / "messages.json").read_text(encoding="utf-8") == waiting
