"""The actions that a search tries: the game's sensible actions without prohibited ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import SearchError
from engine.games.spec import GameSpec, Positions
from engine.search import tree
from engine.search.rule import RuleSettings


class Candidates:
    """Selects actions by the settings of a search and the prohibitions of its slots."""

    def __init__(self, spec: GameSpec, config: RuleSettings) -> None:
        self._spec = spec
        self._config = config
        self._prohibited: dict[int, NDArray[np.int16]] = {}
        leaves_nothing_out = type(spec).candidates is GameSpec.candidates
        all_actions = leaves_nothing_out or not config.prune_candidates
        self._complete = tree.COMPLETE if all_actions else tree.NOT_ASKED
        if not config.exact_endings:
            self._complete = tree.NO_PROOFS

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
        """Lift the prohibitions of slots; return which of them had any, bool ``(n,)``."""
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
    ) -> NDArray[np.bool_]:
        """Return the actions to search, ``(rows, actions)``.

        Args:
            positions: ``(rows,)``, each from the tree of its row's slot.
            row_slot: int32 ``(rows,)``.
            depths: int32 ``(rows,)``, of the positions in their trees; the root's is 0.
        """
        candidates = self._sensible(positions)
        if not self._prohibited:
            return candidates
        sides = self._spec.to_move(positions)
        for row, slot in enumerate(row_slot.tolist()):
            if slot in self._prohibited:
                allowed = self._prohibited[slot][sides[row] - 1] <= depths[row]
                left = candidates[row] & allowed
                if depths[row] == 0 and not left.any():
                    left = self._spec.legal(positions[row : row + 1])[0] & allowed
                if left.any():
                    candidates[row] = left
        return candidates

    def _sensible(self, positions: Positions) -> NDArray[np.bool_]:
        if not self._config.prune_candidates:
            return self._spec.legal(positions)
        candidates = self._spec.candidates(positions)
        if self._config.no_pass_before and self._spec.may_pass:
            early = positions["plies"] < self._config.no_pass_before
            early &= candidates[:, :-1].any(axis=1)
            candidates[early, -1] = False
        return candidates
