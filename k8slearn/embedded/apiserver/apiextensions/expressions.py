"""CEL expressions: compiling and evaluating them, with the functions that Kubernetes adds to the language.

https://kubernetes.io/docs/reference/using-api/cel/
The language itself comes from the package common-expression-language. It knows no types before it evaluates, so only
the names in an expression are checked beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

from k8slearn.kube import quantity

_OF_A_MACRO = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""The variable that a macro declares: ``x`` of ``self.items.all(x, x > 0)``."""


class CompileError(ValueError):
    """The expression is wrong; ``str()`` is cel-go's sentence."""


class EvaluationError(ValueError):
    """Its value cannot be found for these variables; ``str()`` is cel-go's sentence."""


class Expression:
    """A compiled expression. Raises CompileError."""

    def __init__(self, source: str) -> None:
        import cel  # here, because it takes half a second, and few definitions have rules

        try:
            self._program = cel.compile(source)
        except ValueError as error:
            text = str(error).partition("ERROR: ")[2] or str(error)
            raise CompileError(f"ERROR: {text}".replace("\n|", "\n |")) from None
        self.source = source
        self.variables = frozenset(self._program.variables()) - set(_OF_A_MACRO.findall(source))
        for name in self._program.functions():
            if name not in FUNCTIONS and re.fullmatch(r"\w+", name) and name not in _OF_THE_LANGUAGE:
                at = source.find(name) + len(name)
                raise CompileError(pointed(source, at, f"undeclared reference to '{name}' (in container '')"))

    def evaluate(self, variables: dict[str, Any]) -> Any:
        """Raises EvaluationError."""
        import cel

        context = cel.Context(variables=variables, functions=FUNCTIONS)
        try:
            return self._program.execute(context)
        except KeyError as error:
            raise EvaluationError(f"no such key: {error.args[0]}") from None
        except IndexError as error:
            raise EvaluationError(str(error)) from None
        except ZeroDivisionError:
            raise EvaluationError("division by zero") from None
        except OverflowError:
            raise EvaluationError("integer overflow") from None
        except TypeError:
            raise EvaluationError("no such overload") from None
        except (RuntimeError, ValueError) as error:
            raise EvaluationError(str(error)) from None


@lru_cache(maxsize=1024)
def compiled(source: str) -> Expression:
    return Expression(source)


def pointed(source: str, at: int, what: str) -> str:
    """A fault and where it is, as cel-go shows it: the line, and an arrow below it."""
    before = source[:at]
    row, start = before.count("\n") + 1, before.rfind("\n") + 1
    line = source[start:].partition("\n")[0]
    column = at - start
    return f"ERROR: <input>:{row}:{column + 1}: {what}\n | {line}\n | {'.' * column}^"


_OF_THE_LANGUAGE = frozenset(
    (
        *(
            "all",
            "exists",
            "exists_one",
            "map",
            "filter",
            "has",
            "size",
            "contains",
            "startsWith",
            "endsWith",
        ),
        *(
            "matches",
            "int",
            "uint",
            "double",
            "string",
            "bytes",
            "bool",
            "dyn",
            "type",
            "duration",
            "timestamp",
        ),
        *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours"),
        *("getMilliseconds", "getMinutes", "getMonth", "getSeconds"),
    )
)


# -- functions ------------------------------------------------------------------------------------


def _index_of(value: Any, item: Any, start: int = 0) -> int:
    if isinstance(value, str):
        return value.find(item, start)
    return value.index(item) if item in value else -1


def _last_index_of(value: Any, item: Any) -> int:
    if isinstance(value, str):
        return value.rfind(item)
    return len(value) - 1 - value[::-1].index(item) if item in value else -1


def _replace(value: str, old: str, new: str, most: int = -1) -> str:
    return value.replace(old, new, most)


def _split(value: str, separator: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    return list(value) if not separator else value.split(separator, most - 1 if most > 0 else -1)


def _substring(value: str, start: int, end: int | None = None) -> str:
    return value[start:end]


def _find(value: str, pattern: str) -> str:
    match = re.search(pattern, value)
    return match[0] if match else ""


def _find_all(value: str, pattern: str, most: int = -1) -> list[str]:
    found = [match[0] for match in re.finditer(pattern, value)]
    return found if most < 0 else found[:most]


def _quantity(text: str) -> dict[str, str]:
    if not quantity.is_valid(text):
        raise ValueError(f"{text} is no quantity")
    return {"quantity": text}


def _compare(one: dict[str, str], other: dict[str, str]) -> int:
    return quantity.compare(one["quantity"], other["quantity"])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "charAt": lambda value, at: value[at : at + 1],
    "compareTo": _compare,
    "find": _find,
    "findAll": _find_all,
    "indexOf": _index_of,
    "isGreaterThan": lambda one, other: _compare(one, other) > 0,
    "isLessThan": lambda one, other: _compare(one, other) < 0,
    "isQuantity": lambda text: quantity.is_valid(text),
    "isSorted": lambda items: all(a <= b for a, b in pairwise(items)),
    "join": lambda items, separator="": separator.join(items),
    "lastIndexOf": _last_index_of,
    "lowerAscii": lambda value: value.lower(),
    "max": lambda *values: max(values[0] if len(values) == 1 else values),
    "min": lambda *values: min(values[0] if len(values) == 1 else values),
    "quantity": _quantity,
    "replace": _replace,
    "split": _split,
    "substring": _substring,
    "sum": lambda items: sum(items),
    "trim": lambda value: value.strip(),
    "upperAscii": lambda value: value.upper(),
}
"""Those of cel-go's strings extension, and of Kubernetes' lists, regex and quantity libraries."""
