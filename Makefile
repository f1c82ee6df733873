# `make run` opens the app, `make test` runs the tests and `make test-slow` those that take long; all install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?= workspace
PORT ?= 8501

.PHONY: run test test-slow test-fast triage-kills check format benchmarks clean

run: $(VENV)/.installed
	$(BIN)/qlatent demo --workspace $(WORKSPACE) --if-missing --detach
	$(BIN)/qlatent app --workspace $(WORKSPACE) --port $(PORT)

# A file stays in one process, for what its tests share; `tests/conftest.py` puts long files first.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations=20
# Some images set it; then every process that a test starts compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

test: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow and not external"

# Kills at random moments, fuzzing, real servers, workers and browsers.
test-slow: $(VENV)/.installed-dev
	$(PYTEST) -m "slow and not external"

# Kills a hundred processes that decide cases, instead of twenty.
triage-kills: $(VENV)/.installed-dev
	QLATENT_KILLS=100 $(BIN)/python -m pytest -n 0 tests/services/triage/test_killed.py

# Leaves out what is slow and the folders whose tests carry out whole runs.
WHOLE := $(addprefix --ignore=tests/,browser cli earlier pages services training/images training/retrieval)
test-fast: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow and not external" $(WHOLE)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

NEED_DATA := $(addprefix benchmarks/,acqua_heldout.py compression_choice.py interval_coverage.py retrieval_frozen.py sts_frozen.py)
benchmarks: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	$(BIN)/qlatent demo --workspace $(WORKSPACE) --if-missing
	for file in $(filter-out $(NEED_DATA) benchmarks/frozen_heads.py,$(wildcard benchmarks/*.py)); do $(BIN)/python $$file || exit 1; done
	@echo "acqua_heldout.py and compression_choice.py need pairs of your own: python benchmarks/acqua_heldout.py PAIRS.npz"
	@echo "retrieval_frozen.py, sts_frozen.py and interval_coverage.py need collections: python benchmarks/retrieval_frozen.py DATA"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "qlatent needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@echo "Compiling the kernels of circuits, metrics and search, once…"
	$(BIN)/python -m qlatent.kernels
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-encoder.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-encoder.txt
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
