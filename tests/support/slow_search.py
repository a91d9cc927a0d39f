"""Tree search in plain Python over one position, from the papers' formulas, one leaf at a time.

The twin that ``engine.search`` is held against: nodes are objects, values are for the side to move.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.games import BLACK, GameSpec
from engine.search import SearchConfig
from engine.search.candidates import ROOT_EFFORT
from tests.support.scripted import Judge


@dataclass
class Node:
    """A position, what the evaluator said of it, and its children by action."""

    position: Any
    q: float
    priors: dict[int, float]
    """Of every action the search considers; empty where the game is over."""
    complete: bool
    """Whether those are all legal actions."""
    proof: float | None
    """What the rules prove for the side to move: 1, 0, -1, or nothing yet."""
    plies_to_end: int = 0
    evaluations: int = 1
    visits: int = 1
    value_sum: float = 0.0
    square_sum: float = 0.0
    children: dict[int, Node] = field(default_factory=dict)

    def tries(self, action: int) -> int:
        return self.children[action].visits if action in self.children else 0

    def q_of(self, action: int) -> float:
        """Mean value of an action for this node's side."""
        child = self.children[action]
        return -child.value_sum / child.visits

    def open_actions(self) -> list[int]:
        """The actions worth a visit: not proven, or the least bad if all are."""
        proven = {a: -child.proof for a, child in self.children.items() if child.proof is not None}
        unproven = [action for action in self.priors if action not in proven]
        return unproven or [max(sorted(proven), key=lambda action: proven[action])]

    def refresh(self) -> None:
        """Follow from the children: visits, then what is proven, then the value."""
        children = self.children.values()
        self.visits = self.evaluations + sum(child.visits for child in children)
        if self.proof is None:
            self.prove()
        self.value_sum = self.evaluations * self.q - sum(child.value_sum for child in children)
        squares = sum(child.square_sum for child in children)
        self.square_sum = self.evaluations * self.q**2 + squares
        if self.proof is not None:
            self.value_sum = self.visits * self.proof
            self.square_sum = self.visits * self.proof**2

    def prove(self) -> None:
        """One action that wins proves a win; a draw or loss needs every legal action proven."""
        proven = [child for child in self.children.values() if child.proof is not None]
        winning = [child.plies_to_end for child in proven if child.proof == -1]
        if winning:
            self.proof, self.plies_to_end = 1.0, 1 + min(winning)
        elif self.complete and len(proven) == len(self.priors):
            best = max(-child.proof for child in proven)
            self.proof = best
            self.plies_to_end = 1 + max(c.plies_to_end for c in proven if -c.proof == best)


def make_node(
    spec: GameSpec,
    judge: Judge,
    position: Any,
    prune: bool = True,
    threats: int = 0,
    is_root: bool = False,
) -> Node:
    if spec.finished(position)[0]:
        side = 1 if spec.to_move(position)[0] == BLACK else -1
        q = float(spec.outcome(position)[0]) * side
        return Node(position, q, {}, True, q, value_sum=q, square_sum=q * q)
    forced = spec.forced(position, threats * (ROOT_EFFORT if is_root else 1))
    if threats and not is_root and forced.plies[0]:
        plies = int(forced.plies[0])
        return Node(position, 1.0, {}, True, 1.0, plies, value_sum=1.0, square_sum=1.0)
    logits, q = judge(spec, position)
    lost = ~forced.answers[0] if threats else False
    legal = np.flatnonzero(spec.legal(position)[0] & ~lost)
    actions = np.flatnonzero(spec.candidates(position)[0] & ~lost) if prune else legal
    if threats and forced.plies[0]:
        actions = forced.actions.astype(np.int64)
    weights = np.exp(logits[actions] - logits[actions].max())
    priors = dict(zip(actions.tolist(), (weights / weights.sum()).tolist(), strict=True))
    return Node(
        position, q, priors, len(actions) == len(legal), None, value_sum=q, square_sum=q * q
    )


def spread_factor(node: Node, config: SearchConfig) -> float:
    """KataGo's dynamic cPUCT: how much the values below differ, two visits of the usual added."""
    if node.visits <= 1:
        return 1.0
    mean, usual = node.value_sum / node.visits, config.c_puct_stdev_prior
    squares = 2 * (mean**2 + usual**2) + max(node.square_sum, node.visits * mean**2)
    stdev = math.sqrt(max(squares / (2 + node.visits - 1) - mean**2, 0))
    return 1 + config.c_puct_stdev_scale * (stdev / usual - 1)


def exploration(node: Node, config: SearchConfig) -> float:
    """What ``prior / (1 + tries)`` is multiplied by: AlphaZero's c, sqrt of visits, KataGo."""
    total = sum(node.tries(action) for action in node.priors)
    base = config.c_puct_base
    c = config.c_puct_init + config.c_puct_log * math.log((total + base + 1) / base)
    return c * spread_factor(node, config) * math.sqrt(max(total, 1))


def puct_action(node: Node, is_root: bool, config: SearchConfig) -> int:
    """AlphaZero's rule with KataGo's first play urgency and forced playouts."""
    total = sum(node.tries(action) for action in node.priors)
    seen = sum(prior for action, prior in node.priors.items() if node.tries(action))
    reduction = config.root_fpu_reduction if is_root else config.fpu_reduction
    unseen_q = max(node.value_sum / node.visits - reduction * math.sqrt(seen), -1.0)

    def score(action: int) -> float:
        tries, prior = node.tries(action), node.priors[action]
        if is_root and 0 < tries < math.sqrt(config.forced_playouts * prior * total):
            return math.inf
        q = node.q_of(action) if tries else unseen_q
        return q + exploration(node, config) * prior / (1 + tries)

    return max(node.open_actions(), key=score)


def lower_bound(node: Node, action: int, config: SearchConfig) -> float:
    """q less some standard errors; few visits count as if the widest spread were near."""
    child = node.children[action]
    visits, mean = child.visits, node.q_of(action)
    if child.proof is not None:
        return mean
    doubt = 1 / visits**3
    squares = max(child.square_sum / visits, mean**2 + 1e-8) * visits + doubt * (mean**2 + 1)
    variance = squares / (visits + doubt) - mean**2
    return mean - config.lcb_stdevs * math.sqrt(variance / (visits + doubt))


def puct_choice(node: Node, config: SearchConfig) -> int:
    """The action to play of a root that is not proven and has no proven actions."""
    most = max(node.priors, key=lambda action: node.tries(action) + node.priors[action])
    if not config.lcb_stdevs:
        return most
    least = config.lcb_min_share * (node.tries(most) + node.priors[most])
    enough = [action for action in node.children if node.tries(action) >= least]
    return max(sorted(enough), key=lambda action: lower_bound(node, action, config))


def puct_policy(node: Node, config: SearchConfig) -> dict[int, float]:
    """Shares of visits without those that were only forced (Wu 2019, section 3.2)."""
    total = sum(node.tries(action) for action in node.priors)
    most = max(sorted(node.priors), key=node.tries)

    def score(action: int, tries: int) -> float:
        return node.q_of(action) + exploration(node, config) * node.priors[action] / (1 + tries)

    kept = {action: node.tries(action) for action in node.priors}
    for action in node.children:
        forced = math.floor(math.sqrt(config.forced_playouts * node.priors[action] * total))
        for _ in range(forced if action != most else 0):
            if kept[action] and score(action, kept[action] - 1) < score(most, kept[most]):
                kept[action] -= 1
        if kept[action] == 1 < node.tries(action):
            kept[action] = 0
    return {action: visits / sum(kept.values()) for action, visits in kept.items()}


def improved_logits(node: Node) -> dict[int, float]:
    """``log prior + sigma(completed q)``: Danihelka et al. 2022, appendix D and section 3.4."""
    visited = [action for action in node.priors if node.tries(action)]
    total = sum(node.tries(action) for action in visited)
    mixed = node.q
    if visited:
        mass = sum(node.priors[action] for action in visited)
        weighted = sum(node.priors[action] * node.q_of(action) for action in visited) / mass
        mixed = (node.q + total * weighted) / (1 + total)
    most = max((node.tries(action) for action in visited), default=0)
    return {
        action: math.log(prior)
        + (50 + most) * ((node.q_of(action) if node.tries(action) else mixed) + 1) / 2
        for action, prior in node.priors.items()
    }


def improved_policy(node: Node) -> dict[int, float]:
    logits = improved_logits(node)
    largest = max(logits.values())
    weights = {action: math.exp(logit - largest) for action, logit in logits.items()}
    return {action: weight / sum(weights.values()) for action, weight in weights.items()}


def gumbel_root_action(node: Node, known: dict[int, int], wanted: int) -> int:
    """Sequential halving without noise: the best of the actions with ``wanted`` visits by now.

    Where proofs upset the schedule, any action that was tried will do, then any.
    """
    logits = improved_logits(node)
    tried = {action: node.tries(action) - known[action] for action in node.open_actions()}
    untried = [action for action in tried if tried[action] == 0]
    if untried and (wanted == 0 or not any(tried.values())):
        return max(untried, key=lambda action: node.priors[action])
    exact = [action for action in tried if tried[action] == wanted]
    some = [action for action in tried if tried[action] > 0]
    return max(exact or some, key=lambda action: logits[action])


def gumbel_action(node: Node) -> int:
    """Below the root, the action whose visits lag most behind the improved policy."""
    total = sum(node.tries(action) for action in node.priors)
    policy = improved_policy(node)
    opened = node.open_actions()
    return max(opened, key=lambda action: policy[action] - node.tries(action) / (1 + total))


def halving_schedule(actions: int, simulations: int) -> list[int]:
    """Visits that the next action to be tried has had: sequential halving, written out."""
    if actions == 1:
        return list(range(simulations))
    visits = [0] * actions
    schedule: list[int] = []
    alive = actions
    while len(schedule) < simulations:
        for _ in range(max(1, simulations // (math.ceil(math.log2(actions)) * alive))):
            for i in range(alive):
                schedule.append(visits[i])
                visits[i] += 1
        alive = max(2, alive // 2)
    return schedule[:simulations]


def search(
    spec: GameSpec,
    judge: Judge,
    position: Any,
    simulations: int,
    config: SearchConfig,
) -> Node:
    """Grow a tree from ``position``; the root's own evaluation is not counted."""
    root = make_node(
        spec, judge, position.copy(), config.prune_candidates, config.threats, is_root=True
    )
    if config.algorithm == "puct":
        powers = {a: prior ** (1 / config.root_temperature) for a, prior in root.priors.items()}
        root.priors = {a: power / sum(powers.values()) for a, power in powers.items()}
    return search_on(spec, judge, root, simulations, config)


def search_on(
    spec: GameSpec, judge: Judge, root: Node, simulations: int, config: SearchConfig
) -> Node:
    """Add simulations to a tree, whose visits so far count as none for sequential halving."""
    known = {action: root.tries(action) for action in root.priors}
    schedule = halving_schedule(min(len(root.priors), config.considered), simulations)

    def next_action(node: Node, done: int) -> int:
        if config.algorithm == "puct":
            return puct_action(node, node is root, config)
        if node is root:
            return gumbel_root_action(node, known, schedule[done])
        return gumbel_action(node)

    return grow(
        spec, judge, root, simulations, next_action, config.prune_candidates, config.threats
    )


def grow(
    spec: GameSpec,
    judge: Judge,
    root: Node,
    simulations: int,
    next_action: Callable[[Node, int], int],
    prune: bool = True,
    threats: int = 0,
) -> Node:
    """Add simulations by any rule: it gives the action to try of a node, after so many of them."""
    for done in range(simulations):
        if root.proof is not None:
            break
        path = [root]
        while path[-1].proof is None:
            node = path[-1]
            action = next_action(node, done)
            if action not in node.children:
                after = node.position.copy()
                spec.play(after, np.array([action]))
                node.children[action] = make_node(spec, judge, after, prune, threats)
                break
            path.append(node.children[action])
        else:
            path[-1].evaluations += 1
        for node in reversed(path):
            node.refresh()
    return root
