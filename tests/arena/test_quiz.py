"""Solved positions: the questions have the answers that brute force gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agents.protocol import Decision, Turn
from agents.random_agent import RandomAgent
from arena.quiz import as_json, ask, from_json, make_quiz, values_of
from engine.games import make
from engine.games.spec import GameSpec
from tests.support.minimax import solver

GAMES = [make("tic_tac_toe"), make("hex", 3, 3), make("connect_four", 4, 4)]


@pytest.mark.parametrize("spec", GAMES, ids=str)
def test_keeping_actions_are_those_of_brute_force(spec: GameSpec) -> None:
    value = solver(spec)
    quiz = make_quiz(spec, 30, 1)
    assert len(quiz) == 30
    for question in quiz:
        position = spec.allocate(1)
        for action in question.actions:
            spec.play(position, np.array([action]))
        best = value(position)
        keeping = set()
        for action in np.flatnonzero(spec.legal(position)[0]):
            after = position.copy()
            spec.play(after, np.array([action]))
            if -value(after) == best:
                keeping.add(int(action))
        assert question.keeping == keeping
        assert len(keeping) < spec.legal(position).sum(), "nothing to get wrong"


def test_who_knows_the_answers_gets_all_and_chance_does_not() -> None:
    spec = make("tic_tac_toe")
    quiz = make_quiz(spec, 60, 2)
    answers = {question.actions: min(question.keeping) for question in quiz}

    class Knowing(RandomAgent):
        def choose(self, turns: Sequence[Turn]) -> list[Decision]:
            return [Decision(answers[turn.actions]) for turn in turns]

    assert ask(spec, Knowing("k"), quiz, 1) == 60
    assert 5 < ask(spec, RandomAgent("r"), quiz, 1) < 50


def test_games_without_known_truth_have_no_quiz() -> None:
    for spec in (make("go", 9), make("othello"), make("connect_four", 9, 9), make("hex", 7)):
        assert values_of(spec) is None
        assert make_quiz(spec, 5, 1) == []


def test_questions_repeat_and_read_back() -> None:
    spec = make("hex", 3, 3)
    quiz = make_quiz(spec, 10, 3)
    assert make_quiz(spec, 10, 3) == quiz
    assert from_json(as_json(quiz)) == quiz
