# `make play` and `make test` set up whatever they need in .venv, and install nothing elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -q -c requirements/constraints.txt

RUNTIME := $(VENV)/runtime.stamp
EVERYTHING := $(VENV)/everything.stamp

.PHONY: help play setup test lint unit mctx kills format bench clean

help:
	@echo "make play     install what is needed and play 9x9 Go in a window"
	@echo "make setup    make .venv with everything that running and testing needs"
	@echo "make test     all that CI runs: style, types, layers, tests"
	@echo "make mctx     hold Gumbel search against mctx, its authors' program (installs jax)"
	@echo "make lint     style, types and layers only"
	@echo "make format   rewrite the sources in the project's style"
	@echo "make bench    measure this machine, with peers beside (minutes)"
	@echo "make kills    kill a training run at a hundred random moments (minutes)"
	@echo "make clean    remove .venv and everything that was built"

play: $(RUNTIME)
	@$(BIN)/miai play

setup: $(EVERYTHING)

test: lint unit

lint: $(EVERYTHING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(EVERYTHING)
	$(BIN)/python -m pytest

mctx: $(EVERYTHING)
	$(INSTALL) -e '.[mctx]'
	$(BIN)/python -m pytest tests/engine/search/test_mctx.py

kills: $(EVERYTHING)
	MIAI_KILLS=100 $(BIN)/python -m pytest tests/selfplay/run/test_run.py -k kill_9

format: $(EVERYTHING)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(EVERYTHING)
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "miai needs Python 3.11 or newer, and '$(PYTHON)' was not found."; \
	  echo "Install it (Debian, Ubuntu: sudo apt install python3 python3-venv), or name one: make play PYTHON=python3.12"; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "miai needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name a newer one: make play PYTHON=python3.12"; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments: its 'venv' part is missing."; \
	  echo "Install it (Debian, Ubuntu: sudo apt install python3-venv) and run make again."; \
	  exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNTIME): pyproject.toml requirements/constraints.txt | $(BIN)/python
	@echo "Installing miai and what it needs into $(VENV) (minutes the first time) ..."
	@$(INSTALL) -e . || { echo "The install failed: is there a network, and 1 GB of room?"; exit 1; }
	@touch $@

$(EVERYTHING): pyproject.toml requirements/constraints.txt | $(BIN)/python
	@echo "Installing miai and what its tests need into $(VENV) (minutes the first time) ..."
	@$(INSTALL) -e '.[test]' || { echo "The install failed: is there a network, and 3 GB of room?"; exit 1; }
	@touch $(RUNTIME) $@
