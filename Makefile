# Two commands do everything: `make demo` and `make test`. Both install what is missing first (see scripts/setup.sh).
SHELL := /bin/bash
VENV := .venv
# qemu_plugin_api.h is QEMU's own text.
C_FILES = $(filter-out ports/qemu-plugin/qemu_plugin_api.h,$(shell git ls-files '*.c' '*.h' '*.cc'))
PYTHON := $(VENV)/bin/python
export MLFORGE_CACHE ?= $(CURDIR)/build/cache

.DEFAULT_GOAL := help
.PHONY: docs docs-nightly help demo test test-agent setup setup-dev lint pytest bench bench-search bench-orders bench-search-agent fuzz clean

help:
	@echo "make demo    set up, then search a model for samples/activity (two to four minutes)"
	@echo "make test    set up, then run every check and test"
	@echo "make bench   measure the engine and the cost of costing"
	@echo "make bench-search   proposers at equal budgets (an hour or more; goes on where it ended)"
	@echo "make bench-orders   train first, cost first, and the command as it is (ten minutes)"
	@echo "make fuzz    20,000 broken models, and 20,000 random ones against TensorFlow Lite Micro (for the night)"
	@echo "make test-agent   the agent with a real language model (compiles llama.cpp: ten minutes)"
	@echo "make docs    build the documentation as a site in build/docs/site; broken links are errors"
	@echo "make docs-nightly   run the slow commands of the pages, too"
	@echo "make clean   remove build/ (the virtual environment stays)"

demo: setup
	@scripts/demo.sh $(DEMO_ARGUMENTS)

test: setup-dev
	@$(MAKE) --no-print-directory lint pytest

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

lint:
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/clang-format --dry-run --Werror $(C_FILES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# `setup-dev` has installed every tool: a test that misses one fails. Zephyr alone may be absent.
pytest:
	MLFORGE_REQUIRE_TOOLS=1 $(PYTHON) -m pytest -n 3 --dist worksteal $(PYTEST_ARGUMENTS)

bench: setup-dev
	$(PYTHON) bench/cost.py
	@echo
	$(PYTHON) bench/engine.py --check
	@echo
	$(PYTHON) bench/kernels.py --check
	@echo
	$(PYTHON) bench/features.py --check
	@echo
	$(PYTHON) bench/streaming.py

# The data lie inside the wheels; nothing of these is imported.
bench-search: setup-dev
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps scikit-learn==1.9.1 aeon==1.6.0
	$(PYTHON) bench/search.py run
	$(PYTHON) bench/search.py pages

bench-orders: setup-dev
	$(PYTHON) bench/search.py orders --tasks activity --epochs 25
	$(PYTHON) bench/search.py pages

# After `make test-agent`, which installs the model.
bench-search-agent: bench-search
	scripts/bench_agent.sh
	$(PYTHON) bench/search.py pages

fuzz: setup-dev
	$(PYTHON) -m tests.fuzz --count 20000 $(FUZZ_ARGUMENTS)
	$(PYTHON) -m tests.fuzz.guided 300
	$(PYTHON) -m tests.oracle --count 20000

test-agent: setup-dev
	scripts/test_agent.sh

docs: setup-dev
	$(PYTHON) scripts/site.py

# What a page marks as nightly: it installs, searches and trains.
docs-nightly: setup-dev
	MLFORGE_NIGHTLY=1 $(PYTHON) -m pytest tests/docs -k at_night

clean:
	rm -rf build
