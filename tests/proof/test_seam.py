"""The seam between checks and AWS. Questions to boto3 and to the internet are recorded, replayed and changed."""

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clock import Clock
from tests.deployed import recording, test_ecr
from tests.deployed import stack as deployed_stack
from tests.deployed.account import LiveAccount, RecordedAccount, RecordingAccount
from tests.deployed.answers import Answer, from_json, mistakes, parameters_key, to_json
from tests.deployed.proving import NOTHING, ChangedAccount, Copied, ImpossibleAnswerError, fails, flaw
from tests.deployed.stack import DeployedStack, NotAnsweredError, NotDeployedError
from tests.in_memory import account_in_memory
from tests.proof.site import Site, running, write_certificate


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with account_in_memory() as session:
        yield session


@pytest.fixture
def live(session: boto3.Session) -> LiveAccount:
    return LiveAccount(session)


def stack_in(account: Any, **resources: list[str]) -> DeployedStack:
    return DeployedStack(name="A", posture="sandbox", outputs={}, resources=resources, account=account)


# AWS


def test_all_pages_of_an_answer_are_put_together(session: boto3.Session, live: LiveAccount) -> None:
    for number in range(120):
        session.client("sns").create_topic(Name=f"topic-{number}")
    answer = live.ask("sns.list_topics", {})
    assert len(answer["Topics"]) == 120
    assert answer.keys() == {"Topics"}


def test_a_body_that_streams_is_read(session: boto3.Session, live: LiveAccount) -> None:
    session.client("s3").create_bucket(Bucket="bucket")
    session.client("s3").put_object(Bucket="bucket", Key="key", Body=b"content")
    assert live.ask("s3.get_object", {"Bucket": "bucket", "Key": "key"})["Body"] == b"content"


def test_what_is_absent_is_an_empty_answer_and_another_error_is_none(live: LiveAccount) -> None:
    stack = stack_in(live)
    assert stack.ask("ecr.get_lifecycle_policy", absent="RepositoryNotFoundException", repositoryName="app") == {}
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        stack.ask("ecr.get_lifecycle_policy", absent="LifecyclePolicyNotFoundException", repositoryName="app")


class Fixed:
    """Gives one answer to every question about an operation, and knows no other."""

    region, patience = "us-east-1", 0.0

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        name = operation.partition(".")[2]
        if name not in self._answers:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"{parameters} does not exist"}}, operation
            )
        return self._answers[name]


def described(description: str) -> dict[str, Any]:
    """A stack, as CloudFormation describes it."""
    return {"Stacks": [{"Description": description, "Outputs": [{"OutputKey": "Arn", "OutputValue": "arn:topic"}]}]}


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (Fixed(), r"Shop is not deployed in us-east-1\. Set AWS_REGION"),
        (Fixed(describe_stacks=described("Mine")), "us-east-1 is no stack of Patternbook"),
    ],
)
def test_a_stack_that_is_not_there_or_somebody_elses_is_not_looked_at(account: Fixed, said: str) -> None:
    with pytest.raises(NotDeployedError, match=said):
        DeployedStack.find("Shop", account)


def test_a_refusal_does_not_say_that_a_stack_is_not_there() -> None:
    class Refusing(Fixed):
        def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:  # noqa: ARG002
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "The token is expired"}}, operation)

    with pytest.raises(NotAnsweredError, match=r"AWS did not describe Shop in us-east-1: .*The token is expired"):
        DeployedStack.find("Shop", Refusing())


def test_a_stack_is_found_with_its_posture_outputs_and_resources() -> None:
    made = [{"ResourceType": "AWS::SNS::Topic", "PhysicalResourceId": "arn:topic"}]
    stack = DeployedStack.find(
        "Shop",
        Fixed(
            describe_stacks=described("Patternbook (production): a topic"),
            list_stack_resources={"StackResourceSummaries": made},
        ),
    )
    assert stack.production
    assert stack.only("AWS::SNS::Topic") == stack.outputs["Arn"] == "arn:topic"


@pytest.mark.parametrize("mutability", ["IMMUTABLE", "MUTABLE"])
def test_nothing_is_left_of_what_a_check_pushed(mutability: str, session: boto3.Session, live: LiveAccount) -> None:
    ecr = session.client("ecr")
    ecr.create_repository(repositoryName="app", imageTagMutability=mutability)
    stack = stack_in(live, **{"AWS::ECR::Repository": ["app"]})
    try:
        test_ecr.test_a_tag_is_taken_once_it_is_pushed(stack)
        taken_once = True
    except AssertionError:
        taken_once = False
    assert taken_once == (mutability == "IMMUTABLE")
    assert ecr.list_images(repositoryName="app")["imageIds"] == []


# Pages


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for another name than the site's, as a load balancer's own name has it."""
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    write_certificate(path, "shop.example.com")
    return path


@pytest.fixture(params=["http", "https"])
def site(request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(certificate if request.param == "https" else None) as site:
        yield site


def test_a_page_has_a_status_headers_and_a_body(site: Site, live: LiveAccount) -> None:
    site.answer("Hello", after=1)
    stack = stack_in(live)
    assert stack.page(site.url, named=False)["status"] == 503
    answer = stack.page(site.url, named=False)
    assert (answer["status"], answer["headers"]["content-length"], answer["body"]) == (200, "5", "Hello")


def test_a_certificate_is_trusted_for_its_own_name_only(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, live: LiveAccount, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(certificate) as site:
        site.answer("Hello")
        assert stack_in(live).page(site.url, named=False)["body"] == "Hello"
        with pytest.raises(AssertionError, match=r"has a certificate not trusted here: .*mismatch"):
            stack_in(live).page(site.url)
        write_certificate(tmp_path / "other.pem", "other.example.com")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        with pytest.raises(AssertionError, match=r"has a certificate not trusted here: .*CERTIFICATE_VERIFY_FAILED"):
            stack_in(live).page(site.url, named=False)


def test_where_nobody_answers_the_reason_is_the_page(live: LiveAccount) -> None:
    answer = stack_in(live).page("http://127.0.0.1:9")
    assert answer["status"] == 0
    assert "refused" in answer["body"]


# Time


def test_a_check_waits_for_what_it_looks_for(monkeypatch: pytest.MonkeyPatch, live: LiveAccount) -> None:
    clock = Clock()
    monkeypatch.setattr(deployed_stack, "time", clock)
    looks = itertools.count()
    assert stack_in(live).eventually(lambda: next(looks), lambda seen: seen == 3, seconds=60) == 3
    assert clock.pauses == [5.0] * 3


def test_a_check_waits_no_longer_than_it_says_and_never_for_a_recording(
    monkeypatch: pytest.MonkeyPatch, live: LiveAccount
) -> None:
    monkeypatch.setattr(deployed_stack, "time", Clock())
    for account, looks in ((live, 15), (RecordedAccount("us-east-1", {}), 1)):
        seen = itertools.count(1)
        assert stack_in(account).eventually(lambda seen=seen: next(seen), lambda _: False, seconds=70) == looks


# Recordings


def test_a_recording_answers_as_aws_did(session: boto3.Session, live: LiveAccount) -> None:
    session.client("ecr").create_repository(repositoryName="app")
    asking = RecordingAccount(live)
    asked = ("ecr.describe_repositories", {"repositoryNames": ["app"]})
    answer = asking.ask(*asked)
    with pytest.raises(ClientError):
        asking.ask("ecr.get_lifecycle_policy", {"repositoryName": "app"})
    recorded = RecordedAccount("us-east-1", asking.answers)
    [repository] = recorded.ask(*asked)["repositories"]
    assert repository.items() <= {**answer["repositories"][0], "createdAt": repository.get("createdAt")}.items()
    assert repository["repositoryUri"] == answer["repositories"][0]["repositoryUri"]
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        recorded.ask("ecr.get_lifecycle_policy", {"repositoryName": "app"})
    with pytest.raises(LookupError, match="run make record"):
        recorded.ask("ecr.describe_registry", {})


def test_answers_are_json_and_back() -> None:
    answer = {"Payload": b"text", "Body": b"\xff", "UserData": "aGVsbG8=", "Items": [1, None, {"a": True}]}
    assert from_json(json.loads(json.dumps(to_json(answer)))) == answer
    assert to_json(answer)["UserData"] == {"$base64": "hello"}


def test_a_question_is_the_same_whatever_the_order_of_its_names() -> None:
    assert parameters_key({"GroupIds": ["b", "a"]}) == parameters_key({"GroupIds": ["a", "b"]})


def test_what_is_random_is_numbered() -> None:
    written = (
        '"subnet-0a1b2c3d4e5f67890", "sg-0f0f0f0f0f0f0f0f0", "subnet-0a1b2c3d4e5f67890", "2026-11-28T12:30:00.123Z"'
    )
    expected = '"subnet-00000000000000001", "sg-00000000000000002", "subnet-00000000000000001", "2026-01-01Z"'
    assert recording.same_each_time(written) == expected
    bucket = "production-fargateefsstack-frontaccesslogs3cb9388f"  # S3 allows 63 characters
    assert recording.same_each_time(f"{bucket}f5314035cf315-policy") == f"{bucket}0000000000001-policy"
    revision = "arn:aws:ecs:us-east-1:111122223333:service-revision/A/B/"
    assert recording.same_each_time(f"{revision}1234567890123456789") == f"{revision}0000000000000001"
    assert recording.same_each_time(f"{revision}123456789012345678") == f"{revision}0000000000000001"
    digest = "3a8cdc333aa9fffc4f02ed3dc5174ebab2950e13a94c43f3aa41143c54ab379c"
    assert recording.same_each_time(digest) == digest


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ({"Services": []}, "Unknown parameter"),
        ({"services": [{"desiredCount": "2"}]}, "Invalid type"),
        ({"services": [{"desiredCount": 2}]}, ""),
    ],
)
def test_aws_answers_only_what_botocore_describes(answer: dict[str, Any], mistake: str) -> None:
    said = mistakes("ecs.describe_services", answer)
    assert said.startswith(mistake)
    assert bool(said) == bool(mistake)


# Changes


ANSWER = {
    "Items": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    "Policy": '{"Statement": [{"Effect": "Deny"}]}',
}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("Items Key=b Value", "3", {"Items": [ANSWER["Items"][0], {"Key": "b", "Value": "3"}]}),
        ("Items * Value", "3", {"Items": [{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "3"}]}),
        ("Items -1", NOTHING, {"Items": [ANSWER["Items"][0]]}),
        ("Items +", "more", {"Items": [*ANSWER["Items"], "more"]}),
        ("Items 0 Value", lambda old: old + "0", {"Items": [{"Key": "a", "Value": "10"}, ANSWER["Items"][1]]}),
        ("Policy Statement 0 Effect", "Allow", {"Policy": '{"Statement": [{"Effect": "Allow"}]}'}),
        ("Items Key=c Value", "3", {}),
        ("Item 0 Value", "3", {}),
    ],
)
def test_one_thing_changes_at_a_place(
    path: str, value: Any, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.deployed.proving.mistakes", lambda *_: "")
    account = ChangedAccount(Fixed(b=ANSWER, c=ANSWER), {f"a.b {path}": value})
    assert account.ask("a.b", {}) == {**ANSWER, **expected}
    assert account.ask("a.c", {}) == ANSWER
    assert account.unchanged == (set() if expected else {f"a.b {path}"})


def test_a_change_may_be_of_the_second_question_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.deployed.proving.mistakes", lambda *_: "")
    account = ChangedAccount(Fixed(b=ANSWER), {"a.b#2 Policy": "none"})
    policies = [account.ask("a.b", {"Name": name})["Policy"] for name in ("one", "two", "one", "two")]
    assert [policy == "none" for policy in policies] == [False, True, False, True]


def test_a_change_may_copy_what_a_check_got_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.deployed.proving.mistakes", lambda *_: "")
    account = ChangedAccount(Fixed(b=ANSWER, c=ANSWER), {"a.c Policy": Copied("a.b Items Key=b Value", "the {}nd")})
    account.ask("a.b", {})
    assert account.ask("a.c", {})["Policy"] == "the 2nd"


def test_a_change_may_be_of_the_region() -> None:
    assert ChangedAccount(Fixed(), {"region": "eu-west-1"}).region == "eu-west-1"


def test_a_change_that_aws_cannot_answer_is_a_mistake() -> None:
    account = ChangedAccount(Fixed(), {"ecs.describe_services": {"Services": []}})
    with pytest.raises(ImpossibleAnswerError, match=r"AWS cannot answer ecs.describe_services so: Unknown parameter"):
        account.ask("ecs.describe_services", {})


REPOSITORY = "ecr.describe_repositories repositories 0"


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (fails("not scan", f"{REPOSITORY} imageScanningConfiguration scanOnPush", False), ""),
        (fails("other words", f"{REPOSITORY} imageScanningConfiguration scanOnPush", False), "the check failed: "),
        (fails("not scan", f"{REPOSITORY} imageTagMutability", "MUTABLE"), "the check passed: "),
        (
            fails("not scan", "ecr.describe_repositories repositories 9 imageTagMutability", "MUTABLE"),
            "nothing was changed at ecr",
        ),
    ],
)
def test_a_proof_that_shows_something_else_is_told(proof: Any, said: str) -> None:
    def check(stack: DeployedStack) -> None:
        test_ecr.test_images_are_scanned_at_their_push(stack)

    name, account = recording.recorded_account(test_ecr, "sandbox")
    [shown] = proof(check).proofs
    assert flaw(shown, check, name, account).startswith(said)
