.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. Name another: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python cannot make an environment here. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p}' uv.lock)"
	@$(BIN)/uv sync --frozen --quiet --python $(BIN)/python
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Make the environment in .venv from the lock file

.PHONY: demo
demo: $(STAMP) ## Feeds -> register -> recommendations for a county, then serve (DATA=DIR, ARGS="--check ...")
	@$(BIN)/yunqiao demo $(if $(DATA),--data "$(DATA)") $(ARGS)

.PHONY: test
test: $(STAMP) ## Run the tests
	$(BIN)/pytest $(ARGS)

.PHONY: lint
lint: $(STAMP) ## Style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(STAMP) ## Types
	$(BIN)/mypy

.PHONY: layers
layers: $(STAMP) ## Direction of travel
	$(BIN)/lint-imports

.PHONY: check
check: lint types layers test ## What CI runs

.PHONY: test-postgres15
test-postgres15: $(STAMP) ## The database tests against Debian's PostgreSQL 15 (needs the package postgresql-15)
	bash .ci/postgres15 $(BIN)/pytest tests/db tests/api tests/journeys/test_journey.py $(ARGS)

.PHONY: bench-intake bench-demo bench-statements bench-graphql bench-audit bench-export bench-uplift
bench-intake: $(STAMP) ## CSV intake as a share of a bare COPY (ARGS=--quick)
	@$(BIN)/python benchmarks/bench_intake.py $(ARGS)
bench-demo: $(STAMP) ## Time by stage and peak memory of the demo (ARGS=--quick)
	@$(BIN)/python benchmarks/bench_demo.py $(ARGS)
bench-graphql: $(STAMP) ## The hub beside PostGraphile 5 (needs npm; ARGS=--quick)
	@$(BIN)/python benchmarks/bench_graphql.py $(ARGS)
bench-statements: $(STAMP) ## SQL statements per GraphQL request (ARGS=--quick)
	@$(BIN)/python benchmarks/bench_statements.py $(ARGS)
bench-audit: $(STAMP) ## What the audit's chain costs beside a plain insert; verification (ARGS=--quick)
	@$(BIN)/python benchmarks/bench_audit.py $(ARGS)
bench-export: $(STAMP) ## Exports as a share of COPY, and their memory (ARGS=--quick)
	@$(BIN)/python benchmarks/bench_export.py $(ARGS)
bench-uplift: $(STAMP) ## Uplift on the NSW experiment and with CPS controls (ARGS=--quick)
	@$(BIN)/uv sync --frozen --quiet --group bench --python $(BIN)/python
	@$(BIN)/python benchmarks/bench_uplift.py $(ARGS)

.PHONY: pictures
pictures: $(STAMP) ## Take the pictures of the pages (ADDRESS=http://… SIGNINS=data/demo-…/signins.json of a served demo)
	@$(BIN)/python docs/pictures/take.py $(ADDRESS) $(SIGNINS)

.PHONY: format
format: $(STAMP) ## Mend style where a program can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
