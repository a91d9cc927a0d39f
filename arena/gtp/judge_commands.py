"""The commands that ask what the agent makes of the position: score, life, raw evaluations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.gtp.grammar import parse_colour
from arena.analysis.life import Life, judge_board, settled_score
from arena.gtp.board_commands import at_least
from arena.gtp.player import Player
from arena.gtp.server import CommandError, Handler
from engine.games.spec import BLACK, EMPTY, GameSpec
from engine.notation import action_to_text

_STATUSES: Final = ("alive", "seki", "dead")


class JudgeCommands:
    """Commands over one :class:`Player`."""

    def __init__(self, player: Player, version: str) -> None:
        self._player, self._version = player, version

    def commands(self) -> dict[str, Handler]:
        """Return the table."""
        table: dict[str, Handler] = {
            "final_score": self._final_score,
            "gomill-describe_engine": lambda arguments: (
                f"Miai {self._version}\nagent: {self._player.agent.name}"
            ),
        }
        if self._player.board.spec.has_dead_stones:
            table |= {
                "final_status_list": self._final_status_list,
                "kgs-genmove_cleanup": self._genmove_cleanup,
            }
        if self._player.searcher is not None:
            table |= {
                "kata-raw-nn": self._raw_nn,
                "heatmap": self._heatmap,
                "kata-get-models": self._models,
            }
        return table

    def _life(self) -> Life:
        board = self._player.board
        if not board.spec.has_dead_stones:
            raise CommandError("expected a game of Go")
        return judge_board(self._player.evaluator, board.spec, board.position)

    def _final_score(self, arguments: Sequence[str]) -> str:
        """Dead stones of Go are taken off first, and a game that goes on is estimated.

        Other games are scored as they stand.
        """
        board, spec = self._player.board, self._player.board.spec
        if board.line.resigned != EMPTY:
            return f"{'W' if board.line.resigned == BLACK else 'B'}+R"
        if spec.has_dead_stones:
            score = self._settled_score(spec)
        elif spec.has_points or spec.finished(board.position)[0]:
            score = float(spec.score(board.position)[0])
        else:
            raise CommandError("cannot score: the game is not over")
        margin = f"{abs(score):g}" if spec.has_points else ""
        return "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{margin}"

    def _settled_score(self, spec: GameSpec) -> float:
        board = self._player.board
        settled = bool(spec.certain(board.position)[0].all())
        if not settled and not spec.finished(board.position)[0]:
            # Half points are the komi's: points on the board are whole.
            komi = float(spec.rules.get("komi", 0.0))
            return round(self._player.expected_score() + komi) - komi
        return settled_score(spec, board.position, self._life())

    def _final_status_list(self, arguments: Sequence[str]) -> str:
        """The chains of a status, one a line; see :mod:`arena.analysis.life`."""
        status = at_least(arguments, 1)[0].lower()
        if status not in _STATUSES:
            raise CommandError(f"expected a status from {', '.join(_STATUSES)}, got {status!r}")
        life, spec = self._life(), self._player.board.spec
        chosen = []
        for chain in life.chains:
            first = chain[0]
            found = "dead" if life.dead[first] else "seki" if life.seki[first] else "alive"
            if found == status:
                chosen.append(" ".join(action_to_text(spec, point) for point in chain))
        return "\n".join(chosen)

    def _genmove_cleanup(self, arguments: Sequence[str]) -> str:
        """A move, but no pass while dead stones of the other side are on the board."""
        player, board = self._player, self._player.board
        colour = parse_colour(at_least(arguments, 1)[0])
        turn = player.turn(board.with_turn(colour))
        life = self._life()
        stones = board.spec.stones(board.position)[0]
        prohibited = None
        if (life.dead & (stones == 3 - colour)).any():
            prohibited = np.zeros((2, board.spec.actions), np.int16)
            prohibited[colour - 1, board.spec.pass_action] = 1
            if not turn.spec.legal(turn.position)[0, :-1].any():
                prohibited = None
        decision = player.decide(turn, colour, prohibited=prohibited)
        if decision.resign:
            return "resign"
        board.play(colour, decision.action)
        return action_to_text(board.spec, decision.action)

    def _raw_nn(self, arguments: Sequence[str]) -> str:
        """``kata-raw-nn 0..7|all``: what the evaluator says of the board as it is and turned."""
        board = self._player.board
        known = board.symmetries()
        word = arguments[0].lower() if arguments else "0"
        if word != "all" and word not in [str(number) for number in known]:
            raise CommandError(
                f"expected a symmetry from {', '.join(map(str, known))} or all, got {word!r}"
            )
        if board.spec.finished(board.position)[0] and board.open_line() == board.line:
            raise CommandError("expected a game that is not over")
        numbers = known if word == "all" else [int(word)]
        parts = []
        for number, (outlook, places, to_move) in zip(
            numbers, self._player.outlooks([board.open_line()], numbers), strict=True
        ):
            sign = -1.0 if to_move == BLACK else 1.0
            win, draw, loss = (float(chance) for chance in outlook.value)
            white, black = (loss, win) if to_move == BLACK else (win, loss)
            policy = outlook.policy[places]
            parts.append(
                f"symmetry {number}\n"
                f"whiteWin {white:.6f}\nwhiteLoss {black:.6f}\nnoResult 0.000000\n"
                f"draw {draw:.6f}\n"
                f"whiteLead {sign * outlook.score:.3f}\n"
                f"whiteScoreSelfplay {sign * outlook.score:.3f}\n"
                f"policy\n{self._grid(np.where(policy < 0, np.nan, policy)[:-1])}\n"
                f"policyPass {max(float(policy[-1]), 0.0):.6f}\n"
                f"whiteOwnership\n{self._grid(sign * outlook.ownership[places[:-1]])}"
            )
        return "\n".join(parts)

    def _grid(self, values: NDArray[np.float32]) -> str:
        rows = values.reshape(self._player.board.spec.height, -1)
        words = [["NAN" if np.isnan(v) else f"{v + 0.0:.6f}" for v in row] for row in rows]
        return "\n".join(" ".join(row) for row in words)

    def _heatmap(self, arguments: Sequence[str]) -> str:
        """As Leela Zero's: the policy in thousandths, then the pass and the win rate."""
        board = self._player.board
        if board.spec.finished(board.position)[0] and board.open_line() == board.line:
            raise CommandError("expected a game that is not over")
        outlook = self._player.outlooks([board.open_line()], [0])[0][0]
        thousandths = np.round(1000 * np.maximum(outlook.policy, 0.0)).astype(int)
        rows = thousandths[:-1].reshape(board.spec.height, -1)
        lines = [" ".join(f"{value:4d}" for value in row) for row in rows]
        win_rate = float(outlook.value[0] + outlook.value[1] / 2)
        return "\n".join(
            ["", *lines, f"{board.spec.pass_name}: {thousandths[-1]}", f"winrate: {win_rate:.6f}"]
        )

    def _models(self, arguments: Sequence[str]) -> str:
        name = self._player.agent.name
        return json.dumps([{"name": name, "internalName": name, "usesHumanSLProfile": False}])
