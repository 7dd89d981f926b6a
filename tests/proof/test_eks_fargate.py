"""Each check of tests/deployed/test_eks_fargate.py passes on a sound account, and fails where its promise is broken."""

from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.deployed import test_eks_fargate as checks
from tests.proof.eks import allow
from tests.proof.eks_fargate import LOG_GROUP, WRITE, Account
from tests.proof.fargate_efs import proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.site import Site
from tests.proof.test_eks_managed_nodes import PRODUCTION, SANDBOX, proofs_of_any_cluster, proofs_of_files

PROOFS = [
    *proofs_of_any_cluster(checks),
    *proofs_of_files(checks),
    *proofs_of(
        checks.test_there_are_no_nodes,
        (SANDBOX, lambda it: it.eks["nodegroups"].update(one={}), r"has groups of nodes: \['one'\]"),
    ),
    *proofs_of(
        checks.test_profiles_are_active_in_private_subnets_of_three_azs,
        (SANDBOX, lambda it: it.change_profile("own", status="CREATE_FAILED"), "profile own is CREATE_FAILED"),
        (SANDBOX, lambda it: it.change_profile("own", subnets=it.subnets["private"][:2]), "not in three AZs"),
        (SANDBOX, lambda it: it.change_profile("own", subnets=it.subnets["isolated"]), "not every subnet of pods"),
        (SANDBOX, lambda it: it.eks["fargate"].clear(), "there is no Fargate profile"),
    ),
    *proofs_of(
        checks.test_coredns_runs_on_fargate,
        (SANDBOX, lambda it: it.installed["coredns"].pop("configurationValues"), "CoreDNS waits for nodes"),
        (SANDBOX, lambda it: it.eks["fargate"].pop("system"), "no Fargate profile is for CoreDNS"),
    ),
    *proofs_of(
        checks.test_the_pod_execution_role_pulls_images_and_writes_to_one_log_group,
        (SANDBOX, lambda it: it.attach("kubelet", "Everything"), "has the policies .*Everything"),
        (SANDBOX, lambda it: it.let("kubelet", allow(WRITE, "*")), r"may .* on \['\*'\]"),
        (SANDBOX, lambda it: it.let("kubelet", allow(["s3:GetObject"], LOG_GROUP)), r"may \['s3:GetObject'\]"),
        (SANDBOX, lambda it: it.resources["AWS::Logs::LogGroup"].remove("pods"), "log group pods is not the stack's"),
    ),
    *proofs_of(
        checks.test_the_pod_execution_role_is_for_this_cluster,
        (SANDBOX, lambda it: it.trust_profiles_of("other"), "the role is for .*other"),
        (SANDBOX, lambda it: it.trust_profiles_of(None), "the role is for every cluster"),
    ),
]


@pytest.fixture
def account_in(session: boto3.Session, sites: dict[str, Site]) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""

    def account(posture: str) -> Account:
        return Account(session, posture=posture, site=sites[posture])

    with account_in_memory():
        yield account


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(posture).stack
    assert [check.__name__ for check in checks_of(checks) if not passes(check, stack)] == []


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


def test_files_are_not_looked_for_where_there_are_none(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    account.resources.pop("AWS::EFS::FileSystem")
    assert not passes(checks.test_only_the_cluster_reaches_the_file_system, account.stack)
