"""The tree of moves in the window: seen, walked, changed, commented; files opened and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygame
import pytest

from arena.session.files import as_sgf
from arena.session.markup import comment_of
from arena.window import file_dialogs, text_dialogs
from arena.window.app import App
from tests.support.window_driver import click, picture, press, wait, words_of

FILE = (
    b"(;GM[1]FF[4]SZ[9]PB[Ann]PW[Bob];B[ee];W[ce]N[near]C[first line\nsecond]"
    b"(;B[cc];W[gg]LB[cc:A]TR[ee])(;B[gc];W[gg];B[ge]))"
)
CTRL, SHIFT = pygame.KMOD_LCTRL, pygame.KMOD_LSHIFT


@pytest.fixture
def tree(app: App, tmp_path: Path) -> App:
    path = tmp_path / "lesson.sgf"
    path.write_bytes(FILE)
    app.handle(pygame.event.Event(pygame.DROPFILE, file=str(path)))
    press(app, pygame.K_j)
    picture(app)
    return app


def typed(app: App, words: str) -> None:
    for letter in words:
        press(app, 0, letter)


def test_the_tree_is_walked_with_keys_and_clicks(
    tree: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        press(tree, pygame.K_RIGHT)
    press(tree, pygame.K_DOWN)
    assert (tree.game.node.ply, tree.game.node.parent.chosen) == (3, 1)  # type: ignore[union-attr]
    press(tree, pygame.K_UP, mod=SHIFT)
    said = words_of(tree, monkeypatch)
    assert "2. White C5 · near" in said
    assert {"first line", "second"} <= set(said)
    for rect, node in list(tree._places.moves):
        click(tree, rect.center)
        assert tree.game.node is node
        picture(tree)
    assert len(tree._places.moves) == 8


def test_the_wheel_over_the_tree_scrolls_it_and_leaves_the_board(tree: App) -> None:
    for number in range(60):
        tree.session.play(int(np.flatnonzero(tree.game.legal)[number % 5]))
    assert tree._places.tree is not None
    picture(tree)
    before, ply = [node for _, node in tree._places.moves], tree.game.node.ply
    inside = tree._places.tree.center
    for _ in range(9):
        tree.handle(
            pygame.event.Event(pygame.MOUSEMOTION, pos=inside, rel=(40, 0), buttons=(1, 0, 0))
        )
    picture(tree)
    after = [node for _, node in tree._places.moves]
    assert (tree.game.node.ply, before != after) == (ply, True)
    tree.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=5, pos=inside))
    assert tree.game.node.ply == ply


def test_marks_of_the_file_and_variations_are_painted_until_they_are_turned_off(tree: App) -> None:
    for plies in (2, 2):  # where it parts, and where there are labels
        tree.session.step(plies)
        shown = picture(tree)
        press(tree, pygame.K_q)
        area = tree.layout().grid.area
        part = np.s_[area.left : area.right, area.top : area.bottom]
        assert (shown[part] != picture(tree)[part]).any()
        press(tree, pygame.K_q)


def test_a_comment_is_edited_and_kept_in_the_file(tree: App) -> None:
    press(tree, pygame.K_RIGHT)
    press(tree, pygame.K_e, mod=CTRL)
    dialog = tree.dialog
    assert isinstance(dialog, text_dialogs.Comment)
    picture(tree)
    typed(tree, "a]b")
    press(tree, pygame.K_RETURN)
    typed(tree, "cd")
    press(tree, pygame.K_UP)
    press(tree, pygame.K_HOME)
    press(tree, pygame.K_DELETE)
    press(tree, pygame.K_END)
    press(tree, pygame.K_BACKSPACE)
    press(tree, pygame.K_TAB)
    typed(tree, "name")
    press(tree, pygame.K_RETURN)  # in the name, it keeps both
    assert tree.dialog is None
    assert comment_of(tree.game.node) == "]\ncd"
    expected = FILE.replace(b";B[ee];", b";B[ee]C[\\]\ncd]N[name];")
    assert as_sgf(tree.game).replace(b"CA[UTF-8]", b"").strip() == expected
    press(tree, pygame.K_e, mod=CTRL)
    typed(tree, "lost")
    press(tree, pygame.K_ESCAPE)
    assert comment_of(tree.game.node) == "]\ncd"


def test_long_words_and_lines_break_without_loss(app: App) -> None:
    picture(app)
    text = "word " * 40 + "x" * 300 + "\n\nend"
    rows = text_dialogs.rows_of(text, 15, 200)
    assert all(text[start : start + len(words)] == words for start, words in rows)
    assert "".join(words for _, words in rows) == text.replace("\n", "")


def test_a_variation_is_promoted_and_deleted_by_keys(tree: App) -> None:
    for _ in range(3):
        press(tree, pygame.K_RIGHT)
    press(tree, pygame.K_DOWN)
    press(tree, pygame.K_UP, mod=CTRL)
    assert tree.game.node is tree.game.node.parent.children[0]  # type: ignore[union-attr]
    press(tree, pygame.K_DELETE)
    assert [node.action for node in tree.game.node.children] == [20]
    press(tree, pygame.K_b)
    assert len(tree.game.node.parent.children) == 2  # type: ignore[union-attr]


def test_a_game_of_a_collection_is_chosen_by_typing(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = b"".join(b"(;GM[1]SZ[9]PB[P%d]PW[Q]RE[B+%d];B[ee])\n" % (k, k) for k in range(1, 40))
    (tmp_path / "many.sgf").write_bytes(many)
    press(app, pygame.K_o, mod=CTRL)
    assert isinstance(app.dialog, file_dialogs.OpenFile)
    typed(app, "man")
    picture(app)
    press(app, pygame.K_RETURN)
    assert isinstance(app.dialog, file_dialogs.ChooseGame)
    assert "17. P17 – Q" in words_of(app, monkeypatch) or app.dialog.at == 0
    typed(app, "27")
    press(app, pygame.K_RETURN)
    assert app.game.record_of is not None
    assert (app.game.record_of.black, app.dialog) == ("P27", None)
    press(app, pygame.K_g, mod=CTRL)
    assert isinstance(app.dialog, file_dialogs.ChooseGame)
    assert app.dialog.at == 26
    press(app, pygame.K_DOWN)
    picture(app)
    press(app, pygame.K_RETURN)
    assert app.game.record_of.black == "P28"
    press(app, pygame.K_s, "S", SHIFT)
    assert "many-28.sgf" in app.dialog.text  # type: ignore[union-attr]
    press(app, pygame.K_RETURN)
    assert (tmp_path / "many-28.sgf").read_bytes().count(b"PB[P28]") == 1
    assert (tmp_path / "many.sgf").read_bytes() == many


def test_a_path_is_typed_and_folders_are_walked_by_keys(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "some where"
    folder.mkdir()
    (folder / "x.sgf").write_bytes(FILE)
    press(app, pygame.K_f)
    typed(app, "some")
    press(app, pygame.K_RETURN)
    assert isinstance(app.dialog, file_dialogs.OpenFile)
    assert app.dialog.folder == folder.resolve()
    press(app, pygame.K_ESCAPE)
    press(app, pygame.K_f)
    typed(app, str(folder / "x.sgf"))
    press(app, pygame.K_RETURN)
    assert app.game.record_of is not None
    press(app, pygame.K_f)
    typed(app, str(folder / "missing.sgf"))
    press(app, pygame.K_RETURN)
    assert "Could not open missing.sgf" in app.session.message


def test_saving_over_a_file_asks_first(tree: App, tmp_path: Path) -> None:
    path = tmp_path / "lesson.sgf"
    tree.game.node.note("C", ["new"])
    for key, expected in ((pygame.K_ESCAPE, False), (pygame.K_RETURN, True)):
        press(tree, pygame.K_s, mod=CTRL | SHIFT)
        assert tree.dialog.text == str(path)  # type: ignore[union-attr]
        press(tree, pygame.K_RETURN)
        press(tree, key)
        assert (b"C[new]" in path.read_bytes()) == expected
        tree.dialogs.clear()


def test_a_large_file_is_read_beside_the_window(app: App, tmp_path: Path) -> None:
    branches = "".join(f"(;B[{a}{b}];W[aa])" for a in "bcdefghi" for b in "bcdefghi") * 40
    path = tmp_path / "large.sgf"
    path.write_text(f"(;GM[1]SZ[9]C[{'x' * 40_000}]{branches})")
    app.actions.files.open_path(path)
    assert app.session.message.startswith("Opening large.sgf")
    wait(app, lambda: app.game.record_of is not None, 60)
    assert len(app.game.node.children) == 64
