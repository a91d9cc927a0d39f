"""Spellings of agents."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agents.gtp.program import GtpAgent
from agents.network.checkpoint import save_network, shipped_network_path
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from agents.parse import (
    Spelling,
    parse_agent,
    read_spelling,
    read_spellings,
    with_distinct_names,
)
from agents.policy_agent import PolicyAgent
from agents.protocol import Limit
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent
from engine.errors import ConfigError, NetworkFileError
from engine.games.go import GoSpec

SPEC = GoSpec(9, 9, 7.0)


def tiny_network() -> PolicyValueNet:
    config = NetworkConfig(1, 8, SPEC.plane_names, SPEC.global_names, ("go",))
    return PolicyValueNet(config)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with two checkpoints."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    (folder / "checkpoints").mkdir(parents=True)
    older = folder / "checkpoints" / "000003.safetensors"
    save_network(older, tiny_network(), {})
    shutil.copy(older, folder / "checkpoints" / "000012.safetensors")
    return folder


def test_built_in_agents() -> None:
    assert isinstance(parse_agent("random", SPEC), RandomAgent)
    rollouts = parse_agent("rollouts:50", SPEC)
    assert isinstance(rollouts, SearchAgent)
    assert (rollouts.name, rollouts.limit.simulations) == ("rollouts:50", 50)
    assert read_spelling("rollouts", simulations=7).simulations == 7


def test_programs_are_split_without_a_shell() -> None:
    spelling = read_spelling("gtp:/usr/bin/prog --name 'a b' $HOME;ls")
    assert spelling.argv == ("/usr/bin/prog", "--name", "a b", "$HOME;ls")
    assert spelling.name == "prog"
    agent = parse_agent("gtp:prog", SPEC, processes=3)
    assert isinstance(agent, GtpAgent) and agent.processes == 3
    agent.close()


def test_names() -> None:
    assert read_spelling("strong=rollouts:5") == Spelling("rollouts:5", "strong", "rollouts", 5)
    assert read_spelling("gtp:prog --level=3").argv == ("prog", "--level=3")
    named = read_spelling("g=gtp:prog --level=3")
    assert (named.name, named.argv) == ("g", ("prog", "--level=3"))
    numbered = with_distinct_names(
        [read_spelling(text) for text in ["random", "gtp:x", "random", "random"]]
    )
    assert [spelling.name for spelling in numbered] == ["random", "x", "random-2", "random-3"]


def test_networks_of_a_run(run: Path) -> None:
    newest = read_spelling(f"{run}@64")
    assert newest.network == run / "checkpoints" / "000012.safetensors"
    assert (newest.name, newest.simulations) == ("first@64", 64)
    labelled = read_spelling(f"{run}:3@8")
    assert labelled.network == run / "checkpoints" / "000003.safetensors"
    assert labelled.name == "first:3@8"
    assert read_spelling(str(run)).simulations == 400
    assert (newest.text, labelled.text) == (f"{run}:000012@64", f"{run}:000003@8")
    assert read_spelling(f"policy:int8:{run}").text == f"policy:int8:{run}:000012"
    assert read_spelling(newest.text) == replace(newest, name="first:12@64")
    file = f"{run}/checkpoints/000003.safetensors@8"
    assert read_spelling(file).text == file
    details = labelled.details()
    assert len(details["sha256"]) == 64 and details["simulations"] == "8"


def test_networks_as_agents(run: Path) -> None:
    file = run / "checkpoints" / "000003.safetensors"
    searching = parse_agent(f"{file}@8", SPEC)
    assert isinstance(searching, SearchAgent) and searching.limit.simulations == 8
    bare = parse_agent(f"policy:{file}", SPEC)
    assert isinstance(bare, PolicyAgent) and bare.name == "policy:000003"
    assert read_spelling("shipped@16").network == shipped_network_path()


def test_what_computes_a_network_may_be_named(run: Path) -> None:
    named = read_spelling(f"torch:{run}:3@8")
    assert (named.backend, named.name) == ("torch", "torch:first:3@8")
    assert read_spelling(f"policy:int8:{run}").backend == "int8"
    assert read_spelling(f"{run}@8").backend == "auto"
    with pytest.raises(ConfigError, match="no such file"):
        read_spelling("torch:nothing@8")


def test_budgets() -> None:
    assert read_spelling("shipped@40e").limit == Limit(evaluations=40)
    assert read_spelling("shipped@0.5s").limit == Limit(time_limit_s=0.5)
    clocked = read_spelling("shipped@clock")
    assert (clocked.limit, clocked.name) == (Limit(), "shipped@clock")
    assert read_spelling("shipped@40e").details()["evaluations"] == "40"


def test_one_spelling_may_stand_for_all_checkpoints_of_a_run(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [spelling.name for spelling in read_spellings([f"{run}:*@8", "random"])]
    assert names == ["first:3@8", "first:12@8", "random"]
    assert [s.name for s in read_spellings([f"{run}:12..latest"])] == ["first:12@400"]
    assert read_spelling(f"{run}:latest@8").network == run / "checkpoints" / "000012.safetensors"
    assert read_spelling(f"{run}:first@8").name == "first:3@8"
    with pytest.raises(ConfigError, match="'7'"):
        read_spellings([f"{run}:7..latest"])
    with pytest.raises(ConfigError, match="earlier one first"):
        read_spellings([f"{run}:latest..3"])
    monkeypatch.chdir(run.parent.parent)
    (run.parent.parent / "runs").exists() or (run.parent.parent / "runs").symlink_to(run.parent)
    assert read_spelling("run:first@latest@8").name == "first:12@8"


def test_commands_for_the_start_of_a_program() -> None:
    spelling = read_spelling("g=gtp:prog --x 'a b' ;; komi 3 ;; level 2")
    assert spelling.argv == ("prog", "--x", "a b") and spelling.name == "g"
    assert spelling.commands == ("komi 3", "level 2")


def test_agents_of_one_network_share_what_it_remembers(run: Path) -> None:
    one, two = (parse_agent(f"{run}:3@{n}", SPEC) for n in (8, 16))
    assert isinstance(one, SearchAgent) and isinstance(two, SearchAgent)
    assert one.evaluator is two.evaluator


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "''"),
        ("rondom", "'rondom'"),
        ("rollouts:0", "above 0"),
        ("rollouts:many", "'many'"),
        ("shipped@", "above 0"),
        ("shipped@1e3", "'1e3'"),
        ("gtp:", "after 'gtp:'"),
        ("gtp:prog 'open", "quotation"),
        ("policy:no-such-file", "no such file"),
        ("no-such-file@10", "no such file"),
    ],
)
def test_what_spells_no_agent_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_agent(text, SPEC)
    assert message in str(caught.value)


def test_missing_checkpoints_are_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'99'"):
        read_spelling(f"{run}:99@8")
    with pytest.raises(ConfigError, match="none yet"):
        read_spelling(str(tmp_path))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(b"PK\x03\x04 not a network")
    with pytest.raises(NetworkFileError):
        parse_agent(f"{file}@8", SPEC)
    with pytest.raises(NetworkFileError):
        read_spelling(f"{file}@8").details()
