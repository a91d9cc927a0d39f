"""What a file says is still there when the window saves the game, and after a restart."""

from __future__ import annotations

from pathlib import Path

from arena.session.files import as_sgf, autosave, bring_back, open_text
from arena.session.game import Settings
from arena.session.session import Session

FILE = (
    "(;SZ[9]KM[6.5]RU[Japanese]AP[Club:2]PB[Anna]TM[600]XY[unknown]C[root]"
    ";B[cc]BL[595]C[good]LB[cc:A];W[gg](;B[gc]TR[gc];W[];B[];W[cg])(;W[ee]C[tried]))"
)


def test_comments_and_marks_are_saved_again(tmp_path: Path) -> None:
    session = Session(Settings(), seed=1)
    open_text(session, FILE.encode(), "x.sgf")
    assert as_sgf(session.game).decode().replace("CA[UTF-8]", "").strip() == FILE
    autosave(session.game, tmp_path / "game.json")
    back = Session(Settings(), seed=2)
    assert bring_back(back, tmp_path / "game.json")
    assert as_sgf(back.game) == as_sgf(session.game)


def test_play_after_two_passes_can_be_looked_at() -> None:
    session = Session(Settings(), seed=1)
    open_text(session, FILE.encode(), "x.sgf")
    session.step(6)
    assert len(session.game.actions) == 6
    assert int((session.game.stones != 0).sum()) == 4


def test_a_bad_game_does_not_refuse_the_others() -> None:
    session = Session(Settings(), seed=1)
    open_text(session, b"(;SZ[77];B[aa])(;SZ[9];B[cc])", "x.sgf")
    assert "game 2 of 2" in session.message
