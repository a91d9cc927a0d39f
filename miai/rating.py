"""Rates a run's checkpoints beside the run: the arena plays, self-play says who meets whom.

It reads checkpoints and writes three files that training never reads, so what a run learns cannot
depend on it. :mod:`miai.rating_process` runs it as a process of its own.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from agents.parse import Spelling, make_agent, read_spelling
from agents.protocol import Agent
from agents.trust import recall
from arena.ladder import Encounter, LadderRatings, as_json, play_encounter, rate_players
from arena.quiz import Question, ask, from_json, make_quiz, values_of
from arena.quiz import as_json as as_json_quiz
from arena.stats.intervals import wilson
from arena.stats.ratings import Rating
from engine.errors import ConfigError, MiaiError, ProgramError
from engine.files import json_of, read_file, write_atomic
from engine.games.spec import GameSpec
from miai.config import build
from selfplay.run.benchmark import (
    GAMES_PER_MEETING,
    BenchmarkConfig,
    Meeting,
    Pair,
    next_meeting,
    pair,
)
from selfplay.run.folder import RunFolder
from selfplay.run.settings import Settings, game_of, read_settings, section, spec_of, task_names

_NETWORKS_OPEN = 8
_QUESTIONS = 100
_GAMES_PER_FIT = 10.0
"""Processor time of games between two fits, at least, in times of a fit."""
_UNKNOWN = Rating(0.0, float("-inf"), float("inf"))


class Elsewhere(Protocol):
    """Plays the meetings of agents that are no programs, in another process."""

    def play(
        self,
        spec: GameSpec,
        agents: tuple[Spelling, Spelling],
        games: int,
        seed: int,
        before: int,
    ) -> Encounter:
        """See :func:`arena.ladder.play_encounter`."""
        ...


class TaskRating:
    """The benchmark of one task of a run, one meeting or quiz at a time."""

    def __init__(self, path: Path, task: str = "", elsewhere: Elsewhere | None = None) -> None:
        """Read the run's settings and what was played, of one of several tasks.

        Meetings are played by ``elsewhere`` where it is given, and in this process otherwise.

        Raises:
            RunError: if the folder holds no run, or its settings cannot be read.
            ConfigError: if those of the benchmark make no sense.
        """
        settings = read_settings(path)
        self.folder = RunFolder(path, task)
        self.config = benchmark_config(settings, task)
        self.spec = spec_of(settings, task=task)
        self._seed = int(settings.get("seed", 1))
        self.played = read_meetings(self.folder)
        self.ratings = LadderRatings((), self.config.anchor, _UNKNOWN, 0)
        self._fit_s = self._unfitted_s = 0.0
        self._fit()
        self._elsewhere = elsewhere
        self._agents: dict[str, Agent] = {}
        self._exhausted: set[Pair] = set()
        self._unusable: set[str] = set()
        self._quiz: list[Question] | None = None if values_of(self.spec) else []

    def step(self) -> str | None:
        """Put a checkpoint to the test that says most, and store what came out.

        Returns:
            It in words; ``None`` if nothing is due.

        Raises:
            OSError: if the disk is full.
        """
        return self._next_quiz() or self._next_meeting()

    def _next_meeting(self) -> str | None:
        while (due := self._due()) is not None:
            started = time.process_time()
            try:
                encounter = self._play(due)
            except ConfigError:  # a small board has few openings
                self._exhausted.add(pair(*due))
                continue
            except ProgramError as error:
                # Checkpoints are no programs, so it is the rung's.
                self._leave_out(next(name for name in due if name in self.config.ladder), error)
                continue
            if encounter is None:
                continue
            meeting = Meeting(
                *due,
                encounter.games,
                encounter.points_as_black,
                encounter.points_as_white,
                round(time.process_time() - started, 3),
            )
            self._store(meeting)
            points = meeting.points_as_black + meeting.points_as_white
            return f"{meeting.first} scored {points:g} of {meeting.games} against {meeting.second}"
        return None

    def _next_quiz(self) -> str | None:
        """Ask the newest checkpoint that was not asked yet, in games with known truth."""
        asked = {entry.get("checkpoint") for entry in self.folder.read_lines(self.folder.answers)}
        waiting = [name for name in self._checkpoints() if name not in asked]
        if not waiting or not self._questions():
            return None
        name, count = waiting[-1], len(self._questions())
        agent = self._agent(name)
        if agent is None:
            return self._next_quiz()
        kept = ask(self.spec, agent, self._questions(), self._seed)
        low, high = wilson(kept, count)
        entry = {"checkpoint": name, "asked": count, "kept": kept, "low": low, "high": high}
        self.folder.append(self.folder.answers, entry)
        return f"{name} kept the value of {kept} of {count} solved positions"

    def _questions(self) -> list[Question]:
        """The run's solved positions, made once and kept in its folder."""
        if self._quiz is None:
            try:
                self._quiz = from_json(json_of(read_file(self.folder.quiz)))
            except (OSError, ValueError, KeyError, TypeError):
                self._quiz = make_quiz(self.spec, _QUESTIONS, self._seed)
                write_atomic(self.folder.quiz, json.dumps(as_json_quiz(self._quiz)).encode())
        return self._quiz

    def _due(self) -> Pair | None:
        """The players that meet next; if the ratings at hand name none, by the latest ratings."""
        due = self._choose()
        if due is None and self._unfitted_s > 0.0:
            self._fit()
            write_ratings(self.folder, self.ratings)
            due = self._choose()
        return due

    def _choose(self) -> Pair | None:
        elo = {player.name: player.rating.elo for player in self.ratings.players}
        ladder = tuple(rung for rung in self.config.ladder if rung not in self._unusable)
        return next_meeting(
            replace(self.config, ladder=ladder),
            self._checkpoints(),
            self.played,
            elo,
            frozenset(self._exhausted),
        )

    def _checkpoints(self) -> list[str]:
        names = [path.stem for path in self.folder.checkpoints()]
        return [name for name in names if name not in self._unusable]

    def _play(self, who: Pair) -> Encounter | None:
        """Play a meeting; ``None`` if one of the two cannot be made."""
        before = sum(
            meeting.games
            for meeting in self.played
            if pair(meeting.first, meeting.second) == pair(*who)
        )
        first, second = (self._agent(name) for name in who)
        if first is None or second is None:
            return None
        if self._elsewhere is not None:
            one, two = (self._spelling(name) for name in who)
            if not (one.is_program or two.is_program):
                return self._elsewhere.play(
                    self.spec, (one, two), GAMES_PER_MEETING, self._seed, before
                )
        return play_encounter(self.spec, first, second, GAMES_PER_MEETING, self._seed, before)

    def _spelling(self, name: str) -> Spelling:
        """A player of the ladder, or a checkpoint."""
        text = name
        if name not in self.config.ladder:
            # 8 bits: repeats exactly, and leaves a GPU to the training.
            text = f"int8:{self.folder.path / 'checkpoints' / name}.safetensors"
            text = f"{name}={text}@{self.config.simulations}"
        return recall(read_spelling(text, game=self.spec))

    def _agent(self, name: str) -> Agent | None:
        """The player of this name; ``None``, with a word on stderr, if it cannot be made."""
        agent = self._agents.pop(name, None)
        if agent is None:
            try:
                agent = make_agent(self._spelling(name), self.spec)
            except MiaiError as error:
                self._leave_out(name, error)
                return None
        self._agents[name] = agent  # at the end: the first was used longest ago
        networks = [known for known in self._agents if known not in self.config.ladder]
        for old in networks[:-_NETWORKS_OPEN]:
            self._agents.pop(old).close()
        return agent

    def _leave_out(self, name: str, error: MiaiError) -> None:
        print(f"{name} is left out: {error}", file=sys.stderr, flush=True)
        self._unusable.add(name)

    def _store(self, meeting: Meeting) -> None:
        self.folder.append(self.folder.benchmarks, vars(meeting))
        self.played.append(meeting)
        self._unfitted_s += meeting.cpu_s
        if self._unfitted_s >= _GAMES_PER_FIT * self._fit_s:
            self._fit()
            write_ratings(self.folder, self.ratings)

    def _fit(self) -> None:
        """Rate all players; with a hundred checkpoints it takes as long as some games do."""
        started = time.process_time()
        self.ratings = rate_players([_encounter(m) for m in self.played], self.config.anchor)
        self._fit_s, self._unfitted_s = time.process_time() - started, 0.0

    def close(self) -> None:
        """Rate what is not rated yet, and let go of all players."""
        if self._unfitted_s > 0.0:
            self._fit()
            write_ratings(self.folder, self.ratings)
        for agent in self._agents.values():
            agent.close()


class RunRating:
    """The benchmarks of all tasks of a run, which take turns."""

    def __init__(self, path: Path, elsewhere: Elsewhere | None = None) -> None:
        """Read the run's settings; arguments and errors as of :class:`TaskRating`."""
        names = task_names(read_settings(path))
        self._each = {name: TaskRating(path, name, elsewhere) for name in names}
        self.config = next(iter(self._each.values())).config

    def step(self) -> str | None:
        """Take a step of the task whose turn it is, or of the next one that has a step due."""
        for name, rating in list(self._each.items()):
            self._each[name] = self._each.pop(name)
            done = rating.step()
            if done is not None:
                return f"{name}: {done}" if name else done
        return None

    def close(self) -> None:
        """As :meth:`TaskRating.close`."""
        for rating in self._each.values():
            rating.close()


def benchmark_config(settings: Settings, task: str = "") -> BenchmarkConfig:
    """The settings of a run's benchmark; the usual ones for runs that were made before it.

    A task may have a ladder of its own, whose anchor is the run's.

    Raises:
        ConfigError: if they make no sense.
    """
    stored = section(settings, "benchmark")
    config = build(BenchmarkConfig, stored, source="the run's config.toml")
    ladder = game_of(settings, task).get("ladder")
    if task and isinstance(ladder, list) and ladder:
        config = replace(config, ladder=tuple(str(rung) for rung in ladder))
    config.check()
    return config


def read_meetings(folder: RunFolder) -> list[Meeting]:
    """All meetings that are stored; lines that say something else are left out."""
    found = [Meeting.read(entry) for entry in folder.read_lines(folder.benchmarks)]
    return [meeting for meeting in found if meeting is not None]


def rate_run(folder: RunFolder, config: BenchmarkConfig) -> LadderRatings:
    """Fit the ratings of a run's stored games anew."""
    return rate_players([_encounter(m) for m in read_meetings(folder)], config.anchor)


def write_ratings(folder: RunFolder, ratings: LadderRatings) -> None:
    """Write ``ratings.json``."""
    text = json.dumps(as_json(ratings), allow_nan=False, indent=1)
    write_atomic(folder.ratings, f"{text}\n".encode())


def _encounter(meeting: Meeting) -> Encounter:
    return Encounter(
        meeting.first,
        meeting.second,
        meeting.games,
        meeting.points_as_black,
        meeting.points_as_white,
    )
