"""Uses the event pipeline of a rehearsal: uploads objects, some of them poisoned, and accounts for each."""

import json
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from rehearsal.account import EmulatedAccount, RehearsalError

OBJECTS, FEW_OBJECTS = 1_000, 50
"""Number of objects: in the sandbox in a rehearsal of this pattern alone, and otherwise."""
WITH_POISON: Final = 11
"""Number of healthy objects that are in batches with poisoned ones, with the one that is uploaded by a form."""
POISONED: Final = 10
POISON_TYPE: Final = "application/xml"
"""The processing refuses this type, until the update of the rehearsal adds it to the accepted types."""
CONTENT_TYPES: Final = ["text/csv", POISON_TYPE]
PREFIX: Final = "uploads/"
SECONDS: Final = 90
"""Time limit for all messages to be handled."""
ALL: Final = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


class Pipeline:
    """The deployed pipeline."""

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, str], ids: Mapping[str, str]) -> None:
        self._account, self._outputs, self._ids = account, outputs, ids
        client = account.session.client
        self.s3, self.sqs, self.dynamodb, self._lambda = (
            client("s3"),
            client("sqs"),
            client("dynamodb"),
            client("lambda"),
        )
        self.bucket = outputs["BucketName"]
        self.total = OBJECTS if self._is_alone() else FEW_OBJECTS

    def upload_by_form(self) -> None:
        self._upload_by_form("a+b ü.csv", b"1,2\n")

    def upload(self, *, poisoned: int = 0, healthy: int) -> None:
        """Uploads files directly, poisoned ones first."""
        kinds = [POISON_TYPE] * poisoned + ["text/csv"] * healthy

        def put(content_type: str) -> None:
            key = f"{PREFIX}{uuid.uuid4().hex}/a+b ü"
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"1,2\n", ContentType=content_type)

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(put, kind) for kind in kinds]:
                done.result()

    def _upload_by_form(self, name: str, content: bytes) -> None:
        asked = {"body": json.dumps({"name": name, "content_type": "text/csv"})}
        answer = self._lambda.invoke(
            FunctionName=self._ids["Functions/Form/Function/Resource"],
            Qualifier="live",
            Payload=json.dumps(asked).encode(),
        )
        answered = json.loads(answer["Payload"].read())
        form = json.loads(answered.get("body", "{}"))
        if "fields" not in form:
            raise RehearsalError(f"The function must answer with a form, but answers {answered}.")
        boundary = uuid.uuid4().hex
        parts = [
            f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}' for key, value in form["fields"].items()
        ]
        file = f'Content-Disposition: form-data; name="file"; filename="file"\r\n\r\n{content.decode()}'
        body = "".join(f"--{boundary}\r\n{part}\r\n" for part in (*parts, file)) + f"--{boundary}--\r\n"
        request = urllib.request.Request(
            form["url"], data=body.encode(), headers={"content-type": f"multipart/form-data; boundary={boundary}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=SECONDS) as accepted:
            if accepted.status not in (200, 204):
                raise RehearsalError(f"S3 must accept the form, but answers {accepted.status}.")

    def _is_alone(self) -> bool:
        """Whether this is the sandbox, in an account with this pattern only."""
        pages = self._account.session.client("cloudformation").get_paginator("describe_stacks").paginate()
        others = [each["StackName"] for page in pages for each in page["Stacks"]]
        alone = all(each == "CDKToolkit" or each.endswith("EventPipelineStack") for each in others)
        return alone and "Key/Resource" not in self._ids

    def messages(self, output: str) -> int:
        """The number of messages in a queue."""
        found = self.sqs.get_queue_attributes(QueueUrl=self._outputs[output], AttributeNames=[*ALL])["Attributes"]
        return sum(int(found[name]) for name in ALL)

    def entries(self) -> list[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self._outputs["TableName"])
        return [entry for page in pages for entry in page["Items"]]

    def expect(self, *, processed: int, dead: int = 0) -> None:
        """Waits until every object is processed once or dead, and recorded."""
        found: dict[str, int] = {}

        def settled() -> bool:
            nonlocal found
            found = {
                name: self.messages(name) for name in ("ProcessQueueUrl", "AuditQueueUrl", "ProcessDeadLettersUrl")
            }
            return found == {"ProcessQueueUrl": 0, "AuditQueueUrl": 0, "ProcessDeadLettersUrl": dead}

        if not self._eventually(settled):
            raise RehearsalError(f"{dead} messages must be dead and none may wait, but the queues have {found}.")
        kinds = Counter(entry["pk"]["S"].partition("#")[0] for entry in self.entries())
        runs = Counter(int(entry["runs"]["N"]) for entry in self.entries() if "runs" in entry)
        if kinds["OBJECT"] != processed or runs != {1: processed} or kinds["AUDIT"] != processed + dead:
            raise RehearsalError(
                f"{processed} objects must be processed once and {processed + dead} recorded, but the table has "
                f"{dict(kinds)}, and the numbers of runs are {dict(runs)}."
            )

    def _eventually(self, holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + SECONDS
        while not (found := holds()) and time.monotonic() < deadline:
            self._account.check_running()
            time.sleep(0.2)
        return found

    def set_visibility(self, seconds: int) -> int:
        """Sets the visibility timeout of the queue of the processing, and returns what it was."""
        url, name = self._outputs["ProcessQueueUrl"], "VisibilityTimeout"
        before = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
        return int(before)

    def set_concurrency(self, maximum: int) -> int:
        """Sets the maximum concurrency of both consumers, and returns what it was. Each execution is a process here."""
        before = 0
        for mapping in self._lambda.list_event_source_mappings()["EventSourceMappings"]:
            if mapping["EventSourceArn"].rpartition(":")[2] in str(self._outputs):
                before = mapping["ScalingConfig"]["MaximumConcurrency"]
                self._lambda.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": maximum}
                )
        return before

    def redrive(self) -> None:
        """Starts the command of the output, without the AWS CLI."""
        words = self._outputs["ProcessRedriveCommand"].split()
        arguments = dict(zip(words[3::2], words[4::2], strict=True))
        self.sqs.start_message_move_task(
            SourceArn=arguments["--source-arn"], DestinationArn=arguments["--destination-arn"]
        )

    def empty(self) -> None:
        """Removes all versions of all objects, and every entry and message that this leaves."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        versions = [each for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, [])]
        for start in range(0, len(versions), 1_000):
            chosen = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions[start : start + 1_000]]
            self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": chosen, "Quiet": True})


def use(account: EmulatedAccount, outputs: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """Uploads objects, and waits until the poisoned ones are in the dead-letter queue and all others are processed.

    :raises RehearsalError: if an object is not accounted for.
    :return: a few words about it.
    """
    pipeline = Pipeline(account, outputs, ids)
    concurrency = pipeline.set_concurrency(2)
    # The first call of a function takes a second, so the first object comes alone.
    pipeline.upload_by_form()
    pipeline.expect(processed=1)
    visibility = pipeline.set_visibility(1)
    pipeline.upload(poisoned=POISONED, healthy=WITH_POISON - 1)
    pipeline.expect(processed=WITH_POISON, dead=POISONED)
    pipeline.set_visibility(visibility)
    pipeline.upload(healthy=pipeline.total - WITH_POISON - POISONED)
    pipeline.expect(processed=pipeline.total - POISONED, dead=POISONED)
    pipeline.set_concurrency(concurrency)
    return f"{pipeline.total - POISONED} objects processed, {POISONED} poisoned ones dead-lettered"


def use_updated(account: EmulatedAccount, outputs: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """Moves the dead letters back after the update, which accepts them, and empties the bucket.

    :raises RehearsalError: if an object is not processed once.
    :return: a few words about it.
    """
    pipeline = Pipeline(account, outputs, ids)
    pipeline.redrive()
    pipeline.expect(processed=pipeline.total, dead=0)
    pipeline.empty()
    return f"{POISONED} dead letters moved back and processed once"
