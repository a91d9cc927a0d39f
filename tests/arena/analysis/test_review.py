"""A looked-through game written as JSON, SGF and a page, and the command that does it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sgfmill import sgf_grammar

from agents.protocol import Limit
from arena.analysis import Analyst, GameReview, sweep
from arena.analysis.review_html import review_html
from arena.analysis.review_json import class_of, review_data
from arena.analysis.review_sgf import review_sgf
from engine.games import GoSpec, HexSpec
from engine.records import GameRecord, read_sgf, write_sgf
from miai.cli import main
from tests.support.scripted import ScriptedEvaluator, arbitrary

CONDITIONS = {"network": "scripted", "simulations": 40}
GO = GameRecord(
    GoSpec(5, 5, 0.5),
    (12, 13, 7, 8, 17, 18, 25, 11),
    black="A [sharp] </script><b>player",
    white="\\back",
    result="W+R",
    comment="a game",
)


@pytest.fixture(scope="module")
def review() -> GameReview:
    return sweep(GO, Analyst(ScriptedEvaluator(arbitrary)), Limit(40))


def test_data_is_json_and_says_what_the_review_says(review: GameReview) -> None:
    data = json.loads(json.dumps(review_data(review, CONDITIONS), allow_nan=False))
    assert [move["move"] for move in data["moves"]][:3] == ["C3", "D3", "C4"]
    assert len(data["positions"]) == 9 and data["conditions"] == CONDITIONS
    for told, move in zip(data["moves"], review.moves, strict=True):
        assert told["loss"] == pytest.approx(move.loss, abs=1e-4)
        assert told["class"] == class_of(move)
    assert data["summary"]["B"]["moves"] == 4
    counted = sum(data["summary"]["B"][name] for name in ("inaccuracy", "mistake", "blunder"))
    assert counted == sum(bool(class_of(move)) for move in review.moves if move.colour == 1)
    assert counted > 0  # else the tests below test nothing


def test_sgf_is_the_same_game_with_a_variation_for_each_costly_move(review: GameReview) -> None:
    data = review_sgf(review, CONDITIONS)
    record = read_sgf(data, "test")[0]
    assert record.actions == GO.actions and record.spec.width == 5
    assert (record.black, record.white, record.result) == (GO.black, GO.white, GO.result)
    assert record.comment.startswith("a game\nAnalysed: network scripted")
    tree = sgf_grammar.parse_sgf_game(data)
    costly = [move for move in review.moves if class_of(move)]
    variations, node = 0, tree
    while node.children:
        if len(node.children) == 2:
            assert len(node.children[1].sequence[0]["TE"]) == 1
            variations += 1
        node = node.children[0]
    assert variations == len(costly)
    values = re.findall(rb"SBKV\[([\d.]+)\]", data)
    assert len(values) == len(review.looks)
    assert float(values[3]) == pytest.approx(100 * review.looks[3].black_win_rate, abs=0.01)
    assert data.count(b"BM[2]") == sum(class_of(move) == "blunder" for move in review.moves)


def test_the_page_needs_nothing_else_and_runs_nothing_it_was_given(review: GameReview) -> None:
    page = review_html(review, CONDITIONS).decode()
    assert "<!--" not in page and "http" not in page and " src=" not in page
    assert page.count("</script>") == 2 and "<b>player" not in page
    assert page.count('<circle class="dot') == sum(bool(class_of(m)) for m in review.moves)
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    board = json.loads(data[1])["board"]
    assert len(board["plies"]) == 9 and board["plies"][1].count("X") == 1


def test_the_command_writes_three_files_and_prints_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "game.sgf"
    file.write_bytes(write_sgf(replace(GO, black="x")) + write_sgf(GameRecord(HexSpec(5, 5), (3,))))
    command = ["analyze", str(file), "--network", "rollouts", "--simulations", "20"]
    assert main(command) == 0
    assert "Black: 4 moves" in capsys.readouterr().out
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"game.sgf", *(f"game-analyzed.{end}" for end in ("html", "sgf", "json"))}
    first = (tmp_path / "game-analyzed.json").read_bytes()
    assert main([*command, "--json", "--number", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["game"] == "hex"
    assert main(command) == 0
    assert (tmp_path / "game-analyzed.json").read_bytes() == first


def test_a_folder_to_write_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "game.sgf").write_bytes(write_sgf(GO))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    command = ["analyze", "../game.sgf", "--network", "rollouts", "--simulations", "2"]
    assert main([*command, "--out", "."]) == 0
    written = {path.name for path in Path().iterdir()}
    assert written == {f"game-analyzed.{end}" for end in ("html", "sgf", "json")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.sgf"], "no such file"),
        (["{bad}"], "expected an SGF file"),
        (["{good}", "--simulations", "0"], "expected --simulations from 1"),
        (["{good}", "--number", "2"], "expected a game number from 1 to 1, got 2"),
        (["{empty}"], "expected a game with moves, got none"),
        (["{good}", "--network", "nowhere"], "no such file or folder"),
        (["{good}", "--seed", "-1"], "expected --seed from 0"),
        (["{good}", "--out", "{bad}/there"], "expected --out in a folder"),
    ],
)
def test_mistakes_of_the_user_are_said_in_words(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / f"{name}.sgf" for name in ("good", "bad", "empty")}
    files["good"].write_bytes(write_sgf(GO))
    files["bad"].write_text("no game")
    files["empty"].write_text("(;GM[1]SZ[5])")
    assert main(["analyze", *(word.format(**files) for word in arguments)]) == 2
    assert words in capsys.readouterr().err


def test_what_the_file_said_before_is_still_there() -> None:
    text = (
        "(;GM[1]FF[4]CA[Shift_JIS]SZ[5]KM[0.5]RU[Japanese]PB[\u5c71\u7530]TM[600]C[root]"
        ";B[cc]BL[595.2]C[good (move\\]) here]LB[cc:A]TE[1]V[0.5];W[aa]WL[590]"
        "(;B[bb];W[]TR[aa])(;B[dd]C[mine];W[dc]))"
    )
    record = read_sgf(text.encode("shift_jis"), "test")[0]
    look = sweep(record, Analyst(ScriptedEvaluator(arbitrary)), Limit(40))
    data = review_sgf(look, CONDITIONS)
    before, after = (sgf_grammar.parse_sgf_game(some) for some in (text.encode(), data))
    tree = [(before, after)]
    while tree:
        old, new = tree.pop()
        assert len(new.sequence) == len(old.sequence)
        for node, ours in zip(old.sequence, new.sequence, strict=True):
            for name, values in node.items():
                kept = [b"UTF-8"] if name == "CA" else values
                assert ours[name][: len(kept)] == kept or (
                    name == "C" and ours[name][0].startswith(values[0])
                )
        tree += zip(old.children, new.children, strict=False)
        assert len(new.children) >= len(old.children)
    assert data.count(b"SBKV[") == len(look.looks)
    assert data.count(b"V[0.5]") >= 1
