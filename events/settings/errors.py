"""A settings error as one sentence: the key, what is wrong with it, and what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_PREFIX = "Value error, "


def sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first finding of `error`, with the section in brackets as in TOML; how many more there are."""
    findings = _most_telling(error.errors(include_url=False))
    first = findings[0]
    where = [part for part in first["loc"] if isinstance(part, str) and not part.startswith("function-")]
    text = _what(first, model, where)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{_key(where)}{text}{more}"


def _most_telling(findings: Iterable[Any]) -> list[Any]:
    """One finding a place: pydantic reports a union once for each of its members."""
    places: dict[tuple[Any, ...], Any] = {}
    for finding in findings:
        place = tuple(part for part in finding["loc"] if part not in {"bool", "int", "float", "str"})
        places.setdefault(place, {**finding, "loc": place})
    return list(places.values())


def _key(where: list[str]) -> str:
    match where:
        case [section, *keys] if keys:
            return f"[{section}] {'.'.join(keys)}: "
        case _:
            return "".join(f"{key}: " for key in where)


def _what(finding: Any, model: type[BaseModel], where: list[str]) -> str:
    match finding["type"]:
        case "extra_forbidden":
            allowed = _fields(model, where[:-1])
            close = get_close_matches(where[-1], allowed, 1)
            hint = f"did you mean `{close[0]}`? " if close else ""
            return f"unknown key; {hint}allowed: {', '.join(allowed)}"
        case "missing":
            return "is required"
        case "value_error":
            return str(finding["msg"]).removeprefix(_PREFIX)
        case _:
            return f"{finding['msg'][0].lower()}{finding['msg'][1:]}, not {finding['input']!r:.60}"


def _fields(model: type[BaseModel], where: list[str]) -> list[str]:
    """The keys that the section at `where` allows."""
    for part in where:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        inner = annotation if isinstance(annotation, type) else _model_in(annotation)
        if inner is not None and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model among the arguments of a generic annotation, such as that of a table's values."""
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            return argument
        if (inner := _model_in(argument)) is not None:
            return inner
    return None
