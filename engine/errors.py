"""Everything the engine raises on purpose.

MiaiError                     the user's input or the machine is at fault, never a bug; exit code 2
├── SpecError                 a game, size or rule that does not exist
├── IllegalActionError        an action the rules refuse in this position
├── NotationError             text that is not an action, or a board that cannot be read
├── RecordError               a game record that cannot be used
├── NetworkFileError          a file that is not a usable network
├── RunError                  a run folder that cannot be used or written
├── ConfigError               a setting with a wrong name, type or range
└── ProgramError              an external program that died, hung or answered nonsense

A message says what was expected, then the value (``!r``), then where, then what to do.
"""

from __future__ import annotations

from collections.abc import Mapping


class MiaiError(Exception):
    """Base of all errors that are shown to a user as one message, without a traceback."""


class SpecError(MiaiError, ValueError):
    """A game, size or rule that does not exist."""


class IllegalActionError(MiaiError, ValueError):
    """An action that the rules refuse in this position."""


class NotationError(MiaiError, ValueError):
    """Text that does not name an action of this game."""


class RecordError(MiaiError, ValueError):
    """A game record that cannot be used."""


class NetworkFileError(MiaiError, ValueError):
    """A file that is not a usable network."""


class RunError(MiaiError, RuntimeError):
    """A run folder that cannot be used or written."""


class SearchError(MiaiError, RuntimeError):
    """A search that cannot start, or an evaluator that answers nonsense.

    Other slots of the same search have gone on to the end.
    """

    def __init__(self, message: str, reasons: Mapping[int, str] | None = None) -> None:
        super().__init__(message)
        self.reasons = dict(reasons or {})
        """By slot, what was wrong; empty if it was no matter of single slots."""


class ConfigError(MiaiError, ValueError):
    """A setting with a wrong name, type or range."""


class ProgramError(MiaiError, RuntimeError):
    """An external program that died, hung or answered nonsense."""
