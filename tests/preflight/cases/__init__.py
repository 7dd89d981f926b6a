"""For each question, accounts in which the answer is yes, no, or not known."""

from tests.preflight.cases import account, compute, network, services, zones
from tests.preflight.world import Case

CASES: tuple[Case, ...] = (*account.CASES, *network.CASES, *compute.CASES, *services.CASES, *zones.CASES)
