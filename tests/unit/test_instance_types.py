"""The table of EC2's instance types, and what nodes and their groups ask of it."""

from typing import Any

import pytest

from patternbook.limits.ec2_types import TABLE, check_known, ec2_types, is_equal
from patternbook.limits.eks import NODE_TYPES, SPOT_TYPES, check_node_types
from patternbook.limits.instance_types import INSTANCE_TYPES, Architecture, architecture_of
from tools import instance_types


def test_the_table_is_what_the_tool_writes() -> None:
    assert TABLE.read_text(encoding="utf-8") == instance_types.text()


def test_every_name_of_the_api_is_known_but_macs() -> None:
    missing = {name for name in instance_types.names() if not name.startswith("mac")} - ec2_types().keys()
    assert missing == set()


def test_the_table_agrees_with_what_is_known_of_ecs() -> None:
    for name, each in INSTANCE_TYPES.items():
        found = ec2_types()[name]
        assert (found.architecture, found.vcpus, found.memory_mib) == (each.architecture, each.vcpus, each.memory_mib)


def test_the_table_agrees_with_the_names() -> None:
    for name, each in ec2_types().items():
        assert architecture_of(name) in (None, each.architecture), name


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("m7.large", "Did you mean m7"),
        ("M7G.large", "The family m7g has the sizes"),
        ("m7g.lage", "The family m7g has the sizes 12xlarge, "),
        ("m7g", "The family m7g has the sizes 12xlarge, "),
        ("t3g.medium", "Did you mean t3.medium or t4g.medium or "),
        ("large", 'A type has a family and a size, such as "m7g.large"'),
        ("mac2.metal", "Did you mean "),
    ],
)
def test_a_wrong_name_gets_the_closest_right_ones(name: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="Instance types must be types of EC2, got") as raised:
        check_known([name])
    assert remedy in str(raised.value)


@pytest.mark.parametrize("name", ["m7g.large", "c8g.xlarge", "r6i.metal", "x2idn.16xlarge", "hpc7g.4xlarge"])
def test_any_type_of_the_architecture_is_accepted(name: str) -> None:
    check_node_types([name], architecture=ec2_types()[name].architecture)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"names": ["m6i.large"], "architecture": "arm64"}, "must run an AMI for arm64, got m6i.large"),
        ({"names": ["g5.xlarge"], "architecture": "x86_64"}, "no drivers for GPUs .* got g5.xlarge. Use EksAutoMode"),
        ({"names": ["inf2.xlarge"], "architecture": "x86_64"}, "no drivers for GPUs"),
        ({"names": ["t3.nano", "m7g.medium"], "architecture": "arm64"}, "must run an AMI for arm64, got t3.nano"),
        ({"names": ["m7g.medium"], "architecture": "arm64"}, "room for pods beside the add-ons, got m7g.medium"),
    ],
)
def test_types_that_make_no_node_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_node_types(**wrong)


def test_an_ami_of_the_user_may_have_drivers() -> None:
    check_node_types(["g5.xlarge"], architecture="x86_64", own_ami=True)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_defaults_are_equal_and_fit(architecture: Architecture) -> None:
    names = [*NODE_TYPES[architecture], *SPOT_TYPES[architecture]]
    check_node_types(names, architecture=architecture)
    assert is_equal(names)
    assert not is_equal(["m7g.large", "r7g.large"])
    assert is_equal(["cr1.8xlarge", "m6i.large"])  # the numbers of cr1 are not known
