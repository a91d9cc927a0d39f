"""The commands that ask for a move, tell the time, and set how to search."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import numpy as np

from agents.gtp.grammar import parse_colour, parse_integer, parse_number
from agents.gtp.vertex import vertex_of
from agents.protocol import Limit
from arena.analysis import settings as search_settings
from arena.gtp.board_commands import at_least
from arena.gtp.clock import TimeControl
from arena.gtp.player import Player, timed
from arena.gtp.server import CommandError, Handler, Stopped
from engine.errors import ConfigError
from engine.notation import action_to_text

_SELDOM_S = 3600.0


class PlayCommands:
    """Commands over one :class:`Player`."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def commands(self) -> dict[str, Handler]:
        """Return the table."""
        table: dict[str, Handler] = {
            "genmove": self._genmove,
            "reg_genmove": self._reg_genmove,
            "clear_board": self._clear_board,
            "time_settings": self._time_settings,
            "kgs-time_settings": self._time_control,
            "kata-time_settings": self._time_control,
            "kata-list_time_settings": lambda arguments: " ".join(_KINDS),
            "time_left": self._time_left,
            "cputime": lambda arguments: f"{time.process_time():.3f}",
            "gomill-cpu_time": lambda arguments: f"{time.process_time():.3f}",
            "gomill-explain_last_move": lambda arguments: self._explanation(),
            "stop": lambda arguments: "",
            "clear_cache": self._clear_cache,
        }
        if self._player.searcher is not None:
            table |= {
                "kata-get-param": self._get_param,
                "kata-set-param": self._set_param,
                "kata-list-params": lambda arguments: "\n".join(search_settings.names()),
                "kata-get-params": self._get_params,
                "kata-set-params": self._set_params,
                "kata-benchmark": self._benchmark,
            }
        return table

    def idle(self) -> Callable[[Stopped], None] | None:
        """Return the work between commands: pondering on the opponent's time, if enabled."""
        player = self._player
        wanted, player.may_ponder = player.may_ponder, False
        if not (wanted and player.settings.ponder and player.searcher is not None):
            return None
        turn = player.turn(player.board.line)
        if turn.spec.finished(turn.position)[0]:
            return None

        def ponder(stopped: Stopped) -> None:
            player.think(turn, Limit(), lambda result: True, _SELDOM_S, stopped)

        return ponder

    def _genmove(self, arguments: Sequence[str]) -> str:
        answer = self._generate(arguments, play=True)
        self._player.may_ponder = True
        return answer

    def _reg_genmove(self, arguments: Sequence[str]) -> str:
        return self._generate(arguments, play=False)

    def _generate(self, arguments: Sequence[str], play: bool) -> str:
        player, board = self._player, self._player.board
        colour = parse_colour(at_least(arguments, 1)[0])
        turn = player.turn(board.with_turn(colour))
        if turn.spec.finished(turn.position)[0]:
            if board.spec.may_pass:
                return board.spec.pass_name
            raise CommandError("expected a game that is not over")
        if not play:
            return vertex_of(board.spec, player.decide(turn, colour).action)
        decision = timed(player.clock, colour, lambda: player.decide(turn, colour))
        player.last = decision.thought
        if player.resigns(colour, decision):
            return "resign"
        board.play(colour, decision.action)
        return vertex_of(board.spec, decision.action)

    def _clear_board(self, arguments: Sequence[str]) -> str:
        self._player.board.clear()
        self._player.clock.reset()
        self._player.last = None
        return ""

    def _time_settings(self, arguments: Sequence[str]) -> str:
        main_s, period_s, stones = (parse_integer(word) for word in at_least(arguments, 3)[:3])
        self._player.clock.set(main_s, period_s, stones)
        return ""

    def _time_control(self, arguments: Sequence[str]) -> str:
        kind, *words = at_least(arguments, 1)
        if kind not in _KINDS:
            raise CommandError(f"expected a kind from {', '.join(_KINDS)}, got {kind!r}")
        self._player.clock.control(_control(kind, words))
        return ""

    def _time_left(self, arguments: Sequence[str]) -> str:
        colour, left_s, stones = at_least(arguments, 3)[:3]
        seconds = max(0.0, parse_number(left_s))
        self._player.clock.set_left(parse_colour(colour), seconds, parse_integer(stones))
        return ""

    def _explanation(self) -> str:
        thought, spec = self._player.last, self._player.board.spec
        if thought is None:
            return "no move yet"
        words = [f"{thought.simulations} simulations", f"win rate {100 * thought.win_rate:.1f} %"]
        if spec.has_points:
            words.append(f"{thought.score:+.1f} points")
        if thought.proven:
            words.append("proven")
        line = " ".join(action_to_text(spec, action) for action in thought.variation)
        return ", ".join([*words, f"expects {line}"] if line else words)

    def _clear_cache(self, arguments: Sequence[str]) -> str:
        self._player.forget()
        return ""

    def _get_param(self, arguments: Sequence[str]) -> str:
        value = search_settings.setting(self._player.settings, at_least(arguments, 1)[0])
        return _text(value)

    def _set_param(self, arguments: Sequence[str]) -> str:
        name, value = at_least(arguments, 2)[:2]
        search_settings.setting(self._player.settings, name)  # an unknown one is refused
        self._player.change(search_settings.with_setting(self._player.settings, name, value))
        return ""

    def _get_params(self, arguments: Sequence[str]) -> str:
        settings = self._player.settings
        found = {name: search_settings.setting(settings, name) for name in search_settings.names()}
        return json.dumps(found)

    def _set_params(self, arguments: Sequence[str]) -> str:
        try:
            wanted = json.loads(" ".join(at_least(arguments, 1)))
        except (ValueError, RecursionError):
            wanted = None
        if not isinstance(wanted, dict):
            raise ConfigError("expected a JSON object of parameters")
        settings = self._player.settings
        for name, value in wanted.items():
            search_settings.setting(settings, name)
            settings = search_settings.with_setting(settings, name, value)
        self._player.change(settings)
        return ""

    def _benchmark(self, arguments: Sequence[str]) -> str:
        """``kata-benchmark VISITS``: how fast the position on the board is searched anew."""
        player = self._player
        visits = parse_integer(arguments[0]) if arguments else 400
        if not 1 <= visits <= 100_000:
            raise CommandError(f"expected 1 to 100000 visits, got {visits!r}")
        turn = player.turn(player.board.open_line())
        if turn.spec.finished(turn.position)[0]:
            raise CommandError("expected a game that is not over")
        nothing = np.zeros((2, turn.spec.actions), np.int16)  # prohibited: so the tree is a new one
        decision = player.think(
            turn, Limit(visits), lambda result: True, _SELDOM_S, lambda: False, nothing
        )
        done = decision.thought.simulations if decision.thought is not None else 0
        return f"{done} visits in {decision.seconds:.3f} s, {done / decision.seconds:.0f} visits/s"


_KINDS = ("none", "absolute", "byoyomi", "canadian", "fischer", "fischer-capped")


def _control(kind: str, words: Sequence[str]) -> TimeControl | None:
    """Read the numbers of a kind of time control."""
    if kind == "none":
        return None
    needed = {"absolute": 1, "byoyomi": 3, "canadian": 3, "fischer": 2, "fischer-capped": 4}[kind]
    numbers = [parse_number(word) for word in at_least(words, needed)[:needed]]
    if min(numbers) < 0:
        raise CommandError(f"expected times of at least 0, got {' '.join(words)!r}")
    if kind == "absolute":
        return TimeControl(numbers[0])
    if kind == "fischer":
        return TimeControl(numbers[0], increment_s=numbers[1])
    if kind == "fischer-capped":
        main_s, increment_s, most_main_s, most_move_s = numbers
        return TimeControl(
            main_s, increment_s=increment_s, most_main_s=most_main_s, most_move_s=most_move_s
        )
    count = parse_integer(words[2])
    if kind == "byoyomi":
        periods = count
        return TimeControl(numbers[0], numbers[1], stones=min(periods, 1), periods=periods)
    return TimeControl(numbers[0], numbers[1], stones=count)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
