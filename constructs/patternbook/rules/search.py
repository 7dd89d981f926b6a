"""Runs rules in all scenarios of a template, and decides which of the problems count."""

from collections.abc import Collection, Container, Hashable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from patternbook.rules.rule import ADVICE, ERROR, Rule, Severity
from patternbook.rules.template import (
    Choice,
    Problem,
    Resource,
    Scenario,
    Template,
    all_scenarios_are_possible,
    choices_of,
    resource_bodies,
    scenarios_of,
    with_defaults,
)
from patternbook.rules.template.values import mapping_or_empty
from patternbook.rules.template.views import Views

Place = tuple[str, tuple[str | int, ...]]
"""A resource, and the path of a property."""
_ByReads = dict[tuple[str, ...], dict[tuple[Hashable, ...], list[Problem]]]
"""The problems that a rule finds, by the resources that it has looked at, and by what they are."""
_MAX_NAMED_DEFAULTS: Final = 40
_MAX_NAMED_VALUES: Final = 3


def problems_of(
    document: Mapping[str, Any], rules: Sequence[Rule], today: date, region: str | None
) -> Iterator[tuple[Rule, Problem, Severity]]:
    """The problems that count, and how severe they are in this template."""
    search = _Search(document, today, region)
    for each in rules:
        free = search.by_place(each, search.free)
        severities: dict[Place, Severity | None] = {}
        for place, problems in free.items():
            # With the defaults, more is known. So a warning that they avoid does not occur in all scenarios.
            severities[place] = (
                None
                if search.filled and each.severity is not ERROR
                else search.severity(each, place, problems, search.free)
            )
        by_default: set[Place] = set()
        for place, problems in search.by_place(each, search.filled).items():
            severity = search.severity(each, place, problems, search.filled)
            if severity and severities.get(place) in (None, ADVICE) and severity is not severities.get(place):
                number, problem = next(iter(problems.items()))
                yield each, problem if place in free else search.with_note(each, problem, number), severity
                severities[place] = None
                by_default.add(place)
        told = {place for place, severity in severities.items() if severity}
        for place, severity in severities.items():
            if severity:
                yield each, next(iter(free[place].values())), severity
        if each.severity is ERROR:
            for problem in search.by_choice(each, told | by_default):
                yield each, problem, ERROR


class _Search:
    def __init__(self, document: Mapping[str, Any], today: date, region: str | None) -> None:
        self._document = document
        self._today = today
        self._region = region
        self._bodies = resource_bodies(document)
        self._views = Views(document, self._bodies)
        self._conditions = list(mapping_or_empty(document.get("Conditions")))
        scenarios = scenarios_of(document, region)
        self._all_possible = all_scenarios_are_possible(document, scenarios)
        self._scenarios = scenarios
        filled = with_defaults(document, scenarios, region)
        self._filled_scenarios = [each for each, _ in filled]
        self._bases = [base for _, base in filled]
        self._known: dict[
            tuple[str, frozenset[str]], dict[tuple[str, ...], dict[tuple[Hashable, ...], list[Problem]]]
        ] = {}
        """The problems by rule, and by the resources that there are in a scenario."""
        self._varying: dict[str, bool] = {}
        self._reads: dict[str, set[str]] = {}
        """The resources that each rule has looked at, in any scenario."""
        self._choices = choices_of(document, scenarios, region)
        self._chosen: dict[tuple[str, str, int], Template] = {}
        self.free = [self._template(each) for each in scenarios]
        """The template in each scenario, without the defaults of parameters."""
        self.filled = [self._template(each) for each in self._filled_scenarios]
        """The template in each scenario, with the defaults of parameters."""

    def _template(self, scenario: Scenario) -> Template:
        return Template(self._document, today=self._today, region=self._region, scenario=scenario, views=self._views)

    def by_place(self, rule: Rule, templates: Sequence[Template]) -> dict[Place, dict[int, Problem]]:
        """The problem at each place, by the number of the scenario."""
        found: dict[Place, dict[int, Problem]] = {}
        for number, template in enumerate(templates):
            for problem in self._problems(rule, template):
                found.setdefault((problem.resource, problem.path), {})[number] = problem
        return found

    def _problems(self, rule: Rule, template: Template) -> list[Problem]:
        """The problems in a scenario. They are those of another one where all that the rule looks at is the same."""
        known = self._known.setdefault((rule.id, template.present), {})
        for names, by_view in known.items():
            views = tuple(map(template.view, names))
            if views in by_view:
                return by_view[views]
        template.reads.clear()
        problems = list(rule.check(template))
        self._reads.setdefault(rule.id, set()).update(template.reads)
        names = tuple(sorted(name for name in template.reads if self._varies(name)))
        known.setdefault(names, {})[tuple(map(template.view, names))] = problems
        return problems

    def _varies(self, name: str) -> bool:
        """Whether a resource is not the same in all scenarios."""
        if name not in self._varying:
            chosen = any(name in self._views.users(each.parameter) for each in self._choices)
            self._varying[name] = chosen or len({each.view(name) for each in (*self.free, *self.filled)}) > 1
        return self._varying[name]

    def by_choice(self, rule: Rule, told: Container[Place]) -> Iterator[Problem]:
        """The problems that one allowed value of a parameter makes, whatever else is chosen.

        :param told: the places whose problems are known already.
        """
        found: dict[tuple[Place, str], dict[str, Problem]] = {}
        reads = self._reads.get(rule.id, set())
        for choice in self._choices:
            if reads.isdisjoint(self._views.users(choice.parameter)):
                continue
            if not any(self._problems(rule, self._with_choice(choice, each)) for each in self._samples(rule, choice)):
                continue
            templates = {number: self._with_choice(choice, number) for number in choice.scenarios}
            by_place: dict[Place, dict[int, Problem]] = {}
            for number, template in templates.items():
                for problem in self._problems(rule, template):
                    by_place.setdefault((problem.resource, problem.path), {})[number] = problem
            for place, problems in by_place.items():
                if place not in told and self._whenever_used(place, problems, templates):
                    values = found.setdefault((place, choice.parameter), {})
                    values[choice.value] = next(iter(problems.values()))
        for (_, parameter), values in found.items():
            problem = next(iter(values.values()))
            yield Problem(
                problem.resource, problem.path, f"{problem.message} This is so with {_named(parameter, values)}."
            )

    def _samples(self, rule: Rule, choice: Choice) -> Collection[int]:
        """A scenario for each form of the properties that the choice decides.

        A problem that counts is in all scenarios in which the value is used, so it is in one of these.
        """
        users = self._views.users(choice.parameter)
        keys = sorted({key for name in self._reads[rule.id] for key in users.get(name, ())})
        samples: dict[Hashable, int] = {}
        for number, scenario in choice.scenarios.items():
            form = self.free[number].present, *(scenario.get(key) for key in keys)
            samples.setdefault(form, number)
        return samples.values()

    def _with_choice(self, choice: Choice, number: int) -> Template:
        key = choice.parameter, choice.value, number
        if key not in self._chosen:
            self._chosen[key] = self._template(choice.scenarios[number])
        return self._chosen[key]

    def _whenever_used(self, place: Place, problems: Mapping[int, Problem], templates: Mapping[int, Template]) -> bool:
        """Whether a problem is in each scenario in which the chosen value decides the property, or the resource."""
        name, path = place
        present = {number: each.resources[name] for number, each in templates.items() if name in each.resources}
        used = [number for number, each in present.items() if self._is_decided(number, each, path)]
        if used and len(used) < len(present) and not self._all_possible:
            return False
        return all(number in problems for number in used or present)

    def _is_decided(self, number: int, resource: Resource, path: tuple[str | int, ...]) -> bool:
        """Whether a property is another one than without the choice."""
        before = self.free[number].resources.get(resource.id)
        if before is None or not path:
            return before is None or before.value != resource.value
        return before[str(path[0])].value != resource[str(path[0])].value

    def severity(
        self, rule: Rule, place: Place, problems: Mapping[int, Problem], templates: Sequence[Template]
    ) -> Severity | None:
        """How severe the problems at a place are. None if they do not count."""
        with_resource = [number for number, each in enumerate(templates) if place[0] in each.resources]
        if len(problems) == len(with_resource):
            return rule.severity
        if rule.severity is not ERROR:
            return None
        scenarios = self._scenarios if templates is self.free else self._filled_scenarios
        if templates is self.filled and any(self._bases[number] is None for number in problems):
            return ERROR
        if not self._all_possible:
            return None
        return ERROR if self._is_one_choice(place, problems, with_resource, templates, scenarios) else ADVICE

    def _is_one_choice(
        self,
        place: Place,
        problems: Mapping[int, Problem],
        with_resource: Sequence[int],
        templates: Sequence[Template],
        scenarios: Sequence[Scenario],
    ) -> bool:
        """Whether one choice makes the problem, whatever else is chosen.

        That is the value of one parameter, the answer of one condition, or what the conditions at the place itself are.
        """
        here = self._conditions_at(place)
        for number in problems:
            for name, value in scenarios[number].items():
                if all(each in problems for each in with_resource if scenarios[each].get(name) == value):
                    return True
            for names in (*([name] for name in self._conditions), *([here] if len(here) > 1 else [])):
                answers = [templates[number].is_true(name) for name in names]
                same = [each for each in with_resource if [templates[each].is_true(name) for name in names] == answers]
                if all(each in problems for each in same):
                    return True
        return False

    def _conditions_at(self, place: Place) -> list[str]:
        """The conditions of a resource, and those in the property of the place."""
        body = self._bodies[place[0]]
        properties = mapping_or_empty(body.get("Properties"))
        waiting: list[Any] = [properties.get(place[1][0]) if place[1] else properties]
        found = [body["Condition"]] if isinstance(body.get("Condition"), str) else []
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                chosen = value.get("Fn::If")
                if isinstance(chosen, list) and chosen and isinstance(chosen[0], str):
                    found.append(chosen[0])
                waiting.extend(value.values())
        return found

    def with_note(self, rule: Rule, problem: Problem, number: int) -> Problem:
        """The problem, with the names of the parameters whose defaults make it."""
        scenario = self._filled_scenarios[number]
        before = self._bases[number] or {}
        filled = [name for name, value in scenario.items() if name not in before or before[name] is not value]
        needed = []
        for name in filled[:_MAX_NAMED_DEFAULTS]:
            others = {key: value for key, value in scenario.items() if key != name}
            places = {(each.resource, each.path) for each in rule.check(self._template(others))}
            if (problem.resource, problem.path) not in places:
                needed.append(name)
        if not needed:
            return problem
        names = " and ".join(needed)
        note = f"the defaults of the parameters {names}" if len(needed) > 1 else f"the default of the parameter {names}"
        return Problem(problem.resource, problem.path, f"{problem.message} This is so with {note}.")


def _named(parameter: str, values: Collection[str]) -> str:
    """The values of a parameter as a finding names them: ``Runtime=ruby2.5 or python3.6``."""
    first = list(values)[:_MAX_NAMED_VALUES]
    more = len(values) - len(first)
    last = f"{more} other {'value' if more == 1 else 'values'}" if more else first.pop()
    return f"{parameter}={', '.join(first)} or {last}" if first else f"{parameter}={last}"
