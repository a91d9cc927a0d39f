"""Tree search in plain Python over one position, from the papers' formulas, one leaf at a time.

The twin that ``engine.search`` is held against: nodes are objects, values are for the side to move.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.games import BLACK, GameSpec
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
        if self.proof is not None:
            self.value_sum = self.visits * self.proof

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


def make_node(spec: GameSpec, judge: Judge, position: Any, prune: bool = True) -> Node:
    if spec.finished(position)[0]:
        side = 1 if spec.to_move(position)[0] == BLACK else -1
        q = float(spec.outcome(position)[0]) * side
        return Node(position, q, {}, True, q, value_sum=q)
    logits, q = judge(spec, position)
    legal = np.flatnonzero(spec.legal(position)[0])
    actions = np.flatnonzero(spec.candidates(position)[0]) if prune else legal
    weights = np.exp(logits[actions] - logits[actions].max())
    priors = dict(zip(actions.tolist(), (weights / weights.sum()).tolist(), strict=True))
    return Node(position, q, priors, len(actions) == len(legal), None, value_sum=q)


def puct_action(node: Node, is_root: bool) -> int:
    """AlphaZero's rule with KataGo's first play urgency, the project's default constants."""
    total = sum(node.tries(action) for action in node.priors)
    seen = sum(prior for action, prior in node.priors.items() if node.tries(action))
    reduction = 0.1 if is_root else 0.2
    unseen_q = max(node.value_sum / node.visits - reduction * math.sqrt(seen), -1.0)
    c = 1.25 + math.log((total + 500 + 1) / 500)

    def score(action: int) -> float:
        q = node.q_of(action) if node.tries(action) else unseen_q
        prior = node.priors[action]
        return q + c * prior * math.sqrt(max(total, 1)) / (1 + node.tries(action))

    return max(node.open_actions(), key=score)


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


def gumbel_action(node: Node, is_root: bool, schedule: list[int]) -> int:
    """Sequential halving at the root without noise; below it, the visits that lag most."""
    total = sum(node.tries(action) for action in node.priors)
    if is_root:
        logits = improved_logits(node)
        wanted = schedule[total]

        def rank(action: int) -> int:  # where proofs upset the schedule, any will do
            return 2 if node.tries(action) == wanted else 1 if node.tries(action) > 0 else 0

        return max(node.open_actions(), key=lambda action: (rank(action), logits[action]))
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
    algorithm: str,
    prune: bool = True,
) -> Node:
    """Grow a tree from ``position``; the root's own evaluation is not counted."""
    root = make_node(spec, judge, position.copy(), prune)
    schedule = halving_schedule(min(len(root.priors), 16), simulations)
    for _ in range(simulations):
        if root.proof is not None:
            break
        path = [root]
        while path[-1].proof is None:
            node = path[-1]
            if algorithm == "puct":
                action = puct_action(node, node is root)
            else:
                action = gumbel_action(node, node is root, schedule)
            if action not in node.children:
                after = node.position.copy()
                spec.play(after, np.array([action]))
                node.children[action] = make_node(spec, judge, after, prune)
                break
            path.append(node.children[action])
        else:
            path[-1].evaluations += 1
        for node in reversed(path):
            node.refresh()
    return root
