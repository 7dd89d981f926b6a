"""Each check of tests/deployed/test_lambda_concurrency.py passes on a sound account, and fails where its promise is
broken.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.deployed import test_lambda_concurrency as checks
from tests.deployed.test_lambda_concurrency import BY_URL
from tests.proof import test_fargate_efs
from tests.proof.ecs_managed_instances import allow
from tests.proof.fargate_efs import proofs_of
from tests.proof.lambda_concurrency import CALLER, Account
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION, SCALES = ACCOUNTS = ("sandbox", "production", "sandbox that scales")


def is_of(account: Account, **wrong: Any) -> None:
    account.function.update(wrong)


def deploys(account: Account, **wrong: Any) -> None:
    account.group.update(wrong)


def answers(account: Account, operation: str, **wrong: Any) -> None:
    account.answers[operation] = {**account.answers[operation], **wrong}


def log_group(account: Account, *, key: str | None = None, retention: bool = True) -> None:
    logs = account.client("logs")
    logs.delete_log_group(logGroupName="work")
    logs.create_log_group(logGroupName="work", **({"kmsKeyId": key} if key else {}))
    if retention:
        logs.put_retention_policy(logGroupName="work", retentionInDays=7)


def leave_the_target(account: Account) -> None:
    account.client("application-autoscaling").deregister_scalable_target(**account.scaled)


def scale_by_another_metric(account: Account) -> None:
    scaling = account.client("application-autoscaling")
    scaling.delete_scaling_policy(PolicyName="LambdaProvisionedConcurrencyUtilization", **account.scaled)


PROOFS = [
    *(proof for proof in test_fargate_efs.PROOFS if proof.check in checks_of(checks)),
    *proofs_of(
        checks.test_the_alias_is_a_numbered_version,
        (SANDBOX, lambda it: answers(it, "GetAlias", FunctionVersion="$LATEST"), r"calls \['\$LATEST'\]"),
        (
            PRODUCTION,
            lambda it: answers(it, "GetAlias", RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.1}}),
            r"calls \['\$LATEST'\]",
        ),
    ),
    *proofs_of(
        checks.test_the_function_is_traced_and_logs_as_json,
        (SANDBOX, lambda it: is_of(it, Architectures=["x86_64"]), r"runs on \['x86_64'\]"),
        (SANDBOX, lambda it: is_of(it, TracingConfig={"Mode": "PassThrough"}), "tracing is PassThrough"),
        (SANDBOX, lambda it: is_of(it, LoggingConfig={"LogFormat": "Text"}), "logs as Text, not as JSON"),
        (
            PRODUCTION,
            lambda it: is_of(it, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/aws/lambda/work"}),
            "logs to /aws/lambda/work",
        ),
    ),
    *proofs_of(
        checks.test_logs_are_kept_for_a_set_time,
        (SANDBOX, lambda it: log_group(it, retention=False), "keeps everything for ever"),
        (PRODUCTION, log_group, "encrypted with no key, not with the stack's key"),
    ),
    *proofs_of(
        checks.test_the_role_may_log_trace_and_report_failures,
        (SANDBOX, lambda it: it.attach("AdministratorAccess"), "has managed policies: .*AdministratorAccess"),
        (SANDBOX, lambda it: it.let_function(allow(["logs:PutLogEvents"], "*")), r"may \['logs:PutLogEvents'\] on any"),
        (
            SANDBOX,
            lambda it: it.let_function(allow(["s3:GetObject"], "arn:aws:s3:::some/*")),
            r"may more, or less: \['s3:GetObject'\]",
        ),
        (SANDBOX, lambda it: it.let_function(but="sqs:SendMessage"), r"more, or less: \['sqs:SendMessage'\]"),
        (PRODUCTION, lambda it: it.let_function(but="kms:Decrypt"), r"more, or less: \['kms:Decrypt'\]"),
    ),
    *proofs_of(
        checks.test_concurrency_is_reserved_in_production,
        (SANDBOX, lambda it: it.reserve(0), "never called"),
        (PRODUCTION, lambda it: it.reserve(None), "no concurrency is reserved"),
    ),
    *proofs_of(
        checks.test_provisioned_concurrency_is_ready_and_within_what_is_reserved,
        (PRODUCTION, lambda it: it.provision(2, "FAILED"), "provisioned concurrency is FAILED"),
        (PRODUCTION, lambda it: it.provision(101), "101 environments are provisioned of 100 reserved"),
    ),
    *proofs_of(
        checks.test_provisioned_concurrency_scales_by_its_use,
        (SCALES, leave_the_target, "nothing scales function:"),
        (SCALES, lambda it: it.reserve(4), "up to 5 environments are provisioned of 4 reserved"),
        (SCALES, scale_by_another_metric, r"scaling goes by \[\]"),
    ),
    *proofs_of(
        checks.test_events_that_fail_go_to_the_queue,
        (
            SANDBOX,
            lambda it: answers(it, "ListFunctionEventInvokeConfigs", FunctionEventInvokeConfigs=[]),
            "events of the alias live have no configuration",
        ),
        (
            SANDBOX,
            lambda it: answers(
                it,
                "ListFunctionEventInvokeConfigs",
                FunctionEventInvokeConfigs=[it.events_go_to("failures", "$LATEST")],
            ),
            "events of the alias live have no configuration",
        ),
        (
            PRODUCTION,
            lambda it: answers(
                it, "ListFunctionEventInvokeConfigs", FunctionEventInvokeConfigs=[it.events_go_to("other")]
            ),
            "events that fail go to .*:other, not to .*:failures",
        ),
    ),
    *proofs_of(
        checks.test_the_queue_of_failures_is_encrypted_and_takes_tls_only,
        (SANDBOX, lambda it: it.set_queue(SqsManagedSseEnabled="false"), "is not encrypted"),
        (PRODUCTION, lambda it: it.set_queue(KmsMasterKeyId="alias/aws/sqs"), "encrypted with alias/aws/sqs, not with"),
        (SANDBOX, lambda it: it.set_queue(MessageRetentionPeriod="345600"), "kept for 4 days, not for 14"),
        (SANDBOX, lambda it: it.deny(**{"aws:SecureTransport": "true"}), "takes messages without TLS"),
    ),
    *proofs_of(
        checks.test_variables_are_encrypted_with_the_stacks_key,
        (PRODUCTION, lambda it: it.function.pop("KMSKeyArn"), "encrypted with no key, not with the stack's key"),
    ),
    *proofs_of(
        checks.test_the_url_takes_signed_requests_only,
        (SANDBOX, lambda it: answers(it, "GetFunctionUrlConfig", AuthType="NONE"), "takes requests of anybody: NONE"),
        (
            SANDBOX,
            lambda it: answers(it, "GetFunctionUrlConfig", FunctionUrl="https://other.lambda-url.eu-west-1.on.aws/"),
            "the URL is https://other.*, not the output's",
        ),
    ),
    *proofs_of(
        checks.test_others_call_the_alias_by_its_url_only,
        (SANDBOX, lambda it: it.let_call("*", BY_URL), "anybody may lambda:InvokeFunctionUrl"),
        (SCALES, lambda it: it.let_call(CALLER, {"lambda:InvokeFunction": {}}), "may call the function otherwise"),
        (
            SCALES,
            lambda it: it.let_call(CALLER, {"lambda:InvokeFunctionUrl": BY_URL["lambda:InvokeFunctionUrl"]}),
            "or not even so",
        ),
        (
            PRODUCTION,
            lambda it: it.let_call(CALLER, {**BY_URL, "lambda:GetFunction": {}}),
            "may call the function otherwise than by its URL",
        ),
    ),
    *proofs_of(
        checks.test_traffic_shifts_and_goes_back_on_an_alarm,
        (
            SANDBOX,
            lambda it: deploys(it, deploymentConfigName="CodeDeployDefault.OneAtATime"),
            "deployments go by Code",
        ),
        (
            SANDBOX,
            lambda it: deploys(it, autoRollbackConfiguration={"enabled": False}),
            r"not rolled back on \['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'\]",
        ),
        (
            PRODUCTION,
            lambda it: deploys(it, autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}),
            r"not rolled back on \['DEPLOYMENT_STOP_ON_ALARM'\]",
        ),
        (SANDBOX, lambda it: deploys(it, alarmConfiguration={}), r"deployments watch \[\]"),
        (
            SANDBOX,
            lambda it: deploys(it, alarmConfiguration={"enabled": True, "alarms": [{"name": "new Errors"}]}),
            r"deployments watch \['Errors'\]",
        ),
        (SANDBOX, lambda it: it.watch("new Errors", Dimensions=[]), r"deployments watch \['Duration'\]"),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (SANDBOX, lambda it: it.watch("Throttles", AlarmActions=[]), r"does not hear of \['Throttles'\]"),
        (SANDBOX, lambda it: it.watch("AsyncEventAge", ActionsEnabled=False), r"does not hear of \['AsyncEventAge'\]"),
        (PRODUCTION, lambda it: it.watch(checks.SPILL_OVER, OKActions=[]), "does not hear of .*SpilloverInvocations"),
        (SCALES, lambda it: it.watch(checks.SPILL_OVER, OKActions=[]), "does not hear of .*SpilloverInvocations"),
    ),
    *proofs_of(
        checks.test_the_function_does_an_item,
        (SANDBOX, lambda it: it.say({"digest": "0a1b2c"}), "the digest is 0a1b2c, not"),
        (
            PRODUCTION,
            lambda it: it.say({"errorMessage": "no module"}, FunctionError="Unhandled"),
            "the function fails: .*no module",
        ),
    ),
]

ONLY_IN_PRODUCTION = {checks.test_variables_are_encrypted_with_the_stacks_key}
READY, SCALING = (
    checks.test_provisioned_concurrency_is_ready_and_within_what_is_reserved,
    checks.test_provisioned_concurrency_scales_by_its_use,
)
SKIPPED = {
    SANDBOX: {*ONLY_IN_PRODUCTION, READY, SCALING},
    PRODUCTION: {SCALING},
    SCALES: {*ONLY_IN_PRODUCTION, READY},
}


@pytest.fixture
def account_in(session: boto3.Session, sites: dict[str, Site]) -> Iterator[Callable[[str], Account]]:
    """One of ACCOUNTS, as the stack leaves it."""

    def account(name: str) -> Account:
        posture = name.partition(" ")[0]
        return Account(session, posture=posture, site=sites[posture], scales=name == SCALES)

    with account_in_memory():
        yield account


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_check_passes_on_a_sound_account(name: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(name).stack
    assert {check for check in checks_of(checks) if not passes(check, stack)} == SKIPPED[name]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


def test_code_of_ones_own_is_not_asked_for_a_digest(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    is_of(account, Description="")
    assert not passes(checks.test_the_function_does_an_item, account.stack)
