"""Lines for protocols, from a seed: nonsense, half sense, and sense that is a little wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

_COMMAND_TEXT = (
    "protocol_version name version list_commands known_command boardsize rectangular_boardsize "
    "clear_board komi get_komi play genmove reg_genmove undo showboard final_score "
    "final_status_list time_settings time_left kgs-time_settings kata-time_settings fixed_handicap "
    "place_free_handicap set_free_handicap set_position loadsgf printsgf kata-get-rules "
    "kata-set-rules kata-set-rule kgs-rules kata-get-param kata-set-param kata-set-params "
    "kata-list-params kata-raw-nn heatmap lz-analyze kata-analyze analyze lz-genmove_analyze "
    "kata-genmove_analyze genmove_analyze kata-search kata-search_analyze "
    "kata-search_analyze_cancellable kgs-genmove_cleanup gomill-explain_last_move clear_cache stop "
    "cputime kata-get-models all_legal_moves param_game param_search hexgui-analyze_commands "
    "gogui-analyze_commands dance"
)
_WORD_TEXT = (
    "b w black white B W green A1 C3 E5 d4 pass resign Z9 AA1 I5 -1 0 1 2 3 5 7 99 2147483648 "
    "6.5 -0.5 nan inf 1e9 true false alive dead seki interval minmoves maxmoves avoid allow "
    "ownership rootInfo pvVisits movesOwnership all none absolute byoyomi canadian fischer "
    "fischer-capped japanese chinese tromp-taylor koPOSITIONALscoreAREAtaxNONEsui1 "
    '{"ko":"SIMPLE"} {"tax":"ALL"} {} [1] ko SIMPLE maxVisits 3 cpuctExploration resignThreshold '
    "C3,D4 pass,A1 , ( ) # swap swap-pieces swap-sides allow_swap \u00e9 \u4e2d"
)
_FIELD_TEXT = (
    "id moves initialStones initialPlayer rules komi boardXSize boardYSize analyzeTurns maxVisits "
    "rootPolicyTemperature includeOwnership includePolicy includePVVisits includeMovesOwnership "
    "avoidMoves allowMoves overrideSettings priority priorities reportDuringSearchEvery action "
    "terminateId turnNumbers game whiteHandicapBonus nonsense"
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2.5, 1e308, 10**12, "", "B", "x", [], {}, [[]], [["B", "C3"]]),
    *([["W", "pass"]], [["B", "Z9"]], [0], [0, 1], {"maxTime": 1}, "japanese", {"ko": "SIMPLE"}),
    *([{"player": "B", "moves": ["C3"], "untilDepth": 1}], [["B"]], [[1, 2]], "hex", 5, 7, 26),
)
_GOMOCUP_COMMANDS = (
    "START RECTSTART RESTART BEGIN TURN PLAY BOARD SWAP2BOARD DONE TAKEBACK INFO ABOUT DANCE"
)
_GOMOCUP_WORDS = (
    "5 6 7 4 26 0 -1 99999999999 6,6 5,x 0,0 1,1 2,3 4,4 5,5 6,0 1,1,1 2,2,2 3,3,1 4,0,2 0,4,3 "
    "1,1,9 rule timeout_turn timeout_match time_left max_memory game_type evaluate folder 1 2 3 8 "
    "1000 2147483647 a , 1, ,1 1.5 nan"
)
_GOMOCUP_SENSE = (
    *("START 6", "START 7", "RECTSTART 6,5", "RESTART", "BEGIN", "TURN 1,1", "TURN 3,3", "BOARD"),
    *("1,1,1", "2,2,2", "0,4,2", "DONE", "INFO rule 0", "INFO rule 1", "INFO timeout_turn 5"),
    *("SWAP2BOARD", "2,2", "3,1", "TAKEBACK 1,1", "PLAY 0,0", "TURN 5,4", "TURN 0,3"),
)
_START = "8 ---------------------------O*------*O--------------------------- *"
_NBOARD_COMMANDS = "nboard set move go hint learn analyze ping dance F5 D3"
_NBOARD_WORDS = (
    "game depth contempt 1 2 3 0 -1 60 x F5 f6 D3//1.5 E6/-0.25/2 PA pass A1 Z9 F5/x/y / // "
    "(;GM[Othello]TY[8];) (;GM[Othello]TI[15:00/00:05]BO[8 (;GM[Othello]TY[6]B[C2]W[PA];) "
    "(;GM[2]SZ[8];B[cd]) (;) ;) [ ] nan"
)
_NBOARD_SENSE = (
    f"set game (;GM[Othello]PC[x]BO[{_START}]B[F5//1.0]W[D6];)",
    *("set game (;GM[Othello]TY[6]TI[01:00/00:01]B[B3];)", "go", "hint 2", "move F5", "move PA"),
    *(
        "move D3//0.5",
        "move C4",
        "analyze",
        "set depth 1",
        "ping 3",
        "set game (;GM[Othello]BO[8];)",
    ),
)
_COMMANDS, _WORDS = _COMMAND_TEXT.split(), _WORD_TEXT.split()
_FIELDS = _FIELD_TEXT.split()


def gtp_lines(seed: int, count: int) -> Iterator[str]:
    """Lines of GTP; none ends the session, writes a file or thinks for long."""
    random = Random(seed)
    for _ in range(count):
        kind = random.random()
        if kind < 0.1:
            line = "".join(chr(random.randrange(1, 400)) for _ in range(random.randrange(60)))
        else:
            words = random.choices(_WORDS, k=random.randrange(6))
            line = " ".join([random.choice(_COMMANDS), *words])
            if kind < 0.2:
                at = random.randrange(len(line))
                line = line[:at] + chr(random.randrange(32, 300)) + line[at + random.randrange(3) :]
            if kind > 0.9:
                line = f"{random.randrange(10**9)} {line}"
        first = line.split("#")[0].split()
        if "quit" in first or (first and first[-1:] and "printsgf" in line and len(first) > 1):
            continue
        if "maxVisits" in line or "ponderingEnabled" in line or "benchmark" in line:
            line = "kata-set-param maxVisits 3"
        yield line


def json_lines(seed: int, count: int) -> Iterator[bytes]:
    """Lines of the analysis protocol, each with its end."""
    random = Random(seed)
    sound = {"id": "q", "moves": [], "boardXSize": 5, "boardYSize": 5, "maxVisits": 2}
    for _ in range(count):
        kind = random.random()
        query: dict[str, Any] = dict(sound, id=str(random.randrange(50)))
        for _ in range(random.randrange(4)):
            query[random.choice(_FIELDS)] = random.choice(_VALUES)
        if kind < 0.1:
            query["action"] = random.choice(("query_version", "terminate", "terminate_all", "x", 3))
        visits = query.get("maxVisits")
        if isinstance(visits, (int, float)) and visits > 9:
            query["maxVisits"] = 2
        line = json.dumps(query).encode()
        if kind > 0.8:
            at = random.randrange(len(line))
            line = line[:at] + bytes([random.randrange(256)]) + line[at + random.randrange(3) :]
        elif kind > 0.75:
            line = bytes(random.randrange(256) for _ in range(random.randrange(80)))
        yield line.replace(b"\n", b" ") + b"\n"


def gomocup_lines(seed: int, count: int) -> Iterator[str]:
    """Lines of Gomocup's protocol; none ends the session."""
    return _lines(seed, count, _GOMOCUP_COMMANDS, _GOMOCUP_WORDS, _GOMOCUP_SENSE, "END")


def nboard_lines(seed: int, count: int) -> Iterator[str]:
    """Lines of the NBoard protocol; none ends the session."""
    return _lines(seed, count, _NBOARD_COMMANDS, _NBOARD_WORDS, _NBOARD_SENSE, "QUIT")


def _lines(
    seed: int, count: int, commands: str, words: str, sense: tuple[str, ...], ending: str
) -> Iterator[str]:
    """A tenth nonsense, half of it commands with odd arguments or a letter changed, then sense."""
    random = Random(seed)
    known, rest = commands.split(), words.split()
    for _ in range(count):
        kind = random.random()
        if kind < 0.1:
            line = "".join(chr(random.randrange(1, 400)) for _ in range(random.randrange(40)))
        elif kind < 0.5:
            line = " ".join([random.choice(known), *random.choices(rest, k=random.randrange(4))])
        else:
            line = random.choice(sense)
        if 0.4 < kind < 0.6:
            at = random.randrange(len(line))
            line = line[:at] + chr(random.randrange(32, 300)) + line[at + random.randrange(3) :]
        if line.strip().upper().split(" ")[0] != ending:
            yield line
