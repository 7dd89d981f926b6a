"""The workflow: its definition on emulated Step Functions, its functions and its script, with steps that can fail."""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import boto3
import pytest
from ministack.services import stepfunctions
from moto import mock_aws

import stacks
from rehearsal.types import step_functions_executions as executions
from stacks.workflow.definition import order_definition

RUNTIME: Final = Path(stacks.__file__).with_name("workflow") / "runtime"
FUNCTIONS: Final = RUNTIME / "functions"
SCRIPT: Final = RUNTIME / "pack.sh"
BUCKET, TABLE, PREFIX = "documents-bucket", "books", "orders/"
APPROVAL_ABOVE: Final = 10_000
MAX_PAYLOAD: Final = 256 << 10
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MACHINE: Final = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"
SUBSTITUTIONS: Final = {
    "ApprovalAbove": str(APPROVAL_ABOVE),
    "ApprovalsQueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/approvals",
    "AttentionQueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/attention",
    "ClusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/packing",
    "ContainerName": "pack",
    "OrdersFunction": "arn:aws:lambda:us-east-1:000000000000:function:orders:live",
    "Partition": "aws",
    "PaymentsFunction": "arn:aws:lambda:us-east-1:000000000000:function:payments:live",
    "SecurityGroupId": "sg-0123456789abcdef0",
    "ShipmentsFunction": "arn:aws:lambda:us-east-1:000000000000:function:shipments:live",
    "StockFunction": "arn:aws:lambda:us-east-1:000000000000:function:stock:live",
    "SubnetIds": "subnet-1,subnet-2",
    "TaskDefinitionFamily": "packing",
}
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "BUCKET_NAME": BUCKET,
    "DOCUMENT_PREFIX": PREFIX,
    "POWERTOOLS_METRICS_NAMESPACE": "Patternbook/Workflow",
    "POWERTOOLS_SERVICE_NAME": "workflow",
    "TABLE_NAME": TABLE,
}
CONTEXT: Final = SimpleNamespace(
    function_name="function",
    function_version="7",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:function:live",
    aws_request_id="d8c8b7c5",
    get_remaining_time_in_millis=lambda: 15_000,
)
DONE: Final = {"RESERVATION": "reserved", "CHARGE": "charged", "SHIPMENT": "shipped", "ORDER": "confirmed"}
"""The state of each entry whose step was done."""
_MODULES: Final = [path.stem for path in FUNCTIONS.glob("*.py")]

PUT: Final = object()
"""In place of an input: put a document first."""
Fault = str
"""How an attempt of a step fails: "before" or "after" its effect; "soon" or "late" if it times out, and its effect
comes after the next attempt of any step, or after the end of the execution; "twice" if it is asked twice; "fine" if it
does not fail; or the name of an error that comes before the effect."""


def definition(approval_seconds: int = 3_600) -> dict[str, Any]:
    """The definition as CloudFormation completes it."""
    text = json.dumps(order_definition(approval_seconds=approval_seconds))
    for name, value in SUBSTITUTIONS.items():
        text = text.replace("${" + name + "}", value)
    return json.loads(text)


@dataclass
class Result:
    """What became of an execution."""

    status: str
    output: dict[str, Any]
    error: str | None
    cause: str | None
    states: list[str]
    """The names of the states that it entered, in order."""

    @property
    def outcome(self) -> str:
        return self.output.get("outcome", "")


@dataclass
class Workflow:
    """One account in which orders are taken."""

    modules: dict[str, ModuleType]
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """The faults of the attempts of each step. Attempts beyond the list are fine."""
    answers: list[Any] = field(default_factory=list)
    """What people answer to the messages: an output, or an error to raise. Without one, the time is up."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """The messages to people, of both queues."""
    invoked: list[str] = field(default_factory=list)
    """The steps that were invoked, in order."""
    soon: list[Callable[[], Any]] = field(default_factory=list)
    """Effects that come after the next attempt."""
    late: list[Callable[[], Any]] = field(default_factory=list)
    """Effects that come after the end of the execution."""
    tasks: list[dict[str, str]] = field(default_factory=list)
    """The environment of each task that was started on Fargate."""
    pack: Callable[[dict[str, str]], None] | None = None
    """What a Fargate task does, given its environment."""
    on_effect: Callable[[], None] | None = None
    """Is called after each effect of a step."""

    def __post_init__(self) -> None:
        self.dynamodb, self.s3 = boto3.client("dynamodb"), boto3.client("s3")
        self.reset()

    def reset(self) -> None:
        self.faults, self.answers, self.messages, self.invoked, self.tasks = {}, [], [], [], []
        self.soon, self.late = [], []
        self.pack, self.on_effect = self.ship, None
        self.logs = io.StringIO()
        self.modules["observing"].logger.registered_handler.setStream(self.logs)
        stepfunctions._executions.clear()
        self.deploy(definition())
        for entry in self.entries():
            self.dynamodb.delete_item(TableName=TABLE, Key={name: entry[name] for name in ("pk", "sk")})

    def deploy(self, machine: Mapping[str, Any]) -> None:
        stepfunctions._state_machines[MACHINE] = {
            "stateMachineArn": MACHINE,
            "name": "orders",
            "roleArn": "arn:aws:iam::000000000000:role/workflow",
            "definition": json.dumps(machine),
        }

    # Orders

    def put(self, order_id: str, /, content: bytes | None = None, **changes: Any) -> dict[str, Any]:
        """Puts the document of an order.

        :param content: the bytes of the document, in place of a good order with changes.
        :return: the input of its execution.
        """
        body = content if content is not None else json.dumps({**order(order_id), **changes}).encode()
        version = self.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}{order_id}.json", Body=body)["VersionId"]
        return {"document": {"key": f"{PREFIX}{order_id}.json", "version_id": version}}

    def take(self, order_id: str, /, given: Any = PUT, **changes: Any) -> Result:
        """Puts an order and runs its execution to the end. Effects that are late come then."""
        text = json.dumps(self.put(order_id, **changes) if given is PUT else given)
        assert len(text.encode()) <= MAX_PAYLOAD
        arn = f"arn:aws:states:us-east-1:000000000000:execution:orders:{order_id}"
        execution = {
            "executionArn": arn,
            "stateMachineArn": MACHINE,
            "name": order_id,
            "status": "RUNNING",
            "startDate": "2026-11-29T00:00:00Z",
            "stopDate": None,
            "input": text,
            "output": None,
            "events": [],
        }
        stepfunctions._executions[arn] = execution
        stepfunctions._run_execution(arn)
        return self._result(execution)

    def redrive(self, order_id: str) -> Result:
        arn = f"arn:aws:states:us-east-1:000000000000:execution:orders:{order_id}"
        execution = stepfunctions._executions[arn]
        execution.update(status="RUNNING", error=None, cause=None)
        executions.continue_execution(execution)
        return self._result(execution)

    def _result(self, execution: Mapping[str, Any]) -> Result:
        for effect in (*self.soon, *self.late):
            effect()
        self.soon, self.late = [], []
        entered = [
            each["stateEnteredEventDetails"]["name"] for each in execution["events"] if "Entered" in each["type"]
        ]
        output = json.loads(execution["output"]) if execution["status"] == "SUCCEEDED" else {}
        return Result(execution["status"], output, execution.get("error"), execution.get("cause"), entered)

    # Books

    def entries(self) -> list[dict[str, Any]]:
        return self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]

    def books(self, order_id: str) -> dict[str, str]:
        """The state of each entry of an order, by its kind."""
        found = {each["pk"]["S"]: each["state"]["S"] for each in self.entries()}
        return {key.partition("#")[0]: state for key, state in found.items() if key.partition("#")[2] == order_id}

    def balance(self, order_id: str) -> set[str]:
        """The kinds of entries whose step is done: all of them, or none, if the books balance."""
        return {kind for kind, state in self.books(order_id).items() if state == DONE[kind]}

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs.getvalue().splitlines()]

    # Steps

    def invoke(self, resource: str, arguments: dict[str, Any]) -> Any:
        """Runs a task of the workflow, as the definition asks for it."""
        assert len(json.dumps(arguments).encode()) <= MAX_PAYLOAD
        if resource.endswith(":lambda:invoke"):
            payload = json.loads(json.dumps(arguments["Payload"]))
            module = arguments["FunctionName"].rsplit(":", 2)[1]
            return self._attempt(payload["action"], lambda: {"Payload": self._call(module, payload)})
        assert resource.endswith(":ecs:runTask.sync")
        container = arguments["Overrides"]["ContainerOverrides"][0]
        environment = {each["Name"]: each["Value"] for each in container["Environment"]}
        self.tasks.append(environment)
        pack = self.pack
        assert pack is not None
        return self._attempt("ship", lambda: pack(environment) or {"LastStatus": "STOPPED"})

    def ask(self, _resource: str, arguments: dict[str, Any], token: str, _state: dict[str, Any]) -> Any:
        """Sends a message with a token, and waits for the answer."""
        name = arguments["QueueUrl"].rpartition("/")[2]
        body = arguments["MessageBody"]
        assert all(token in command for key, command in body.items() if key.startswith("to_"))
        self.messages.append({"queue": name, **body})
        if not self.answers:
            raise stepfunctions._ExecutionError("States.Timeout", "")
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise stepfunctions._ExecutionError(answer, "")
        if callable(answer):
            return answer()
        return answer

    def ship(self, environment: dict[str, str]) -> None:
        """Does what the script does, in less time."""
        self.read_document(environment)
        books = self.modules["books"]
        if books.SHIPMENT.do(environment["ORDER_ID"], parcel="0") != "shipped":
            raise stepfunctions._ExecutionError("States.TaskFailed", "Exit code 254")

    def read_document(self, environment: Mapping[str, str]) -> bytes:
        found = self.s3.get_object(
            Bucket=BUCKET, Key=environment["DOCUMENT_KEY"], VersionId=environment["DOCUMENT_VERSION"]
        )
        return found["Body"].read()

    def _call(self, module: str, payload: dict[str, Any]) -> Any:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                result = self.modules[module].handler(payload, CONTEXT)
        except Exception as error:
            cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
            raise stepfunctions._ExecutionError(type(error).__name__, cause) from error
        assert len(json.dumps(result).encode()) < 10_000, "a result stays far below the maximum"
        return json.loads(json.dumps(result))

    def _attempt(self, step: str, effect_of_step: Callable[[], Any]) -> Any:
        def effect() -> Any:
            try:
                return effect_of_step()
            finally:
                if self.on_effect:
                    self.on_effect()

        self.invoked.append(step)
        waiting = self.faults.get(step, [])
        fault = waiting.pop(0) if waiting else "fine"
        pending, self.soon = self.soon, []
        try:
            return self._outcome(fault, effect)
        finally:
            for each in pending:
                each()

    def _outcome(self, fault: Fault, effect: Callable[[], Any]) -> Any:
        if fault in ("soon", "late"):
            (self.soon if fault == "soon" else self.late).append(lambda: _ignore_errors(effect))
            raise stepfunctions._ExecutionError("States.Timeout", "")
        if fault in ("fine", "after", "twice"):
            if fault == "twice":
                _ignore_errors(effect)
            result = effect()
            if fault != "after":
                return result
        error = fault if fault not in ("before", "after") else "Lambda.Unknown"
        raise stepfunctions._ExecutionError(error, "x" * 40_000)


def _ignore_errors(effect: Callable[[], Any]) -> None:
    with contextlib.suppress(stepfunctions._ExecutionError):
        effect()


def order(order_id: str) -> dict[str, Any]:
    lines = [{"sku": "book", "quantity": 2, "unit_price": 1_250}, {"sku": "pen", "quantity": 1, "unit_price": 500}]
    return {"order_id": order_id, "currency": "EUR", "payment": "card", "ship_to": "1 Main Street", "lines": lines}


def large(order_id: str) -> dict[str, Any]:
    """An order that a person has to approve."""
    return {**order(order_id), "lines": [{"sku": "car", "quantity": 1, "unit_price": APPROVAL_ABOVE + 1}]}


@contextmanager
def workflow() -> Generator[Workflow, None, None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        made = Workflow(load(("orders", "stock", "payments", "shipments")))
        patch.setattr(stepfunctions, "time", SimpleNamespace(sleep=lambda _: None))
        patch.setattr(stepfunctions, "_emit_execution_status_event", lambda _: None)
        patch.setattr(stepfunctions, "_error_matches", executions.error_matches)
        patch.setattr(stepfunctions, "_execute_task", executions.execute_task)
        patch.setattr(stepfunctions, "_apply_output_path", executions.apply_output)
        patch.setattr(stepfunctions, "_invoke_resource", made.invoke)
        patch.setattr(stepfunctions, "_invoke_with_callback", made.ask)
        patch.setattr(stepfunctions, "_invoke_resource_with_timeout", lambda name, given, _: made.invoke(name, given))
        yield made


def load(names: Sequence[str]) -> dict[str, ModuleType]:
    """Loads the modules of the functions, and shares nothing with modules that were loaded before."""
    sys.path.insert(0, str(FUNCTIONS))
    try:
        for name in names:
            __import__(name)
        return {name: sys.modules[name] for name in _MODULES}
    finally:
        sys.path.remove(str(FUNCTIONS))
        for name in _MODULES:
            sys.modules.pop(name, None)
