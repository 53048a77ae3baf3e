"""Sentences for values that do not fit their field: what is allowed there, never the words of the validation library."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic.fields import FieldInfo

Error = Mapping[str, Any]

MAP, LIST, WHOLE, DAY, MOMENT = "a map of `key: value` lines", "a list", "a whole number", "a date such as 2024-01-31", "a date and time"
NUMBER, TEXT, YES_NO, SPAN = "a number", "text (put it in quotes)", "true or false", "a length of time"

# Error type of pydantic → what is allowed instead; it follows "must be".
ALLOWED: dict[str, str] = {
    "bool_parsing": YES_NO, "bool_type": YES_NO, "date_from_datetime_inexact": DAY, "date_from_datetime_parsing": DAY, "date_parsing": DAY,
    "date_type": DAY, "datetime_from_date_parsing": MOMENT, "datetime_parsing": MOMENT, "datetime_type": MOMENT, "decimal_parsing": NUMBER,
    "decimal_type": NUMBER, "dict_type": MAP, "finite_number": "a finite number", "float_parsing": NUMBER, "float_type": NUMBER,
    "frozen_set_type": LIST, "int_from_float": WHOLE, "int_parsing": WHOLE, "int_parsing_size": "a smaller whole number", "int_type": WHOLE,
    "list_type": LIST, "mapping_type": MAP, "model_attributes_type": MAP, "model_type": MAP, "none_required": "left out", "path_type": TEXT,
    "set_type": LIST, "string_type": TEXT, "string_unicode": TEXT, "time_delta_parsing": SPAN, "time_delta_type": SPAN,
    "time_parsing": "a time such as 18:05 in quotes", "time_type": "a time such as 18:05 in quotes", "tuple_type": LIST,
    "datetime_object_invalid": MOMENT, "decimal_max_digits": "a shorter number", "iterable_type": LIST,
}  # fmt: skip
_WITH_CONTEXT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "literal_error": lambda ctx: f"one of the allowed values: {ctx['expected']}",
    "enum": lambda ctx: f"one of the allowed values: {ctx['expected']}",
    "greater_than": lambda ctx: f"above {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"{ctx['ge']} or more",
    "less_than": lambda ctx: f"below {ctx['lt']}",
    "less_than_equal": lambda ctx: f"{ctx['le']} or less",
    "multiple_of": lambda ctx: f"a multiple of {ctx['multiple_of']}",
    "string_too_long": lambda ctx: f"text of at most {_many(ctx['max_length'], 'character')}",
    "string_too_short": lambda ctx: f"text of at least {_many(ctx['min_length'], 'character')}",
    "too_long": lambda ctx: f"a list or map of at most {_many(ctx['max_length'], 'entry', 'entries')}",
    "too_short": lambda ctx: f"a list or map of at least {_many(ctx['min_length'], 'entry', 'entries')}",
}
_BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


def problem_of(errors: Sequence[Error], field: FieldInfo | None) -> str:
    """What is wrong with one value, given all errors about it: a value that fits none of several types is one mistake."""
    kinds = [str(error["type"]) for error in errors]
    if "missing" in kinds:
        return "is missing"
    if _BOUNDS & set(kinds) and (bounds := _range(field)):
        return f"must be {bounds}"
    allowed = list(dict.fromkeys(phrase for error in errors if (phrase := _phrase(error))))
    if not allowed:
        return "has a value that does not belong there"
    return f"must be {', '.join(allowed[:-1])} or {allowed[-1]}" if len(allowed) > 1 else f"must be {allowed[0]}"


def _phrase(error: Error) -> str:
    kind = str(error["type"])
    return _WITH_CONTEXT[kind](error["ctx"]) if kind in _WITH_CONTEXT else ALLOWED.get(kind, "")


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _range(field: FieldInfo | None) -> str:
    """Both bounds of a number; empty unless it has two."""
    found = {
        name: getattr(bound, name)
        for bound in (_constraints(field) if field else ())
        for name in ("ge", "gt", "le", "lt")
        if getattr(bound, name, None) is not None
    }
    low = f"from {found['ge']}" if "ge" in found else f"above {found['gt']}" if "gt" in found else ""
    high = f"to {found['le']}" if "le" in found else f"and below {found['lt']}" if "lt" in found else ""
    joint = " and up " if low.startswith("above") and high.startswith("to") else " "
    return f"a number {low}{joint}{high}" if low and high else ""


def _constraints(field: FieldInfo) -> Iterator[Any]:
    """Constraints of a field and of the types inside its own."""
    yield from field.metadata
    todo = [field.annotation]
    while todo:
        annotation = todo.pop()
        for each in (*getattr(annotation, "__metadata__", ()),):
            yield from each.metadata if isinstance(each, FieldInfo) else (each,)
        todo += get_args(annotation)
