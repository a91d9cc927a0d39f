"""Searches watched over GTP: dialects, prohibitions, streams that stop at once, pondering."""

from __future__ import annotations

import io
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.gtp.commands import Session
from arena.gtp.server import GtpServer
from engine.games import GAMES, GoSpec, OthelloSpec, make
from engine.games.spec import GameSpec
from engine.notation import action_to_text
from tests.support.gtp_session import ask, refusal
from tests.support.scripted import ScriptedEvaluator, arbitrary

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "gtp_sabaki.txt"
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "gtp.md"
FLOAT = re.compile(r"-?\d+\.\d+")
KEYS = {"info", "move", "visits", "utility", "winrate", "prior", "lcb", "order", "pv", "weight"}


def searcher(simulations: int = 60) -> SearchAgent:
    return SearchAgent("scripted", ScriptedEvaluator(arbitrary), Limit(simulations))


def session(spec: GameSpec | None = None, simulations: int = 60) -> GtpServer:
    return Session(searcher(simulations), spec or GoSpec(5, 5, 6.5), "0.0").server()


def infos(line: str) -> list[dict[str, Any]]:
    """Read a report as a client would."""
    line = re.split(r" (?:rootInfo|ownership) ", line)[0]
    found = []
    for part in line.split("info ")[1:]:
        words = part.split()
        pv = words.index("pv")
        fields: dict[str, Any] = dict(zip(words[:pv:2], words[1:pv:2], strict=True))
        fields["pv"] = words[pv + 1 :]
        found.append(fields)
    return found


def transcript(server: GtpServer, commands: list[str]) -> str:
    answers = io.BytesIO()
    server.serve(io.BytesIO("\n".join([*commands, ""]).encode()), answers)
    replies = answers.getvalue().decode().split("\n\n")[:-1]
    return "\n\n".join(f"> {c}\n{r}" for c, r in zip(commands, replies, strict=True)) + "\n"


def test_every_command_is_documented_and_the_other_way_round() -> None:
    page = DOCUMENT.read_text()
    table = page[page.index("| for | commands |") : page.index("An analysis takes")]
    written = {word for cell in re.findall(r"`([^`]+)`", table) for word in cell.split()}
    written -= {"X", "Y", "*genmove_analyze"}
    have = set(ask(session(), "list_commands").split())
    assert have - written == {"lz-genmove_analyze", "kata-genmove_analyze", "genmove_analyze"}
    of_hex = set(ask(session(make("hex")), "list_commands").split())
    assert written - have == {"hexgui-analyze_commands", "param_game"} <= of_hex


def test_what_sabaki_sends() -> None:
    """Handshake, a handicap game set up move by move, its analysis, a move with reports."""
    known = GOLDEN.read_text()
    commands = [line[2:] for line in known.splitlines() if line.startswith("> ")]
    assert len(commands) > 20
    assert transcript(session(), commands) == known


@pytest.mark.parametrize("command", ["lz", "kata", "sabaki"])
def test_the_three_dialects_say_the_same(command: str) -> None:
    prefix = {"lz": "lz-", "kata": "kata-", "sabaki": ""}[command]
    lines = ask(session(), f"{prefix}genmove_analyze b 100000").splitlines()
    assert lines[-1].startswith("play ")
    ours = infos(lines[0])
    theirs = infos(ask(session(), "kata-search_analyze b 100000").splitlines()[0])
    assert [info["move"] for info in ours] == [info["move"] for info in theirs]
    assert [int(info["order"]) for info in ours] == list(range(len(ours)))
    assert sum(int(info["visits"]) for info in ours) == 60
    for info, reference in zip(ours, theirs, strict=True):
        assert info["pv"][0] == info["move"]
        for key in ("winrate", "prior", "lcb"):
            value = float(info[key]) / (10_000 if command == "lz" else 1)
            assert value == pytest.approx(float(reference[key]), abs=6e-5)
            assert ("." in info[key]) == (command == "sabaki") or command == "kata"
    if command == "sabaki":
        floats = [v for k, v in ours[0].items() if k not in ("move", "visits", "order", "pv")]
        assert floats and all(FLOAT.fullmatch(value) for value in floats)


def test_root_ownership_and_visits_along_the_line() -> None:
    line = ask(
        session(),
        "kata-search_analyze b 100000 ownership true rootInfo true pvVisits true "
        "movesOwnership true maxmoves 2",
    ).splitlines()[0]
    assert line.count("info move") == 2 and line.count("movesOwnership") == 2
    visits = re.search(r"pv ([A-Z0-9 ]+) pvVisits ([\d ]+) movesOwnership", line)
    assert visits is not None and len(visits[1].split()) == len(visits[2].split())
    root = re.search(r"rootInfo visits (\d+) utility (\S+) winrate (\S+) scoreMean", line)
    assert root is not None and int(root[1]) == 60
    assert float(root[2]) == pytest.approx(2 * float(root[3]) - 1, abs=1e-5)
    owners = line.split(" ownership ")[1].split()
    assert len(owners) == 25 and all(abs(float(value)) <= 1 for value in owners)


def test_a_minimum_of_moves_and_the_other_point_of_view() -> None:
    server = session()
    line = ask(server, "kata-search_analyze b 100000 minmoves 26").splitlines()[0]
    moves = infos(line)
    assert len(moves) == 26 and {"0"} < {info["visits"] for info in moves}
    ask(server, "kata-set-param reportAnalysisWinratesAs WHITE")
    turned = infos(ask(server, "kata-search_analyze b 100000 minmoves 26").splitlines()[0])
    for info, other in zip(moves[:3], turned[:3], strict=True):
        if info["visits"] == other["visits"]:
            assert float(info["winrate"]) == pytest.approx(1 - float(other["winrate"]), abs=1e-5)


def test_moves_are_avoided_and_allowed() -> None:
    server = session()
    free = [info["move"] for info in infos(ask(server, "kata-search_analyze b 100000"))]
    line = ask(server, f"kata-search_analyze b 100000 avoid b {free[0]},{free[1]} 1")
    assert not {free[0], free[1]} & {info["move"] for info in infos(line)}
    line = ask(server, f"kata-search_analyze b 100000 allow b {free[2]},{free[3]} 1")
    assert {info["move"] for info in infos(line)} == {free[2], free[3]}
    # The tree of the game on the board knows nothing of it.
    assert infos(ask(server, "kata-search_analyze b 100000"))[0]["move"] == free[0]
    every = ",".join(f"{c}{r}" for c in "ABCDE" for r in range(1, 6)) + ",pass"
    assert "left to search" in refusal(server, f"kata-search_analyze b avoid b {every} 1")
    assert ask(server, "kata-analyze b 0 maxmoves 0") == ""


def test_bad_arguments_are_refused_in_words() -> None:
    server = session()
    for line, words in {
        "lz-analyze b 10 ownership true": "expected a key from interval, minmoves",
        "kata-analyze b interval": "expected a value for 'interval'",
        "kata-analyze b interval x": "expected a whole number",
        "kata-analyze b ownership perhaps": "expected true or false for ownership, got 'perhaps'",
        "kata-analyze b avoid b D4": "expected avoid COLOUR MOVES DEPTH",
        "kata-analyze b avoid b D4 0": "expected a depth of at least 1, got '0'",
        "kata-analyze b avoid b Z9 1": "expected a point",
        "kata-analyze 5 6": "expected a value for '6'",
        "kata-raw-nn 8": "expected a symmetry from 0, 1, 2, 3, 4, 5, 6, 7 or all, got '8'",
        "kata-set-param maxVisits 0": "expected a whole number from 1 to 1e+09 for maxVisits",
        "kata-set-param depth 3": "expected a parameter from",
        "kata-set-params [1]": "expected a JSON object",
        "kata-set-rules martian": "expected rules from tromp-taylor",
        'kata-set-rules {"tax":"ALL"}': "without a tax on groups",
        "kata-time_settings sand 3": "expected a kind from none, absolute",
        "kata-time_settings byoyomi 3": "expected 3 arguments",
    }.items():
        assert refusal(server, line).startswith(words) or words in refusal(server, line), line


class Pipes:
    """A server in a thread, talked to as by a controller."""

    def __init__(self, session: GtpServer) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._input: BinaryIO = os.fdopen(ours[1], "wb", buffering=0)
        self._output = os.fdopen(theirs[0], "rb")
        lines, answers = os.fdopen(ours[0], "rb"), os.fdopen(theirs[1], "wb")
        self._thread = threading.Thread(target=session.serve, args=(lines, answers), daemon=True)
        self._thread.start()
        self._ends = (lines, answers)

    def send(self, line: str) -> None:
        self._input.write(line.encode() + b"\n")

    def line(self) -> str:
        return self._output.readline().decode().rstrip("\n")

    def close(self) -> None:
        self._input.close()
        self._thread.join(10)
        for end in (*self._ends, self._output):
            end.close()


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    talk = Pipes(session())
    yield talk
    talk.close()


def test_an_analysis_goes_on_until_the_next_line(pipes: Pipes) -> None:
    pipes.send("7 kata-analyze b 1 rootInfo true")
    assert pipes.line() == "=7"
    counts = [int(re.findall(r"rootInfo visits (\d+)", pipes.line())[0]) for _ in range(3)]
    assert counts == sorted(counts) and counts[0] < counts[2]
    pipes.send("8 name")
    while (line := pipes.line()).startswith("info"):
        pass
    assert line == "" and pipes.line() == "=8 Miai" and pipes.line() == ""


def test_a_blank_line_ends_an_analysis_too(pipes: Pipes) -> None:
    pipes.send("lz-analyze 1")
    assert pipes.line() == "=" and pipes.line().startswith("info move")
    pipes.send("")
    while (line := pipes.line()).startswith("info"):
        pass
    assert line == ""
    pipes.send("9 version")
    assert pipes.line() == "=9 0.0"


def test_the_end_of_input_ends_an_analysis() -> None:
    talk = Pipes(session())
    talk.send("lz-analyze 1")
    assert talk.line() == "="
    talk.close()
    assert not talk._thread.is_alive()


def test_a_listener_that_leaves_ends_the_server_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Deaf(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        session().serve(io.BytesIO(b"lz-analyze 1\nname\n"), Deaf())
    assert "Traceback" not in capsys.readouterr().err


def test_a_cancelled_search_plays_nothing(pipes: Pipes) -> None:
    pipes.send("kata-set-param maxVisits 1000000")
    assert [pipes.line(), pipes.line()] == ["=", ""]
    pipes.send("kata-search_analyze_cancellable b 1")
    assert pipes.line() == "=" and pipes.line().startswith("info")
    pipes.send("1 undo")
    while (line := pipes.line()).startswith("info"):
        pass
    assert line == "play cancelled" and pipes.line() == ""
    assert pipes.line() == "?1 cannot undo"


def test_an_analysis_of_a_proven_game_waits_for_the_next_line() -> None:
    talk = Pipes(session(make("tic_tac_toe")))
    talk.send("kata-analyze b 1")
    assert talk.line() == "="
    time.sleep(0.5)
    talk.send("1 name")
    while (line := talk.line()).startswith("info"):
        pass
    assert line == "" and talk.line() == "=1 Miai"
    talk.close()


def test_it_ponders_after_its_own_move_if_asked() -> None:
    evaluator = ScriptedEvaluator(arbitrary)
    agent = SearchAgent("scripted", evaluator, Limit(20))
    talk = Pipes(Session(agent, GoSpec(5, 5, 6.5), "0.0", ponder=True).server())
    talk.send("genmove b")
    assert talk.line().startswith("= ") and talk.line() == ""
    before = len(evaluator.batches)
    deadline = time.monotonic() + 20
    while len(evaluator.batches) < before + 50 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(evaluator.batches) >= before + 50
    talk.send("1 kata-set-param ponderingEnabled false")
    assert talk.line() == "=1" and talk.line() == ""
    quiet = len(evaluator.batches)
    time.sleep(0.2)
    assert len(evaluator.batches) == quiet
    talk.close()


def positional(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
    """A policy that turns with the board: how far from the centre, more where stones are near."""
    rows, columns = np.divmod(np.arange(spec.points), spec.width)
    stones = spec.stones(position)[0] != 0
    far = (rows - spec.height // 2) ** 2 + (columns - spec.width // 2) ** 2
    near = np.array(
        [
            sum(
                1 / (1 + (r - rows[s]) ** 2 + (c - columns[s]) ** 2) for s in np.flatnonzero(stones)
            )
            for r, c in zip(rows, columns, strict=True)
        ]
    )
    return np.append(near - far / 10, -3.0), 0.25


def test_raw_evaluations_of_turned_boards_are_turned_back() -> None:
    agent = SearchAgent("turning", ScriptedEvaluator(positional), Limit(8))
    server = Session(agent, GoSpec(5, 5, 6.5), "0.0").server()
    ask(server, "play b B4")
    ask(server, "play w C2")
    text = ask(server, "kata-raw-nn all")
    parts = [part.split("policyPass")[0] for part in re.split(r"symmetry \d\n", text)[1:]]
    assert len(parts) == 8 and len(set(parts)) == 1
    policy = parts[0].split("policy\n")[1].split()
    assert len(policy) == 25 and policy.count("NAN") == 2
    assert float(re.findall(r"whiteWin (\S+)", text)[0]) == 0.0  # Black to move is ahead
    assert "policyPass" in ask(server, "kata-raw-nn 3")
    heat = ask(server, "heatmap").split("\n")
    assert len(heat) == 8 and heat[-1] == "winrate: 0.625000"


def test_rules_are_read_and_changed() -> None:
    server = session(GoSpec(5, 5, 6.5))
    ask(server, "kata-set-rules japanese")
    assert '"scoring": "TERRITORY"' in ask(server, "kata-get-rules")
    ask(server, "kata-set-rule ko SITUATIONAL")
    assert '"ko": "SITUATIONAL"' in ask(server, "kata-get-rules")
    ask(server, f"kata-set-rules {ask(server, 'kata-get-rules')}")
    ask(server, "kata-set-rules koPOSITIONALscoreAREAtaxNONEsui1whbN-1")
    assert '"whiteHandicapBonus": "N-1"' in ask(server, "kata-get-rules")
    assert ask(server, "get_komi") == "6.5"
    ask(server, "kgs-rules chinese")
    for move in ("b A1", "w B1", "b E5", "w B2", "b E4", "w A3"):
        ask(server, f"play {move}")
    assert refusal(server, "play b A2") == "illegal move"
    ask(server, "kata-set-rules tromp-taylor")
    ask(server, "play b A2")  # suicide of two stones
    assert "breaks these rules" in refusal(server, "kata-set-rules chinese")


def test_parameters_are_read_and_changed() -> None:
    server = session()
    assert ask(server, "kata-get-param maxVisits") == "60"
    ask(server, "kata-set-param maxVisits 25")
    line = ask(server, "kata-search_analyze b 100000").splitlines()[0]
    assert sum(int(info["visits"]) for info in infos(line)) == 25
    ask(server, 'kata-set-params {"cpuctExploration": 2.5, "wideRootNoise": 0.04}')
    assert ask(server, "kata-get-param cpuctExploration") == "2.5"
    assert '"wideRootNoise": 0.04' in ask(server, "kata-get-params")
    names = ask(server, "kata-list-params").split()
    assert {"maxVisits", "rootPolicyTemperature", "ponderingEnabled"} <= set(names)
    for name in names:
        ask(server, f"kata-get-param {name}")
    assert ask(server, "kata-benchmark 30").startswith("30 visits in ")
    assert ask(server, "gomill-explain_last_move") == "no move yet"
    ask(server, "genmove b")
    assert ask(server, "gomill-explain_last_move").startswith("25 simulations, win rate ")
    ask(server, "clear_cache")


@pytest.mark.parametrize("name", sorted(GAMES))
def test_every_game_is_played_and_analysed_in_its_notation(name: str) -> None:
    spec = make(name) if name != "go" else GoSpec(5, 4, 0.5)
    server = session(spec, 12)
    colours = "bw"
    for ply in range(4):
        colour = colours[ply % 2]
        assert infos(ask(server, f"kata-analyze {colour} 0"))
        ask(server, f"genmove {colour}")
    ask(server, "undo")
    assert "Black" in ask(server, "showboard") or "White" in ask(server, "showboard")
    assert f"SZ[{spec.width}" in ask(server, "printsgf")
    ask(server, "kata-raw-nn all")
    if name != "go":
        assert refusal(server, "komi 6.5") == "unknown command"
        assert "whose turn it is" in refusal(server, "genmove b")


def test_othello_passes_for_a_side_that_cannot_move() -> None:
    spec = OthelloSpec()
    server = session(spec, 4)
    position = spec.allocate(1)
    random = np.random.Generator(np.random.PCG64(5))
    for _ in range(200):
        legal = np.flatnonzero(spec.legal(position)[0])
        colour = "b" if spec.to_move(position)[0] == 1 else "w"
        if legal.tolist() == [spec.pass_action]:
            other = "w" if colour == "b" else "b"
            ask(server, f"genmove {other}")
            return
        action = int(random.choice(legal))
        ask(server, f"play {colour} {action_to_text(spec, action)}")
        spec.play(position, np.array([action]))
        if spec.finished(position)[0]:
            position = spec.allocate(1)
            ask(server, "clear_board")
    raise AssertionError("no forced pass came about")
