"""Each check of tests/deployed/test_eks_self_managed_nodes.py passes on a sound account, and fails where its promise is
broken.
"""

from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.deployed import test_eks_self_managed_nodes as checks
from tests.proof.eks import CLUSTER, allow
from tests.proof.eks_self_managed_nodes import Account, user_data
from tests.proof.fargate_efs import proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.site import Site
from tests.proof.test_eks_managed_nodes import (
    PRODUCTION,
    SANDBOX,
    proofs_of_any_cluster,
    proofs_of_any_cluster_with_insights,
    proofs_of_any_cluster_with_nodes,
)

PROOFS = [
    *proofs_of_any_cluster(checks),
    *proofs_of_any_cluster_with_insights(checks),
    *proofs_of_any_cluster_with_nodes(checks),
    *proofs_of(
        checks.test_nodes_are_in_private_subnets_of_three_azs,
        (
            SANDBOX,
            lambda it: it.new_group("b", VPCZoneIdentifier=",".join(it.subnets["private"][:2])),
            "not in three AZs",
        ),
        (
            SANDBOX,
            lambda it: it.new_group("b", VPCZoneIdentifier=",".join(it.subnets["public"])),
            "not every subnet of nodes",
        ),
    ),
    *proofs_of(
        checks.test_nodes_run_on_demand_first_and_beyond_on_spot_with_a_choice,
        (SANDBOX, lambda it: it.new_group("b", strategy="lowest-price"), "Spot is chosen by lowest-price"),
        (SANDBOX, lambda it: it.new_group("b", types=["m7g.large"]), "one instance type only, m7g.large"),
        (
            SANDBOX,
            lambda it: it.new_group(
                "b",
                MixedInstancesPolicy=None,
                LaunchTemplate={"LaunchTemplateId": it.resources["AWS::EC2::LaunchTemplate"][0]},
            ),
            "no mixed instances policy",
        ),
    ),
    *proofs_of(
        checks.test_nodes_are_replaced_by_age_in_production,
        (PRODUCTION, lambda it: it.set_lifetime("nodes", None), "never replaced by their age"),
    ),
    *proofs_of(
        checks.test_metadata_of_nodes_takes_imdsv2_and_one_hop,
        (SANDBOX, lambda it: it.launch("own", MetadataOptions={"HttpTokens": "optional"}), "takes IMDSv1"),
        (SANDBOX, lambda it: it.launch("own", MetadataOptions={"HttpTokens": "required"}), "over None hops"),
    ),
    *proofs_of(
        checks.test_volumes_of_nodes_are_encrypted,
        (SANDBOX, lambda it: it.launch("own", BlockDeviceMappings=[]), "are left to the AMI"),
    ),
    *proofs_of(
        checks.test_nodes_join_this_cluster_by_themselves,
        (SANDBOX, lambda it: it.launch("own", UserData=user_data("nothing")), f"does not say {CLUSTER}"),
        (SANDBOX, lambda it: it.launch("own", UserData=user_data(CLUSTER)), "does not say https://"),
        (SANDBOX, lambda it: it.launch("own", SecurityGroupIds=["sg-1"]), r"security groups \['sg-1'\], not sg-"),
    ),
    *proofs_of(
        checks.test_the_node_role_may_join_and_no_more,
        (SANDBOX, lambda it: it.attach("kubelet", "Everything"), "more policies, or less: .*Everything"),
        (SANDBOX, lambda it: it.let("kubelet", allow(["s3:*"], "*")), r"the node role may .*s3:\*"),
        (SANDBOX, lambda it: it.trust("kubelet", {"AWS": "*"}), "the node role is for"),
        (SANDBOX, lambda it: it.entry_types.update({it.node_role: "STANDARD"}), "is of type STANDARD"),
    ),
]


@pytest.fixture
def account_in(
    session: boto3.Session, sites: dict[str, Site], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # nobody asks for them, and they take long

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
