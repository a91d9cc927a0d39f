"""Records in the style of the programs and servers that people have them from, all of our making.

Each style shows what its program is known to write: the order of properties, spaces, encodings,
komi and results. The games are random but legal; what a reader must find is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.games import GoSpec, make
from engine.games.go_handicap import fixed_handicap
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text

LETTERS = "abcdefghijklmnopqrs"


@dataclass
class Expected:
    """What a reader must find in a file."""

    actions: tuple[int, ...]
    spec: GameSpec
    black: str = ""
    result: str = "?"
    komi: float = 0.0
    scoring: str = "area"
    handicap: tuple[int, ...] = ()
    game: int = 0
    """Number of the game in its file, from 0."""


@dataclass
class Style:
    """How one program writes its files, and what a test expects of them."""

    name: str
    make: Callable[[np.random.Generator], tuple[bytes, Expected]]
    words: tuple[str, ...] = field(default_factory=tuple)


def go_moves(
    spec: GoSpec, random: np.random.Generator, plies: int, handicap: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """A random game that fills no own eyes and passes only where nothing else is left."""
    position = spec.allocate(1)
    if handicap:
        spec.set_up(position, spec.board(handicap), WHITE, strict=False)
    actions = []
    for _ in range(plies):
        allowed = np.flatnonzero(spec.candidates(position)[0, :-1])
        if not len(allowed):
            break
        actions.append(int(random.choice(allowed)))
        spec.play(position, np.array([actions[-1]]))
    return tuple(actions)


def point(spec: GameSpec, action: int) -> str:
    """Two letters, none for a pass."""
    if action == spec.pass_action:
        return ""
    return LETTERS[action % spec.width] + LETTERS[action // spec.width]


def nodes(
    spec: GameSpec,
    actions: tuple[int, ...],
    first: int = BLACK,
    extra: Callable[[int], str] = lambda ply: "",
    line: int = 0,
) -> str:
    """The moves as nodes, so many a line, with more properties in each."""
    parts = []
    for ply, action in enumerate(actions):
        black = (ply % 2 == 0) == (first == BLACK)
        parts.append(f";{'B' if black else 'W'}[{point(spec, action)}]{extra(ply)}")
        if line and ply % line == line - 1:
            parts.append("\n")
    return "".join(parts)


def _spec(size: int = 19, **rules: object) -> GoSpec:
    return GoSpec(size, size, **{"ko": "simple", **rules})  # type: ignore[arg-type]


def fox(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Fox: hundredths of komi, Chinese names, a handicap as leading moves or as AB."""
    handicap = int(random.choice([0, 0, 2, 4]))
    spec = _spec()
    stones = tuple(fixed_handicap(spec, handicap) or ()) if handicap else ()
    actions = go_moves(spec, random, 30, stones)
    chinese = bool(random.integers(2))
    written, komi = [("375", 7.5), ("650", 6.5), ("750", 7.5)][int(random.integers(3))]
    if handicap:
        written, komi = [("0", 0.0), ("50", 0.5)][int(random.integers(2))]
    placed = ""
    if handicap:
        as_moves = bool(random.integers(2))
        written_points = [point(spec, stone) for stone in stones]
        placed = "".join(f";B[{p}]" for p in written_points) if as_moves else ""
        if not as_moves:
            placed = "AB" + "".join(f"[{p}]" for p in written_points)
    rules = "Chinese" if chinese else "Japanese"
    head = (
        f"(;GM[1]FF[4]\nSZ[19]\nGN[]\nDT[2024-03-0{random.integers(1, 9)}]\nPB[棋圣一号]\n"
        f"PW[weiqi77]\nBR[9段]\nWR[9段]\nKM[{written}]HA[{handicap}]RU[{rules}]"
        "RE[W+R]TM[1200]TC[3]TT[30]AP[foxwq]RL[0]\n"
    )
    text = f"{head}{placed}{nodes(spec, actions, WHITE if handicap else BLACK, line=10)})"
    return text.encode(), Expected(
        actions, spec, "棋圣一号", "W+R", komi, "area" if chinese else "territory", stones
    )


def tygem(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Tygem: Korean or Chinese in the local encoding, no CA, ranks such as 9D."""
    spec = _spec()
    actions = go_moves(spec, random, 24)
    korean = bool(random.integers(2))
    name = "이세돌최강" if korean else "天下第一"
    codec = "cp949" if korean else "gb18030"
    result = "흑 불계승" if korean else "黑中盘胜"
    text = (
        f"(;SZ[19]GM[1]FF[3]EV[tygem]PB[{name}]PW[abc]BR[9D]WR[9D]KM[6.5]RE[{result}]"
        f"DT[2019-05-01]{nodes(spec, actions)})"
    )
    return text.encode(codec), Expected(actions, spec, name, "B+R", 6.5)


def kgs(random: np.random.Generator) -> tuple[bytes, Expected]:
    """KGS: a property a line, clocks and comments in each node, marks at the end."""
    spec = _spec()
    actions = go_moves(spec, random, 26)
    text = (
        "(;GM[1]FF[4]CA[UTF-8]AP[CGoban:3]ST[2]\nRU[Japanese]SZ[19]KM[6.50]TM[1800]"
        "OT[5x30 byo-yomi]\nPW[left]PB[right]WR[3k?]BR[2k]DT[2011-07-01]PC[The KGS Go Server at "
        "http://www.gokgs.com/]C[right [2k\\]: hi\n]RE[B+Time]\n"
        + nodes(spec, actions, extra=lambda ply: f"{'WB'[ply % 2 == 0]}L[{1800 - ply}.5]\n")
        + ")"
    )
    return text.encode(), Expected(actions, spec, "right", "B+T", 6.5, "territory")


def ogs(random: np.random.Generator) -> tuple[bytes, Expected]:
    """OGS: nested parentheses around moves, RU by name, results in full."""
    spec = _spec()
    actions = go_moves(spec, random, 20)
    moves = nodes(spec, actions).replace(";", "\n(;")
    text = (
        "(;FF[4]\nCA[UTF-8]\nGM[1]\nDT[2023-02-03]\nPC[OGS: https://online-go.com/game/1]\n"
        "GN[Friendly Match]\nPB[first]\nPW[second]\nBR[6k]\nWR[5k]\nTM[600]OT[30/180 fischer]\n"
        f"RE[W+12.5]\nSZ[19]\nKM[7.5]\nRU[Chinese]\n{moves}{')' * len(actions)})"
    )
    return text.encode(), Expected(actions, spec, "first", "W+12.5", 7.5)


def igs(random: np.random.Generator) -> tuple[bytes, Expected]:
    """IGS and its clients: mail headers, HA without stones, lines of moves with clocks."""
    spec = _spec()
    stones = tuple(fixed_handicap(spec, 3) or ())
    actions = go_moves(spec, random, 22, stones)
    text = (
        "From: igs (server) Fri, 01:23 (JST)\nSubject: game\n\n(;\nGM[1]FF[3]\n"
        "RU[Japanese]SZ[19]HA[3]KM[0.5]\n"
        "PW[strong]\nPB[weak]\nGN[strong-weak(B) IGS]\nDT[2003-11-12]\n"
        "RE[W+Resign]\nCP[Copyright]\n"
        + nodes(
            spec, actions, WHITE, extra=lambda ply: f"{'BW'[ply % 2 == 0]}L[{900 - ply}]", line=8
        )
        + ")\n-- \nbye (;-)\n"
    )
    return text.encode(), Expected(actions, spec, "weak", "W+R", 0.5, "territory", stones)


def multigo(random: np.random.Generator) -> tuple[bytes, Expected]:
    """MultiGo: GB2312 with CRLF, results in words, variations with numbers."""
    spec = _spec()
    actions = go_moves(spec, random, 24)
    text = (
        "(;CA[gb2312]AB[]AP[MultiGo:4.4.4]SZ[19]MULTIGOGM[1]\r\nEV[第三届名人战]PB[马晓春]BR[九段]"
        "PW[常昊]WR[八段]KM[2.75]RE[黑胜3/4子]\r\n"
        + nodes(spec, actions, line=10).replace("\n", "\r\n")
        + "C[好棋\\]])"
    )
    return text.encode("gb2312"), Expected(actions, spec, "马晓春", "B+1.5", 5.5)


def japanese_editor(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Japanese editors: Shift_JIS with and without CA, second bytes that are brackets."""
    spec = _spec()
    actions = go_moves(spec, random, 24)
    declared = "CA[Shift_JIS]" if random.integers(2) else ""
    text = (
        f"(;GM[1]FF[4]{declared}SZ[19]PB[山口十三]PW[構ソ予]EV[第5期 本因坊戦]KM[6目半]"
        f"RE[白2目半勝ち]RU[日本ルール]C[ソ\uff0d表能]\n{nodes(spec, actions)})"
    )
    return text.encode("cp932"), Expected(actions, spec, "山口十三", "W+2.5", 6.5, "territory")


def taiwanese(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Taiwan: Big5, whose second bytes are backslashes and brackets."""
    spec = _spec()
    actions = go_moves(spec, random, 24)
    text = f"(;GM[1]FF[4]CA[Big5]SZ[19]PB[許功蓋]PW[周俊勳]KM[7,5]RE[B+3,5]{nodes(spec, actions)})"
    return text.encode("big5"), Expected(actions, spec, "許功蓋", "B+3.5", 7.5)


def sabaki(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Sabaki: empty properties, no result, indented variations."""
    spec = _spec(13)
    actions = go_moves(spec, random, 20)
    text = (
        "(;GM[1]FF[4]CA[UTF-8]AP[Sabaki:0.52.2]KM[6.5]SZ[13]DT[]AB[]RE[]\n"
        + nodes(spec, actions[:10])
        + f"\n(\n{nodes(spec, actions[10:])}\n)(;B[mm]C[other]))"
    )
    return text.encode(), Expected(actions, spec, "", "?", 6.5)


def katrain(random: np.random.Generator) -> tuple[bytes, Expected]:
    """KaTrain: long properties of its own, rules in small letters, marks."""
    spec = _spec()
    actions = go_moves(spec, random, 20)
    text = (
        "(;GM[1]FF[4]SZ[19]KM[6.5]RU[japanese]AP[KaTrain:https://github.com/sanderland/katrain]"
        "CA[UTF-8]KTV[1.0]PB[Human]PW[AI]RE[W+27.3]DT[2023-01-01 10 11 12]"
        + nodes(spec, actions, extra=lambda ply: f"KT[eJz{ply}=][abc+/==]C[Move {ply}\n]SQ[aa]")
        + ")"
    )
    return text.encode(), Expected(actions, spec, "Human", "W+27.3", 6.5, "territory")


def lizzie(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Lizzie: analysis in LZ, komi as a double, tt as a pass."""
    spec = _spec()
    actions = (*go_moves(spec, random, 20), spec.pass_action)
    moves = nodes(spec, actions[:-1], extra=lambda ply: f"LZ[0.7.4 5{ply}.2 1k\nD16 500]")
    text = f"(;KM[7.5]AP[Lizzie: 0.7.4]RU[chinese]SZ[19]CA[UTF-8]{moves};B[tt])"
    return text.encode(), Expected(actions, spec, "", "?", 7.5)


def q5go(random: np.random.Generator) -> tuple[bytes, Expected]:
    """q5Go: UTF-8 with a byte order mark, stones set up in the second node."""
    spec = _spec(9)
    stones = tuple(fixed_handicap(spec, 2) or ())
    actions = go_moves(spec, random, 14, stones)
    text = (
        "(;GM[1]FF[4]CA[UTF-8]AP[q5go:2.1]SZ[9]HA[2]KM[0.5]RU[]PB[Müller];"
        f"AB{''.join(f'[{point(spec, stone)}]' for stone in stones)}{nodes(spec, actions, WHITE)})"
    )
    return b"\xef\xbb\xbf" + text.encode(), Expected(
        actions, spec, "Müller", "?", 0.5, "area", stones
    )


def gogod(random: np.random.Generator) -> tuple[bytes, Expected]:
    """GoGoD: old format, results with words, several games in a file, one a line."""
    spec = _spec()
    games = [go_moves(spec, random, 16) for _ in range(3)]
    number = int(random.integers(3))
    texts = [
        f"(;SZ[19]FF[3]\nPW[Shusaku]\nWR[4d]\nPB[Gennan Inseki]\nBR[8d]\nDT[1846-09-11,{i}]\n"
        f"RE[B+2 (moves beyond not known)]\nKM[0]\nUS[GoGoD95]\n{nodes(spec, g)})"
        for i, g in enumerate(games)
    ]
    expected = Expected(games[number], spec, "Gennan Inseki", "B+2", 0.0, game=number)
    return "\n\n".join(texts).encode(), expected


def old_format(random: np.random.Generator) -> tuple[bytes, Expected]:
    """FF[1] to FF[3] with long names, lower case, no semicolons between moves."""
    spec = _spec(9)
    actions = go_moves(spec, random, 12)
    moves = nodes(spec, actions)
    kind = int(random.integers(3))
    if kind == 0:
        moves = moves.replace("B[", "Black[").replace("W[", "White[")
        text = f"(;GaMe[1]SiZe[9]KoMi[5.5]PlayerBlack[old]{moves})"
    elif kind == 1:
        text = f"(;gm[1]sz[9]km[5.5]pb[old]{moves.lower().replace(';b', ' ;b ')})"
    else:
        text = f"(GM[1]SZ[9]KM[5.5]PB[old]{moves.replace(';', ' ')})"
    return text.encode(), Expected(actions, spec, "old", "?", 5.5)


def utf16(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Notepad's Unicode: UTF-16 with a byte order mark, whatever CA says."""
    spec = _spec(9)
    actions = go_moves(spec, random, 12)
    text = f"(;GM[1]CA[GB2312]SZ[9]PB[古力]KM[7.5]{nodes(spec, actions)})"
    return text.encode("utf-16"), Expected(actions, spec, "古力", "?", 7.5)


def cgoban_old(random: np.random.Generator) -> tuple[bytes, Expected]:
    """CGoban 1: Latin-1 as it declares, play resumed after two passes, a parenthesis lost."""
    spec = _spec(9)
    moves = go_moves(spec, random, 16)
    actions = (*moves[:8], spec.pass_action, spec.pass_action, *moves[8:])
    text = f"(;GM[1]FF[3]CA[ISO-8859-1]SZ[9]PB[José]KM[5.5]RU[AGA]{nodes(spec, actions)}\n"
    return text.encode("latin-1"), Expected(actions, spec, "José", "?", 5.5)


def hexgui(random: np.random.Generator) -> tuple[bytes, Expected]:
    """HexGui: moves and set-up as on a printed board."""
    spec = make("hex", 9, swap=True)
    points = random.choice(spec.points, 12, replace=False).tolist()
    texts = [action_to_text(spec, p).lower() for p in points]
    moves = "".join(f";{'BW'[i % 2]}[{t}]" for i, t in enumerate(texts[2:]))
    text = f"(;AP[HexGui:0.9]FF[4]GM[11]SZ[9];AB[{texts[0]}]AW[{texts[1]}]PL[B]{moves})"
    return text.encode(), Expected(tuple(points[2:]), spec, handicap=(points[0],))


def little_golem(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Little Golem's Hex: no GM, the game in EV, a swap and a resignation in words."""
    spec = make("hex", 13, swap=True)
    half = [row * 13 + column for row in range(13) for column in range(row + 1)]
    points = random.choice(half, 9, replace=False).tolist()  # a swap mirrors the first stone
    actions = tuple(points)
    words = [point(spec, action) for action in points]
    if random.integers(2):
        actions, words = (points[0], spec.pass_action, *points[1:]), [words[0], "swap", *words[1:]]
    colour = "BW"[len(words) % 2]
    moves = "".join(f";{'BW'[i % 2]}[{word}]" for i, word in enumerate([*words, "resign"]))
    text = f"(;FF[4]EV[hex.ch.34.1.1]PB[alice]PW[bob]SZ[13]SO[http://www.littlegolem.com]{moves})"
    return text.encode(), Expected(actions, spec, "alice", "W+R" if colour == "B" else "B+R")


def board_game_arena(random: np.random.Generator) -> tuple[bytes, Expected]:
    """Board Game Arena: Go with its table, results in words, a pass as nothing."""
    spec = _spec(13)
    actions = (*go_moves(spec, random, 20), spec.pass_action, spec.pass_action)
    text = (
        "(;FF[4]GM[1]CA[UTF-8]AP[BGA]ST[2]RU[Japanese]SZ[13]KM[6.50]PW[Bob]PB[Ann É.]\r\n"
        f"GN[Go #{random.integers(10**9)}]PC[https://boardgamearena.com]RE[B+Resignation]\r\n"
        f"{nodes(spec, actions, line=8)})\r\n"
    )
    return text.encode(), Expected(actions, spec, "Ann É.", "B+R", 6.5, "territory")


def eidogo(random: np.random.Generator) -> tuple[bytes, Expected]:
    """EidoGo: a line for each property and node, variations from the first move, marks."""
    spec = _spec()
    actions = go_moves(spec, random, 18)
    other = go_moves(spec, random, 3)
    marks = "LB[aa:A][bb:1]TR[cc]\nC[see [1\\]: a\\:b]"
    line = nodes(spec, actions[1:], WHITE, extra=lambda ply: "\n" + (marks if ply == 3 else ""))
    text = (
        "(;GM[1]\nFF[4]\nCA[UTF-8]\nAP[EidoGo:1.2]\nSZ[19]\nKM[0.50]\nPB[Tim]\n"
        f";B[{point(spec, actions[0])}]\n({line})\n"
        f"({nodes(spec, other, WHITE)})\n(;W[tt]))\n"
    )
    return text.encode(), Expected(actions, spec, "Tim", "?", 0.5)


STYLES = [
    Style("Fox", fox),
    Style("Tygem", tygem),
    Style("KGS", kgs),
    Style("OGS", ogs),
    Style("IGS by mail", igs),
    Style("MultiGo", multigo),
    Style("Japanese editors", japanese_editor),
    Style("Taiwan, Big5", taiwanese),
    Style("Sabaki", sabaki),
    Style("KaTrain", katrain),
    Style("Lizzie", lizzie),
    Style("q5Go", q5go),
    Style("GoGoD", gogod),
    Style("FF[1] to FF[3]", old_format),
    Style("UTF-16", utf16),
    Style("CGoban 1", cgoban_old),
    Style("HexGui", hexgui),
    Style("Little Golem", little_golem),
    Style("Board Game Arena", board_game_arena),
    Style("EidoGo", eidogo),
]
