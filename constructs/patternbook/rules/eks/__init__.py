"""Rules for EKS: clusters, their modes, nodes, add-ons and storage."""

from typing import Final

from patternbook.rules.eks import add_ons, clusters, launch_templates, modes, nodes, storage
from patternbook.rules.rule import Rule, rules_in

RULES: Final[tuple[Rule, ...]] = rules_in(clusters, nodes, launch_templates, add_ons, storage, modes)
