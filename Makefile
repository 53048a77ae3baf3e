# The names that README, docs and CI call. Each target does the set-up it needs; `make` alone lists them.

# Nothing phones home.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export MLFLOW_DISABLE_TELEMETRY := true
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
export SCARF_ANALYTICS := false

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo airflow test proofs test-all check lint format bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## packages, Java, jars: everything a fresh machine needs; quick when it is there
	@./setup.sh

demo: setup ## a real grocer's year through the whole platform
	@$(BIN)/cdp demo

airflow: setup ## the DAGs in Airflow's own user interface
	@$(BIN)/cdp airflow

# Tests start an engine once or twice: recording its start-up archive would cost them more than it gives.
test proofs test-all check lint format lock: export CDP_START_UP_ARCHIVE := skip

test: setup ## the tests, without those marked slow
	@$(BIN)/python -m pytest -m "not slow" --durations=15

proofs: setup ## the slow tests of correctness: demo fortnight, a killed run, canaries and erasure, incremental = full refresh
	@$(BIN)/python -m pytest -m "proof and not thorough" --durations=25

test-all: setup ## all tests, with those that kill engines and run whole nights
	@$(BIN)/python -m pytest --durations=15

check: setup lint ## style, types, SQL style and the rules of the house
	@$(BIN)/python -m pytest -q -m "not slow" tests/structure

lint: setup ## ruff, mypy and sqlfluff alone
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt

format: setup ## put the code into the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## measure the bars of docs/benchmarks.md
	@$(BIN)/python -m tests.bench

lock: setup ## solve requirements.lock again after a change in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev -p 3.11 pyproject.toml -o requirements.lock
	@./setup.sh

clean: ## forget the set-up and its downloads; the lake stays
	rm -rf .venv build
