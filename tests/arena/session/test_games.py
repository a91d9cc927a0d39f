"""What changes a whole game, what it was worth, and that all of it can be undone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from arena.analysis.life import judge_life
from arena.session import games
from arena.session.choices import NEW_GAME, OPTIONS
from arena.session.control import Control
from arena.session.files import as_sgf, open_text
from arena.session.game import Settings
from arena.session.insight import cost_of, losses, rows, shown_candidates
from arena.session.opponents import Opponent, Standing, after_game, keep_standing, standing
from arena.session.preferences import Preferences
from arena.session.session import Session
from arena.session.teaching import LESSON_SIMULATIONS, Teacher
from engine.games import GAMES
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import text_to_action
from engine.search import SearchResult
from tests.support.go_game import go5, load_playouts


def thought(
    session: Session, value: float = 0.0, simulations: int = 10, **arrays: dict[int, float]
) -> SearchResult:
    def array(name: str, dtype: type) -> np.ndarray:
        out = np.zeros(session.game.spec.actions, dtype)
        for action, number in arrays.get(name, {}).items():
            out[action] = number
        return out

    q, visits = array("q", np.float32), array("visits", np.int32)
    action = int(visits.argmax())
    own = arrays.get("ownership")
    ownership = None
    if own is not None:
        ownership = np.zeros(session.game.spec.points, np.float32)
        for point, number in own.items():
            ownership[point] = number
    return SearchResult(
        action,
        visits,
        q,
        array("prior", np.float32),
        q,
        value,
        0.0,
        simulations,
        variation=(action,),
        ownership=ownership,
    )


def play(session: Session, words: str) -> None:
    session.set_people((BLACK, WHITE))
    for word in words.split():
        assert session.play(text_to_action(session.game.spec, word)), (word, session.message)


def test_a_deleted_variation_comes_back() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    play(session, "C3 D4 B2")
    assert games.delete_variation(session)
    assert len(session.game.actions) == 2
    assert not session.game.node.children
    assert games.restore(session)
    assert len(session.game.actions) == 3
    assert not games.restore(session)
    session.step(-10)
    assert not games.delete_variation(session)
    assert "start" in session.message


def test_several_games_come_back_one_by_one() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    for size in (5, 7, 9):
        games.new_game(session, Settings(GoSpec(size, size), (BLACK, WHITE)))
        play(session, "C3")
    games.new_game(session, Settings(GoSpec(13, 13), (BLACK, WHITE)))
    for size in (9, 7, 5):
        assert games.restore(session)
        assert session.game.spec.height == size
        assert len(session.game.actions) == 1


def test_a_position_is_set_up_and_taken_back() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    play(session, "C3 D4")
    changed = games.SetUp.of(session)
    changed.click(12)
    changed.click(0)
    changed.click(1, other=True)
    changed.turn()
    assert games.apply_set_up(session, changed)
    assert session.game.stones[12] == EMPTY
    assert (session.game.stones[0], session.game.stones[1]) == (BLACK, WHITE)
    assert session.game.to_move == WHITE
    assert session.game.has_setup
    again = Session(go5((BLACK, WHITE), 1), seed=1)
    assert open_text(again, as_sgf(session.game), "x")
    np.testing.assert_array_equal(again.game.stones, session.game.stones)
    assert games.restore(session)
    assert len(session.game.actions) == 2
    assert games.restore(session)
    assert session.game.stones[12] == EMPTY, (
        "a board that was set up is not lost though nobody has played"
    )


def test_an_impossible_position_is_refused_with_a_reason() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    changed = games.SetUp.of(session)
    changed.stones[:] = BLACK
    assert not games.apply_set_up(session, changed)
    assert "cannot be" in session.message
    assert session.game.actions == []


def test_handicap_stones_stand_and_white_begins() -> None:
    session = Session(Settings(), seed=1)
    settings = Settings(GoSpec(9, 9, komi=0.5), (BLACK, WHITE), handicap=4)
    games.new_game(session, settings)
    assert (session.game.stones == BLACK).sum() == 4
    assert session.game.to_move == WHITE


def test_dead_stones_are_marked_by_a_judge_and_corrected_by_clicks() -> None:
    session = Session(Settings(GoSpec(5, 5, komi=0.5), (BLACK, WHITE)), seed=1)
    #   A B C D E      Black has the left, White the right; White's A5 is dead
    play(session, "C1 D1 C2 D2 C3 D3 C4 D4 C5 D5 pass A5 pass pass")
    assert session.game.played_out
    assert session.game.score == 5 - 11 - 0.5, "with A5 alive the left is nobody's"
    control = Control(session, load_playouts)
    settle(control)
    assert session.game.node.dead == frozenset({0})
    assert session.game.score == 15 - 10 - 0.5
    assert session.toggle_dead(0)
    settle(control)
    assert session.game.node.dead == frozenset(), "what a person says is not judged again"
    assert not session.toggle_dead(1), "an empty point has nothing to mark"
    control.close()


def settle(control: Control) -> None:
    """Let the judge have its say."""
    end = time.monotonic() + 300
    while not control.settled_in or control._to_judge() is not None:
        assert time.monotonic() < end, control.failure
        control.update()
        time.sleep(0.01)


def test_stones_that_live_for_certain_are_never_dead() -> None:
    spec = GoSpec(5, 5)
    position = spec.allocate(1)
    black = [5, 6, 7, 8, 9, 1, 3]  # the top row's A5, C5, E5 are eyes
    spec.set_up(position, spec.board(black), WHITE, strict=False)
    against = np.full(25, -1.0, np.float32)  # all White's
    assert not judge_life(spec, position, against).dead.any()


def test_what_few_visits_say_is_not_shown() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    found = thought(session, visits={3: 300, 4: 100, 5: 2}, q={3: 0.2, 4: 0.0, 5: 0.9})
    assert shown_candidates(found) == [3, 4]
    assert losses(found) == {3: 0.0, 4: pytest.approx(0.1)}


def test_the_inspector_shows_the_searchs_own_terms() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    found = thought(session, visits={3: 300, 4: 100}, q={3: 0.2}, prior={3: 0.3, 7: 0.6})
    earlier = thought(session, visits={3: 50, 4: 50})
    table = {row.action: row for row in rows(found, earlier)}
    assert set(table) == {3, 4, 7}, "what the network liked is listed though nobody went there"
    assert table[3].trend == pytest.approx(0.25)
    c = 1.25 + np.log((400 + 500 + 1) / 500)
    assert table[7].exploration == pytest.approx(c * 0.6 * 20, rel=0.02)


def test_what_a_move_cost() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    session.game.node.look(thought(session, 0.4, 200))
    play(session, "A1")
    assert cost_of(session.game, session.game.node) is None
    session.game.node.look(thought(session, 0.2, 200))  # White's view: Black has 40 %
    assert cost_of(session.game, session.game.node) == pytest.approx(0.3)


def test_a_teacher_stops_at_a_costly_move_and_not_at_a_good_one() -> None:
    session = Session(go5((BLACK,), 1), seed=1)
    teacher = Teacher(0.1)
    session.play(12)
    assert teacher.wants_to_see(session) is session.game.node.parent
    session.game.node.parent.look(thought(session, 0.0, LESSON_SIMULATIONS))
    assert teacher.wants_to_see(session) is session.game.node
    session.game.node.look(thought(session, 0.5, LESSON_SIMULATIONS, visits={7: 20}))
    assert teacher.wants_to_see(session) is None
    assert session.game.paused
    assert "C3 costs 25%: C4" in session.message
    assert teacher.lesson is session.game.node
    session.go_on()
    assert teacher.wants_to_see(session) is None
    assert session.game.ai_to_move, "a move is judged once"
    session.undo()
    session.play(6)
    session.game.node.look(thought(session, 0.05, LESSON_SIMULATIONS))
    assert teacher.wants_to_see(session) is None
    assert not session.game.paused


def lesson(takes_back: bool = False) -> tuple[Session, Teacher]:
    """A game that the teacher stopped at C3, where D2 was better."""
    session, teacher = Session(go5((BLACK,), 1), seed=1), Teacher(0.1, takes_back)
    session.game.node.look(thought(session, 0.0, LESSON_SIMULATIONS, visits={18: 90}))
    session.play(12)
    session.game.node.look(thought(session, 0.5, LESSON_SIMULATIONS, visits={7: 20}))
    assert teacher.wants_to_see(session) is None
    return session, teacher


def test_what_was_better_is_hidden_until_it_is_asked_for() -> None:
    session, teacher = lesson()
    assert teacher.stops(session.game)
    assert teacher.hides(session.game)
    assert "D2" not in session.message
    teacher.show_better(session)
    assert not teacher.hides(session.game)
    assert "D2 looks best" in session.message


def test_the_words_of_a_lesson_stay_until_another_move_is_played() -> None:
    session, teacher = lesson()
    first = teacher.words(session.game)
    assert first == session.message
    session.message = ""
    assert teacher.words(session.game) == first
    session.undo()
    assert "C3 costs 25%. Try another point" in teacher.words(session.game)
    session.play(6)
    assert teacher.words(session.game) == ""


def test_a_costly_move_is_taken_back_if_that_is_wanted_and_stands_when_it_is_played_again() -> None:
    session, teacher = lesson(takes_back=True)
    assert session.game.actions == []
    assert not session.game.ai_turn
    assert "C3 costs 25%" in session.message
    session.play(12)
    assert teacher.wants_to_see(session) is None
    assert session.game.ai_to_move


def test_the_adaptive_opponent_follows_results(tmp_path: Path) -> None:
    now = Standing(level=3.0)
    for _ in range(4):
        now = after_game(now, 1.0)
    assert now.level == 7.0
    assert after_game(now, 0.0).level == 6.5
    assert after_game(now, 0.5).level == 7.0
    path = tmp_path / "deep" / "standings.json"
    keep_standing(GoSpec(9, 9), now, path)
    keep_standing(GoSpec(5, 5), Standing(), path)
    assert standing(GoSpec(9, 9), path) == now
    assert standing(GoSpec(7, 7), path) == Standing()
    path.write_text("[]")
    assert standing(GoSpec(9, 9), path) == Standing()


def test_a_game_against_the_adaptive_opponent_counts_once(tmp_path: Path) -> None:
    session = Session(go5((BLACK,), 1), seed=1)
    path = tmp_path / "standings.json"
    control = Control(session, load_playouts, standings=path)
    control.new_game(Settings(GoSpec(5, 5), (BLACK,), Opponent("adaptive", level=1)))
    assert session.game.settings.opponent.level == 3
    session.resign()
    control.update()
    assert standing(session.game.spec, path).games == 1
    session.undo()
    session.resign()
    control.update()
    assert standing(session.game.spec, path).games == 1
    control.close()


def test_roles_are_explicit() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    assert not session.game.ai_to_move
    session.toggle_role(BLACK)
    assert session.game.ai_to_move
    assert "Black: Miai moves" in session.message
    session.toggle_role(BLACK)
    assert not session.game.ai_turn


@pytest.mark.parametrize("name", list(GAMES))
def test_every_choice_of_a_new_game_makes_a_game(name: str) -> None:
    settings = Settings()
    while settings.spec.name != name:
        settings = NEW_GAME[0].change(settings, 1)
    for row in NEW_GAME[1:]:
        for step in (1, 1, -1):
            settings = row.change(settings, step)
            session = Session(settings, seed=1)
            games.new_game(session, settings)
            assert isinstance(row.words(settings), str)
            assert session.game.legal.any()


def test_every_option_changes_and_comes_back() -> None:
    for row in OPTIONS:
        changed = row.change(Preferences(), 1)
        assert changed != Preferences(), row.name
        assert row.words(changed)


def test_bringing_a_game_back_puts_the_present_one_aside() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    play(session, "C3")
    for size in (7, 9):
        games.new_game(session, Settings(GoSpec(size, size), (BLACK, WHITE)))
        play(session, "C3")
    for size in (7, 5, 9, 7, 5, 9):
        assert games.restore(session)
        assert (session.game.spec.height, len(session.game.actions)) == (size, 1)


def test_a_deleted_variation_comes_back_in_its_own_game() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    play(session, "C3")
    games.delete_variation(session)
    games.new_game(session, Settings(GoSpec(9, 9), (BLACK, WHITE)))
    play(session, "J9 A1")
    assert games.restore(session)
    assert session.game.spec.height == 5
    assert session.game.actions == [12]
    assert games.restore(session)
    assert session.game.spec.height == 9
    assert len(session.game.node.line()) == 3, "nothing of the other game hangs in this one"


def test_a_new_network_forgets_what_the_old_one_thought() -> None:
    session = Session(go5((BLACK, WHITE), 1), seed=1)
    control = Control(session, load_playouts)
    play(session, "C3 D4")
    deleted = session.game.node
    deleted.look(thought(session, 0.1, 5000))
    games.delete_variation(session)
    earlier = session.game.node.path()
    for node in earlier:
        node.look(thought(session, 0.1, 5000))
    games.new_game(session, go5((BLACK, WHITE), 1))
    session.game.node.look(thought(session, 0.1, 5000))
    control.use_network("other.safetensors")
    assert all(node.thought is None for node in [*earlier, deleted, session.game.node])
    session.game.node.look(thought(session, -0.5, 64))
    assert session.game.win_rate == 0.25
    assert session.game.node.earlier is None
    control.close()


@pytest.mark.parametrize("content", ["[]", "null", "3"])
def test_standings_in_a_damaged_file_begin_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "standings.json"
    path.write_text(content)
    keep_standing(GoSpec(9, 9), Standing(level=4.0), path)
    assert standing(GoSpec(9, 9), path).level == 4.0
