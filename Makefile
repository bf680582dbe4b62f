# Everything below happens in .venv, made by the standard library's venv and filled by pip.
# An install is repeated only when pyproject.toml has changed since (the files .venv/.installed-*).

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

# pip says what it does where somebody watches, and only what fails where a log is written.
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check $$(test -t 1 || echo --quiet)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test laws lint format types imports check bench clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make test PYTEST_ARGS='-k kernels'      passes arguments on to pytest"
	@echo "  make demo PYTHON=/path/to/python3.12    uses another Python for .venv"

demo: $(VENV)/.installed-core ## install, then run the main job once on real data
	@$(BIN)/neglog demo

test: $(VENV)/.installed-test ## install with the test tools, then run the tests on every core
	@$(BIN)/python -m pytest -n auto tests $(PYTEST_ARGS)

laws: $(VENV)/.installed-test ## the long sweeps: every law over every register, at many points
	@$(BIN)/python -m pytest -n auto -m laws tests $(PYTEST_ARGS)

lint: $(VENV)/.installed-lint ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.installed-lint ## let ruff repair what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.installed-lint ## mypy, strict, on the package
	@$(BIN)/mypy

imports: $(VENV)/.installed-lint ## import-linter: imports go down the tree only
	@$(BIN)/lint-imports

check: lint types imports test ## everything that a change has to pass

bench: $(VENV)/.installed-test ## measure speed against other libraries
	@$(BIN)/python benchmarks/run.py

clean: ## remove the environment, builds and caches
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@command -v "$(PYTHON)" > /dev/null || { \
	    echo "neglog needs Python 3.11 or newer, and there is no '$(PYTHON)' here." >&2; \
	    echo "Install one, or name one: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "neglog needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1)." >&2; \
	    echo "Name a newer one: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version 2>&1)"
	@"$(PYTHON)" -m venv $(VENV) || { \
	    echo "Python could not make $(VENV); on Debian and Ubuntu it needs: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.installed-core: pyproject.toml $(VENV)/.made
	@echo "Installing neglog into $(VENV) (a few minutes the first time)"
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/.made
	@echo "Installing neglog and its test tools into $(VENV) (a few minutes the first time)"
	@$(PIP_INSTALL) --editable ".[test]"
	@touch $@ $(VENV)/.installed-core

$(VENV)/.installed-lint: pyproject.toml $(VENV)/.made
	@echo "Installing neglog with its test and lint tools into $(VENV) (a few minutes the first time)"
	@$(PIP_INSTALL) --editable ".[test,lint]"
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed-core
