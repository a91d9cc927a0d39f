"""PUCT: selection by the largest sum of value and prior-weighted exploration.

AlphaZero's rule (Silver et al., Science 2018, supplement: ``c`` grows with the logarithm of the
visits) with KataGo's refinements (Wu, "Accelerating Self-Play Learning in Go", 2019, section 3.2;
KataGoMethods.md):

- first-play urgency: an unvisited action is worth the node's value less ``fpu_reduction *
  sqrt(prior mass already visited)``;
- dynamic c: more exploration where the values below a node differ much, less where they agree;
- forced playouts at the root, whose visits are pruned from the policy to be taught;
- the choice by lower confidence bound.

Actions in flight count as tried and, by ``virtual_loss``, as partly lost. So several leaves of one
tree can be evaluated together. An action in flight without a value counts as lost; otherwise two
rows would reach the same leaf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.random import PRIOR_NOISE
from engine.search import noise
from engine.search.reading import RootEdges, lower_bounds
from engine.search.rule import Rule, RuleSettings, best_action, bind, visit_ranks, visit_shares
from engine.search.solver import least_bad_edge
from engine.search.tree import LOSS, ROOT, UNPROVEN, Tree


@dataclass(frozen=True)
class PuctSettings(RuleSettings):
    """Settings of PUCT."""

    c_puct_init: float = field(
        default=1.25, metadata={"min": 0.0, "katago": "cpuctExploration", "why": "AlphaZero"}
    )
    c_puct_base: float = field(
        default=500.0,
        metadata={
            "min": 1.0,
            "katago": "cpuctExplorationBase",
            "why": "as KataGo; AlphaZero's 19652 never bites here",
        },
    )
    c_puct_log: float = field(
        default=1.0,
        metadata={
            "min": 0.0,
            "max": 10.0,
            "katago": "cpuctExplorationLog",
            "why": "AlphaZero; KataGo has 0.45 on c_puct_init 1",
        },
    )
    c_puct_stdev_scale: float = field(
        default=0.85,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "katago": "cpuctUtilityStdevScale",
            "why": "KataGo: explore where values differ; 0 is off",
        },
    )
    c_puct_stdev_prior: float = field(
        default=0.4,
        metadata={
            "min": 0.01,
            "max": 1.0,
            "katago": "cpuctUtilityStdevPrior",
            "why": "KataGo: the usual spread of q",
        },
    )
    virtual_loss: float = field(
        default=0.2,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "unit": "losses",
            "why": "puct only: what an action in flight counts as; of 0, 0.2, 0.5 and 1 the one "
            "with which 16 leaves in flight choose most like one",
        },
    )
    fpu_reduction: float = field(
        default=0.2, metadata={"min": 0.0, "katago": "fpuReductionMax", "why": "KataGo"}
    )
    root_fpu_reduction: float = field(
        default=0.1, metadata={"min": 0.0, "katago": "rootFpuReductionMax", "why": "KataGo"}
    )
    noise_fraction: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "must_act": True,
            "why": "puct only; 0.25 for self-play",
        },
    )
    noise_shaped: float = field(
        default=0.5,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "KataGo: this share of the noise goes to actions likelier than the mean",
        },
    )
    noise_total: float = field(
        default=10.8,
        metadata={
            "min": 0.01,
            "katago": "rootDirichletNoiseTotalConcentration",
            "why": "KataGo, AlphaZero",
        },
    )
    root_temperature: float = field(
        default=1.0,
        metadata={
            "min": 0.1,
            "max": 10.0,
            "katago": "rootPolicyTemperature",
            "why": "puct only; KataGo trains with 1.1, flatter",
        },
    )
    forced_playouts: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": 10.0,
            "must_act": True,
            "why": "puct only; 2 with noise in self-play, KataGo",
        },
    )
    lcb_min_share: float = field(
        default=0.15,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "katago": "minVisitPropForLCB",
            "why": "KataGo: of the most visits, to be compared by lower bounds",
        },
    )


ROLLOUTS: Final[Mapping[str, Any]] = {
    "c_puct_init": 2.0,
    "fpu_reduction": 0.0,
    "root_fpu_reduction": 0.0,
}
"""Settings for UCT-like search, where random games replace a network."""

SETTINGS: Final = np.dtype(
    [
        ("c_init", np.float64),
        ("c_log", np.float64),
        ("c_base", np.float64),
        ("stdev_scale", np.float64),
        ("stdev_prior", np.float64),
        ("fpu_reduction", np.float64),
        ("root_fpu_reduction", np.float64),
        ("forced_playouts", np.float64),
        ("virtual_loss", np.float64),
    ]
)
"""The fields of :class:`PuctSettings` that the kernels read."""

_STDEV_PRIOR_WEIGHT: Final = 2.0  # visits; as KataGo


def settings_of(config: PuctSettings) -> NDArray[np.void]:
    """Return one record of :data:`SETTINGS`, shape ``(1,)``."""
    settings = np.zeros(1, SETTINGS)
    settings["c_init"] = config.c_puct_init
    settings["c_log"] = config.c_puct_log
    settings["c_base"] = config.c_puct_base
    settings["stdev_scale"] = config.c_puct_stdev_scale
    settings["stdev_prior"] = config.c_puct_stdev_prior
    settings["fpu_reduction"] = config.fpu_reduction
    settings["root_fpu_reduction"] = config.root_fpu_reduction
    settings["forced_playouts"] = config.forced_playouts
    settings["virtual_loss"] = config.virtual_loss
    return settings


@helper
def _spread_factor(node, settings):
    """Return KataGo's dynamic cPUCT factor, which grows with the spread of a node's values.

    It compares the standard deviation of all values below, with a prior of a few visits, to the
    usual standard deviation.
    """
    visits = node["visits"]
    if settings["stdev_scale"] == 0.0 or visits <= 1:
        return 1.0
    mean = node["value_sum"] / visits
    square = max(node["square_sum"] / visits, mean * mean)
    usual = settings["stdev_prior"]
    weight = _STDEV_PRIOR_WEIGHT
    variance = (weight * (mean * mean + usual * usual) + visits * square) / (
        weight + visits - 1.0
    ) - mean * mean
    return 1.0 + settings["stdev_scale"] * (np.sqrt(max(variance, 0.0)) / usual - 1.0)


def growing_c(tries, settings):
    """Return AlphaZero's c, which grows with the logarithm of the tries of all edges."""
    base = settings["c_base"]
    return settings["c_init"] + settings["c_log"] * np.log((tries + base + 1.0) / base)


_growing_c = helper(growing_c)


@helper
def _exploration(node, tries, settings):
    """Return the factor of ``prior / (1 + tries of the edge)``."""
    c = _growing_c(tries, settings)
    return c * _spread_factor(node, settings) * np.sqrt(max(tries, 1))


@kernel
def next_edge(node, edges, depth, slot, state):
    """Return the edge with the largest q + u of those that are not proven.

    Of the edges never selected, only the one with the largest prior can be best. It lies directly
    behind the selected edges.
    """
    settings = state[0]
    is_root = depth == 0
    first = node["first_edge"]
    last = first + node["seen"]
    tries = node["tries"]
    reduction = settings["root_fpu_reduction"] if is_root else settings["fpu_reduction"]
    unseen_q = max(
        node["value_sum"] / node["visits"] - reduction * np.sqrt(node["seen_prior"]), -1.0
    )
    exploration = _exploration(node, tries, settings)
    forced = settings["forced_playouts"] * tries if is_root else 0.0
    best = -1
    best_score = -np.inf
    for e in range(first, min(last + 1, first + node["edges"])):
        edge = edges[e]
        if edge["proof"] != UNPROVEN:
            continue
        edge_tries = edge["visits"] + edge["in_flight"]
        q = unseen_q
        if edge_tries > 0:
            q = -1.0
            if edge["visits"] > 0:
                doubt = settings["virtual_loss"] * edge["in_flight"]
                q = (edge["value_sum"] - doubt) / (edge["visits"] + doubt)
            if edge_tries * edge_tries < forced * edge["prior"]:
                q = np.inf
        score = q + exploration * edge["prior"] / (1.0 + edge_tries)
        if score > best_score or (score == best_score and edge["action"] < edges[best]["action"]):
            best_score = score
            best = e
    return best if best >= 0 else least_bad_edge(node, edges)


@kernel
def _prune_rows(nodes, edges, row_slot, settings, weights):
    """Prune root visits that only forced playouts added (Wu 2019, section 3.2).

    Args:
        weights: float64 ``(rows, actions)``, zeroed before, written. The most visited action keeps
            its visits. Another action loses up to its forced visits while its q + u stays below
            that of the most visited. A single visit left by that pruning goes too.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        first = root["first_edge"]
        last = first + root["edges"]
        tries = 0
        most = first
        for e in range(first, last):
            visits = edges[s, e]["visits"]
            tries += visits
            weights[i, edges[s, e]["action"]] = visits
            if visits > edges[s, most]["visits"]:
                most = e
        if tries == 0:
            continue
        exploration = _exploration(root, tries, settings[0])
        top = edges[s, most]
        goal = top["value_sum"] / top["visits"] + exploration * top["prior"] / (1.0 + top["visits"])
        for e in range(first, last):
            edge = edges[s, e]
            visits = edge["visits"]
            if e == most or visits == 0:
                continue
            forced = np.floor(np.sqrt(settings[0]["forced_playouts"] * edge["prior"] * tries))
            kept = visits
            q = edge["value_sum"] / visits
            while kept > max(visits - forced, 0) and q + exploration * edge["prior"] / kept < goal:
                kept -= 1
            if kept <= 1 and kept < visits:
                kept = 0
            weights[i, edge["action"]] = kept


class Puct(Rule[PuctSettings]):
    """The PUCT rule: AlphaZero's selection with KataGo's refinements."""

    name = "puct"
    summary = "reads deeper"
    settings = PuctSettings
    walk = staticmethod(bind(next_edge))
    pinned: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {},
        {"noise_fraction": 0.25, "prune_candidates": False},
        {"root_temperature": 1.2, "forced_playouts": 2.0, "root_symmetries": True},
    )

    def __init__(self, config: PuctSettings, slots: int, actions: int) -> None:
        super().__init__(config, slots, actions)
        self._record = settings_of(config)

    @property
    def state(self) -> NDArray[np.void]:
        """The settings as one record of :data:`SETTINGS`, shape ``(1,)``."""
        return self._record

    def prepare_roots(self, tree: Tree, slots: NDArray[np.int32]) -> None:
        """Temper the priors, then mix noise in."""
        config = self.config
        if config.noise_fraction > 0.0 or config.root_temperature != 1.0:
            noise.prepare_root_rows(
                tree.nodes,
                tree.edges,
                slots,
                *self.addresses(slots),
                np.uint64(PRIOR_NOISE),
                config.noise_total,
                config.noise_shaped,
                config.noise_fraction,
                config.root_temperature,
            )

    def choose(
        self, tree: Tree, slots: NDArray[np.int32], edges: RootEdges
    ) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """Return the policy to teach and the action, as :meth:`Rule.choose`, with two refinements.

        The policy leaves out the visits that forced playouts added. With ``lcb_stdevs``, the action
        is the one with the best lower bound among those with at least ``lcb_min_share`` of the most
        visits.
        """
        config = self.config
        weights = edges.visits.astype(np.float64)
        if config.forced_playouts > 0.0:
            _prune_rows(tree.nodes, tree.edges, slots, self._record, weights)
        rank = visit_ranks(edges)
        if config.lcb_stdevs > 0.0:
            most = rank.max(axis=1, keepdims=True)
            enough = (edges.visits > 0) & (edges.visits >= config.lcb_min_share * most)
            enough &= edges.proof != LOSS
            bounds = lower_bounds(edges, config.lcb_stdevs)
            # Bounds are at least -1 - lcb_stdevs, so compared actions rank before all others.
            rank = np.where(enough, most + 2.0 + config.lcb_stdevs + bounds, rank)
        return visit_shares(weights, edges.prior), best_action(edges, rank)

    @classmethod
    def exploration(
        cls, config: PuctSettings, prior: NDArray[np.float32], visits: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return the exploration term, without the dynamic factor for the spread of values."""
        tries = int(visits.sum())
        c = growing_c(tries, settings_of(config)[0])
        return c * np.sqrt(max(tries, 1)) * prior.astype(np.float64) / (1.0 + visits)
