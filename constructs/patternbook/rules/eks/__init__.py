"""Rules for EKS: clusters, nodes, add-ons and storage."""

from typing import Final

from patternbook.rules.eks import add_ons, clusters, nodes, storage
from patternbook.rules.rule import Rule, rules_in

RULES: Final[tuple[Rule, ...]] = rules_in(clusters, nodes, add_ons, storage)
