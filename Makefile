# Sillage: `make up` runs the pipeline, `make test` tests it. Needs Python ≥ 3.11, Java ≥ 17, Maven.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup up down status demo compile test test-full test-compiled attack-gateway chaos-streams chaos-gateway lint format lock clean bench-streams bench-recovery bench-gateway bench-trending

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv (pinned, with hashes); nothing to do when it is up to date

$(STAMP): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is not: install one and run make PYTHON=python3.11"; exit 1; }
	@echo "Installing the Python packages into .venv; the first time takes about a minute"
	@$(PYTHON) -m venv .venv || { echo "python3 cannot make a venv: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

up: $(STAMP) ## Start everything and follow the logs; Ctrl-C stops it. Options: make up ARGS="--port-base 7200"
	@exec $(BIN)/sillage up $(ARGS)

down: $(STAMP) ## Stop everything
	@$(BIN)/sillage down

status: $(STAMP) ## Show what runs, and where
	@$(BIN)/sillage status

demo: $(STAMP) ## Send a lifelike clickstream to the running pipeline and compare all counts
	@$(BIN)/sillage demo $(ARGS)

test: $(STAMP) ## All tests but the long ones, on real servers of their own. Options: make test ARGS="-k sink"
	@$(BIN)/python -m pytest -m "not long" $(ARGS)

test-full: $(STAMP) ## All tests
	@$(BIN)/python -m pytest $(ARGS)

compile: $(STAMP) ## Compile the modules with most to do (needs gcc); services started after that run them
	@$(BIN)/sillage compile

test-compiled: $(STAMP) ## Compile, then the unit tests against the compiled modules
	@$(BIN)/python -m tests.compiled $(ARGS)

chaos-gateway: $(STAMP) ## Kafka frozen and killed, gateway killed, spool filled, under load; then every answer against the topic
	@$(BIN)/python -m tests.chaos.gateway $(ARGS)

attack-gateway: $(STAMP) ## Bombs, floods and slow clients against a gateway, good requests beside. ARGS="--seconds 60"
	@$(BIN)/python -m tests.attack.gateway $(ARGS)

chaos-streams: $(STAMP) ## Faults at random under a million events, then every row against brute force. Options: ARGS="--seed 7"
	@$(BIN)/python -m tests.chaos.streams $(ARGS)

bench-streams: $(STAMP) ## Measure the stream processor beside plain Faust and Kafka Streams. ARGS="--events 200000 --rounds 1"
	@$(BIN)/python -m bench.streams $(ARGS)

bench-recovery: $(STAMP) ## Measure loading 500,000 rows, and kill -9 to processing again. Options: ARGS="--rows 100000 --kills 3"
	@$(BIN)/python -m bench.recovery $(ARGS)

bench-gateway: $(STAMP) ## Measure the gateway beside plain FastAPI and a bare Go handler. ARGS="--rounds 3 --seconds 5"
	@$(BIN)/python -m bench.gateway $(ARGS)

bench-trending: $(STAMP) ## Measure what trends among a million perfumes, beside a scan of all rows. Options: ARGS="--json t.json"
	@$(BIN)/python -m bench.trending $(ARGS)

lint: $(STAMP) ## Style, types, import rules, dead links
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.links

format: $(STAMP) ## Put the code into its one form
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

lock: $(STAMP) ## Pin anew what pyproject.toml asks for
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --extra dev pyproject.toml \
		--output-file requirements/lock.txt --custom-compile-command "make lock"

clean: $(STAMP) ## Stop everything, then remove the development instance with all its data
	@$(BIN)/sillage down
	@rm -rf .sillage/dev
