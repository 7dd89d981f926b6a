"""CloudFormation gets an answer to every request for the schema of ``AuroraServerlessStack``, whatever happens."""

from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from tests.runtime.aurora import Account, CloudFormation, catalog, custom_resource, migrate


@pytest.fixture
def account(migrated_account: Account) -> Account:
    """An account whose database has the latest schema."""
    migrated_account.renew()
    return migrated_account


def test_a_repeated_request_gets_the_same_answer(account: Account, cloudformation: CloudFormation) -> None:
    """Lambda delivers an asynchronous event again after a failure, with the same request id."""
    for _ in range(2):
        account.call(migrate, cloudformation.request("Create"))
    first, again = cloudformation.responses
    assert first == again
    assert (first["Status"], first["PhysicalResourceId"]) == ("SUCCESS", "guid-Schema")


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_an_id_never_changes(account: Account, cloudformation: CloudFormation, kind: str) -> None:
    account.call(migrate, cloudformation.request(kind, PhysicalResourceId="of an earlier release"))
    assert cloudformation.responses[-1]["PhysicalResourceId"] == "of an earlier release"


def test_a_deletion_touches_nothing(account: Account, cloudformation: CloudFormation) -> None:
    """Neither does one of a cluster that is gone, so that a deletion cannot hang."""
    account.fail("DatabaseNotFoundException", times=1_000)
    account.call(migrate, cloudformation.request("Delete"))
    assert cloudformation.responses[-1]["Status"] == "SUCCESS"
    assert account.calls == []


def test_it_waits_until_it_may_read_the_secret(account: Account, cloudformation: CloudFormation) -> None:
    """IAM takes some seconds to know a new policy."""
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yet"}}, "GetSecretValue")
    read = migrate._secrets.get_secret_value(SecretId=account.app_secret)
    with patch.object(migrate._secrets, "get_secret_value", side_effect=[refused, refused, read]):
        account.call(migrate, cloudformation.request("Update"))
    assert cloudformation.responses[-1]["Status"] == "SUCCESS"
    assert len(account.slept) == 2


@pytest.mark.parametrize("version", ["3", "-1", "two", "", "1.0", "²", 2, None, ["1"], "9" * 5_000])
def test_a_wrong_version_is_refused(account: Account, cloudformation: CloudFormation, version: Any) -> None:
    account.call(migrate, cloudformation.request("Create", version))
    response = cloudformation.responses[-1]
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("Version must be a number from 0 to 2, the last migration, got ")
    assert account.calls == []


@pytest.mark.parametrize("more", [{"RequestType": "Read"}, {"RequestType": None}, {"ResourceProperties": None}])
def test_a_wrong_request_is_answered(account: Account, cloudformation: CloudFormation, more: dict[str, Any]) -> None:
    account.call(migrate, {**cloudformation.request("Create"), **more})
    assert cloudformation.responses[-1]["Status"] == "FAILED"
    assert cloudformation.responses[-1]["Reason"].startswith("The request must be Create, Update or Delete")


@pytest.mark.parametrize("event", [{}, [], None, {"RequestType": "Create"}, {"ResponseURL": "file:///etc/passwd"}])
def test_an_event_that_nobody_can_answer_fails(account: Account, event: Any) -> None:
    with pytest.raises(ValueError, match="must be a request of CloudFormation with a ResponseURL"):
        account.call(migrate, event)


def test_any_error_is_answered(account: Account, cloudformation: CloudFormation) -> None:
    with patch.object(Account, "environment", lambda *_: {}):
        account.call(migrate, cloudformation.request("Create"))
    assert cloudformation.responses[-1]["Reason"] == "KeyError. See the log stream 2026/11/28/[1]abc."


def test_a_response_that_is_not_taken_is_sent_again(account: Account, cloudformation: CloudFormation) -> None:
    cloudformation.refuse = custom_resource.SEND_TRIES - 1
    account.call(migrate, cloudformation.request("Delete"))
    assert [response["ContentType"] for response in cloudformation.responses] == [""]
    # If nobody takes it, the function fails, so that Lambda calls it again.
    cloudformation.refuse = custom_resource.SEND_TRIES
    with pytest.raises(OSError, match="503"):
        account.call(migrate, cloudformation.request("Delete"))


@pytest.mark.parametrize("character", ["x", "ä", "\U0001f600", "\ud800"])
def test_a_long_reason_fits_the_response(account: Account, cloudformation: CloudFormation, character: str) -> None:
    with patch.object(migrate, "migrate", side_effect=catalog.MigrationError(character * 10_000)):
        account.call(migrate, cloudformation.request("Update"))
    assert cloudformation.responses[-1]["Status"] == "FAILED"
    assert cloudformation.sizes[-1] < 4096
