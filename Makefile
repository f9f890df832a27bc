# Every command of the project. Only python3 (3.11 to 3.13) and make are presupposed.
PYTHON ?= python3
PORT ?= 7071
VENV := .venv
BIN := $(VENV)/bin
SETTINGS_FLAG := $(if $(SETTINGS),--settings $(SETTINGS))

.DEFAULT_GOAL := help
.PHONY: help demo test serve check lint types layers bench faults quality verify-live token dead-letters api-docs api-examples clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "SkillSync needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.host-installed: requirements.txt requirements-devhost.txt | $(VENV)/bin/python
	@echo "Installing what the app and the local host need (about half a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-devhost.txt
	@touch $@

# The embedded Service Bus broker's library is built from source. Where that fails the host does without, and says so.
$(VENV)/.broker-tried: requirements-broker.txt $(VENV)/.host-installed
	@echo "Building the library of the embedded Service Bus, if there is a C compiler (about half a minute) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-broker.txt >/dev/null 2>&1 || true
	@touch $@

$(VENV)/.dev-installed: requirements-dev.txt $(VENV)/.broker-tried
	@echo "Installing what the checks and tests need ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.host-installed ## a roadmap and a lesson, live, with no keys and no cloud
	@$(BIN)/python -m examples.demo

serve: $(VENV)/.broker-tried ## the local host on PORT (7071) until Ctrl-C; SETTINGS=file
	@# Some container tools set CONTAINER_NAME, which is also a mark of an app on Azure.
	@env -u CONTAINER_NAME $(BIN)/python -m devhost --app . --port $(PORT) $(SETTINGS_FLAG)

token: $(VENV)/.host-installed ## an access token for your machine; USER_ID=me ROLE=learner, mentor or admin; SETTINGS=file
	@env -u CONTAINER_NAME $(BIN)/python -m examples.token --user "$(or $(USER_ID),me)" --role "$(or $(ROLE),learner)" $(SETTINGS_FLAG)

test: $(VENV)/.dev-installed ## the whole test suite
	@$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.dev-installed ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev-installed ## mypy, strict
	@$(BIN)/mypy .

layers: $(VENV)/.dev-installed ## imports go downwards only
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

check: lint types layers test ## all of it: what CI runs

bench: $(VENV)/.dev-installed ## the benchmark: prints its table, writes bench/results.json
	@$(BIN)/python -m bench

faults: $(VENV)/.dev-installed ## random schedules of faults, audited; SEED=1 COUNT=200 JOBS=2
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) $(if $(JOBS),--jobs $(JOBS))

quality: $(VENV)/.dev-installed ## the gates on the golden set: rates before and after; fails when one falls
	@$(BIN)/python -m tests.golden

api-docs: $(VENV)/.host-installed ## docs/api.md from the route table
	@env -u CONTAINER_NAME AUTH_MODE=development AZURE_FUNCTIONS_ENVIRONMENT=Development \
		$(BIN)/python -m examples.api_reference > docs/api.md

api-examples: $(VENV)/.dev-installed ## the examples in the API's description, from the running app
	@env -u CONTAINER_NAME AUTH_MODE=development AZURE_FUNCTIONS_ENVIRONMENT=Development \
		$(BIN)/python -m tests.support.api_examples

verify-live: $(VENV)/.host-installed ## ask every source and documentation site once, over the real network
	@$(BIN)/python -m examples.verify_live

dead-letters: $(VENV)/.host-installed ## the queue's dead letters: ARGS="list", "show 7" or "redrive 7 12"
	@$(BIN)/python -m examples.dead_letters $(ARGS)

clean: ## remove what the commands made
	rm -rf $(VENV) .data build .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/artefacts
