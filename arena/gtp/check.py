"""Whether a program speaks its protocol well enough to play here, and what it got wrong.

Each check of GTP asks something whose answer the protocol fixes. ``needed`` ones must pass for the
arena to play with the program; the others are what controllers and people expect besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.gtp.client import GtpClient, Watchdog
from agents.gtp.grammar import Reply, colour_word
from agents.gtp.process import BrokenProgramError
from agents.gtp.program import GtpAgent
from agents.program_agent import ProgramAgent
from agents.protocol import Turn
from agents.random_agent import RandomAgent
from arena.play.match import play_match
from arena.play.verdict import FORFEITS
from engine.errors import NotationError, ProgramError
from engine.games.go import GoSpec
from engine.games.spec import GameSpec, Positions
from engine.notation import action_to_text, text_to_action
from engine.random import OPENING, generator

_NEEDED: Final = ("boardsize", "clear_board", "play", "genmove")
_EXPECTED: Final = ("protocol_version", "name", "version", "known_command", "list_commands", "quit")
_USEFUL_ANYWHERE: Final = ("undo", "final_score", "time_settings", "time_left")
_USEFUL: Final = (*_USEFUL_ANYWHERE, "final_status_list")
_SCORE = re.compile(r"0|[BW]\+(\d+(\.\d+)?|R|Resign|T|F)?", re.IGNORECASE)
_NONSENSE: Final = "miai-no-such-command"
_PLIES: Final = 6
_POSITIONS: Final = (0, 4, 9)
"""Moves before the positions that a program without a dialogue is asked about."""
_GAMES: Final = 2


@dataclass(frozen=True)
class Check:
    """A question to the program, and whether its answer was correct."""

    what: str
    passed: bool
    got: str = ""
    """What came instead, if it did not pass."""
    needed: bool = False


def check_program(
    argv: Sequence[str],
    spec: GameSpec,
    watchdog: Watchdog | None = None,
    commands: Sequence[str] = (),
) -> Iterator[Check]:
    """Start the program, ask it everything, and let it play two games; yield what comes of it.

    ``commands`` are GTP lines that it is told when it has started.
    """
    watchdog = watchdog or Watchdog()
    try:
        client = GtpClient(argv, watchdog)
    except BrokenProgramError as failure:
        yield Check("it starts", False, str(failure), needed=True)
        return
    try:
        client.greet()
        yield Check("it starts and says its name", True, needed=True)
        for line in commands:
            reply = client.ask(*line.split())
            yield Check(f"it takes {line}", reply.ok, _shown(reply), needed=True)
        for questions in (_vocabulary, _setting_up, _moves, _more):
            yield from questions(client, spec)
        yield from _manners(client)
    except BrokenProgramError as failure:
        yield Check("it answers everything in time", False, str(failure), needed=True)
        return
    finally:
        client.close()
    yield from _games(GtpAgent("program", argv, 1, watchdog, commands), spec)


def check_agent(agent: ProgramAgent, spec: GameSpec) -> Iterator[Check]:
    """Check a program of Gomocup or NBoard: its start, the rules, positions, and two games.

    These protocols have no answer to most lines, so what it does counts. The agent is closed.
    """
    try:
        yield Check(f"it starts, as {agent.start()!r}", True, needed=True)
        untold = agent.untold(spec)
        yield Check("it can be told the rules", not untold, untold)
        for game, plies in enumerate(_POSITIONS, start=1):
            decision = agent.choose([_turn_after(spec, plies, game)])[0]
            agent.end_game(game)
            what = f"it answers a position after {plies} moves that it has not seen"
            yield Check(what, not decision.forfeit, decision.forfeit, needed=True)
    except ProgramError as failure:
        yield Check("it starts and answers", False, str(failure), needed=True)
        agent.close()
        return
    yield from _games(agent, spec)


def _turn_after(spec: GameSpec, plies: int, game: int) -> Turn:
    """A position of sensible moves, in which nobody has won."""
    random = generator(game, 0, 0, OPENING)
    position = spec.allocate(1)
    actions: list[int] = []
    while len(actions) < plies:
        action = int(random.choice(np.flatnonzero(spec.candidates(position)[0])))
        after = position.copy()
        spec.play(after, np.array([action]))
        if spec.finished(after)[0]:
            break
        position = after
        actions.append(action)
    return Turn(game, spec, position, tuple(actions), seed=game)


def playable(checks: Sequence[Check]) -> bool:
    """Whether all needed checks have passed."""
    return all(check.passed for check in checks if check.needed)


def _vocabulary(client: GtpClient, spec: GameSpec) -> Iterator[Check]:
    """Check the list of commands that the program reports."""
    useful = _USEFUL if spec.has_dead_stones else _USEFUL_ANYWHERE
    for needed, names in ((True, _NEEDED), (False, _EXPECTED), (False, useful)):
        missing = [name for name in names if name not in client.commands]
        wanted = ", ".join(names)
        yield Check(f"it has {wanted}", not missing, f"no {', '.join(missing)}", needed)


def _manners(client: GtpClient) -> Iterator[Check]:
    """What every GTP program does, whatever its game; the arena sends none of the odder lines."""
    try:
        reply = client.ask("protocol_version")
        yield Check("protocol_version is 2", reply.ok and reply.text.strip() == "2", _shown(reply))
        known = client.ask("known_command", "genmove")
        yield Check("known_command knows genmove", known.text.strip() == "true", _shown(known))
        unknown = client.ask("known_command", _NONSENSE)
        yield Check("known_command says false", unknown.text.strip() == "false", _shown(unknown))
        reply = client.ask(_NONSENSE)
        yield Check("an unknown command is a failure", not reply.ok, _shown(reply))
        reply = client.ask("4711 name")
        yield Check("an id comes back", reply.ok and reply.id == 4711, _shown(reply))
        reply = client.ask("\n  \nname", "# and a comment")
        yield Check("blank lines and comments are skipped", reply.ok, _shown(reply))
        reply = client.ask("quit")
        yield Check("quit is answered", reply.ok, _shown(reply))
    except BrokenProgramError as failure:
        yield Check("it goes on after such lines", False, str(failure))


def _setting_up(client: GtpClient, spec: GameSpec) -> Iterator[Check]:
    size = [str(spec.width)] if spec.width == spec.height else [str(spec.width), str(spec.height)]
    reply = client.ask("boardsize", *size)
    yield Check(f"boardsize {' '.join(size)}", reply.ok, _shown(reply), needed=True)
    reply = client.ask("clear_board")
    yield Check("clear_board", reply.ok, _shown(reply), needed=True)
    if spec.has_komi:
        own = f"{spec.rules['komi']:g}"
        for komi in (own, "6.5", own):
            reply = client.ask("komi", komi)
            yield Check(f"komi {komi}", reply.ok, _shown(reply), needed=True)
    reply = client.ask("boardsize", "1000")
    yield Check("a board that is too large is refused", not reply.ok, _shown(reply))
    client.ask("boardsize", *size)
    client.ask("clear_board")


def _moves(client: GtpClient, spec: GameSpec) -> Iterator[Check]:
    """Legal moves are played, illegal ones refused, and its own are legal."""
    position = spec.allocate(1)
    played: list[str] = []
    for ply in range(_PLIES):
        if spec.finished(position)[0]:
            break
        colour = colour_word(int(spec.to_move(position)[0]))
        if ply % 2 == 0:
            sensible = np.flatnonzero(spec.candidates(position)[0])
            action = int(sensible[min(ply, len(sensible) - 1)])
            word = action_to_text(spec, action)
            word = word.lower() if ply % 4 else word
            reply = client.ask("play", colour, word)
            yield Check(f"play {colour} {word}", reply.ok, _shown(reply), needed=True)
        else:
            reply = client.ask_to_think("genmove", colour)
            found = _action(spec, position, reply)
            yield Check(
                f"genmove {colour} is a legal move", found is not None, _shown(reply), needed=True
            )
            if found is None:
                return
            action, word = found, reply.text.strip()
        spec.play(position, np.array([action]))
        if action != spec.pass_action:
            played.append(word)
    yield from _refusals(client, spec, played)


def _refusals(client: GtpClient, spec: GameSpec, played: Sequence[str]) -> Iterator[Check]:
    for what, arguments in (
        ("a move on a stone", ("b", played[0])),
        ("a move beside the board", ("b", "Z99")),
        ("a colour that does not exist", ("green", played[0])),
    ):
        reply = client.ask("play", *arguments)
        yield Check(f"{what} is refused", not reply.ok, _shown(reply))
    if "undo" in client.commands:
        reply = client.ask("undo")
        yield Check("undo takes a move back", reply.ok, _shown(reply))
    client.ask("clear_board")
    reply = client.ask("play", "b", played[0])
    yield Check("clear_board clears the board", reply.ok, _shown(reply), needed=True)
    if isinstance(spec, GoSpec) and spec.points >= 16:
        yield from _rules_of_go(client)


def _rules_of_go(client: GtpClient) -> Iterator[Check]:
    """A capture, then the ko that it leaves; both by moves of either side as they come."""
    client.ask("clear_board")
    for move in ("b B1", "w C1", "b A2", "w D2", "b B3", "w C3", "b C2", "w B2"):
        reply = client.ask("play", *move.split())
        if not reply.ok:
            yield Check(f"play {move} in a ko", False, _shown(reply))
            return
    reply = client.ask("play", "b", "C2")
    yield Check("a ko is not retaken at once", not reply.ok, _shown(reply))
    client.ask("clear_board")
    for move in ("b A2", "b B1"):
        client.ask("play", *move.split())
    reply = client.ask("play", "w", "A1")
    yield Check("the suicide of a single stone is refused", not reply.ok, _shown(reply))


def _more(client: GtpClient, spec: GameSpec) -> Iterator[Check]:
    """What is asked at the end of games and by clocks, where the program has it."""
    client.ask("clear_board")
    if "final_score" in client.commands and spec.has_points:
        reply = client.ask_to_think("final_score")
        fits = not reply.ok or _SCORE.fullmatch(reply.text.strip()) is not None
        yield Check("final_score looks like B+3.5", fits, _shown(reply))
    if "final_status_list" in client.commands:
        reply = client.ask_to_think("final_status_list", "dead")
        words = reply.text.split()
        fits = reply.ok and all(_is_point(spec, word) for word in words)
        yield Check("final_status_list dead is a list of points", fits, _shown(reply))
    if "time_settings" in client.commands:
        replies = [client.ask("time_settings", "60", "10", "5")]
        if "time_left" in client.commands:
            replies.append(client.ask("time_left", "b", "30", "0"))
        worst = next((reply for reply in replies if not reply.ok), replies[0])
        yield Check("it takes time settings", worst.ok, _shown(worst))


def _games(agent: ProgramAgent, spec: GameSpec) -> Iterator[Check]:
    """Two games against random moves, one of each colour."""
    try:
        result = play_match(spec, agent, RandomAgent("random"), games=_GAMES, seed=1)
    except ProgramError as failure:
        yield Check("it plays games", False, str(failure), needed=True)
        return
    finally:
        agent.close()
    for number, game in enumerate(result.games, start=1):
        verdict = game.verdict
        fine = verdict.termination not in FORFEITS
        got = f"{verdict.termination}: {verdict.note}"
        yield Check(f"game {number} of {_GAMES} against random moves", fine, got, needed=True)


def _action(spec: GameSpec, position: Positions, reply: Reply) -> int | None:
    """The legal action of an answer to genmove, or ``None``."""
    try:
        action = text_to_action(spec, reply.text) if reply.ok else -1
    except NotationError:
        return None
    return action if action >= 0 and spec.legal(position)[0, action] else None


def _is_point(spec: GameSpec, word: str) -> bool:
    try:
        return text_to_action(spec, word) != spec.pass_action
    except NotationError:
        return False


def _shown(reply: Reply) -> str:
    """An answer in short, as it came."""
    return f"{'=' if reply.ok else '?'} {reply.text.strip()[:80]!r}"


def report(checks: Iterator[Check], say: Callable[[str], None]) -> int:
    """Say each check as it comes and a verdict; return the command's exit code."""
    done = []
    for check in checks:
        done.append(check)
        mark = "ok  " if check.passed else "FAIL" if check.needed else "odd "
        say(f"{mark}  {check.what}" + ("" if check.passed else f": got {check.got}"))
    odd = sum(not check.passed and not check.needed for check in done)
    if not playable(done):
        say("This program cannot play here: see the lines that begin with FAIL.")
        return 2
    say(f"This program can play here{f'; {odd} answers were odd' if odd else ''}.")
    return 0
