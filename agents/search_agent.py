"""Any evaluator with a search in front: the network player, and classic Monte Carlo."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Decision, Limit, Turn
from engine.errors import ConfigError, SearchError
from engine.games.spec import GameSpec
from engine.search import Evaluator, Search, SearchConfig, SearchResult
from engine.search.rules import PLAY, ROLLOUTS

_NODE_CAPACITY_WITHOUT_BUDGET = 100_000
_MOST_NODES = 500_000
"""Per tree; 1 GiB of address space on 9x9. A search that fills its tree stops and says so."""
_MANY = 1 << 40
_MOST_TOP_UPS = 50
_TREES_KEPT = 4
_PROGRESS_INTERVAL_S = 0.1
PLAY_SEARCH = SearchConfig(**PLAY)
"""How a network plays to win."""


class _Table:
    """The trees of all games at one spec, one slot per game."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.slot_of: dict[int, int] = {}
        self.free = list(range(len(search.roots)))
        self.actions: dict[int, tuple[int, ...]] = {}

    def take_over(self, other: _Table) -> None:
        """Seat the games of a smaller table where they sat, with their trees."""
        self.search.take_over(other.search)
        self.slot_of, self.actions = other.slot_of, other.actions
        taken = set(self.slot_of.values())
        self.free = [slot for slot in self.free if slot not in taken]


class _Watch:
    """Is told now and then how a search goes, and says whether it may go on."""

    def __init__(
        self,
        on_progress: Callable[[SearchResult], bool],
        interval_s: float,
        keep_going: Callable[[], bool],
    ) -> None:
        self._on_progress, self._interval_s, self._keep_going = on_progress, interval_s, keep_going
        self._next_s = time.perf_counter() + interval_s

    def look(self, read: Callable[[], SearchResult]) -> bool:
        """After a batch; ``read`` gives the search so far."""
        if not self._keep_going():
            return False
        now = time.perf_counter()
        if now < self._next_s:
            return True
        self._next_s = now + self._interval_s
        return self._on_progress(read())


class SearchAgent:
    """Chooses by tree search; one batch of leaves serves all games it is asked about.

    The tree of a game is kept from turn to turn, and the budget counts the visits that the kept
    tree brought along. Of a rule's ``fresh_share``, at least that part of the budget is searched
    anew. With a limit in seconds games are searched one by one, each with all of them. Not safe to
    call from several threads at once.
    """

    def __init__(
        self,
        name: str,
        evaluator: Evaluator,
        limit: Limit,
        config: SearchConfig = PLAY_SEARCH,
        parallel_leaves: int | None = None,
    ) -> None:
        """``parallel_leaves`` of one tree are in flight together.

        By default they are a 32nd of the simulations, 1 to 8: more would blunt a short search.
        """
        self._name = name
        self._evaluator = evaluator
        self._limit = limit
        self._config = config
        if parallel_leaves is None:
            budget = limit.simulations or limit.evaluations or _MANY
            parallel_leaves = min(max(budget // 32, 1), 8)
        self._leaves = parallel_leaves
        self._tables: dict[GameSpec, _Table] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def evaluator(self) -> Evaluator:
        """What judges positions for it."""
        return self._evaluator

    @property
    def config(self) -> SearchConfig:
        """How it searches."""
        return self._config

    def details(self) -> dict[str, str]:
        """What a tournament has to state of it: the hash of its settings."""
        return {"search": self.settings_hash}

    @property
    def settings_hash(self) -> str:
        """Tells searches apart: 12 hex digits of everything but evaluator and budget."""
        settings = json.dumps([asdict(self._config), self._leaves], sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:12]

    def configure(self, config: SearchConfig, limit: Limit) -> None:
        """Search otherwise from now on; all trees are forgotten."""
        self._config, self._limit = config, limit
        self._tables.clear()

    @property
    def limit(self) -> Limit:
        """The search budget of each call of :meth:`choose`."""
        return self._limit

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        decisions: dict[int, Decision] = {}
        for batch in self._batches(turns):
            found = self._search(batch, _within(self._limit, batch[0]), None)
            decisions |= {turn.game: chosen for turn, chosen in zip(batch, found, strict=True)}
        return [decisions[turn.game] for turn in turns]

    def _batches(self, turns: Sequence[Turn]) -> Iterator[list[Turn]]:
        """Turns that are searched together: of one game, and alone where seconds count."""
        for spec in dict.fromkeys(turn.spec for turn in turns):
            mine = [turn for turn in turns if turn.spec == spec]
            # Room for all beforehand: a table that grows would cost a search its seconds.
            self._table(mine, self._limit)
            if self._limit.time_limit_s is None:
                together = [turn for turn in mine if turn.time_left is None]
                yield from [together] if together else []
                mine = [turn for turn in mine if turn.time_left is not None]
            yield from ([turn] for turn in mine)

    def think(
        self,
        turn: Turn,
        limit: Limit,
        on_progress: Callable[[SearchResult], bool],
        *,
        interval_s: float = _PROGRESS_INTERVAL_S,
        keep_going: Callable[[], bool] | None = None,
        prohibited: NDArray[np.int16] | None = None,
    ) -> Decision:
        """Decide one turn, calling ``on_progress`` about ten times a second.

        The decision carries the network's ownership of the root.

        Args:
            turn: the game.
            limit: of this search.
            on_progress: is told the search so far, and ends it by returning False.
            interval_s: between two such calls.
            keep_going: asked after every batch of leaves; False ends the search at once.
            prohibited: what is not to be played, as :meth:`Search.prohibit` takes it; the game's
                tree is forgotten before and after.

        Raises:
            SearchError: if nothing is left to play.
        """
        watch = _Watch(on_progress, interval_s, keep_going or (lambda: True))
        if prohibited is None:
            return self._search([turn], limit, watch)[0]
        self.end_game(turn.game)
        try:
            return self._search([turn], limit, watch, prohibited)[0]
        finally:
            self.end_game(turn.game)

    def _search(
        self,
        turns: Sequence[Turn],
        limit: Limit,
        watch: _Watch | None,
        prohibited: NDArray[np.int16] | None = None,
    ) -> list[Decision]:
        started = time.perf_counter()
        rule = self._config.rule
        if limit.simulations is None and rule.needs_budget:
            raise ConfigError(
                f"expected a number of simulations for search by {rule.name}, which divides them "
                f"beforehand, got {limit!r}; name one, or search by {PLAY_SEARCH.algorithm}"
            )
        table = self._table(turns, limit)
        slots = self._seat(table, turns)
        search = table.search
        if prohibited is not None:
            search.prohibit(int(slots[0]), prohibited)
        root = None
        if watch is not None:
            root = search.evaluate_roots(slots)
        known = np.where(
            search.tree.slots["nodes"][slots] > 0, search.tree.nodes["visits"][slots, 0], 1
        )
        budget = limit.simulations or _MANY
        least = max(int(budget * rule.fresh_share), 1)
        reasons: Mapping[int, str] = {}
        run = partial(
            search.run,
            leaves=self._leaves,
            deadline_s=None if limit.time_limit_s is None else started + limit.time_limit_s,
            patience=limit.patience,
            on_round=None
            if watch is None
            else partial(watch.look, lambda: search.results(slots, root)[0]),
        )
        try:
            if limit.evaluations is None:
                run(slots, np.maximum(budget - (known.astype(np.int64) - 1), least))
            else:
                _run_evaluations(search, slots, limit.evaluations, run)
        except SearchError as error:
            if not error.reasons:
                raise
            reasons = error.reasons
        finally:
            if prohibited is not None:
                search.prohibit(int(slots[0]), None)
        seconds = (time.perf_counter() - started) / len(turns)
        return [
            Decision(result.action, thought=result, seconds=seconds)
            if slot not in reasons
            else Decision(-1, forfeit=reasons[slot], termination="crash", seconds=seconds)
            for slot, result in zip(slots.tolist(), search.results(slots, root), strict=True)
        ]

    def _table(self, turns: Sequence[Turn], limit: Limit) -> _Table:
        """Return the spec's table with room for all turns, a larger one if need be."""
        spec = turns[0].spec
        nodes = _NODE_CAPACITY_WITHOUT_BUDGET
        wanted = limit.simulations or limit.evaluations
        if limit.evaluations is not None:
            wanted = _TREES_KEPT * limit.evaluations  # beside the part kept from earlier moves
        if wanted is not None:
            nodes = min(wanted + 2 * self._leaves + 2, _MOST_NODES)
        table = self._tables.get(spec)
        if table is None:
            table = self._tables[spec] = self._new_table(spec, len(turns), nodes)
        capacity = table.search.tree.nodes.shape[1]
        missing = sum(turn.game not in table.slot_of for turn in turns) - len(table.free)
        if missing > 0 or capacity < nodes:
            slots = len(table.search.roots) + max(missing, 0)
            larger = self._new_table(spec, slots, max(capacity, nodes))
            larger.take_over(table)
            table = self._tables[spec] = larger
        return table

    def _new_table(self, spec: GameSpec, slots: int, nodes: int) -> _Table:
        # Rows for all leaves of all slots: a game's search must not depend on how many play.
        rows = slots * self._leaves
        return _Table(Search(spec, self._evaluator, slots, self._config, nodes, max_rows=rows))

    def _seat(self, table: _Table, turns: Sequence[Turn]) -> NDArray[np.int32]:
        """Bring the games' slots to the turns' positions, keeping trees where that is possible."""
        search = table.search
        slots = np.zeros(len(turns), np.int32)
        behind: list[tuple[int, ...]] = []
        fresh = np.zeros(len(turns), np.bool_)
        for i, turn in enumerate(turns):
            slot = table.slot_of.get(turn.game)
            if slot is None:
                slot = table.slot_of[turn.game] = table.free.pop()
                table.actions.pop(turn.game, None)
            known = table.actions.get(turn.game)
            table.actions[turn.game] = turn.actions
            fresh[i] = known is None or turn.actions[: len(known)] != known
            behind.append(() if known is None or fresh[i] else turn.actions[len(known) :])
            slots[i] = slot
        for ply in range(max(map(len, behind))):
            late = [i for i, actions in enumerate(behind) if len(actions) > ply]
            search.advance(slots[late], np.array([behind[i][ply] for i in late], np.int64))
        positions = np.concatenate([turn.position for turn in turns])
        fresh |= search.roots[slots] != positions
        if fresh.any():
            seeds = np.array([turn.seed for turn in turns], np.uint64)
            games = np.array([turn.game for turn in turns], np.uint64)
            search.begin(slots[fresh], positions[fresh], seeds[fresh], games[fresh])
        return slots

    def end_game(self, game: int) -> None:
        for table in self._tables.values():
            slot = table.slot_of.pop(game, None)
            table.actions.pop(game, None)
            if slot is not None:
                table.free.append(slot)

    def close(self) -> None:
        self._tables.clear()


def _within(limit: Limit, turn: Turn) -> Limit:
    """The limit, and the share of the clock, if there is one, that this move may have."""
    if turn.time_left is None:
        return limit
    left = (turn.spec.points - len(turn.actions)) // 2
    seconds = turn.time_left.for_one_move(left)
    if limit.time_limit_s is not None:
        seconds = min(seconds, limit.time_limit_s)
    return replace(limit, time_limit_s=seconds)


def _run_evaluations(
    search: Search, slots: NDArray[np.int32], evaluations: int, run: Callable[..., None]
) -> None:
    """Search until each slot has ``evaluations`` more nodes, or no more of them can be had.

    A simulation makes one node at most, so running as many as are missing never makes too many.
    """
    goal = search.tree.slots["nodes"][slots] + evaluations
    for _ in range(_MOST_TOP_UPS):
        missing = goal - search.tree.slots["nodes"][slots]
        wanting = missing > 0
        if not wanting.any():
            return
        run(slots[wanting], missing[wanting].astype(np.int64))
        if (goal - search.tree.slots["nodes"][slots] == missing).all():
            return


def rollout_agent(name: str, simulations: int, evaluator: Evaluator) -> SearchAgent:
    """Classic UCT-like Monte Carlo tree search: ``evaluator`` plays the random games."""
    return SearchAgent(name, evaluator, Limit(simulations=simulations), SearchConfig(**ROLLOUTS))
