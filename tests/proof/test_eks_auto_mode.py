"""Each check of tests/deployed/test_eks_auto_mode.py passes on a sound account, and fails where its promise is
broken.
"""

from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.deployed import test_eks_auto_mode as checks
from tests.proof.eks import EC2, allow
from tests.proof.eks_auto_mode import Account
from tests.proof.fargate_efs import proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.site import Site
from tests.proof.test_eks_managed_nodes import (
    PRODUCTION,
    SANDBOX,
    network,
    proofs_of_any_cluster,
    proofs_of_any_cluster_with_insights,
)

PROOFS = [
    *proofs_of_any_cluster(checks),
    *proofs_of_any_cluster_with_insights(checks),
    *proofs_of(
        checks.test_eks_brings_nodes_volumes_and_load_balancers,
        (SANDBOX, lambda it: it.cluster.update(computeConfig={"enabled": False}), "EKS brings no nodes"),
        (SANDBOX, lambda it: it.cluster["computeConfig"].update(nodePools=["system"]), r"node pools are \['system'\]"),
        (SANDBOX, lambda it: it.cluster.pop("storageConfig"), "EKS brings no volumes"),
        (SANDBOX, lambda it: it.cluster.update(kubernetesNetworkConfig={}), "EKS brings no load balancers"),
    ),
    *proofs_of(
        checks.test_nodes_are_in_private_subnets_of_three_azs,
        (SANDBOX, lambda it: network(it, subnetIds=it.subnets["private"][:2]), "not in three AZs"),
        (SANDBOX, lambda it: network(it, subnetIds=it.subnets["public"]), "not every subnet of nodes"),
    ),
    *proofs_of(
        checks.test_the_node_role_pulls_images_and_no_more,
        (SANDBOX, lambda it: it.attach("kubelet", "Everything"), "more policies, or less: .*Everything"),
        (SANDBOX, lambda it: it.let("kubelet", allow(["s3:*"], "*")), r"the node role may .*s3:\*"),
        (SANDBOX, lambda it: it.trust("kubelet", {"AWS": "*"}), "the node role is for"),
    ),
    *proofs_of(
        checks.test_the_cluster_role_is_for_eks_and_may_use_the_key_of_volumes_besides,
        (SANDBOX, lambda it: it.attach("control-plane", "Everything"), "has more, or less: .*Everything"),
        (SANDBOX, lambda it: it.trust("control-plane", EC2), "the cluster role is for"),
        (
            PRODUCTION,
            lambda it: it.let("control-plane", allow(["kms:CreateGrant"], "*")),
            r"may \['kms:CreateGrant'\] on \['\*'\]",
        ),
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
