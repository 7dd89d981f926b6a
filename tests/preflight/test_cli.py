"""The command ``patternbook preflight``."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from patternbook.cli import main
from patternbook.preflight import cli
from patternbook.preflight.catalogue import QUESTIONS
from patternbook.preflight.policy import permissions_of
from tests.preflight.cases.account import stack_is
from tests.preflight.cases.network import VPC, vpc, vpcs
from tests.preflight.world import ACCOUNT_ID, REGION, Refused, world

ARN = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Admin/me"
WHO = {"sts.get_caller_identity": {"Account": ACCOUNT_ID, "Arn": ARN, "UserId": "x"}}


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable or file of the user's has an effect."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "vpc.json"
    path.write_text(json.dumps({"Resources": VPC}), encoding="utf-8")
    return str(path)


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


def in_world(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], *arguments: str) -> int:
    with world({**WHO, **vpc.given, **given}) as where:
        monkeypatch.setattr(cli, "session_of", lambda _: where.session)
        return main(["preflight", *arguments])


def test_a_template_that_fits(
    template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"cloudformation.describe_stacks": Refused("ValidationError")}
    assert in_world(monkeypatch, given, template, "--region", REGION, "--stack-name", "Web") == 0
    assert capsys.readouterr().out == (
        f"Web in us-east-1 of account {ACCOUNT_ID}, asked as {ARN}\n\n"
        f"  fine     account     The credentials are of account {ACCOUNT_ID}, Region us-east-1.\n"
        "  fine     stack-state There is no stack Web in us-east-1 yet.\n"
        "  fine     quota-vpcs  VPCs per Region: 4 in use, the template adds 1, the quota is 5.\n\n"
        "Stops the deployment: 0. May stop it: 0. Unknown: 0. Fine: 3.\n"
    )


def test_a_template_that_does_not(
    template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_world(monkeypatch, vpcs(5), template, "--region", REGION) == 1
    out = capsys.readouterr().out
    assert out.index("  stops    quota-vpcs") < out.index("  unknown  stack-state") < out.index("  fine     account")
    command = "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE"
    assert f"{command} --desired-value 6 --region us-east-1\n" in out
    assert "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html\n" in out
    assert "\nStops the deployment: 1. May stop it: 0. Unknown: 1. Fine: 1.\n" in out


def test_unknown_answers_count_when_strict(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_world(monkeypatch, {}, template, "--region", REGION) == 0
    assert in_world(monkeypatch, {}, template, "--region", REGION, "--strict") == 1


def test_json(template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    in_world(monkeypatch, vpcs(5), template, "--region", REGION, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {"stops": 1, "may": 0, "unknown": 1, "fine": 1}
    [stack] = found["stacks"]
    assert (stack["template"], stack["account"], stack["region"]) == (template, ACCOUNT_ID, REGION)
    first = stack["answers"][0]
    assert (first["question"], first["verdict"]) == ("quota-vpcs", "stops")
    assert {"summary", "message", "fix", "source", "permissions"} <= first.keys()


def test_two_templates_fill_a_quota_together(
    template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("Resources: {Vpc: {Type: 'AWS::EC2::VPC'}}", encoding="utf-8")
    assert in_world(monkeypatch, {}, template, str(other), "--region", REGION) == 1
    assert "4 in use, templates before it add 1, the template adds 1, the quota is 5" in capsys.readouterr().out


def test_the_cdk_app_names_the_stack_and_its_region(
    template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = {"templateFile": "vpc.json", "stackName": "production-Web"}
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{ACCOUNT_ID}/eu-west-1",
        "properties": properties,
    }
    manifest = {"artifacts": {"Web": stack, "Tree": {"type": "cdk:tree"}}}
    Path(template).with_name("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert in_world(monkeypatch, stack_is("CREATE_COMPLETE", "Vpc"), template) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"production-Web in eu-west-1 of account {ACCOUNT_ID}")
    assert "The stack production-Web is CREATE_COMPLETE, and has 1 resources." in out
    assert "quota-vpcs" not in out, "the stack has its VPC already"


@pytest.mark.parametrize("manifest", ["[]", "{", '{"artifacts": {"Web": {}}}', '{"artifacts": 1}'])
def test_a_manifest_of_something_else_is_ignored(
    manifest: str, template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(template).with_name("manifest.json").write_text(manifest, encoding="utf-8")
    assert in_world(monkeypatch, {}, template, "--region", REGION) == 0
    assert "does not say the name of its stack" in capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command that asks nothing."""
    assert main(["preflight", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_no_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused([], capsys).startswith("Name at least one template: patternbook preflight ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a template must be an object with Resources, got nothing"),
        ("{}", "the template has no Resources"),
        ("{", "line 1"),
        ("Transform: Mine\nResources: {A: {Type: 'AWS::EC2::VPC'}}", "because the macro 'Mine' may rewrite"),
    ],
)
def test_a_file_that_is_no_template(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(content, encoding="utf-8")
    said = refused([str(path), str(tmp_path / "nope.json")], capsys)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert "nope.json: not a template: No such file or directory" in said


def test_no_credentials(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused([template, "--region", REGION], capsys).startswith("There are no AWS credentials. Set AWS_PROFILE")


@pytest.mark.usefixtures("somebody")
def test_a_profile_that_does_not_exist(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused([template, "--profile", "nope"], capsys)
    assert said == "There are no AWS credentials: The config profile (nope) could not be found.\n"


@pytest.mark.usefixtures("somebody")
def test_no_region(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused([template], capsys).startswith("There is no Region. Set --region or AWS_REGION")


@pytest.mark.usefixtures("somebody")
def test_a_region_that_does_not_exist(
    template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-wst-1")
    assert refused([template], capsys).startswith(
        "The Region must be one of AWS, got 'eu-wst-1'. Did you mean eu-west-1?"
    )


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--timeout", "0"], "--timeout must be more than 0 seconds, got 0."),
        (["--parameter", "Name"], "--parameter must be NAME=VALUE, got 'Name'."),
        (["--parameter", "A=1"], "--parameter 'A' is no parameter of the templates. The templates have no parameters."),
    ],
)
def test_wrong_options(arguments: list[str], message: str, template: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused([template, *arguments], capsys) == f"{message}\n"


@pytest.mark.usefixtures("somebody")
def test_without_boto3(template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert refused([template], capsys).endswith("which is not installed: pip install boto3\n")


def test_credentials_that_have_expired(
    template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"sts.get_caller_identity": Refused("ExpiredToken", "The security token included is expired")}
    assert in_world(monkeypatch, given, template, "--region", REGION) == 2
    assert capsys.readouterr().err.startswith(
        "AWS does not say in us-east-1 whose credentials these are: could not ask: sts GetCallerIdentity answers The "
        "security token included is expired. They may have expired"
    )


def test_the_policy_needs_no_credentials_and_only_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", "--policy", "--region", "cn-north-1"]) == 0
    policy = json.loads(capsys.readouterr().out)
    actions = [action for each in policy["Statement"] for action in each["Action"]]
    assert sorted(actions) == permissions_of(QUESTIONS)
    for action in actions:
        service, _, name = action.partition(":")
        assert service.isalnum() or service.replace("-", "").isalnum()
        assert name == "GET" or name.startswith(("Get", "List", "Describe", "BatchGet")), action
        assert "*" not in name
    resources = [each["Resource"] for each in policy["Statement"] if "ssm:GetParameters" in each["Action"]]
    assert all(arn.startswith("arn:aws-cn:ssm:") for arn in resources[0])


def test_the_command_imports_neither_the_cdk_nor_boto3_before_it_asks(template: str) -> None:
    program = (
        "import sys; from patternbook.cli import main; main(['preflight', '--policy']); "
        "print({name.partition('.')[0] for name in sys.modules} & {'aws_cdk', 'jsii', 'pydantic', 'boto3', 'yaml'})"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, template], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stdout.splitlines()[-1] == "set()", result.stderr


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], object]) -> Generator[str, None, None]:
    """An endpoint on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the names are its
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()


@pytest.mark.usefixtures("somebody")
def test_throttling_is_retried(
    template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    throttled = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"

    def answer(request: BaseHTTPRequestHandler) -> None:
        calls.append(request.path)
        request.send_response(400)
        request.send_header("Content-Length", str(len(throttled)))
        request.end_headers()
        request.wfile.write(throttled)

    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert "AWS throttled sts GetCallerIdentity 5 times" in refused([template, "--region", REGION], capsys)
    assert len(calls) == 5


@pytest.mark.usefixtures("somebody")
def test_an_endpoint_that_hangs(
    template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Event()
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with server(lambda _: end.wait(30)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        said = refused([template, "--region", REGION, "--timeout", "0.2"], capsys)
        end.set()
    assert "sts in us-east-1 does not answer: Read timeout on endpoint URL" in said
