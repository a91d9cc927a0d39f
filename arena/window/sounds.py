"""Quiet sounds, made here rather than recorded; silence where there is no audio."""

from __future__ import annotations

from typing import Final

import numpy as np
import pygame
from numpy.typing import NDArray

_RATE: Final = 44_100
_VOLUME: Final = 0.35


def click(pitch: float, seconds: float, noise: float, seed: int = 1) -> NDArray[np.int16]:
    """A short knock as samples ``(n, 2)``: a decaying tone with its overtone, and some noise."""
    t = np.arange(int(_RATE * seconds)) / _RATE
    tone = np.sin(2 * np.pi * pitch * t) + 0.4 * np.sin(2 * np.pi * 2.7 * pitch * t)
    hiss = np.random.default_rng(seed).normal(0.0, 1.0, len(t))
    wave = (tone * (1.0 - noise) + hiss * noise) * np.exp(-t * 6.0 / seconds)
    wave *= np.minimum(t / 0.001, 1.0)
    samples = (wave / np.abs(wave).max() * 32_000).astype(np.int16)
    return np.repeat(samples[:, None], 2, axis=1)


class Sounds:
    """A stone, a capture, the end of a game, little time left."""

    def __init__(self) -> None:
        """Opens the audio device; ``missing`` says why there is none."""
        self.missing = ""
        self.on = True
        self._made: dict[str, pygame.mixer.Sound] = {}
        try:
            pygame.mixer.init(_RATE, -16, 2, 512)
        except (pygame.error, NotImplementedError) as error:  # the latter without SDL_mixer
            self.missing = str(error)
            return
        for name, samples in (
            ("stone", click(900.0, 0.07, 0.35)),
            ("capture", click(520.0, 0.12, 0.5)),
            ("end", click(440.0, 0.5, 0.02)),
            ("late", click(1300.0, 0.05, 0.0)),
        ):
            self._made[name] = pygame.sndarray.make_sound(samples)
            self._made[name].set_volume(_VOLUME)

    def play(self, name: str) -> None:
        """Make a sound, if sounds are on and there is audio."""
        if self.on and name in self._made:
            self._made[name].play()
