"""The emulated account listens on loopback only, ignores the user's AWS settings, and leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal import HOSTED_ZONE_ID, IMAGE
from rehearsal.account import ACCOUNT_ID, LOOPBACK, ROOT, EmulatedAccount, RehearsalError, isolated_environment
from rehearsal.interruption import Interruption, StopRequestError
from tests.rehearsal.processes import processes_of, server_of, wait_until_none

# Prints the AWS settings that a command sees: variables, files, endpoint, account and Region.
LOOK_AROUND = """
import json, os, pathlib, boto3
home = pathlib.Path.home()
print(json.dumps({
    "variables": sorted(name for name in os.environ if "AWS" in name or "PROXY" in name.upper()),
    "files": [name for name in (".aws/config", ".aws/credentials", ".cdk.json") if (home / name).exists()],
    "endpoint": boto3.client("ecr").meta.endpoint_url,
    "account": boto3.client("sts").get_caller_identity()["Account"],
    "region": boto3.client("sts").meta.region_name,
}))
"""


@pytest.fixture
def user_of_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets all variables and files that could lead a command to a real account."""
    files = {
        ".aws/config": "[profile work]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:9\n",
        ".aws/credentials": "[work]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n",
        ".cdk.json": '{"context": {"posture": "production"}, "profile": "work"}',
    }
    for name, content in files.items():
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "AWS_PROFILE": "work",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_ECR": "http://127.0.0.1:9",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_CONFIG_FILE": str(tmp_path / "home/.aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "home/.aws/credentials"),
        "CDK_DEFAULT_ACCOUNT": "999999999999",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("user_of_aws")
def test_commands_see_the_emulated_account_only() -> None:
    with EmulatedAccount() as account:
        result = account.run(sys.executable, "-c", LOOK_AROUND)
        assert result.status == 0, result.output
        assert json.loads(result.output) == {
            "variables": sorted(name for name in account.environment if "AWS" in name),
            "files": [],
            "endpoint": account.endpoint,
            "account": ACCOUNT_ID,
            "region": "us-east-1",
        }


@pytest.mark.usefixtures("user_of_aws")
def test_an_isolated_environment_has_no_aws_settings(tmp_path: Path) -> None:
    environment = isolated_environment(tmp_path)
    look = "import os, pathlib; print(sorted(name for name in os.environ if 'AWS' in name), pathlib.Path.home())"
    with EmulatedAccount() as account:
        result = account.run(sys.executable, "-c", look, environment=environment)
    assert result.output == f"[] {tmp_path}\n"


def test_the_server_finds_the_command_that_adds_the_user_of_postgresql(tmp_path: Path) -> None:
    """A machine that has never run PostgreSQL as root has no such user yet."""
    if (command := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")) is None:
        pytest.skip("this system adds users in another way")
    assert Path(str(shutil.which("useradd", path=isolated_environment(tmp_path)["PATH"]))).samefile(command)


def repositories(account: EmulatedAccount) -> list[str]:
    """The names of the ECR repositories. Each account has one before any stack."""
    found = account.session.client("ecr").describe_repositories()["repositories"]
    return [each["repositoryName"] for each in found]


@pytest.mark.usefixtures("user_of_aws")
def test_the_session_sees_the_emulated_account_only() -> None:
    with EmulatedAccount() as account:
        for service in ("ecr", "s3", "sts"):
            client = account.session.client(service)
            assert client.meta.endpoint_url == account.endpoint
        assert account.session.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
        assert repositories(account) == [IMAGE[0]]
        assert account.session.get_credentials().access_key == ACCOUNT_ID


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are listed in /proc on Linux only")
def test_it_listens_on_loopback_only() -> None:
    with EmulatedAccount() as account:
        # For this service, MiniStack would by default open another port.
        account.session.client("transfer").create_server()
        inodes = {
            match[1] for link in _links(server_of(account.folder)) if (match := re.fullmatch(r"socket:\[(\d+)\]", link))
        }
        listening = [
            fields[1]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]
            if (fields := line.split())[3] == "0A" and fields[9] in inodes  # 0A: listening
        ]
        assert listening == [f"0100007F:{account.port:04X}"]  # 127.0.0.1, as the kernel writes it
        # Prove that this check can fail: a socket that is open to the network is listed with another address.
        with socket.create_server(("0.0.0.0", 0)) as everywhere:
            port = everywhere.getsockname()[1]
            assert f"00000000:{port:04X}" in Path("/proc/net/tcp").read_text(encoding="ascii")


def _links(process: int) -> list[str]:
    links = []
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:  # the process has closed the file in the meantime
            continue
    return links


def test_it_leaves_no_files_and_no_processes() -> None:
    with EmulatedAccount() as account:
        assert account.folder.is_dir()
        assert processes_of(account.folder)
    assert not account.folder.exists()
    assert not processes_of(account.folder)


def test_a_missing_command_is_an_error() -> None:
    message = r"^The command cdkk is not in .*\. Run make setup\.$"
    with EmulatedAccount() as account, pytest.raises(RehearsalError, match=message):
        account.run("cdkk", "deploy")


# It ignores the signals that a person sends, and has a child.
STUBBORN = """
import signal, subprocess
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.run(["sleep", "60"])
"""


def test_a_signal_ends_everything_that_waits() -> None:
    interruption = Interruption()
    with EmulatedAccount(interruption=interruption) as account:
        threading.Timer(0.5, interruption._note, (signal.SIGINT, None)).start()
        with pytest.raises(StopRequestError):
            account.run(sys.executable, "-c", STUBBORN)
        with pytest.raises(StopRequestError):
            account.run("true")
        wait_until_none(account.folder, excluding=server_of(account.folder))
    with pytest.raises(StopRequestError), EmulatedAccount(interruption=interruption):
        pass
    assert interruption.exit_status == 130


# Every Node process loads this. It records the hosts that the process connects to, except for this machine.
SPY = """
const connect = require('net').Socket.prototype.connect;
require('net').Socket.prototype.connect = function (...given) {
  const [[options]] = Array.isArray(given[0]) ? given : [given];
  const host = options.host ?? options.path ?? options;
  if (host !== '127.0.0.1') require('fs').appendFileSync(process.env.SPIED, `${host}\n`);
  return connect.apply(this, given);
};
"""


def test_the_cdk_cli_connects_to_this_machine_only(account: EmulatedAccount, tmp_path: Path) -> None:
    spy, spied = tmp_path / "spy.js", tmp_path / "spied"
    spy.write_text(SPY, encoding="utf-8")
    environment = {**account.environment, "NODE_OPTIONS": f"--require {spy}", "SPIED": str(spied)}
    bootstrap = ("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/us-east-1")
    assert account.run(*bootstrap, environment=environment).status == 0
    assert not spied.exists(), spied.read_text(encoding="utf-8")
    # Prove that this check can fail: the spy records another address.
    account.run("node", "-e", "require('net').connect(9, '127.0.0.2').on('error', () => {})", environment=environment)
    assert spied.read_text(encoding="utf-8") == "127.0.0.2\n"


def test_two_accounts_at_once_are_independent() -> None:
    with EmulatedAccount() as one, EmulatedAccount() as other:
        assert one.port != other.port
        one.session.client("ecr").create_repository(repositoryName="here")
        assert repositories(other) == [IMAGE[0]]
        assert one.inventory()["ecr._repositories"] == ["here", IMAGE[0]]
        assert other.inventory()["ecr._repositories"] == [IMAGE[0]]


def test_a_record_that_stays_in_the_hosted_zone_is_in_the_inventory(account: EmulatedAccount) -> None:
    route53 = account.session.client("route53")
    record = {"Name": "left.example.com", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"left"'}]}
    found = []
    for action in ("CREATE", "DELETE"):
        change = {"Action": action, "ResourceRecordSet": record}
        route53.change_resource_record_sets(HostedZoneId=HOSTED_ZONE_ID, ChangeBatch={"Changes": [change]})
        found.append(f"{HOSTED_ZONE_ID} left.example.com. TXT" in account.inventory()["route53._records"])
    assert found == [True, False]


def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RehearsalError, match=f"Port {port} of 127.0.0.1 is not free"), EmulatedAccount(port=port):
            pass


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_an_error(port: int) -> None:
    message = rf"^The port must be 0 to 65535, got {port}\.$"
    with pytest.raises(RehearsalError, match=message), EmulatedAccount(port=port):
        pass


def test_a_server_that_does_not_start_is_an_error() -> None:
    account = EmulatedAccount(custom_resource_seconds="soon")  # ty: ignore[invalid-argument-type]
    with pytest.raises(RehearsalError, match=r"ended by itself \(status 1\)[\s\S]*ValueError"), account:
        pass
    assert not account.folder.exists()


def test_a_command_ends_when_the_server_is_killed() -> None:
    with EmulatedAccount() as account:
        threading.Timer(0.5, os.kill, (server_of(account.folder), signal.SIGKILL)).start()
        start = time.monotonic()
        with pytest.raises(RehearsalError, match=r"ended by itself \(status -9\)"):
            account.run("sleep", "60")
        assert time.monotonic() - start < 50
    wait_until_none(account.folder)
    assert not account.folder.exists()


@pytest.mark.parametrize("command", ["sleep 60", "sleep 60 & exit 0"])
def test_a_command_that_takes_too_long_is_ended(command: str) -> None:
    with EmulatedAccount() as account:
        with pytest.raises(RehearsalError, match=rf"^The command did not finish in 0\.5 seconds: sh -c {command}$"):
            account.run("sh", "-c", command, seconds=0.5)
        wait_until_none(account.folder, excluding=server_of(account.folder))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_is_killed(end: signal.Signals, tmp_path: Path) -> None:
    program = (
        "import time\nfrom rehearsal.account import EmulatedAccount\n"
        "with EmulatedAccount() as account:\n    print(account.port, flush=True)\n    time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline().strip().isdigit()
    parent.send_signal(end)
    parent.wait()
    parent.stdout.close()
    wait_until_none(tmp_path)


# Two Lambda functions that never respond to CloudFormation: one sleeps, and one returns without a response.
HUNG = {
    "sleeps": "import time\ndef handler(event, context):\n    time.sleep(600)",
    "forgets": "def handler(event, context):\n    pass",
}


def hung_template(code: str) -> str:
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 900,
        "Code": {"ZipFile": code},
    }
    return json.dumps(
        {
            "Resources": {
                "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
                "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
                "Hung": {"Type": "Custom::Hung", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}},
            }
        }
    )


@pytest.mark.parametrize("how", HUNG)
def test_a_custom_resource_without_response_fails_at_the_limit(how: str) -> None:
    with EmulatedAccount(custom_resource_seconds=2) as account:
        cloudformation = account.session.client("cloudformation")
        start = time.monotonic()
        cloudformation.create_stack(StackName="Hung", TemplateBody=hung_template(HUNG[how]))
        _wait_for(
            lambda: cloudformation.describe_stacks(StackName="Hung")["Stacks"][0]["StackStatus"], "ROLLBACK_COMPLETE"
        )
        assert 2 <= time.monotonic() - start < 60
        reasons = [
            event.get("ResourceStatusReason", "")
            for event in cloudformation.describe_stack_events(StackName="Hung")["StackEvents"]
        ]
        assert "Hung: no response to Create within 2 seconds, the limit of a rehearsal" in reasons
        start = time.monotonic()
    assert time.monotonic() - start < 60
    wait_until_none(account.folder)


def _wait_for(status: Callable[[], str], wanted: str) -> None:
    deadline = time.monotonic() + 60
    while (found := status()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
