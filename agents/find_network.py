"""The network files that a word means: a file, a run's checkpoint, or a network that comes along.

It reads names of files only. Whether a file holds a usable network is found when it is loaded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from agents.network.checkpoint import shipped_network_path, shipped_networks
from engine.errors import ConfigError
from engine.games.spec import GameSpec

SHIPPED: Final = "shipped"
"""Stands for the network that comes along for the game at hand."""
A_NETWORK: Final = "a network file, a run's folder or 'shipped'"
"""What :func:`find_network` takes, for messages."""
LONGEST_NAME: Final = 24
"""Characters of an agent's name that is made from a file name."""
_LABEL = r"(?:first|latest|[0-9]{1,6})"
_SHORT_FORM = re.compile(r"run:(?P<name>[^@:]+)@(?P<label>[\w.*]+)(?P<budget>@[^@/\\]*)?")
_SEVERAL = re.compile(
    rf"(?P<run>.+):(?:\*|(?P<first>{_LABEL})\.\.(?P<last>{_LABEL}))(?P<budget>@[^@/\\]*)?"
)


def network_path(word: str, game: GameSpec | None = None) -> Path:
    """Return the file that ``word`` names: a network file, a run's newest checkpoint, ``shipped``.

    Raises:
        ConfigError: if there is no such file.
    """
    return find_network(word, word, game, f"expected {A_NETWORK}")[0]


def find_network(word: str, text: str, game: GameSpec | None, expected: str) -> tuple[Path, str]:
    """Return the file that ``word`` names, and a short name for it.

    Args:
        word: a path, a run's folder with or without ``:LABEL``, ``shipped`` or ``shipped:NAME``.
        text: what the person wrote, of which ``word`` is a part; for messages.
        game: whose network ``shipped`` is; 9x9 Go's if ``None``.
        expected: first words of the message if there is no such file.

    Raises:
        ConfigError: if there is no such file.
    """
    if word == SHIPPED:
        where = () if game is None else (game.name, game.width)
        return shipped_network_path(*where), SHIPPED
    if word.startswith(f"{SHIPPED}:"):
        networks = shipped_networks()
        name = word.partition(":")[2]
        if name not in networks:
            raise ConfigError(
                f"expected a network that comes along ({', '.join(networks)}), got {text!r}"
            )
        return networks[name], name
    path = Path(word)
    if word and path.is_dir():
        return _checkpoints(path, text)[-1], _short(path)
    folder, colon, label = word.rpartition(":")
    if colon and Path(folder).is_dir():
        checkpoint = _checkpoint(Path(folder), label, text)
        short = checkpoint.stem.lstrip("0") or checkpoint.stem
        return checkpoint, f"{_short(Path(folder))}:{short}"
    if not path.is_file():
        raise ConfigError(f"{expected}; got {text!r}, and there is no such file or folder")
    return path, _short(path.with_suffix(""))


def each_checkpoint(text: str) -> list[str]:
    """Return one spelling for each checkpoint that ``runs/x:*@400`` or ``runs/x:3..9`` means.

    Any other text is returned as it is.

    Raises:
        ConfigError: if the run has no such checkpoints.
    """
    several = _SEVERAL.fullmatch(in_full(text))
    if several is None or not Path(several["run"]).is_dir():
        return [text]
    run, suffix = Path(several["run"]), several["budget"] or ""
    found = _checkpoints(run, text)
    if several["first"] is not None:
        first, last = (_checkpoint(run, several[end], text) for end in ("first", "last"))
        found = found[found.index(first) : found.index(last) + 1]
        if not found:
            raise ConfigError(f"expected two checkpoints, earlier one first, got {text!r}")
    return [f"{several['run']}:{path.stem}{suffix}" for path in found]


def in_full(text: str) -> str:
    """Return ``runs/first:12@400`` for its short form ``run:first@12@400``, or the text itself."""
    short = _SHORT_FORM.fullmatch(text)
    return f"runs/{short['name']}:{short['label']}{short['budget'] or ''}" if short else text


def _checkpoints(run: Path, text: str) -> list[Path]:
    """The checkpoints of a run, oldest first; at least one."""
    found = sorted((run / "checkpoints").glob("*.safetensors"))
    if not found:
        raise ConfigError(f"expected a run's folder with checkpoints, got {text!r}: none yet")
    return found


def _checkpoint(run: Path, word: str, text: str) -> Path:
    """The checkpoint that ``first``, ``latest`` or a number means."""
    found = sorted((run / "checkpoints").glob("*.safetensors"))
    if word in ("first", "latest") and found:
        return found[0 if word == "first" else -1]
    stem = f"{int(word):06d}" if re.fullmatch(r"[0-9]{1,6}", word) else word
    for path in found:
        if path.stem == stem:
            return path
    raise ConfigError(f"expected a checkpoint of {run}, got {word!r} in {text!r}")


def _short(path: Path) -> str:
    return path.resolve().name[:LONGEST_NAME]
