"""What proofs share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deployed.stack import ThriftySession
from tests.proof.site import Site, running, write_certificate


@pytest.fixture(scope="session")
def session() -> ThriftySession:
    """For accounts in memory: what is in one, moto keeps, and forgets with it."""
    return ThriftySession(aws_access_key_id="nobody", aws_secret_access_key="nobody", region_name="eu-west-1")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For a name that no load balancer has of its own."""
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    write_certificate(path, "shop.example.com")
    return path


@pytest.fixture(scope="session")
def sites(certificate: Path) -> Iterator[dict[str, Site]]:
    """What stands for a public load balancer, by posture: plain HTTP in sandbox, TLS in production."""
    with ExitStack() as running_sites:
        yield {
            "sandbox": running_sites.enter_context(running()),
            "production": running_sites.enter_context(running(certificate)),
        }
