"""Settings: defaults, files, overrides, and the message for each way of getting them wrong."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from engine.errors import ConfigError
from miai import config
from selfplay.run import RunConfig


@dataclass(frozen=True)
class Tree:
    algorithm: Literal["gumbel", "puct"] = "gumbel"
    simulations: int = field(
        default=16, metadata={"min": 1, "max": 1024, "unit": "per ply", "why": "few are enough"}
    )
    c_scale: float = field(default=0.25, metadata={"min": 0.0})
    resign_at: float | None = None


@dataclass(frozen=True)
class Whole:
    name: str
    seed: int = 1
    cached: bool = True
    stages: tuple[float, ...] = field(default=(0.5, 1.0), metadata={"max": 1.0})
    tree: Tree = field(default_factory=Tree)


def build(mapping: dict[str, object] | None = None, *overrides: str) -> Whole:
    return config.build(Whole, {"name": "a"} | (mapping or {}), overrides, "test.toml")


def test_defaults() -> None:
    assert build() == Whole("a")


def test_mapping_and_overrides() -> None:
    built = build(
        {"seed": 2, "tree": {"c_scale": 1, "resign_at": -0.9}},
        "seed=3",
        "tree.algorithm=puct",
        "tree.resign_at=none",
        "stages=[0.25, 1]",
        "cached=false",
        "name=7",
    )
    assert built == Whole("7", 3, False, (0.25, 1.0), Tree("puct", 16, 1.0, None))
    assert type(built.tree.c_scale) is float


def test_toml_round_trip() -> None:
    built = build({}, "tree.resign_at=-0.5", 'name=say "go"', "stages=[]")
    assert config.build(Whole, tomllib.loads(config.to_toml(built))) == built
    assert config.build(Whole, tomllib.loads(config.to_toml(build()))) == build()


def test_toml_explains_itself() -> None:
    text = config.to_toml(build())
    assert "# per ply, 1 to 1024: few are enough\nsimulations = 16\n" in text
    assert 'resign_at = "none"' in text


@pytest.mark.parametrize(
    ("mapping", "overrides", "message"),
    [
        ({"sed": 1}, (), r"top level .*got 'sed' in test\.toml; did you mean 'seed'\?"),
        ({"tree": {"simulatons": 1}}, (), r"'tree\.simulatons'.*did you mean 'simulations'\?"),
        ({"tree": 3}, (), r"a section \[tree\] in test\.toml, got 3"),
        ({"seed": "1"}, (), r"a whole number, got '1' for seed in test\.toml"),
        ({"seed": True}, (), "a whole number, got True"),
        ({"seed": 1.0}, (), "a whole number, got 1.0"),
        ({"cached": 1}, (), "true or false, got 1"),
        ({"stages": 0.5}, (), "a list, got 0.5"),
        ({"stages": [0.5, 1.5]}, (), "at most 1.0, got 1.5"),
        ({"tree": {"simulations": 0}}, (), r"1 to 1024, got 0 for tree\.simulations"),
        ({"tree": {"c_scale": -0.1}}, (), "at least 0.0, got -0.1"),
        ({"tree": {"c_scale": float("nan")}}, (), "a number, got nan"),
        ({"tree": {"algorithm": "pukt"}}, (), "one of gumbel, puct, got 'pukt'.*mean 'puct'"),
        ({}, ("seed",), "section.key=value, got 'seed'"),
        ({}, ("tree=3",), "inside the section tree, such as tree.algorithm="),
        ({}, ("seed.x=3",), "a section before '.x'"),
        ({}, ("tree.simulation=3",), "command line; did you mean 'simulations'"),
        ({}, ("seed=one",), "a whole number, got 'one'"),
    ],
)
def test_wrong_settings_are_named(
    mapping: dict[str, object], overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(mapping, *overrides)


@pytest.mark.parametrize("key", ["seed", "tree.c_scale", "tree.simulations", "name", "stages"])
@pytest.mark.parametrize(
    "value",
    [
        "9" * 400,
        "9" * 5000,
        "0x" + "f" * 5000,
        "[" * 3000,
        "[" * 300 + "]" * 300,
        "1e999",
        "\x1b[2J",
    ],
    ids=["long", "longer", "hexadecimal", "open", "deep", "infinite", "escape"],
)
def test_values_of_any_length_and_depth_are_refused_in_a_sentence(key: str, value: str) -> None:
    try:
        built = build({}, f"{key}={value}")
    except ConfigError as error:
        assert len(str(error)) < 500
        assert str(error).isprintable()
    else:
        assert key == "name" and built.name == value


def test_missing_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="a value for name in the settings, got none"):
        config.build(Whole, {})


def test_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"go9, go9-quick.*got 'go9-quik'; .*'go9-quick'\?"):
        config.load_preset("go9-quik")


def test_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(b"seed = \xff")
    with pytest.raises(ConfigError, match=r"TOML in .*broken\.toml"):
        config.load_preset(path)


@pytest.mark.parametrize("name", config.preset_names())
def test_presets_fit_the_training_run(name: str) -> None:
    built = config.build(RunConfig, config.load_preset(name), source=name)
    assert config.build(RunConfig, tomllib.loads(config.to_toml(built))) == built
