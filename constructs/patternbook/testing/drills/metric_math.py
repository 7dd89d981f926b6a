"""Metric math as CloudWatch documents it, for the functions that work on one data point and the one before.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

A function that looks at all data points of a time series (``MAX(m1)``) is refused. AWS advises against most of them in
alarms, because CloudWatch retrieves more data points than an alarm needs.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final


@dataclass(frozen=True)
class Point:
    """The value of a time series at one data point; None where it is missing. A plain float is a scalar."""

    value: float | None


Value = float | Point | list[Point]

MISSING: Final = Point(None)

_ARITHMETIC: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_OF_ONE: Final[dict[str, Callable[[float], float]]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_OF_ARRAYS: Final[dict[str, Callable[[Sequence[float]], float]]] = {"SUM": sum, "MIN": min, "MAX": max}


def evaluate(
    expression: str,
    values: Mapping[str, float | None],
    *,
    metrics: Sequence[str],
    period: int,
    preceding: Callable[[str], float | None] = lambda _: None,
) -> float | None:
    """The result of an expression at one data point, or None where it has none.

    :param values: the values of metrics and of other expressions at this data point, by their ids.
    :param metrics: which of them are metrics: those that ``METRICS()`` returns.
    :param period: the period of the metrics, in seconds.
    :param preceding: the value of a metric before this data point, by its id; None without one.
    :raises NotImplementedError: for a function that this module does not know.
    """
    result = _Evaluation(values, metrics, period, preceding).of(_parsed(expression))
    if not isinstance(result, Point):
        raise NotImplementedError(f"{expression} must result in one time series. Write TIME_SERIES(…) around a scalar.")
    return result.value


@cache
def _parsed(expression: str) -> ast.expr:
    # The grammar is that of Python, apart from the names of three operators.
    text = re.sub(r"&&|\bAND\b", " and ", re.sub(r"\|\||\bOR\b", " or ", expression)).replace("^", "**")
    return ast.parse(text.strip(), mode="eval").body


class _Evaluation:
    def __init__(
        self,
        values: Mapping[str, float | None],
        metrics: Sequence[str],
        period: int,
        preceding: Callable[[str], float | None],
    ) -> None:
        self._values, self._metrics, self._period, self._preceding = values, metrics, period, preceding

    def of(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self._values:
                return Point(self._values[name])
            case ast.List(elts=elements):
                return [self._point(element) for element in elements]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _each(operator.neg, self.of(operand))
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _ARITHMETIC:
                return _pair(_ARITHMETIC[type(kind)], self.of(left), self.of(right))
            case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in _COMPARISONS:
                return _pair(_COMPARISONS[type(kind)], self.of(left), self.of(right))
            case ast.BoolOp(op=kind, values=operands):
                both = isinstance(kind, ast.And)
                result = self.of(operands[0])
                for operand in operands[1:]:
                    result = _pair(lambda a, b: bool(a and b) if both else bool(a or b), result, self.of(operand))
                return result
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self._call(function, arguments)
        raise NotImplementedError(f"{ast.unparse(node)} is not supported by {__name__}. Add it there.")

    def _call(self, function: str, arguments: list[ast.expr]) -> Value:
        match function, arguments:
            case "METRICS", []:
                return [Point(self._values[name]) for name in self._metrics]
            case "METRICS", [ast.Constant(value=str(part))]:
                return [Point(self._values[name]) for name in self._metrics if part in name]
            case "PERIOD", [ast.Name(id=name)] if name in self._metrics:
                return float(self._period)
            case "DIFF", [ast.Name(id=name)] if name in self._metrics:
                now, before = self._values[name], self._preceding(name)
                return MISSING if now is None or before is None else Point(now - before)
            case "TIME_SERIES", [scalar]:
                return Point(self._scalar(self.of(scalar)))
            case "FILL", [series, filler]:
                point, filling = self._point(series), self._as_point(self.of(filler))
                return filling if point == MISSING else point
            case "IF", [condition, true, *false]:
                otherwise = self._as_point(self.of(false[0])) if false else MISSING
                return self._if(self.of(condition), self.of(true), otherwise)
            case name, [argument] if name in _OF_ONE:
                return _each(_OF_ONE[name], self.of(argument))
            case (("SUM" | "MIN" | "MAX" | "AVG"), [argument]):
                return _over(function, self.of(argument))
        raise NotImplementedError(f"{function} is not supported by {__name__}. Add it there.")

    def _if(self, condition: Value, true: Value, otherwise: Point) -> Point:
        asked = self._as_point(condition).value
        if asked is None:
            return MISSING
        if not asked:
            return otherwise
        # "has the value of 0, if the data point of metric1 is TRUE and does not exist in metric2"
        return Point(0.0) if true == MISSING else self._as_point(true)

    def _point(self, node: ast.expr) -> Point:
        value = self.of(node)
        if not isinstance(value, Point):
            raise NotImplementedError(f"{ast.unparse(node)} must be a time series.")
        return value

    def _as_point(self, value: Value) -> Point:
        return value if isinstance(value, Point) else Point(self._scalar(value))

    @staticmethod
    def _scalar(value: Value) -> float:
        if not isinstance(value, float):
            raise NotImplementedError(f"{value} must be a scalar.")
        return value


def _each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [Point(None if each.value is None else function(each.value)) for each in value]
    if isinstance(value, Point):
        return MISSING if value.value is None else Point(function(value.value))
    return float(function(value))


def _pair(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Combines two values. Where only one of two time series has a data point, the other counts as 0."""
    if isinstance(left, list) or isinstance(right, list):
        raise NotImplementedError(f"Operators on arrays of time series are not supported by {__name__}.")
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    numbers = [each.value if isinstance(each, Point) else each for each in (left, right)]
    series = [each for each in (left, right) if isinstance(each, Point)]
    if all(each.value is None for each in series):
        return MISSING
    a, b = (0.0 if number is None else number for number in numbers)
    try:
        return Point(float(function(a, b)))
    except ZeroDivisionError:
        return MISSING  # "the data point is dropped"


def _over(function: str, value: Value) -> Value:
    if not isinstance(value, list):
        raise NotImplementedError(f"{function} of one time series looks at several data points. Use it on an array.")
    present = [each.value for each in value if each.value is not None]
    if not present:
        return MISSING
    if function == "AVG":  # "Missing values are treated as 0"
        return Point(sum(present) / len(value))
    return Point(float(_OF_ARRAYS[function](present)))
