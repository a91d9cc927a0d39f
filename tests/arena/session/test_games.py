"""What changes a whole game, what it was worth, and that all of it can be undone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arena.session import games
from arena.session.choices import NEW_GAME, OPTIONS
from arena.session.control import Control
from arena.session.counting import begin_count
from arena.session.files import as_sgf, open_text
from arena.session.insight import cost_of_last, losses, rows, shown_candidates
from arena.session.looks import LOOKS
from arena.session.model import GameModel, Settings
from arena.session.opponents import Opponent, Standing, after_game, keep_standing, standing
from arena.session.preferences import Preferences
from arena.session.teaching import LESSON_SIMULATIONS, Teacher
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import text_to_action
from engine.search import SearchResult
from tests.support.go_game import go5, load_playouts


def thought(
    model: GameModel, value: float = 0.0, simulations: int = 10, **arrays: dict[int, float]
) -> SearchResult:
    def array(name: str, dtype: type) -> np.ndarray:
        out = np.zeros(model.spec.actions, dtype)
        for action, number in arrays.get(name, {}).items():
            out[action] = number
        return out

    q, visits = array("q", np.float32), array("visits", np.int32)
    action = int(visits.argmax())
    own = arrays.get("ownership")
    ownership = None
    if own is not None:
        ownership = np.zeros(model.spec.points, np.float32)
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


def play(model: GameModel, words: str) -> None:
    model.set_people((BLACK, WHITE))
    for word in words.split():
        assert model.play(text_to_action(model.spec, word)), (word, model.message)


def test_a_deleted_variation_comes_back() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    play(model, "C3 D4 B2")
    assert games.delete_variation(model)
    assert len(model.actions) == 2
    assert not model.node.children
    assert games.restore(model)
    assert len(model.actions) == 3
    assert not games.restore(model)
    model.step(-10)
    assert not games.delete_variation(model)
    assert "start" in model.message


def test_several_games_come_back_one_by_one() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    for size in (5, 7, 9):
        games.new_game(model, Settings(GoSpec(size, size), (BLACK, WHITE)))
        play(model, "C3")
    games.new_game(model, Settings(GoSpec(13, 13), (BLACK, WHITE)))
    for size in (9, 7, 5):
        assert games.restore(model)
        assert model.spec.height == size
        assert len(model.actions) == 1


def test_a_position_is_set_up_and_taken_back() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    play(model, "C3 D4")
    changed = games.SetUp.of(model)
    changed.click(12)
    changed.click(0)
    changed.click(1, other=True)
    changed.turn()
    assert games.apply_set_up(model, changed)
    assert model.stones[12] == EMPTY
    assert (model.stones[0], model.stones[1]) == (BLACK, WHITE)
    assert model.to_move == WHITE
    assert model.has_setup
    again = GameModel(go5((BLACK, WHITE), 1), seed=1)
    assert open_text(again, as_sgf(model), "x")
    np.testing.assert_array_equal(again.stones, model.stones)
    assert games.restore(model)
    assert len(model.actions) == 2
    assert games.restore(model)
    assert model.stones[12] == EMPTY, "a board that was set up is not lost though nobody has played"


def test_an_impossible_position_is_refused_with_a_reason() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    changed = games.SetUp.of(model)
    changed.stones[:] = BLACK
    assert not games.apply_set_up(model, changed)
    assert "cannot be" in model.message
    assert model.actions == []


def test_handicap_stones_stand_and_white_begins() -> None:
    model = GameModel(Settings(), seed=1)
    settings = Settings(GoSpec(9, 9, komi=0.5), (BLACK, WHITE), handicap=4)
    games.new_game(model, settings)
    assert (model.stones == BLACK).sum() == 4
    assert model.to_move == WHITE


def test_dead_stones_are_marked_by_the_network_and_corrected_by_clicks() -> None:
    model = GameModel(Settings(GoSpec(5, 5, komi=0.5), (BLACK, WHITE)), seed=1)
    #   A B C D E      Black has the left, White the right; White's A5 is dead
    play(model, "C1 D1 C2 D2 C3 D3 C4 D4 C5 D5 pass A5 pass pass")
    assert model.played_out
    assert model.score == 5 - 11 - 0.5, "with A5 alive the left is nobody's"
    owner = dict.fromkeys(range(25), 1.0)
    for row in range(5):
        owner[row * 5 + 3] = owner[row * 5 + 4] = -1.0
    before = model.node.parent
    assert before is not None
    before = before.parent
    assert before is not None
    before.thought = thought(model, ownership=owner)
    control = Control(model, load_playouts)
    control.mark_dead()
    assert model.node.dead == frozenset({0})
    assert model.score == 15 - 10 - 0.5
    assert model.toggle_dead(0)
    assert model.node.dead == frozenset()
    assert not model.toggle_dead(1), "an empty point has nothing to mark"
    control.close()


def test_stones_that_live_for_certain_are_never_marked() -> None:
    spec = GoSpec(5, 5)
    position = spec.allocate(1)
    black = [5, 6, 7, 8, 9, 1, 3]  # the top row's A5, C5, E5 are eyes
    spec.set_up(position, spec.board(black), WHITE, strict=False)
    model = GameModel(Settings(spec), seed=1)
    against = thought(model, ownership=dict.fromkeys(range(25), 1.0))  # all White's, says White
    assert not begin_count(spec, position, against).dead.any()


def test_what_few_visits_say_is_not_shown() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    found = thought(model, visits={3: 300, 4: 100, 5: 2}, q={3: 0.2, 4: 0.0, 5: 0.9})
    assert shown_candidates(found) == [3, 4]
    assert losses(found) == {3: 0.0, 4: pytest.approx(0.1)}


def test_the_inspector_shows_the_searchs_own_terms() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    found = thought(model, visits={3: 300, 4: 100}, q={3: 0.2}, prior={3: 0.3, 7: 0.6})
    earlier = thought(model, visits={3: 50, 4: 50})
    table = {row.action: row for row in rows(found, earlier)}
    assert set(table) == {3, 4, 7}, "what the network liked is listed though nobody went there"
    assert table[3].trend == pytest.approx(0.25)
    c = 1.25 + np.log((400 + 500 + 1) / 500)
    assert table[7].exploration == pytest.approx(c * 0.6 * 20, rel=0.02)


def test_what_a_move_cost() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    model.node.look(thought(model, 0.4, 200))
    play(model, "A1")
    assert cost_of_last(model) is None
    model.node.look(thought(model, 0.2, 200))  # White's view: Black has 40 %
    assert cost_of_last(model) == pytest.approx(0.3)


def test_a_teacher_stops_at_a_costly_move_and_not_at_a_good_one() -> None:
    model = GameModel(go5((BLACK,), 1), seed=1)
    teacher = Teacher(0.1)
    model.play(12)
    assert teacher.wants_to_see(model) is model.node.parent
    model.node.parent.look(thought(model, 0.0, LESSON_SIMULATIONS))
    assert teacher.wants_to_see(model) is model.node
    model.node.look(thought(model, 0.5, LESSON_SIMULATIONS, visits={7: 20}))
    assert teacher.wants_to_see(model) is None
    assert model.paused
    assert "C3 costs 25%: C4" in model.message
    assert teacher.lesson is model.node
    model.go_on()
    assert teacher.wants_to_see(model) is None
    assert model.ai_to_move, "a move is judged once"
    model.undo()
    model.play(6)
    model.node.look(thought(model, 0.05, LESSON_SIMULATIONS))
    assert teacher.wants_to_see(model) is None
    assert not model.paused


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
    model = GameModel(go5((BLACK,), 1), seed=1)
    path = tmp_path / "standings.json"
    control = Control(model, load_playouts, standings=path)
    control.new_game(Settings(GoSpec(5, 5), (BLACK,), Opponent("adaptive", 1)))
    assert model.settings.opponent.level == 3
    model.resign()
    control.update()
    assert standing(model.spec, path).games == 1
    model.undo()
    model.resign()
    control.update()
    assert standing(model.spec, path).games == 1
    control.close()


def test_roles_are_explicit() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    assert not model.ai_to_move
    model.toggle_role(BLACK)
    assert model.ai_to_move
    assert "Black: Miai moves" in model.message
    model.toggle_role(BLACK)
    assert not model.ai_turn


@pytest.mark.parametrize("name", list(LOOKS))
def test_every_choice_of_a_new_game_makes_a_game(name: str) -> None:
    settings = Settings()
    while settings.spec.name != name:
        settings = NEW_GAME[0].change(settings, 1)
    for row in NEW_GAME[1:]:
        for step in (1, 1, -1):
            settings = row.change(settings, step)
            model = GameModel(settings, seed=1)
            games.new_game(model, settings)
            assert isinstance(row.words(settings), str)
            assert model.legal.any()


def test_every_option_changes_and_comes_back() -> None:
    for row in OPTIONS:
        changed = row.change(Preferences(), 1)
        assert changed != Preferences(), row.name
        assert row.words(changed)


def test_bringing_a_game_back_puts_the_present_one_aside() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    play(model, "C3")
    for size in (7, 9):
        games.new_game(model, Settings(GoSpec(size, size), (BLACK, WHITE)))
        play(model, "C3")
    for size in (7, 5, 9, 7, 5, 9):
        assert games.restore(model)
        assert (model.spec.height, len(model.actions)) == (size, 1)


def test_a_deleted_variation_comes_back_in_its_own_game() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    play(model, "C3")
    games.delete_variation(model)
    games.new_game(model, Settings(GoSpec(9, 9), (BLACK, WHITE)))
    play(model, "J9 A1")
    assert games.restore(model)
    assert model.spec.height == 5
    assert model.actions == [12]
    assert games.restore(model)
    assert model.spec.height == 9
    assert len(model.node.line()) == 3, "nothing of the other game hangs in this one"


def test_a_new_network_forgets_what_the_old_one_thought() -> None:
    model = GameModel(go5((BLACK, WHITE), 1), seed=1)
    control = Control(model, load_playouts)
    play(model, "C3 D4")
    deleted = model.node
    deleted.look(thought(model, 0.1, 5000))
    games.delete_variation(model)
    earlier = model.node.path()
    for node in earlier:
        node.look(thought(model, 0.1, 5000))
    games.new_game(model, go5((BLACK, WHITE), 1))
    model.node.look(thought(model, 0.1, 5000))
    control.use_network("other.safetensors")
    assert all(node.thought is None for node in [*earlier, deleted, model.node])
    model.node.look(thought(model, -0.5, 64))
    assert model.win_rate == 0.25
    assert model.node.earlier is None
    control.close()


@pytest.mark.parametrize("content", ["[]", "null", "3"])
def test_standings_in_a_damaged_file_begin_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "standings.json"
    path.write_text(content)
    keep_standing(GoSpec(9, 9), Standing(level=4.0), path)
    assert standing(GoSpec(9, 9), path).level == 4.0
