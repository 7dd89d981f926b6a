"""Rules for ECS: services, task definitions, capacity providers, networks and permissions."""

from typing import Final

from patternbook.rules.ecs import capacity_providers, networks, permissions, services, task_definitions
from patternbook.rules.rule import Rule, rules_in

RULES: Final[tuple[Rule, ...]] = rules_in(services, task_definitions, capacity_providers, networks, permissions)
