"""An external program that speaks GTP, as an agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.gtp.client import GtpClient, Watchdog
from agents.gtp.grammar import Reply, colour_word
from agents.gtp.process import BrokenProgramError
from agents.gtp.told import Told, excuse, excuse_for_refusal, tell_rules
from agents.gtp.vertex import SWAP_PIECES, action_of, vertex_of
from agents.program_agent import ProgramAgent
from agents.protocol import TimeLeft, Turn
from engine.errors import NotationError
from engine.games.spec import BLACK, WHITE, GameSpec


class GtpAgent(ProgramAgent):
    """Plays by asking a program over GTP."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        processes: int = 2,
        watchdog: Watchdog | None = None,
        commands: Sequence[str] = (),
    ) -> None:
        """Nothing is started yet.

        Args:
            name: how tables and records call it.
            argv: the program and its arguments; no shell reads them.
            processes: games that can be in play at once.
            watchdog: how long it may take to answer.
            commands: GTP lines that each process is told when it has started; it has to accept
                them.
        """
        patience = watchdog or Watchdog()
        super().__init__(
            name, argv, lambda: GtpConnection(argv, patience, tuple(commands)), processes
        )


class GtpConnection:
    """One running program; see :class:`agents.program_agent.Connection`."""

    def __init__(self, argv: Sequence[str], watchdog: Watchdog, commands: Sequence[str]) -> None:
        """Start it; it is told ``commands`` when it is greeted."""
        self.asked = False
        self._told = Told()
        self._commands = tuple(commands)
        self._client = GtpClient(argv, watchdog)

    @property
    def title(self) -> str:
        return f"{self._client.name} {self._client.version}".strip()

    def greet(self) -> None:
        self._client.greet()
        for line in self._commands:
            name, *arguments = line.split()
            _demand(self._client.ask(name, *arguments), line)

    def told(self, spec: GameSpec) -> str:
        self._told = tell_rules(self._client, spec)
        return self._told.missing

    def choose(self, turn: Turn, known: tuple[int, ...] | None, spent_s: float) -> int | None:
        client = self._client
        self._bring_to(turn, known)
        colour = colour_word(int(turn.spec.to_move(turn.position)[0]))
        if turn.time_left is not None and "time_left" in client.commands:
            client.ask("time_left", colour, *_time_left(turn.time_left))
        self.asked = True
        reply = client.ask_to_think("genmove", colour, spent_s=spent_s)
        text = reply.text.strip()
        if not reply.ok:
            raise BrokenProgramError("nonsense", f"refused to move: {text[:80]!r}")
        if text.lower() == "resign":
            return None
        try:
            return action_of(turn.spec, text)
        except NotationError:
            raise BrokenProgramError("nonsense", f"answered {text[:80]!r} to genmove") from None

    def dead_stones(self, turn: Turn, known: tuple[int, ...] | None) -> NDArray[np.bool_] | None:
        self._bring_to(turn, known)
        if "final_status_list" not in self._client.commands:
            return None
        return _marked(turn.spec, self._client.ask_to_think("final_status_list", "dead"))

    def excuse(self, turn: Turn, action: int) -> str:
        return excuse(self._told, turn, action)

    def close(self, quit_first: bool = False) -> None:
        self._client.close(quit_first)

    def _bring_to(self, turn: Turn, known: tuple[int, ...] | None) -> None:
        """Make the program's board the turn's position, playing only what is new to it."""
        if known is None:
            self._set_up(turn)
        for ply in range(len(known or ()), len(turn.actions)):
            self._play(turn, ply)

    def _play(self, turn: Turn, ply: int) -> None:
        colour = colour_word(BLACK if ply % 2 == 0 else WHITE)
        move = vertex_of(turn.spec, turn.actions[ply])
        reply = self._client.ask("play", colour, move)
        if not reply.ok and move == SWAP_PIECES:
            reply = self._client.ask("play", colour, turn.spec.pass_name)
        if not reply.ok and (why := excuse_for_refusal(self._told, turn, ply)):
            raise BrokenProgramError("other rules", f"refused {move} of {colour}, {why}")
        _demand(reply, f"play {colour} {move}")

    def _set_up(self, turn: Turn) -> None:
        client, spec = self._client, turn.spec
        size = (
            [str(spec.width)] if spec.width == spec.height else [str(spec.width), str(spec.height)]
        )
        _demand(client.ask("boardsize", *size), "boardsize " + " ".join(size))
        _demand(client.ask("clear_board"), "clear_board")
        self.told(spec)
        komi = getattr(spec, "komi", None)
        if komi is not None:
            _demand(client.ask("komi", f"{komi:g}"), f"komi {komi:g}")
        if turn.time_left is not None:
            for name, *arguments in _time_settings(turn.time_left):
                if name in client.commands and client.ask(name, *arguments).ok:
                    break


def _time_settings(left: TimeLeft) -> Iterator[tuple[str, ...]]:
    """Commands that state a time control, the most exact first; one that is understood is enough.

    GTP itself knows no increments: they come through ``time_left``, or as a short period.
    """
    main, period = f"{left.main_s:.0f}", f"{max(left.period_s, left.increment_s):.0f}"
    if left.periods:
        yield "kgs-time_settings", "byoyomi", main, period, str(left.periods)
    elif left.main_s and left.increment_s:
        yield "kata-time_settings", "fischer", main, f"{left.increment_s:g}"
    yield "time_settings", main, period, "0" if period == "0" else "1"


def _time_left(left: TimeLeft) -> tuple[str, str]:
    """Seconds and stones of ``time_left``: a period counts as one in which one stone is due."""
    if left.main_s > 0:
        return f"{left.main_s:.0f}", "0"
    return f"{max(left.period_s, left.increment_s):.0f}", "1"


def _demand(reply: Reply, asked: str) -> None:
    if not reply.ok:
        raise BrokenProgramError("nonsense", f"refused {asked!r}: {reply.text.strip()[:80]!r}")


def _marked(spec: GameSpec, reply: Reply) -> NDArray[np.bool_] | None:
    """Read a list of points; ``None`` if it is not one."""
    if not reply.ok:
        return None
    dead = np.zeros(spec.points, np.bool_)
    for word in reply.text.split():
        try:
            action = action_of(spec, word)
        except NotationError:
            return None
        if action == spec.pass_action:
            return None
        dead[action] = True
    return dead
