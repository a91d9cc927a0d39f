"""``--trust``: whether programs that a file names may be started."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.parse import Spelling


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run the programs that the files name, now and later, without a question; without it "
        "only programs run that were named on a command line, or confirmed, on this machine",
    )


def allow_named(spellings: Iterable[Spelling]) -> list[Spelling]:
    """Let programs be started that stand on this command line."""
    from agents.trust import allow

    return [allow(spelling) for spelling in spellings]


def allow_from_file(spellings: Iterable[Spelling], source: str, trust: bool) -> list[Spelling]:
    """Let programs be started that a file names, if a person confirmed them or does so now.

    Args:
        spellings: agents of any kind.
        source: the file, for the question.
        trust: whether the person said so with ``--trust``.

    Raises:
        ConfigError: if one is not confirmed; none has been started.
    """
    from agents.trust import allow, recall
    from engine.errors import ConfigError
    from engine.text import printable

    found = [recall(spelling) for spelling in spellings]
    unknown = [
        printable(" ;; ".join([_command(one), *one.commands]), None)
        for one in found
        if one.is_program and not one.allowed
    ]
    if unknown and not trust and not _confirmed(unknown, source):
        raise ConfigError(
            f"expected programs that you named on this machine, got from {printable(source)!r}: "
            f"{'; '.join(unknown)}; nothing was started: read it, and add --trust if it may run"
        )
    return [allow(spelling) for spelling in found]


def allow_ladder(ladder: Sequence[str], source: str | None, trust: bool) -> None:
    """Let the programs of a run's ladder be started by whatever rates it.

    Args:
        ladder: players as ``benchmark.ladder`` spells them.
        source: the file that names them; ``None`` if the command line does.
        trust: whether the person said so with ``--trust``.

    Raises:
        ConfigError: as :func:`allow_from_file`.
    """
    from agents.parse import read_program

    programs = [program for text in ladder if (program := read_program(text)) is not None]
    if source is None:
        allow_named(programs)
    else:
        allow_from_file(programs, source, trust)


def _command(spelling: Spelling) -> str:
    import shlex

    return shlex.join(spelling.argv)


def _confirmed(commands: Sequence[str], source: str) -> bool:
    """Ask, if a person is there to answer."""
    from engine.text import printable

    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        return False
    print(f"{printable(source)} wants to run these programs on this machine:", file=sys.stderr)
    for command in commands:
        print(f"  {command}", file=sys.stderr)
    print("run them, now and later? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False
