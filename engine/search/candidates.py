"""The actions that a search tries: the game's sensible actions without prohibited ones."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import SearchError
from engine.games.spec import GameSpec, Positions
from engine.search import tree
from engine.search.endgame import Endgame
from engine.search.leaves import Known
from engine.search.rule import RuleSettings

ROOT_EFFORT: Final = 100
"""How many times more threats are tried at a root than below it."""


class Selection(NamedTuple):
    """What a search tries in some positions, and what it need not try."""

    actions: NDArray[np.bool_]
    """``(rows, actions)``; none where the result is known."""
    known: Known
    """Results that threats or a solver prove; never that of a root."""


class Candidates:
    """Selects actions by the settings of a search and the prohibitions of its slots.

    Where a game proves wins by threats, they are read before a position is evaluated. Below the
    root a win ends the line, as the end of a game does. At a root its first action alone is tried.
    If the opponent threatens to win with the next ply, only answers to that are tried. The actions
    left out are lost, so proofs may ignore them.

    Where a solver knows the end of the game, a root that is near enough to it is solved. Then only
    its best action is tried, and the position after it has a known result.
    """

    def __init__(self, spec: GameSpec, config: RuleSettings) -> None:
        self._spec = spec
        self._config = config
        self._prohibited: dict[int, NDArray[np.int16]] = {}
        leaves_nothing_out = type(spec).candidates is GameSpec.candidates
        all_actions = leaves_nothing_out or not config.prune_candidates
        self._complete = tree.COMPLETE if all_actions else tree.NOT_ASKED
        if not config.exact_endings:
            self._complete = tree.NO_PROOFS
        self._threats = config.threats if spec.has_forced and config.exact_endings else 0
        self._endgame = Endgame(spec) if config.endgame and config.exact_endings else None

    def prohibit(self, slot: int, root: Positions, until: NDArray[np.int16]) -> None:
        """Leave actions out of a slot's search; see :meth:`Search.prohibit`.

        Args:
            slot: a slot with an empty tree.
            root: root position of the slot, ``(1,)``.
            until: ``(2, actions)``.

        Raises:
            SearchError: if nothing would be left to play at the root.
        """
        legal = self._spec.legal(root)[0]
        if not (legal & (until[int(self._spec.to_move(root)[0]) - 1] <= 0)).any():
            raise SearchError(
                f"expected a legal action to be left to search, got none: slot {slot}"
            )
        self._prohibited[slot] = until

    def allow(self, slots: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Lift the prohibitions of slots; return which of them had any, bool ``(n,)``.

        What was solved for their roots is forgotten.
        """
        if self._endgame is not None:
            self._endgame.forget(slots)
        if not self._prohibited:
            return np.zeros(len(slots), np.bool_)
        lifted = [self._prohibited.pop(slot, None) is not None for slot in slots.tolist()]
        return np.array(lifted, np.bool_)

    @property
    def completeness(self) -> int:
        """Return the completeness of a new node: unknown if actions may have been left out."""
        if self._prohibited and self._complete == tree.COMPLETE:
            return tree.NOT_ASKED
        return self._complete

    def of(
        self, positions: Positions, row_slot: NDArray[np.int32], depths: NDArray[np.int32]
    ) -> Selection:
        """Return the actions to search.

        Args:
            positions: ``(rows,)``, each from the tree of its row's slot.
            row_slot: int32 ``(rows,)``.
            depths: int32 ``(rows,)``, of the positions in their trees; the root's is 0.
        """
        selection = Selection(self._sensible(positions), Known.nothing(len(positions)))
        if self._threats:
            self._force(selection, positions, row_slot, depths)
        if self._endgame is not None:
            free = ~np.isin(row_slot, list(self._prohibited))
            self._endgame.solve(
                selection.actions, selection.known, positions, row_slot, depths, free
            )
        if self._prohibited:
            self._leave_out(selection.actions, positions, row_slot, depths)
        return selection

    def needed(self, positions: Positions) -> NDArray[np.bool_]:
        """Return the actions that a proof of a loss must cover, ``(rows, actions)``."""
        legal = self._spec.legal(positions)
        if self._threats:
            legal &= self._spec.forced(positions, self._threats).answers
        return legal

    def decided(self, roots: Positions) -> NDArray[np.bool_]:
        """Return where a root ``(rows,)`` has a forced win, or one that a solver would find."""
        decided = np.zeros(len(roots), np.bool_)
        if self._threats:
            decided |= self._spec.forced(roots, self._threats * ROOT_EFFORT).plies > 0
        if self._endgame is not None:
            decided |= self._endgame.within_reach(roots)
        return decided

    def _force(
        self,
        selection: Selection,
        positions: Positions,
        row_slot: NDArray[np.int32],
        depths: NDArray[np.int32],
    ) -> None:
        """Leave out what threats decide; a slot with prohibitions is searched without them."""
        forced = self._spec.forced(positions, self._threats)
        selection.actions[:] &= forced.answers
        won = (forced.plies > 0) & (depths > 0) & ~np.isin(row_slot, list(self._prohibited))
        selection.known.note(won, 1.0, 1.0, forced.plies)
        roots = np.flatnonzero(depths == 0)
        if len(roots):
            actions = self._spec.forced(positions[roots], self._threats * ROOT_EFFORT).actions
            for row, action in zip(roots.tolist(), actions.tolist(), strict=True):
                if action >= 0 and int(row_slot[row]) not in self._prohibited:
                    selection.actions[row] = False
                    selection.actions[row, action] = True
        selection.actions[won] = False

    def _leave_out(
        self,
        candidates: NDArray[np.bool_],
        positions: Positions,
        row_slot: NDArray[np.int32],
        depths: NDArray[np.int32],
    ) -> None:
        """Strike out prohibited actions where others are left."""
        sides = self._spec.to_move(positions)
        for row, slot in enumerate(row_slot.tolist()):
            if slot in self._prohibited:
                allowed = self._prohibited[slot][sides[row] - 1] <= depths[row]
                left = candidates[row] & allowed
                if depths[row] == 0 and not left.any():
                    left = self._spec.legal(positions[row : row + 1])[0] & allowed
                if left.any():
                    candidates[row] = left

    def _sensible(self, positions: Positions) -> NDArray[np.bool_]:
        if not self._config.prune_candidates:
            return self._spec.legal(positions)
        candidates = self._spec.candidates(positions)
        if self._config.no_pass_before and self._spec.may_pass:
            early = positions["plies"] < self._config.no_pass_before
            early &= candidates[:, :-1].any(axis=1)
            candidates[early, -1] = False
        return candidates
