"""Ratings of many players."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.stats.draws import chances
from arena.stats.elo import ELO_PER_NAT, elo_difference, expected_score
from arena.stats.ratings import Score, rate
from tests.support.exact import clopper_pearson


def test_two_players_get_the_difference_of_their_score() -> None:
    ratings = rate(2, [Score(0, 1, 30, 50), Score(1, 0, 25, 50)])
    assert ratings.players[0].elo == 0.0
    assert ratings.players[1].elo == pytest.approx(elo_difference(0.45), abs=0.5)
    assert ratings.first_player.elo == pytest.approx(elo_difference(0.55), abs=1.0)
    lower, upper = (elo_difference(end) for end in clopper_pearson(45, 100))
    assert ratings.players[1].lower == pytest.approx(lower, abs=5)
    assert ratings.players[1].upper == pytest.approx(upper, abs=5)


def test_results_that_fit_exactly_give_the_ratings_they_came_from() -> None:
    truth = [0.0, 120.0, -80.0, 300.0]
    scores = [
        Score(a, b, 1000 * expected_score(truth[a] - truth[b] + 40.0), 1000)
        for a in range(4)
        for b in range(4)
        if a != b
    ]
    ratings = rate(4, scores)
    for player, elo in zip(ratings.players, truth, strict=True):
        assert player.elo == pytest.approx(elo, abs=0.5)
        assert player.lower <= elo <= player.upper
    assert ratings.first_player.elo == pytest.approx(40.0, abs=0.5)
    assert ratings.groups == ((0, 1, 2, 3),)


def test_the_anchor_shifts_all_and_has_no_interval() -> None:
    scores = [Score(0, 1, 6, 10), Score(1, 2, 7, 10), Score(2, 0, 4, 10)]
    at_first, at_last = rate(3, scores), rate(3, scores, anchor=2)
    shift = at_first.players[2].elo
    for one, other in zip(at_first.players, at_last.players, strict=True):
        assert one.elo - shift == pytest.approx(other.elo, abs=0.5)
    assert (at_last.players[2].lower, at_last.players[2].upper) == (0.0, 0.0)


def test_a_clean_sweep_is_bounded_on_one_side_and_spoils_no_other_rating() -> None:
    sweep = [Score(0, 2, 50, 50), Score(2, 0, 0, 50), Score(1, 2, 50, 50), Score(2, 1, 0, 50)]
    between = [Score(0, 1, 30, 50), Score(1, 0, 25, 50)]
    ratings = rate(3, [*between, *sweep])
    alone = rate(2, between)
    loser = ratings.players[2]
    assert loser.lower == -math.inf and not loser.bounded
    assert -2000 < loser.elo < loser.upper < -600
    assert ratings.players[1].lower == pytest.approx(alone.players[1].lower, abs=1)
    assert ratings.players[1].upper == pytest.approx(alone.players[1].upper, abs=1)


def test_a_sweep_is_bounded_as_the_likelihood_says() -> None:
    ratings = rate(2, [Score(0, 1, 0, 50), Score(1, 0, 50, 50)])
    bound = elo_difference(math.exp(-1.9207294 / 100))
    assert ratings.players[1].lower == pytest.approx(bound, abs=2)
    assert ratings.players[1].upper == math.inf


def test_groups_that_a_sweep_parts_are_open_towards_each_other_only() -> None:
    """Players 0 and 1 lost everything to 2 and 3: how far apart they are has no upper end."""
    inside = [Score(0, 1, 6, 10), Score(1, 0, 5, 10), Score(2, 3, 7, 10, 2), Score(3, 2, 4, 10)]
    between = [Score(1, 2, 0, 10), Score(2, 1, 10, 10), Score(0, 3, 0, 10), Score(3, 0, 10, 10)]
    ratings = rate(4, [*inside, *between])
    assert ratings.players[1].bounded and ratings.groups == ((0, 1, 2, 3),)
    for player in ratings.players[2:]:
        assert player.upper == math.inf and 200 < player.lower < player.elo
    above = rate(4, [*inside, *between], anchor=2)
    assert above.players[3].bounded and above.players[0].lower == -math.inf


def test_first_mover_always_wins_is_a_draw_between_the_players() -> None:
    ratings = rate(2, [Score(0, 1, 5, 5), Score(1, 0, 5, 5)])
    assert ratings.players[1].elo == pytest.approx(0.0, abs=1e-6)
    assert ratings.players[1].bounded
    assert ratings.first_player.elo > 100


def test_players_that_never_met_are_told_apart() -> None:
    ratings = rate(4, [Score(0, 1, 3, 5), Score(2, 3, 3, 5)])
    assert ratings.groups == ((0, 1), (2, 3))
    assert (ratings.players[2].lower, ratings.players[2].upper) == (-math.inf, math.inf)
    nobody = rate(2, [])
    assert nobody.groups == ((0,), (1,))
    assert nobody.players[1].elo == 0.0 and nobody.players[1].upper == math.inf


def simulated(
    random: np.random.Generator, truth: tuple[float, ...], games: int, drawishness: float
) -> list[Score]:
    """Everybody against everybody with both colours; moving first is worth 30."""
    scores = []
    for a, b in itertools.permutations(range(len(truth)), 2):
        odds = np.array([(truth[a] - truth[b] + 30.0) / ELO_PER_NAT])
        chance = chances(odds, drawishness)
        shares = np.exp([chance.log_win[0], chance.log_draw[0], chance.log_loss[0]])
        wins, draws, _ = random.multinomial(games, shares / shares.sum())
        scores.append(Score(a, b, wins + draws / 2, games, float(draws)))
    return scores


@pytest.mark.parametrize(
    ("drawishness", "trials", "slack"),
    [
        (2.0, 60, 0.05),
        pytest.param(0.0, 700, 0.02, marks=pytest.mark.slow),
        pytest.param(2.0, 1000, 0.02, marks=pytest.mark.slow),
    ],
)
def test_intervals_cover_the_truth_and_the_covariance_is_that_of_repeated_tournaments(
    drawishness: float, trials: int, slack: float
) -> None:
    random = np.random.default_rng(5)
    truth = (0.0, 90.0, -150.0)
    inside, between = 0, 0
    found, stated = [], []
    for _ in range(trials):
        ratings = rate(3, simulated(random, truth, 40, drawishness))
        inside += sum(
            player.lower <= elo <= player.upper
            for player, elo in zip(ratings.players[1:], truth[1:], strict=True)
        )
        found.append([player.elo for player in ratings.players[1:]])
        stated.append(ratings.covariance[1:, 1:])
        between += ratings.superiority(1, 2) > 0.975
    assert abs(inside / (2 * trials) - 0.95) <= slack
    assert between == trials
    seen, said = np.cov(np.array(found).T), np.mean(stated, axis=0)
    assert said == pytest.approx(seen, rel=10 * slack)


def test_draws_keep_the_expected_score_and_narrow_the_interval() -> None:
    for odds in (-3.0, -0.2, 0.0, 1.0, 40.0):
        for drawishness in (0.0, 0.7, 2.0, 50.0):
            chance = chances(np.array([odds]), drawishness)
            win, draw, loss = np.exp([chance.log_win, chance.log_draw, chance.log_loss])
            assert win + draw + loss == pytest.approx(1.0)
            assert win + draw / 2 == pytest.approx(1 / (1 + math.exp(-odds)))
            assert draw**2 == pytest.approx(drawishness**2 * win * loss, rel=1e-9)
            assert chance.score == pytest.approx(win + draw / 2)
    decided = rate(2, [Score(0, 1, 55, 100), Score(1, 0, 45, 100)])
    drawn = rate(2, [Score(0, 1, 55, 100, 80), Score(1, 0, 45, 100, 80)])
    assert drawn.players[1].elo == pytest.approx(decided.players[1].elo, abs=0.1)
    width = [r.players[1].upper - r.players[1].lower for r in (drawn, decided)]
    assert width[0] < 0.6 * width[1]
    assert drawn.drawishness == pytest.approx(80 / math.sqrt(15 * 5), rel=1e-3)


def test_a_tournament_of_draws_alone_is_finite() -> None:
    ratings = rate(2, [Score(0, 1, 10, 20, 20), Score(1, 0, 10, 20, 20)])
    assert ratings.players[1].elo == pytest.approx(0.0, abs=1e-6)
    assert ratings.players[1].bounded and ratings.players[1].upper < 40
    assert ratings.superiority(0, 1) == pytest.approx(0.5)


def test_superiority_uses_games_against_others() -> None:
    ratings = rate(3, [Score(0, 1, 70, 100), Score(1, 0, 30, 100), Score(1, 2, 70, 100)])
    assert ratings.superiority(0, 2) > 0.999
    assert ratings.superiority(2, 0) == pytest.approx(1 - ratings.superiority(0, 2))
    apart = rate(4, [Score(0, 1, 3, 5), Score(2, 3, 3, 5)])
    assert apart.superiority(0, 3) == pytest.approx(0.5, abs=0.05)


def test_agreement_with_choix() -> None:
    """Luce's spectral ranking, iterated, which reaches the same maximum by other means."""
    choix = pytest.importorskip("choix")
    random = np.random.default_rng(11)
    truth = np.array([0.0, 150.0, -100.0, 40.0, 260.0])
    pairs: list[tuple[int, int]] = []
    scores = []
    for a, b in itertools.combinations(range(5), 2):
        wins = int(random.binomial(60, expected_score(truth[a] - truth[b])))
        pairs += [(a, b)] * wins + [(b, a)] * (60 - wins)
        scores += [Score(a, b, wins / 2, 30), Score(b, a, 30 - wins / 2, 30)]
    expected = choix.ilsr_pairwise(5, pairs) * ELO_PER_NAT
    ours = [player.elo for player in rate(5, scores).players]
    assert ours == pytest.approx((expected - expected[0]).tolist(), abs=0.1)


def test_agreement_with_another_algorithm() -> None:
    """Hunter's minorisation-maximisation (2004), which shares nothing with Newton's method."""
    wins = np.array([[0, 7, 8], [3, 0, 6], [2, 4, 0]])
    strength = np.ones(3)
    for _ in range(5000):
        games = (wins + wins.T) / (strength[:, None] + strength[None, :])
        strength = wins.sum(axis=1) / games.sum(axis=1)
    expected = 400 * np.log10(strength / strength[0])
    scores = [
        Score(a, b, wins[a, b] / 2, (wins[a, b] + wins[b, a]) / 2)
        for a in range(3)
        for b in range(3)
        if a != b
    ]
    ours = [player.elo for player in rate(3, scores).players]
    assert ours == pytest.approx(expected.tolist(), abs=0.1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=3))
def test_no_results_give_nonsense(results: list[tuple[int, int]]) -> None:
    pairs = [(0, 1), (1, 2), (2, 0)]
    scores = [
        Score(a, b, min(points, games), games)
        for (a, b), (points, games) in zip(pairs, results, strict=True)
    ]
    ratings = rate(3, scores)
    for player in ratings.players:
        assert math.isfinite(player.elo)
        assert not math.isnan(player.lower) and not math.isnan(player.upper)
        assert player.lower <= player.elo + 1e-6 and player.elo - 1e-6 <= player.upper


def test_scores_that_cannot_be_are_refused() -> None:
    for score in (Score(0, 0, 1, 1), Score(0, 5, 1, 1), Score(0, 1, 2, 1)):
        with pytest.raises(ValueError, match="players"):
            rate(2, [score])
    with pytest.raises(ValueError, match="anchor"):
        rate(2, [], anchor=2)


def test_who_lost_everything_does_not_pull_the_others() -> None:
    """The ratings of the rest are those that they have without him."""
    rest = [Score(0, 1, 14.0, 40.0), Score(1, 0, 26.0, 40.0), Score(1, 2, 22.0, 40.0)]
    alone = rate(3, rest)
    beside = rate(4, [*rest, Score(3, 2, 0.0, 30.0), Score(2, 3, 30.0, 30.0)])
    for player in range(3):
        assert beside.players[player].elo == pytest.approx(alone.players[player].elo, abs=3.0)
    last = beside.players[3]
    assert last.lower == -math.inf and math.isfinite(last.upper)
    assert -2000 < last.elo <= last.upper
