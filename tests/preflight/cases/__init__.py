"""For each question, accounts in which the answer is yes, no, or not known."""

from tests.preflight.cases import (
    account,
    certificates,
    compute,
    eks,
    images,
    names,
    network,
    references,
    roles,
    services,
    settings,
    zones,
)
from tests.preflight.world import Case

_MODULES = (
    *(account, roles, network, compute, services, zones, eks, certificates, references, images, names),
    settings,
)
CASES: tuple[Case, ...] = tuple(case for module in _MODULES for case in module.CASES)
SILENT: tuple[Case, ...] = (
    *(
        eks.OWN,
        references.MENTIONED,
        references.SCALED,
        images.PUBLISHED,
        images.OWN,
        settings.VENDED,
        settings.OWN_ROLE,
    ),
)
"""Templates about which there is nothing to ask."""
