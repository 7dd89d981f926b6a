"""All questions of the preflight. Only the command itself imports them, because ``patternbook check`` needs none."""

from collections.abc import Mapping
from typing import Final

from patternbook.preflight.domains import (
    account_settings,
    bootstrap,
    certificates,
    eks,
    images,
    names,
    public_names,
    references,
    service_linked_roles,
    zones,
)
from patternbook.preflight.questions import Question, questions_in
from patternbook.preflight.quotas import compute, network, services

DOMAINS: Final[Mapping[str, tuple[Question, ...]]] = {
    "Account and bootstrap": questions_in(bootstrap),
    "Service-linked roles": questions_in(service_linked_roles),
    "Quotas": questions_in(network, compute, services),
    "Availability Zones": questions_in(zones),
    "EKS": questions_in(eks),
    "Certificates and DNS": questions_in(certificates),
    "References": questions_in(references),
    "Images": questions_in(images),
    "Names": questions_in(names, public_names),
    "Account settings": questions_in(account_settings),
}
"""The questions by what they are about."""

QUESTIONS: Final[tuple[Question, ...]] = tuple(each for questions in DOMAINS.values() for each in questions)
"""All questions."""
