"""How a search chooses: one frozen record of settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from engine.errors import ConfigError

ALGORITHMS: Final = ("gumbel", "puct")


@dataclass(frozen=True)
class SearchConfig:
    """How a search chooses. The budget is given with each search."""

    algorithm: Literal["gumbel", "puct"] = field(
        default="gumbel",
        metadata={"why": "improves the policy even with 16 simulations; puct reads deeper"},
    )
    considered: int = field(
        default=16, metadata={"min": 1, "max": 1024, "why": "root actions that Gumbel search tries"}
    )
    c_visit: float = field(default=50.0, metadata={"min": 0.0, "why": "Danihelka et al., 3.4"})
    c_scale: float = field(
        default=1.0,
        metadata={"min": 0.0, "why": "trust in q; 1 beat 0.25 by 160 Elo after 70 equal cycles"},
    )
    c_puct_init: float = field(default=1.25, metadata={"min": 0.0, "why": "AlphaZero"})
    c_puct_base: float = field(
        default=500.0, metadata={"min": 1.0, "why": "as KataGo; AlphaZero's 19652 never bites here"}
    )
    c_puct_log: float = field(
        default=1.0,
        metadata={"min": 0.0, "max": 10.0, "why": "AlphaZero; KataGo has 0.45 on c_puct_init 1"},
    )
    c_puct_stdev_scale: float = field(
        default=0.85,
        metadata={"min": 0.0, "max": 1.0, "why": "KataGo: explore where values differ; 0 is off"},
    )
    c_puct_stdev_prior: float = field(
        default=0.4, metadata={"min": 0.01, "max": 1.0, "why": "KataGo: the usual spread of q"}
    )
    virtual_loss: float = field(
        default=0.2,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "unit": "losses",
            "why": "puct only; an action in flight counts as so many: of 0, 0.2, 0.5 and 1 the one "
            "with which 16 leaves in flight choose most like one",
        },
    )
    fpu_reduction: float = field(default=0.2, metadata={"min": 0.0, "why": "KataGo"})
    root_fpu_reduction: float = field(default=0.1, metadata={"min": 0.0, "why": "KataGo"})
    noise_fraction: float = field(
        default=0.0, metadata={"min": 0.0, "max": 1.0, "why": "puct only; 0.25 for self-play"}
    )
    noise_shaped: float = field(
        default=0.5,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "KataGo: this share of the noise goes to actions likelier than the mean",
        },
    )
    root_temperature: float = field(
        default=1.0,
        metadata={"min": 0.1, "max": 10.0, "why": "puct only; KataGo trains with 1.1, flatter"},
    )
    forced_playouts: float = field(
        default=0.0,
        metadata={"min": 0.0, "max": 10.0, "why": "puct only; 2 with noise in self-play, KataGo"},
    )
    lcb_stdevs: float = field(
        default=5.0,
        metadata={
            "min": 0.0,
            "max": 20.0,
            "unit": "standard errors",
            "why": "puct only; KataGo: plays the action that is surely good; 0 the most visited",
        },
    )
    lcb_min_share: float = field(
        default=0.15,
        metadata={"min": 0.0, "max": 1.0, "why": "KataGo: of the most visits, to be compared"},
    )
    noise_total: float = field(default=10.8, metadata={"min": 0.01, "why": "KataGo, AlphaZero"})
    prune_candidates: bool = field(
        default=True, metadata={"why": "search only what the game calls sensible; False is exact"}
    )
    exact_endings: bool = field(
        default=True,
        metadata={"why": "what the rules prove is searched no more; False only to measure it"},
    )
    root_symmetries: bool = field(
        default=False,
        metadata={"why": "a root's priors are the mean over all turns of the board; networks only"},
    )
    no_pass_before: int = field(
        default=0, metadata={"min": 0, "unit": "plies", "why": "early passes teach nothing"}
    )

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ConfigError(
                f"expected a search algorithm from {', '.join(ALGORITHMS)}, got {self.algorithm!r}"
            )
