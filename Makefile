# The chores. `make demo` and `make test` do all their own set-up on a fresh machine with git, make and Python 3.11+.

VENV    := .venv
BIN     := $(VENV)/bin
PYTHON  ?= python3
STATIC  := foryou/api/static/index.html
NODE_OK := $(shell node -e 'const [a,b]=process.versions.node.split(".");process.exit(+a>20||(+a==20&&+b>=19)?0:1)' 2>/dev/null && echo yes)
LOCK    := $(VENV)/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
NPM     := cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm

.PHONY: help setup demo demo-kuairand test check fmt bench docs lock clean

help:            ## list the chores
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/ready $(STATIC)  ## virtual environment, dependencies, web page

demo: setup      ## a small made-up world with clips that play, served at http://127.0.0.1:8080
	@$(BIN)/foryou demo

demo-kuairand: setup  ## the public log in data/ instead: load it, learn from it, serve the feed
	@$(BIN)/foryou demo --kuairand

test: setup $(VENV)/browser  ## all tests in two processes, in a real browser too where one can be had
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m 'not web'
	$(BIN)/python -m pytest -m web tests/web

check: setup     ## style, types, import rules, generated docs, locked dependencies, the page's own checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.reference --check
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m scripts.dependencies
	$(NPM) run check

fmt: setup       ## format code and page
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run format

bench: setup     ## list the benchmarks; NAME=rank runs one
	$(BIN)/python -m benchmarks $(NAME)

docs: setup      ## write the generated reference
	$(BIN)/python -m docs.reference

lock:            ## lock the newest dependencies that pyproject.toml allows, with the hashes of their files
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet uv
	$(LOCK) --extra dev pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/node.in -o requirements/node.txt
	rm -rf $(VENV)/lock

clean:           ## everything that the chores made, but not the data of the demo
	rm -rf $(VENV) web/node_modules foryou/api/static/assets $(STATIC) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/ready: pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ForYou needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	@echo "Setting up $(VENV) (about 550 MB of packages, once)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --progress-bar on --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json $(VENV)/ready
	@[ -n "$(NODE_OK)" ] || $(BIN)/python -m pip install --require-hashes -r requirements/node.txt
	$(NPM) ci --no-audit --no-fund

$(STATIC): web/node_modules/.package-lock.json web/index.html web/vite.config.ts $(shell find web/src web/public -type f)
	$(NPM) run build
	@touch $@

$(VENV)/browser: $(VENV)/ready
	@sh scripts/browser.sh $(BIN)/python
	@touch $@
