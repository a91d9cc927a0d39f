"""SGF as it is found in the world, and round trips of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.games import GameSpec, make
from engine.games.go import GoSpec
from engine.games.hex import HexSpec
from engine.games.spec import BLACK, WHITE
from engine.notation import text_to_action
from engine.records import GameRecord, load_games, read_sgf, write_sgf
from engine.records.sgf import read_games
from tests.conformance import random_game


def one(text: str | bytes) -> GameRecord:
    data = text if isinstance(text, bytes) else text.encode()
    return read_sgf(data, "test.sgf")[0]


@pytest.mark.parametrize(
    "spec",
    [
        make("othello", 6),
        make("gomoku", 9, 11, length=4, exactly=True),
        make("connect_four"),
        make("hex", 5, swap=True),
        make("tic_tac_toe"),
        make("go", 25, rules="japanese"),
    ],
    ids=str,
)
def test_games_of_every_kind_come_back(spec: GameSpec) -> None:
    random = np.random.default_rng(1)
    for _ in range(5):
        actions = random_game(spec, random, min(spec.max_plies, 60))
        if spec.name == "hex":
            actions = [7, spec.pass_action, 12]
        record = GameRecord(spec=spec, actions=tuple(actions), black="a", white="b", result="B+R")
        again = one(write_sgf(record))
        assert again.actions == record.actions
        if spec.name == "go":
            assert again.spec.komi == spec.komi  # rules of Go are read as leniently as can be
        else:
            assert again.spec == spec


@pytest.mark.parametrize(
    "text",
    [
        "MIAI[{]SZ[3]",
        'MIAI[{"game": "chess"}]SZ[8]',
        "MIAI[3]SZ[3]",
        'MIAI[{"game": "hex"}]',
        'MIAI[{"game": "hex", "komi": 1}]SZ[5]',
        'MIAI[{"game": "othello"}]SZ[7]',
        'MIAI[{"game": "hex", "swap": "on"}]SZ[5]',
        'MIAI[{"game": "gomoku", "exactly": 2}]SZ[9]',
        'MIAI[{"game": "go", "suicide": "x"}]SZ[9]',
    ],
)
def test_games_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(RecordError, match="expected a game of this program"):
        one(f"(;{text};B[aa])")


@st.composite
def records(draw: st.DrawFn) -> GameRecord:
    height, width = draw(st.integers(2, 19)), draw(st.integers(2, 19))
    komi = draw(st.integers(-20, 20)) / 2
    spec = GoSpec(height, width, komi, ko="simple")
    position = spec.allocate(1)
    actions = []
    for choice in draw(st.lists(st.integers(0, 10**6), max_size=25)):
        legal = np.flatnonzero(spec.legal(position)[0])
        if not len(legal):
            break
        action = int(legal[choice % len(legal)])
        spec.play(position, np.array([action]))
        actions.append(action)
    names = st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), max_size=12
    )
    return GameRecord(
        spec=spec,
        actions=tuple(actions),
        black=draw(names),
        white=draw(names),
        result=draw(st.sampled_from(["B+3.5", "W+R", "B+T", "0", "?", "Void", "W+12"])),
        comment=draw(names),
    )


@settings(deadline=None, max_examples=60)
@given(record=records())
def test_what_is_written_is_read_back(record: GameRecord) -> None:
    again = one(write_sgf(record))
    assert again.spec == record.spec
    assert again.actions == record.actions
    assert (again.black, again.white) == (record.black, record.white)
    assert again.result == record.result
    assert again.comment == record.comment


def test_setup_and_first_to_move_come_back() -> None:
    spec = GoSpec(9, 9, 0.5, ko="simple")
    points = tuple(text_to_action(spec, p) for p in ("C3", "G7"))
    move = text_to_action(spec, "E5")
    record = GameRecord(spec, (move,), black_setup=points, first_to_move=WHITE)
    again = one(write_sgf(record))
    assert again.black_setup == points
    assert again.first_to_move == WHITE
    assert again.actions == (move,)


@pytest.mark.parametrize("first", [BLACK, WHITE])
@pytest.mark.parametrize("black", [(), (5,), (5, 7, 9)])
@pytest.mark.parametrize("white", [(), (6,)])
@pytest.mark.parametrize("game", ["go", "gomoku", "hex"])
def test_a_set_up_board_comes_back_before_any_move(
    game: str, black: tuple[int, ...], white: tuple[int, ...], first: int
) -> None:
    """Whoever is to move, and whatever the editor allowed that turns could not give."""
    record = GameRecord(make(game), (), black_setup=black, white_setup=white, first_to_move=first)
    again = one(write_sgf(record))
    assert (again.black_setup, again.white_setup) == (black, white)
    assert again.first_to_move == first


def test_in_a_problem_without_pl_black_begins_and_in_a_handicap_game_white() -> None:
    assert one("(;GM[1]SZ[9]AB[aa][bb]AW[cc])").first_to_move == BLACK
    assert one("(;GM[1]SZ[9]AB[aa][bb])").first_to_move == WHITE


@pytest.mark.parametrize("ko", ["simple", "positional", "situational"])
@pytest.mark.parametrize("scoring", ["area", "territory"])
@pytest.mark.parametrize(("suicide", "komi"), [(False, 6.5), (True, 250.0), (False, -200.0)])
def test_rules_of_go_that_we_wrote_come_back(
    ko: str, scoring: str, suicide: bool, komi: float
) -> None:
    spec = GoSpec(9, 9, komi, ko=ko, scoring=scoring, suicide=suicide)
    assert one(write_sgf(GameRecord(spec, (0, 1)))).spec == spec


def test_stones_may_be_set_up_in_any_node_before_the_first_move() -> None:
    record = one("(;SZ[9]HA[2];AB[cc][gg][ee]AW[aa];AE[ee]PL[B];W[ge])")
    spec = record.spec
    assert record.black_setup == tuple(text_to_action(spec, p) for p in ("C7", "G3"))
    assert record.white_setup == (0,)
    assert record.first_to_move == WHITE
    assert len(record.actions) == 1
    assert one("(;SZ[9];AB[cc];PL[W])").first_to_move == WHITE


def test_coordinates_run_from_the_top_left() -> None:
    record = one("(;SZ[9];B[aa];W[ia];B[ai];W[])")
    spec = record.spec
    assert [text_to_action(spec, p) for p in ("A9", "J9", "A1")] == list(record.actions[:3])
    assert record.actions[3] == spec.pass_action


def test_tt_is_a_pass_and_rectangles_are_width_first() -> None:
    assert one("(;SZ[19];B[tt])").actions == (361,)
    record = one("(;SZ[5:7];B[eg])")
    assert (record.spec.height, record.spec.width) == (7, 5)
    assert record.actions == (6 * 5 + 4,)


@pytest.mark.parametrize(
    ("written", "result", "winner", "score"),
    [
        ("B+3.5", "B+3.5", 1, 3.5),
        ("b+3.50", "B+3.5", 1, 3.5),
        ("W+Resign", "W+R", -1, None),
        ("W+R", "W+R", -1, None),
        ("B+Time", "B+T", 1, None),
        ("B+", "B+", 1, None),
        ("W+12.5 points", "W+12.5", -1, -12.5),
        ("0", "0", 0, 0.0),
        ("Draw", "0", 0, 0.0),
        ("Jigo", "0", 0, 0.0),
        ("Void", "Void", None, None),
        ("?", "?", None, None),
        ("", "?", None, None),
        ("White won", "W+", -1, None),
        ("Noir gagne de 3,5 points", "B+3.5", 1, 3.5),
        ("B", "B+", 1, None),
        ("W+0.0", "W+0", -1, None),
        ("W+3/4", "W+3/4", -1, None),
        ("B+nan", "B+nan", 1, None),
        ("B+1e5", "B+1e5", 1, None),
    ],
)
def test_results_as_the_world_writes_them(
    written: str, result: str, winner: int | None, score: float | None
) -> None:
    record = one(f"(;SZ[9]RE[{written}];B[ee])")
    assert (record.result, record.winner, record.score) == (result, winner, score)


@pytest.mark.parametrize(
    ("komi", "points"),
    [
        ("7", 7.0),
        ("6.5", 6.5),
        ("7,5", 7.5),
        ("-3", -3.0),
        ("750", 7.5),
        ("650", 6.5),
        ("375", 7.5),
        ("3.75", 7.5),
        ("2.75", 5.5),
        ("", 0.0),
        ("abc", 0.0),
        ("nan", 0.0),
        ("1e400", 0.0),
        ("99999", 0.0),
    ],
)
def test_komi_as_the_world_writes_it(komi: str, points: float) -> None:
    record = one(f"(;SZ[9]KM[{komi}];B[ee])")
    assert isinstance(record.spec, GoSpec)
    assert record.spec.komi == points


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_in_other_encodings(encoding: str) -> None:
    data = b"(;SZ[9]PB[" + "柯洁".encode(encoding) + b"];B[ee])"
    assert one(data).black == "柯洁"


def test_declared_encoding_comes_first() -> None:
    data = b"(;CA[shift_jis]SZ[9]PB[" + "井山裕太".encode("shift_jis") + b"];B[ee])"
    assert one(data).black == "井山裕太"


@pytest.mark.parametrize("declared", ["no-such", "undefined", "zlib", "a\0b"])
def test_an_encoding_that_is_none_is_passed_over(declared: str) -> None:
    assert one(f"(;CA[{declared}]SZ[9]PB[柯洁];B[ee])").black == "柯洁"


def test_the_main_line_is_read_and_variations_left() -> None:
    assert len(one("(;SZ[9];B[ee](;W[cc];B[gg])(;W[gc]))").actions) == 3


def test_a_collection_has_all_its_games() -> None:
    games = read_sgf(b"(;SZ[9];B[ee])(;SZ[13];B[gg])", "two.sgf")
    assert [game.spec.height for game in games] == [9, 13]
    assert [game.source for game in games] == ["two.sgf, game 1", "two.sgf, game 2"]


@pytest.mark.parametrize(
    ("moves", "kept", "why"),
    [
        (";B[ee];W[ee];B[cc]", 1, r"move 2 at E5 is illegal: bad\.sgf, line 1, column 15"),
        ("GM[4];B[ee];B[cc]", 1, r"move 2 is out of turn"),
        (";B[ee]\n;W[zz]", 1, r"move 2: expected a point of a 9x9 board.*line 2, column 2"),
        ("GM[11];B[aa];W[swap];B[];W[cc]", 2, r"move 3 at .* is illegal"),
        (";B[ee];AB[cc]W[gg]", 1, r"set up after move 1"),
    ],
)
def test_a_game_is_kept_up_to_its_first_bad_move(moves: str, kept: int, why: str) -> None:
    game = read_games(f"(;SZ[9]{moves})".encode(), "bad.sgf")[0]
    assert len(game.record.actions) == kept
    assert pytest.importorskip("re").search(why, game.cut)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"(;GM[3]SZ[8])",
        b"(;SZ[37];B[ee])",
        b"(;SZ[x])",
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_game_of_ours_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(RecordError, match=r"some\.sgf"):
        read_sgf(data, "some.sgf")


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200) | st.text("();[]BWSZ:ae9\\\n ", max_size=80).map(str.encode))
def test_any_bytes_give_games_or_a_record_error(data: bytes) -> None:
    try:
        games = read_sgf(data, "fuzz.sgf")
    except RecordError:
        return
    assert all(isinstance(game, GameRecord) for game in games)


def test_deep_nesting_does_not_overflow() -> None:
    depth = 20_000
    text = "(;SZ[9];B[ee]" + "(;C[x]" * depth + ")" * depth + ")"
    assert one(text).actions == (40,)


def test_load_games_explains_every_refusal(tmp_path: Path) -> None:
    import zipfile

    (tmp_path / "good.sgf").write_text("(;SZ[9]RE[B+R];B[ee];W[cc])")
    (tmp_path / "same.sgf").write_text("(;SZ[9]RE[B+R]PB[other];B[ee];W[cc])")
    (tmp_path / "big.sgf").write_text("(;SZ[13];B[gg];W[cc])")
    (tmp_path / "broken.sgf").write_text("(;SZ[9];B[")
    (tmp_path / "notes.txt").write_text("not a game")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("deep/er/zipped.sgf", "(;SZ[9]RE[W+2];B[dd];W[ff];B[dd])")
        archive.writestr("readme.md", "hello")
    (tmp_path / "fake.zip").write_text("no zip")
    loaded = load_games([tmp_path], size=(9, 9))
    assert sorted(len(record.actions) for record in loaded.records) == [2, 2]
    assert loaded.reasons == {
        "duplicate": 1,
        "another size": 1,
        "damaged": 1,
        "too short": 1,
        "cut short": 1,
        "no games": 1,
    }
    text = "\n".join(loaded.refusals)
    for name in ("same.sgf", "big.sgf", "broken.sgf", "fake.zip", "notes.txt", "zipped.sgf"):
        assert name in text
    with pytest.raises(RecordError, match="not there"):
        load_games([tmp_path / "nowhere"])


@pytest.mark.parametrize("method", ["ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"])
def test_damage_inside_a_zip_costs_only_that_game(tmp_path: Path, method: str) -> None:
    import zipfile

    path = tmp_path / "games.zip"
    with zipfile.ZipFile(path, "w", getattr(zipfile, method)) as archive:
        archive.writestr("bad.sgf", "(;SZ[9];B[ee])" * 50)
        archive.writestr("good.sgf", "(;SZ[9];B[cc])")
    data = bytearray(path.read_bytes())
    for at in range(40, 60):
        data[at] ^= 0x5A
    path.write_bytes(data)
    loaded = load_games([path])
    assert [len(record.actions) for record in loaded.records] == [1]
    assert loaded.reasons == {"damaged": 1}
    assert "bad.sgf" in loaded.refusals[0]


def test_a_zip_bomb_is_left_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    monkeypatch.setattr("engine.records.archives.LARGEST_IN_ALL", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.sgf", "(;SZ[9];B[ee])")
        archive.writestr("second.sgf", "(;SZ[9]C[" + "x" * 2000 + "];B[cc])")
        archive.writestr("third.sgf", "(;SZ[9];B[gg])")
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"too large": 1}


def test_what_cannot_be_read_in_a_folder_is_named_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.sgf").symlink_to(tmp_path / "nowhere.sgf")
    (tmp_path / "folder.sgf").mkdir()
    (tmp_path / "folder.sgf" / "good.sgf").write_text("(;SZ[9];B[ee])")
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"unreadable": 1}
    assert "gone.sgf" in loaded.refusals[0]


def test_the_expert_games_load_whole(shared_data: Path) -> None:
    loaded = load_games([shared_data / "go9_expert.zip"])
    assert len(loaded.records) == 356 - 15
    assert loaded.reasons == {"duplicate": 15}  # equal to others, turned or mirrored
    assert all(record.winner is not None for record in loaded.records)
    assert all(record.first_to_move == BLACK for record in loaded.records)


@pytest.mark.slow
def test_the_top_programs_games_load_with_every_refusal_explained(shared_data: Path) -> None:
    loaded = load_games([shared_data / "go19_top_programs.zip"])
    assert len(loaded.records) > 5700
    assert sum(loaded.reasons.values()) == len(loaded.refusals)
    assert loaded.reasons["damaged"] == 0
    komis = {record.spec.komi for record in loaded.records if isinstance(record.spec, GoSpec)}
    assert komis == {0.0, 5.5, 6.5, 7.5}
    assert any("\u4e00" <= letter <= "\u9fff" for r in loaded.records for letter in r.black)


def test_hex_that_only_its_event_names_is_not_read_as_go() -> None:
    found = read_games(b"(;FF[4]EV[hex.ld.1]SZ[13];B[a10];W[g7])", "x.sgf")[0]
    assert isinstance(found.record.spec, HexSpec) and len(found.record.actions) == 2
    assert any("EV" in note for note in found.notes)
