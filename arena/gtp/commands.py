"""A GTP session: one game, one agent, and the table of all commands.

The commands stand in five files: those that move stones (``board_commands``), that play and set
times (``play_commands``), that show a search at work (``analyze_commands``), that judge the
position (``judge_commands``), and those of GoGui and HexGui (``other_commands``).
"""

from __future__ import annotations

from dataclasses import replace

from agents.protocol import Agent
from arena.gtp.analyze_commands import AnalyzeCommands
from arena.gtp.board import Board
from arena.gtp.board_commands import BoardCommands
from arena.gtp.judge_commands import JudgeCommands
from arena.gtp.other_commands import OtherCommands
from arena.gtp.play_commands import PlayCommands
from arena.gtp.player import Player
from arena.gtp.server import GtpServer, Handler
from engine.games.spec import GameSpec


class Session:
    """The state of a GTP session: one board, one agent and its clock."""

    def __init__(
        self,
        agent: Agent,
        spec: GameSpec,
        version: str,
        seed: int = 0,
        *,
        ponder: bool = False,
        resign: bool = True,
    ) -> None:
        """Begin with an empty board.

        Args:
            agent: who plays; one that searches can also be watched.
            spec: the game; a controller may change its size and rules, not the game.
            version: to be told.
            seed: of the agent.
            ponder: whether it thinks on the opponent's time.
            resign: whether it gives up lost games.
        """
        self._version = version
        self.board = Board(spec)
        """The game that the controller has on it."""
        self._player = Player(agent, self.board, seed)
        self._player.change(replace(self._player.settings, ponder=ponder, allow_resignation=resign))
        self._play = PlayCommands(self._player)

    def commands(self) -> dict[str, Handler]:
        """Return the table for :class:`arena.gtp.server.GtpServer`."""
        table: dict[str, Handler] = {
            "name": lambda arguments: "Miai",
            "version": lambda arguments: self._version,
            **BoardCommands(self.board).commands(),
            **self._play.commands(),
            **JudgeCommands(self._player, self._version).commands(),
            **OtherCommands(self._player).commands(),
        }
        if self._player.searcher is not None:
            table |= AnalyzeCommands(self._player).commands()
        return table

    def server(self) -> GtpServer:
        """Return a server of this session."""
        return GtpServer(self.commands(), self._play.idle)
