"""A CloudFormation template as rules see it: what is known of each property, and what is not.

Intrinsic functions are resolved as far as the template itself says what they give. What only the deployment knows is
:data:`UNKNOWN`, and a rule has nothing to say of it. What is not there is :data:`MISSING`: a property that is not
given, or that is ``AWS::NoValue``.

Where conditions decide, there is more than one template in a template: :func:`worlds` lists them, by the parameters
that the conditions ask for, and a :class:`Template` is what would be deployed in one of them.
"""

import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, Final

MAX_WORLDS: Final = 32
"""Worlds looked at. Where parameters have more combinations, the default and what differs from it in one parameter."""


class Items(list[Any]):
    """A list of which some elements are not there, as they are ``AWS::NoValue``."""

    def __init__(self, written: Iterable[Any]) -> None:
        kept = [(index, each) for index, each in enumerate(written) if each is not MISSING]
        super().__init__(each for _, each in kept)
        self.indices = [index for index, _ in kept]
        """Where each stands in the template, in every world."""


class Special(Enum):
    """What stands where a property has no value that is known."""

    MISSING = "missing"
    UNKNOWN = "unknown"


MISSING: Final = Special.MISSING
UNKNOWN: Final = Special.UNKNOWN


@dataclass(frozen=True)
class Reference:
    """What ``Ref`` (without an attribute) or ``Fn::GetAtt`` gives of a resource in the template."""

    logical_id: str
    attribute: str | None = None


@dataclass(frozen=True)
class Zone:
    """The AZ that ``Fn::Select`` chooses from ``Fn::GetAZs``."""

    index: int
    of: str
    """The Region that was asked for, as JSON."""


@dataclass(frozen=True)
class Text:
    """A text of which parts are known only when it is deployed."""

    parts: tuple[Any, ...]
    """Each a text, a :class:`Reference` or :data:`UNKNOWN`."""

    @property
    def known(self) -> str:
        """The parts that are known, one after the other."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def begin(self) -> str:
        """What it begins with for certain."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""

    def filled(self, filler: str) -> str:
        """The text with something in place of what is not known."""
        return "".join(part if isinstance(part, str) else filler for part in self.parts)


@dataclass(frozen=True)
class Problem:
    """What a rule finds: where, and what is wrong there."""

    resource: str
    path: tuple[str | int, ...]
    """Of the property, in the resource."""
    message: str


@dataclass(frozen=True)
class Node:
    """A place in a resource, and what is there. There are nodes of places where nothing is, too, so a rule can ask for
    ``service["LoadBalancers"]`` and look at what it got.
    """

    template: "Template"
    resource_id: str
    path: tuple[str | int, ...]
    value: Any

    def __getitem__(self, key: str) -> "Node":
        if isinstance(self.value, Mapping):
            value = self.value.get(key, MISSING)
        else:
            value = MISSING if self.value is MISSING else UNKNOWN
        return Node(self.template, self.resource_id, (*self.path, key), value)

    @property
    def missing(self) -> bool:
        """Whether it is not given, for certain."""
        return self.value is MISSING

    @property
    def unknown(self) -> bool:
        """Whether there may be anything."""
        return self.value is UNKNOWN

    @property
    def undecided(self) -> bool:
        """Whether there is nothing, or may be nothing."""
        return self.missing or self.unknown

    @property
    def items(self) -> "list[Node]":
        """The elements of a list, known or not; none where there is no list."""
        if not isinstance(self.value, list):
            return []
        indices = self.value.indices if isinstance(self.value, Items) else range(len(self.value))
        return [
            Node(self.template, self.resource_id, (*self.path, index), value)
            for index, value in zip(indices, self.value, strict=True)
        ]

    @property
    def entries(self) -> "dict[str, Node]":
        """The members of an object; none where there is no object."""
        return {key: self[key] for key in self.value} if isinstance(self.value, Mapping) else {}

    @property
    def whole_list(self) -> bool:
        """Whether the list is all there is: not given, or with elements of which each is known at least in part."""
        return self.missing or (isinstance(self.value, list) and UNKNOWN not in self.value)

    @property
    def text(self) -> str | None:
        """A text that is known; numbers are texts, too."""
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
            return str(self.value)
        return self.value if isinstance(self.value, str) else None

    @property
    def texts(self) -> list[str] | None:
        """A list of texts, if all of them are known; an empty one where none is given."""
        if not self.whole_list:
            return None
        texts = [text for item in self.items if (text := item.text) is not None]
        return texts if len(texts) == len(self.items) else None

    @property
    def number(self) -> float | None:
        """A number that is known. CloudFormation takes it as a text, too."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float, str)):
            return None
        try:
            return float(self.value)
        except (ValueError, OverflowError):
            return None

    def units(self, unit: str) -> float | None:
        """A number that may also be written with a unit of 1,024 of its own: CPU units, of which one ``vCPU`` has that
        many, or MiB.
        """
        found = re.fullmatch(rf"(\d*\.?\d+)\s*{unit}", self.text or "", re.IGNORECASE | re.ASCII)
        return float(found[1]) * 1024 if found else self.number

    @property
    def flag(self) -> bool | None:
        """True or false, if that is known. CloudFormation takes it as a text, too."""
        if isinstance(self.value, bool):
            return self.value
        return {"true": True, "false": False}.get(self.value.lower()) if isinstance(self.value, str) else None

    @property
    def known_text(self) -> str:
        """All of a text that is known."""
        return self.value.known if isinstance(self.value, Text) else self.text or ""

    @property
    def reference(self) -> Reference | None:
        """What it refers to, if it is nothing but a reference to a resource of the template."""
        return self.value if isinstance(self.value, Reference) else None

    def resource(self, *types: str) -> "Resource | None":
        """The resource of the template that it refers to, if that has one of the types."""
        if self.reference is None:
            return None
        found = self.template.resources.get(self.reference.logical_id)
        return found if found and found.type in types else None

    @property
    def references(self) -> set[str]:
        """Logical ids of everything that is referred to here, or below."""
        found: set[str] = set()

        def visit(value: Any) -> None:
            if isinstance(value, Reference):
                found.add(value.logical_id)
            elif isinstance(value, Text):
                for part in value.parts:
                    visit(part)
            elif isinstance(value, Mapping):
                for each in value.values():
                    visit(each)
            elif isinstance(value, list):
                for each in value:
                    visit(each)

        visit(self.value)
        return found

    def problem(self, message: str) -> Problem:
        """Something wrong with it."""
        return Problem(self.resource_id, self.path, message)


@dataclass(frozen=True)
class Resource(Node):
    """A resource, and its properties."""

    type: str = ""

    @property
    def id(self) -> str:
        """Its logical id."""
        return self.resource_id


class Graph:
    """Which resource waits for which: by ``DependsOn``, and by what it refers to, in any world."""

    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._direct = {name: _waits_for(body) & resources.keys() for name, body in resources.items()}
        self._all: dict[str, frozenset[str]] = {}

    def before(self, logical_id: str) -> frozenset[str]:
        """Everything that is there before a resource is."""
        if logical_id not in self._all:
            found: set[str] = set()
            waiting = [logical_id]
            while waiting:
                new = self._direct.get(waiting.pop(), set()) - found
                found |= new
                waiting.extend(new)
            self._all[logical_id] = frozenset(found)
        return self._all[logical_id]


class Template:
    """What is deployed in one world."""

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        today: date,
        region: str | None = None,
        world: Mapping[str, Any] | None = None,
        graph: Graph | None = None,
    ) -> None:
        """:param document: see :func:`patternbook.rules.reading.read`.
        :param region: that it is deployed to, where that is known.
        :param world: one of :func:`worlds`.
        """
        self.today = today
        self.region = region
        self._resolver = _Resolver(document, world or {}, region)
        bodies = resource_bodies(document)
        self.graph = graph or Graph(bodies)
        self.complete = len(bodies) == len(document["Resources"]) and "Fn::Transform" not in document
        """Whether there are no other resources than those that are seen."""
        self._outputs = _mapping(document.get("Outputs"))
        self._parameters = _mapping(document.get("Parameters"))
        self._bodies = {
            name: body for name, body in bodies.items() if self._resolver.holds(body.get("Condition")) is not False
        }

    @cached_property
    def resources(self) -> "Mapping[str, Resource]":
        """All resources, by logical id."""
        return _Lazily(self._bodies, self._resource)

    def of_type(self, *types: str) -> "list[Resource]":
        """The resources of some types."""
        return [self.resources[name] for name, body in self._bodies.items() if body["Type"] in types]

    def has(self, *beginnings: str) -> bool:
        """Whether there is a resource whose type begins like this."""
        return any(body["Type"].startswith(beginnings) for body in self._bodies.values())

    def is_exported(self, resource: "Resource") -> bool:
        """Whether the template exports something of a resource, so that other stacks may use it."""
        exported = [each for each in self._outputs.values() if isinstance(each, Mapping) and "Export" in each]
        return any(resource.id in Node(self, "", (), self._resolver.resolve(each)).references for each in exported)

    def is_shared(self, resource: "Resource") -> bool:
        """Whether other stacks may use a resource: it is in an output, or goes to a stack that this one nests."""
        outputs = Node(self, "", (), self._resolver.resolve(list(self._outputs.values())))
        nested = [each["Parameters"] for each in self.of_type("AWS::CloudFormation::Stack")]
        return any(resource.id in each.references for each in (outputs, *nested))

    def same_from_outside(self, one: "Resource", other: "Resource", key: str) -> bool:
        """Whether a property of two resources is the same parameter, whatever that is."""
        written = [_mapping(self._bodies[each.id].get("Properties")).get(key) for each in (one, other)]
        name = _parameter(written[0])
        return name in self._parameters and name == _parameter(written[1])

    def _resource(self, name: str) -> "Resource":
        body = self._bodies[name]
        properties = self._resolver.resolve(body.get("Properties", {}))
        return Resource(self, name, (), {} if properties is MISSING else properties, body["Type"])


class _Lazily(Mapping[str, Resource]):
    """A mapping whose values are made when they are asked for, once."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], Resource]) -> None:
        self._made: dict[str, Resource | None] = dict.fromkeys(keys)
        self._make = make

    def __getitem__(self, key: str) -> Resource:
        made = self._made[key]
        if made is None:
            made = self._made[key] = self._make(key)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def resource_bodies(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The resources as they are written; not those that a loop or a macro makes."""
    return {
        name: body
        for name, body in document["Resources"].items()
        if isinstance(body, Mapping) and isinstance(body.get("Type"), str)
    }


# --------------------------------------------------------------------------------------------------------------------
# Worlds

_OTHER: Final = Special.UNKNOWN
"""A value of a parameter that is none of those it is compared with."""


def worlds(document: Mapping[str, Any], region: str | None = None) -> list[dict[str, Any]]:
    """What the parameters that conditions ask for can be: for each world a value of each of them, and the answer to
    each question of the conditions that no value can answer.
    """
    parameters = _mapping(document.get("Parameters"))
    compared, _ = _compared(document)
    options = {
        name: values if values == [True, False] else _options(_mapping(parameters.get(name)), values)
        for name, values in compared.items()
    }
    if region is not None and "AWS::Region" in options:
        options["AWS::Region"] = [region]
    usual = {name: values[0] for name, values in options.items()}
    for name in usual.keys() & parameters.keys():
        default = _plain(_mapping(parameters[name]).get("Default"))
        usual[name] = default if default in options[name] else options[name][-1]
    count = 1
    for values in options.values():
        count *= len(values)
    if count <= MAX_WORLDS:
        return [dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())]
    others = ({**usual, name: value} for name, values in options.items() for value in values if value != usual[name])
    return [usual, *itertools.islice(others, MAX_WORLDS - 1)]


def every_world_can_be(document: Mapping[str, Any]) -> bool:
    """Whether nothing in the template excludes a world: an assertion on parameters, or one question that answers
    another as both ask for the same parameter.
    """
    if document.get("Rules"):
        return False
    parameters = _mapping(document.get("Parameters"))
    compared, questions = _compared(document)
    asked: set[str] = set()
    for sides in questions.values():
        within = set(_names_in(sides))
        # The values of two parameters that are compared with each other are known to both.
        plain = isinstance(sides, list) and all(_parameter(each) for each in sides)
        open_to_more = any(
            name in compared and _OTHER in _options(_mapping(parameters.get(name)), compared[name]) for name in within
        )
        if within & asked or (open_to_more and not plain):
            return False
        asked |= within
    return True


def _names_in(value: Any) -> Iterator[str]:
    """What ``Ref`` and ``Fn::Sub`` name, at any depth."""
    if isinstance(value, str):
        yield from (found.strip() for found in _SUB.findall(value))
    elif isinstance(value, list):
        for each in value:
            yield from _names_in(each)
    elif isinstance(value, Mapping):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        for each in value.values():
            yield from _names_in(each)


def _compared(document: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """What conditions compare: for each parameter, or function, the values that it is compared with, and for two of
    them that are compared with each other both answers. And of these the functions and the comparisons as they are
    written.
    """
    parameters = _mapping(document.get("Parameters"))
    compared: dict[str, list[Any]] = {}
    questions: dict[str, Any] = {}
    pairs: list[list[str]] = []
    resolver = _Resolver(document, {}, None)
    for equals in _find("Fn::Equals", _mapping(document.get("Conditions"))):
        if not isinstance(equals, list) or len(equals) != 2:
            continue
        sides = [known if _is_plain(known := resolver.resolve(each)) else each for each in equals]
        if all(map(_is_plain, sides)) or sides[0] == sides[1]:
            continue  # the template itself knows
        for side in sides:
            if not _is_plain(side) and _asked(side) == _question(side):
                questions[_asked(side)] = side
        if not any(map(_is_plain, sides)):
            compared[_question(equals)] = [True, False]
            questions[_question(equals)] = sides
            pairs.append([_asked(side) for side in sides])
            continue
        side, literal = reversed(sides) if _is_plain(sides[0]) else sides
        values = compared.setdefault(_asked(side), [])
        if _plain(literal) not in values:
            values.append(_plain(literal))
    for names in pairs:
        # In each world it has to be clear whether two values that are known are the same.
        allowed = [_mapping(parameters.get(name)).get("AllowedValues") for name in names]
        values = [value for name in names for value in compared.get(name, [])]
        values += [_plain(value) for each in allowed if isinstance(each, list) for value in each]
        for name in names if values else ():
            own = compared.setdefault(name, [])
            own.extend(value for value in dict.fromkeys(values) if value not in own)
    return compared, {key: sides for key, sides in questions.items() if key in compared}


def _options(parameter: Mapping[str, Any], compared: Sequence[Any]) -> list[Any]:
    """Values that a parameter can have: those that it is compared with, and some other."""
    allowed = parameter.get("AllowedValues")
    if not isinstance(allowed, list) or not allowed or _is_looked_up(parameter):
        return [*(value for value in compared if _can_be(parameter, value)), _OTHER]
    values = [_plain(each) for each in allowed]
    rest = [value for value in values if value not in compared]
    possible = [value for value in compared if value in values]
    return possible + (rest if len(rest) == 1 else [_OTHER] if rest else []) or [_OTHER]


def _can_be(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation takes a value for a parameter."""
    if _is_looked_up(parameter) or value == _plain(parameter.get("Default")):
        return True
    for bound, wrong in (
        ("MinLength", lambda limit: len(value) < limit),
        ("MaxLength", lambda limit: len(value) > limit),
    ):
        try:
            if bound in parameter and wrong(int(parameter[bound])):
                return False
        except (TypeError, ValueError, OverflowError):
            continue
    pattern = parameter.get("AllowedPattern")
    return value != "" or not isinstance(pattern, str) or _takes_nothing(pattern)


def _takes_nothing(pattern: str) -> bool:
    """Whether a pattern is known to match the empty text. Those that could take for ever to find out are not tried."""
    choices = pattern.count("|") + len(re.findall(r"\)[*+?]", pattern))
    if choices > 8 or len(pattern) > 1000 or re.search(r"\)\{", pattern):
        return False
    try:
        return re.fullmatch(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _is_looked_up(parameter: Mapping[str, Any]) -> bool:
    return str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::Value")


def _parameter(value: Any) -> str | None:
    """The parameter that is referred to, one's own or ``AWS::Region`` and its like."""
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get("Ref"), str):
        return value["Ref"]
    return None


def _question(equals: Any) -> str:
    """What names a value, or a comparison of two, in whichever order."""
    if isinstance(equals, list):
        equals = sorted(equals, key=lambda each: json.dumps(each, sort_keys=True, default=str))
    return json.dumps(equals, sort_keys=True, default=str)


def _asked(side: Any) -> str:
    """What names one side of a comparison: a parameter, or else what is asked for."""
    if isinstance(side, Mapping) and side.keys() == {"Fn::Sub"} and isinstance(side["Fn::Sub"], str):
        found = re.fullmatch(r"\$\{([\w:]+)\}", side["Fn::Sub"])
        side = {"Ref": found[1]} if found else side
    return _parameter(side) or _question(side)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _plain(value: Any) -> Any:
    """A value as a text, which CloudFormation compares."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _find(name: str, value: Any) -> Iterator[Any]:
    """The arguments of a function, wherever it is called."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key == name:
                yield each
            yield from _find(name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _find(name, each)


# --------------------------------------------------------------------------------------------------------------------
# Intrinsic functions

_SUB = re.compile(r"\$\{([^}]*)\}")
_LISTS = ("List<", "CommaDelimitedList", "AWS::SSM::Parameter::Value<List", "AWS::SSM::Parameter::Value<Comma")


class _Resolver:
    """What intrinsic functions give, in one world."""

    def __init__(self, document: Mapping[str, Any], world: Mapping[str, Any], region: str | None) -> None:
        self._world = world
        self._region = region
        self._parameters = _mapping(document.get("Parameters"))
        self._mappings = _mapping(document.get("Mappings"))
        self._conditions = _mapping(document.get("Conditions"))
        self._resources = _mapping(document.get("Resources"))
        self._answers: dict[str, bool | None] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ToJsonString": self._to_json_string,
            "Fn::Cidr": self._cidr,
            "Fn::Base64": self._base64,
        }

    def resolve(self, value: Any) -> Any:
        """The value with what its functions give."""
        if isinstance(value, str):
            # Dynamic references are read at deployment.
            return UNKNOWN if "{{resolve:" in value else value
        if isinstance(value, list):
            return Items(map(self.resolve, value))
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                return UNKNOWN
        if any(name.startswith("Fn::") for name in value):
            return UNKNOWN  # a macro, or a loop, adds what it likes
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not MISSING}

    def holds(self, condition: Any) -> bool | None:
        """Whether a condition, by its name or as a function, is true; None where that is unknown."""
        if condition is None:
            return True
        if isinstance(condition, str):
            if condition not in self._answers:
                self._answers[condition] = None  # of one that asks for itself
                self._answers[condition] = self._evaluate(self._conditions.get(condition))
            return self._answers[condition]
        return self._evaluate(condition)

    def _evaluate(self, condition: Any) -> bool | None:
        if not isinstance(condition, Mapping) or len(condition) != 1:
            return None
        name, argument = next(iter(condition.items()))
        if name == "Condition" and isinstance(argument, str):
            return self.holds(argument)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:
            return self._equals(argument)
        answers = [self._evaluate(each) for each in argument]
        if name == "Fn::Not" and len(answers) == 1:
            return None if answers[0] is None else not answers[0]
        if name in ("Fn::And", "Fn::Or"):
            decisive = name == "Fn::Or"
            return decisive if decisive in answers else None if None in answers else not decisive
        return None

    def _equals(self, sides: list[Any]) -> bool | None:
        values = [self._side(side) for side in sides]
        if all(map(_is_plain, values)):
            return _plain(values[0]) == _plain(values[1])
        if sides[0] == sides[1]:
            return True
        # The other value of a parameter is none of those that it is compared with.
        others = [value is _OTHER and _asked(side) in self._world for value, side in zip(values, sides, strict=True)]
        if any(others) and any(map(_is_plain, values)):
            return False
        return self._world.get(_question(sides))

    def _side(self, side: Any) -> Any:
        """What is compared: what the template says that it is, or else what it is in this world."""
        value = self.resolve(side)
        return value if _is_plain(value) else self._world.get(_asked(side), value)

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return MISSING
        if not isinstance(name, str):
            return UNKNOWN
        if name in self._world and self._world[name] is not _OTHER:
            return self._world[name]
        if name == "AWS::Region" and self._region is not None:
            return self._region
        if name in self._parameters:
            return self._only_value(_mapping(self._parameters[name]))
        return Reference(name) if name in self._resources else UNKNOWN

    def _only_value(self, parameter: Mapping[str, Any]) -> Any:
        """Of a parameter: known only if there is no choice. A default is a choice."""
        allowed = parameter.get("AllowedValues")
        if str(parameter.get("Type", "")).startswith(_LISTS) or _is_looked_up(parameter):
            return UNKNOWN
        return allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else UNKNOWN

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            return UNKNOWN
        return Reference(parts[0], parts[1]) if parts[0] in self._resources else UNKNOWN

    def _sub(self, argument: Any) -> Any:
        text, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(variables, Mapping) or "{{resolve:" in text:
            return UNKNOWN
        parts: list[Any] = []
        end = 0
        for found in _SUB.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            name = found[1].strip()
            if name.startswith("!"):
                parts.append(f"${{{name[1:]}}}")
            elif name in variables:
                parts.append(self.resolve(variables[name]))
            else:
                parts.append(self._get_att(name) if "." in name else self._ref(name))
        return _text([*parts, text[end:]])

    def _join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            return UNKNOWN
        items = self.resolve(argument[1])
        if not isinstance(items, list):
            return UNKNOWN
        return _text([part for item in items for part in (argument[0], item)][1:])

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        index = self.resolve(argument[0])
        # No list is as long as a number of more digits, which Python would refuse to read.
        if not isinstance(index, (int, str)) or not re.fullmatch(r"\d{1,9}", str(index), re.ASCII):
            return UNKNOWN
        source = argument[1]
        if isinstance(source, Mapping) and source.keys() == {"Fn::GetAZs"}:
            return Zone(int(index), _question(source["Fn::GetAZs"]))
        items = self.resolve(source)
        return items[int(index)] if isinstance(items, list) and int(index) < len(items) else UNKNOWN

    def _split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        separator, text = argument[0], self.resolve(argument[1])
        known = isinstance(separator, str) and separator and isinstance(text, str)
        return text.split(separator) if known else UNKNOWN

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            return UNKNOWN
        answer = self.holds(argument[0])
        if answer is not None:
            return self.resolve(argument[1] if answer else argument[2])
        one, other = self.resolve(argument[1]), self.resolve(argument[2])
        return one if one == other and type(one) is type(other) else UNKNOWN

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) < 3:
            return UNKNOWN
        keys = [self.resolve(each) for each in argument[:3]]
        value: Any = self._mappings
        for key in keys:
            value = value.get(_plain(key)) if isinstance(value, Mapping) and isinstance(key, (str, int)) else None
        return UNKNOWN if value is None else value

    def _to_json_string(self, argument: Any) -> Any:
        value = self.resolve(argument)
        try:
            return json.dumps(value)
        except TypeError:
            return UNKNOWN

    def _base64(self, argument: Any) -> Any:
        """Nothing to read, but what it refers to can be seen."""
        value = self.resolve(argument)
        parts = value.parts if isinstance(value, Text) else [value]
        within = [part for part in parts if isinstance(part, Reference)]
        return Text((UNKNOWN, *within)) if within else UNKNOWN

    def _cidr(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return UNKNOWN
        block, count, bits = (self.resolve(each) for each in argument)
        try:
            network = ipaddress.ip_network(block)
            # One after the other, as many as there are asked for: a /8 has more than anybody could list.
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
            return [str(each) for each in itertools.islice(subnets, min(int(count), 256))]
        except (ValueError, TypeError, OverflowError):
            return UNKNOWN


def _text(parts: Iterable[Any]) -> Any:
    """Parts as one text, or as what they are if there is but one."""
    merged: list[Any] = []
    for part in parts:
        if isinstance(part, Text):
            pieces: Sequence[Any] = part.parts
        elif part is MISSING or isinstance(part, (Mapping, list, Zone)):
            pieces = [UNKNOWN]
        else:
            pieces = [part if part is UNKNOWN or isinstance(part, Reference) else _plain(part)]
        for piece in pieces:
            if isinstance(piece, str) and merged and isinstance(merged[-1], str):
                merged[-1] += piece
            elif piece != "":
                merged.append(piece)
    if not merged:
        return ""
    return merged[0] if len(merged) == 1 else Text(tuple(merged))


def _waits_for(body: Mapping[str, Any]) -> set[str]:
    """The logical ids that a resource mentions."""
    after = body.get("DependsOn", [])
    found = set(filter(lambda each: isinstance(each, str), after if isinstance(after, list) else [after]))
    waiting: list[Any] = [body.get("Properties")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
            for name in ("Ref", "Fn::GetAtt"):
                target = value.get(name)
                target = target[0] if isinstance(target, list) and target else target
                if isinstance(target, str):
                    found.add(target.split(".")[0])
            sub = value.get("Fn::Sub")
            text = sub[0] if isinstance(sub, list) and sub else sub
            if isinstance(text, str):
                found.update(name.strip().split(".")[0] for name in _SUB.findall(text))
    return found
