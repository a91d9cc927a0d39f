"""How a run's numbers read: shared by the page, the lists and the terminal."""

from __future__ import annotations

from typing import Any

from selfplay.run.curves import RunData, Strength
from selfplay.run.settings import game_of, section


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``2 h 05``, ``3 d 4 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d}"
    return f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes in the largest unit that leaves at least one."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def elo(strength: Strength, anchor: str) -> str:
    """``+120 (55 to 190)``; one-sided where the results bound one side only."""
    if strength.name == anchor:
        return "0"
    low, high = strength.low, strength.high
    if low is not None and high is not None:
        return f"{strength.elo:+.0f} ({low:+.0f} to {high:+.0f})"
    if low is not None:
        return f"above {low:+.0f}"
    return "unknown" if high is None else f"below {high:+.0f}"


def elo_alone(strength: Strength) -> str:
    """``+120``; where only one end is known, ``> +55``."""
    low, high = strength.low, strength.high
    if low is None and high is None:
        return "?"
    if high is None:
        return f"> {low:+.0f}"
    return f"< {high:+.0f}" if low is None else f"{strength.elo:+.0f}"


def game_name(run: RunData) -> str:
    """``Go 9×9``; of several tasks all of them."""
    if len(run.tasks) > 1:
        return ", ".join(game_name(task) for task in run.tasks)
    game: dict[str, Any] = dict(game_of(run.settings, run.task))
    name = str(game.get("name", "?")).replace("_", " ").title()
    name = {"Tic Tac Toe": "Tic-tac-toe"}.get(name, name)
    return f"{name} {game.get('width')}×{game.get('height')}"


def elapsed_s(run: RunData) -> float:
    """Training time in all."""
    return run.number("elapsed_s") or 0.0


def progress(run: RunData) -> float:
    """Share of the run that is done, in [0, 1]."""
    return run.number("progress") or 0.0


def strength_sentence(run: RunData) -> str:
    """What is known of the newest rated checkpoint, with interval and conditions."""
    if len(run.tasks) > 1:
        return " ".join(f"{game_name(task)}: {strength_sentence(task)}" for task in run.tasks)
    best = run.best_known
    if best is None:
        return "No checkpoint has been rated yet."
    simulations = section(run.settings, "benchmark").get("simulations", 100)
    time = duration(60.0 * (best.minutes or 0.0))
    against = f"at {simulations} simulations a move, over {best.games} games"
    low, high = best.low, best.high
    if low is None and high is None:
        return f"After {time} of self-play its strength is not bounded yet, {against}."
    if low is None or high is None:
        where = _one_sided(low, high)
        return f"After {time} of self-play it stands {where} {run.anchor} (95 %), {against}."
    if low < 0 < high:
        return (
            f"After {time} of self-play it is about level with {run.anchor} "
            f"({best.elo:+.0f} Elo, 95 % {low:+.0f} to {high:+.0f}), {against}."
        )
    side = "above" if best.elo >= 0 else "below"
    near, far = sorted((abs(low), abs(high)))
    return (
        f"After {time} of self-play it stands {abs(best.elo):.0f} Elo {side} {run.anchor} "
        f"(95 % {near:.0f} to {far:.0f}), {against}."
    )


def _one_sided(low: float | None, high: float | None) -> str:
    if low is not None:
        return f"at least {low:.0f} Elo above" if low >= 0 else f"at most {-low:.0f} Elo below"
    if high is not None:
        return f"at least {-high:.0f} Elo below" if high <= 0 else f"at most {high:.0f} Elo above"
    return "somewhere around"
