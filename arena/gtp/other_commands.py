"""The words of GoGui and of Hex (HTP, as HexGui and MoHex speak it) beyond GTP's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from agents.gtp.vertex import vertex_of
from arena.analysis import settings as search_settings
from arena.gtp.board_commands import at_least
from arena.gtp.player import Player
from arena.gtp.server import CommandError, Handler
from engine.errors import IllegalActionError

_MENU: Final = (
    ("string", "Final Score", "final_score"),
    ("plist", "Legal Moves", "all_legal_moves"),
    ("string", "Explain Last Move", "gomill-explain_last_move"),
    ("string", "Policy", "heatmap"),
    ("param", "Rules of the Game", "param_game"),
    ("param", "Search", "param_search"),
)
"""What a controller's menu of analysis offers: the kind of answer, the label, the command."""


class OtherCommands:
    """Commands over one :class:`Player`."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def commands(self) -> dict[str, Handler]:
        """Return the table; parameters of the search are there if the agent searches."""
        table: dict[str, Handler] = {
            "all_legal_moves": self._all_legal_moves,
            "gogui-analyze_commands": self._menu,
        }
        if self._player.searcher is not None:
            table["param_search"] = self._param_search
        if "swap" in self._player.board.spec.rules:
            table |= {"hexgui-analyze_commands": self._menu, "param_game": self._param_game}
        return table

    def _menu(self, arguments: Sequence[str]) -> str:
        missing = set()
        if self._player.searcher is None:
            missing |= {"heatmap", "param_search"}
        if "swap" not in self._player.board.spec.rules:
            missing.add("param_game")
        return "\n".join("/".join(entry) for entry in _MENU if entry[2] not in missing)

    def _all_legal_moves(self, arguments: Sequence[str]) -> str:
        board = self._player.board
        legal = np.flatnonzero(board.spec.legal(board.position)[0]).tolist()
        return " ".join(vertex_of(board.spec, action) for action in legal)

    def _param_game(self, arguments: Sequence[str]) -> str:
        """``param_game [allow_swap 0|1]``: tell the rules that can be set, or set one."""
        board = self._player.board
        if not arguments:
            return f"[bool] allow_swap {int(board.spec.rules['swap'])}"
        name, value = at_least(arguments, 2)[:2]
        if name != "allow_swap" or value not in ("0", "1"):
            raise CommandError(f"expected allow_swap with 0 or 1, got {name!r} with {value!r}")
        try:
            board.change_rules(board.spec.changed(swap=value == "1"))
        except IllegalActionError as error:
            raise CommandError(f"the game so far breaks these rules: {error}") from None
        return ""

    def _param_search(self, arguments: Sequence[str]) -> str:
        """``param_search [NAME VALUE]``: tell all settings of the search, or set one."""
        settings = self._player.settings
        if not arguments:
            return "\n".join(
                _parameter(name, search_settings.setting(settings, name))
                for name in search_settings.names()
            )
        name, value = at_least(arguments, 2)[:2]
        present = search_settings.setting(settings, name)  # an unknown one is refused
        if isinstance(present, bool) and value in ("0", "1"):
            value = str(value == "1")
        self._player.change(search_settings.with_setting(settings, name, value))
        return ""


def _parameter(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"[bool] {name} {int(value)}"
    shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return f"[string] {name} {shown}".rstrip()
