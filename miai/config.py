"""Settings: from TOML files and ``section.key=value`` to the frozen dataclasses of all packages.

The dataclasses live beside the code that obeys them and know nothing of files. What a field allows
stands in its type and its metadata: ``min``, ``max``, ``choices``, ``unit``, ``why``. ``None`` is
written ``"none"``, because TOML has no word for it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import Field, is_dataclass
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

import tomli_w

from engine.errors import ConfigError
from engine.files import LARGEST_SETTINGS, read_file, toml_of
from engine.text import printable

Config = TypeVar("Config")

NONE: Final = "none"
RENAMED: Final = {"four-games": "many"}
"""Presets of earlier versions, and what replaces them."""
_LONGEST_WORD: Final = 100
_COMMAND_LINE = "the command line"


def preset_names(kind: str = "presets") -> list[str]:
    """Return the names of the presets, or of the ``plans``, that come with the program."""
    files = [file.name for file in _preset_folder(kind).iterdir()]
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))


def load_preset(name_or_path: str | Path, kind: str = "presets") -> dict[str, Any]:
    """Read a preset, or one of the ``plans``, by its name, or any TOML file by its path.

    Raises:
        ConfigError: if there is no such preset or file, or it is not TOML.
    """
    text = RENAMED.get(str(name_or_path), str(name_or_path))
    if text in preset_names(kind):
        return _parse((_preset_folder(kind) / f"{text}.toml").read_bytes(), text)
    path = Path(name_or_path)
    try:
        data = read_file(path, LARGEST_SETTINGS)
    except (OSError, ValueError) as error:
        known = preset_names(kind)
        hint = _hint(text, known)
        raise ConfigError(
            f"expected a {kind.removesuffix('s')} ({', '.join(known)}) or a TOML file, "
            f"got {_shown(text)}{_reason_of(error)}{hint}"
        ) from error
    return _parse(data, text)


def _reason_of(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return ""
    return f": {(getattr(error, 'strerror', None) or str(error)).lower()}"


def preset_of(game: str) -> str | None:
    """The quickest preset that learns a game, ``None`` if none comes with the program."""
    minutes = {
        name: float(settings.get("schedule", {}).get("minutes", 0.0))
        for name in preset_names()
        if (settings := load_preset(name)).get("game", {}).get("name") == game
    }
    return min(minutes, key=lambda name: minutes[name], default=None)


def preset_comment(name: str, kind: str = "presets") -> str:
    """The comment that a preset begins with, as one line; a blank line ends it."""
    lines = (_preset_folder(kind) / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.removeprefix("#").strip() for line in comment)


def build(
    kind: type[Config],
    mapping: Mapping[str, Any],
    overrides: Iterable[str] = (),
    source: str = "the settings",
) -> Config:
    """Make a ``kind`` from nested ``mapping``, then ``overrides`` of the form section.key=value.

    Settings that are not named keep the dataclass's default. ``source`` names the file in messages.

    Raises:
        ConfigError: on an unknown or missing setting, a wrong type, or a value out of range.
    """
    config = _build_section(kind, mapping, "", source)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"expected section.key=value, got {_shown(override)} on {_COMMAND_LINE}"
            )
        config = _override(config, key.strip().split("."), value.strip(), "")
    return config


def to_toml(config: Any) -> str:
    """Write every setting of a dataclass, resolved, as TOML with units and reasons as comments."""
    return "\n".join(_section_lines(config, "")).strip() + "\n"


def _preset_folder(kind: str = "presets") -> Traversable:
    return resources.files("miai") / kind


def _parse(data: bytes, source: str) -> dict[str, Any]:
    try:
        return toml_of(data)
    except ValueError as error:
        raise ConfigError(f"expected TOML in {source!r}: {error}") from error


def _build_section(kind: type[Config], mapping: Any, prefix: str, source: str) -> Config:
    if not isinstance(mapping, Mapping):
        raise ConfigError(
            f"expected a section [{prefix.rstrip('.')}] in {source}, got {_shown(mapping)}"
        )
    fields = _fields(kind)
    for key in mapping:
        _require_known(key, fields, prefix, source)
    hints = typing.get_type_hints(kind)
    values = {}
    for name, field in fields.items():
        if name in mapping:
            values[name] = _value(hints[name], mapping[name], field, prefix, source)
        elif _is_required(field):
            raise ConfigError(f"expected a value for {prefix}{name} in {source}, got none")
    return kind(**values)


def _override(config: Config, path: list[str], text: str, prefix: str) -> Config:
    kind = type(config)
    fields = _fields(kind)
    _require_known(path[0], fields, prefix, _COMMAND_LINE)
    field, hint = fields[path[0]], typing.get_type_hints(kind)[path[0]]
    current = getattr(config, path[0])
    if _table_kind(hint) is not None:
        value = _override_table(current, path, text, f"{prefix}{path[0]}")
    elif is_dataclass(hint):
        if len(path) == 1:
            raise ConfigError(
                f"expected a setting inside the section {prefix}{path[0]}, "
                f"such as {prefix}{path[0]}.{next(iter(_fields(hint)))}=..., on {_COMMAND_LINE}"
            )
        value = _override(current, path[1:], text, f"{prefix}{path[0]}.")
    elif len(path) > 1:
        raise ConfigError(
            f"expected a section before '.{path[1]}', but {prefix}{path[0]} is a single setting, "
            f"on {_COMMAND_LINE}"
        )
    else:
        value = _value(hint, _from_text(hint, text), field, prefix, _COMMAND_LINE)
    return dataclasses.replace(config, **{path[0]: value})  # type: ignore[type-var]


def _override_table(tables: tuple[Any, ...], path: list[str], text: str, where: str) -> Any:
    """Change a setting of one of several tables, such as ``tasks.hex.search.c_scale``."""
    names = [table.name for table in tables]
    if len(path) < 3 or path[1] not in names:
        known = f"one of {', '.join(names)}" if names else "a table, and there is none"
        raise ConfigError(
            f"expected {where}.NAME.SETTING=VALUE with {known} for NAME, "
            f"got {'.'.join(path)!r} on {_COMMAND_LINE}{_hint(path[1], names) if path[1:] else ''}"
        )
    return tuple(
        _override(table, path[2:], text, f"{where}.{table.name}.")
        if table.name == path[1]
        else table
        for table in tables
    )


def _table_kind(hint: Any) -> Any:
    """The dataclass of which a setting holds a list, in TOML an array of tables; else ``None``."""
    parts = get_args(hint)
    return parts[0] if get_origin(hint) is tuple and parts and is_dataclass(parts[0]) else None


def _tables(kind: Any, value: Any, name: str, source: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise ConfigError(f"expected tables [[{name}]] {_at(source)}, got {value!r}")
    return tuple(
        _build_section(kind, each, f"{name}.{each.get('name', place)}.", source)
        for place, each in enumerate(value, start=1)
    )


def _from_text(hint: Any, text: str) -> Any:
    """Read a value as TOML would; what is not TOML is the text itself (``name=go``)."""
    if hint is str:
        return text.strip("\"'")
    try:
        return toml_of(f"value = {text}")["value"]
    except ValueError:
        return text


def _fields(kind: Any) -> dict[str, Field[Any]]:
    return {field.name: field for field in dataclasses.fields(kind) if field.init}


def _is_required(field: Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _require_known(key: str, fields: Mapping[str, Any], prefix: str, source: str) -> None:
    if key not in fields:
        section = f"[{prefix.rstrip('.')}]" if prefix else "the top level"
        raise ConfigError(
            f"expected a setting of {section} ({', '.join(fields)}), "
            f"got {_shown(prefix + key)} {_at(source)}{_hint(key, fields)}"
        )


def _at(source: str) -> str:
    return f"on {source}" if source == _COMMAND_LINE else f"in {source}"


def _hint(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word[:_LONGEST_WORD], list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _value(hint: Any, value: Any, field: Field[Any], prefix: str, source: str) -> Any:
    """Check ``value`` against the field's type and range, and return it in that type."""
    where = f"for {prefix}{field.name} {_at(source)}"
    if (kind := _table_kind(hint)) is not None:
        return _tables(kind, value, f"{prefix}{field.name}", source)
    if is_dataclass(hint):
        return _build_section(typing.cast(type, hint), value, f"{prefix}{field.name}.", source)
    checked = _typed(hint, value, where)
    if "choices" in field.metadata:
        _require_one_of(field.metadata["choices"], checked, where)
    for number in _numbers(checked):
        _require_in_range(number, field, where)
    return checked


def _typed(hint: Any, value: Any, where: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _typed_optional(parts, value, where)
    if origin is Literal:
        _require_one_of(parts, value, where)
        return value
    if origin is tuple and isinstance(value, (list, tuple)):
        return _typed_tuple(parts, value, where)
    if hint is float and type(value) is int:
        with suppress(OverflowError):
            return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if origin is None and type(value) is hint:
        return value
    raise ConfigError(f"expected {_type_name(hint)}, got {_shown(value)} {where}")


def _shown(value: Any) -> str:
    """What was written, in a message: not all of it if it is long."""
    try:
        return printable(repr(value), _LONGEST_WORD)
    except (ValueError, RecursionError):  # repr refuses numbers of more than 4,300 digits
        return f"a {type(value).__name__} that is too large"


def _require_one_of(choices: tuple[Any, ...], value: Any, where: str) -> None:
    if value not in choices or type(value) not in {type(choice) for choice in choices}:
        raise ConfigError(
            f"expected one of {', '.join(map(str, choices))}, got {_shown(value)} {where}"
            f"{_hint(_shown(value), map(str, choices))}"
        )


def _typed_optional(parts: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None or value == NONE:
        return None
    inner = next(part for part in parts if part is not type(None))
    return _typed(inner, value, where)


def _typed_tuple(parts: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(_typed(parts[0], item, where) for item in value)
    if len(value) != len(parts):
        raise ConfigError(f"expected {len(parts)} values, got {_shown(value)} {where}")
    return tuple(_typed(part, item, where) for part, item in zip(parts, value, strict=True))


def _type_name(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return names.get(hint, "a list" if get_origin(hint) is tuple else getattr(hint, "__name__", ""))


def _numbers(value: Any) -> list[float]:
    if isinstance(value, tuple):
        return [number for item in value for number in _numbers(item)]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [value] if is_number else []


def _require_in_range(number: float, field: Field[Any], where: str) -> None:
    least, most = field.metadata.get("min"), field.metadata.get("max")
    if isinstance(number, int) and abs(number) >= 1 << 64:
        raise ConfigError(f"expected a number below 2^64, got {_shown(number)} {where}")
    if not math.isfinite(number):
        raise ConfigError(f"expected a number, got {_shown(number)} {where}")
    if (least is not None and number < least) or (most is not None and number > most):
        raise ConfigError(f"expected {_range_text(field)}, got {_shown(number)} {where}")


def _range_text(field: Field[Any]) -> str:
    least, most = field.metadata.get("min"), field.metadata.get("max")
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _section_lines(config: Any, name: str) -> list[str]:
    """Lines of one section: its own settings first, because TOML wants them before subsections."""
    lines, sections = [f"[{name}]"] if name else [], []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        inner = f"{name}.{field.name}" if name else field.name
        if is_dataclass(value):
            sections += ["", *_section_lines(value, inner)]
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            for table in value:
                sections += ["", *_table_lines(table, inner)]
        else:
            lines += [*_comment(field), _assignment(field.name, value)]
    return lines + sections


def _table_lines(table: Any, name: str) -> list[str]:
    """One of several tables; of its sections, only what they set."""
    lines, sections = [f"[[{name}]]"], []
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        if not is_dataclass(value):
            lines.append(_assignment(field.name, value))
            continue
        given = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        own = [_assignment(key, each) for key, each in given.items() if each is not None]
        if own:
            sections += [f"[{name}.{field.name}]", *own]
    return lines + sections


def _comment(field: Field[Any]) -> list[str]:
    has_range = "min" in field.metadata or "max" in field.metadata
    parts = [field.metadata.get("unit", ""), _range_text(field) if has_range else ""]
    limits = ", ".join(part for part in parts if part)
    text = ": ".join(part for part in (limits, field.metadata.get("why", "")) if part)
    return [f"# {text}"] if text else []


def _assignment(name: str, value: Any) -> str:
    return tomli_w.dumps({name: _plain(value)}).rstrip("\n")


def _plain(value: Any) -> Any:
    if value is None:
        return NONE
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
