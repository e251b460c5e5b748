# Everything runs in .venv, which the first command makes; see scripts/environment.

ARGS ?=
PYTHON ?=
RUN = .venv/bin/python -m

.PHONY: help demo test check lint format chaos bench bench-detection docs environment lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: environment ## the whole system with made-up traffic, nothing else installed; ARGS="--for 60s --plain"
	@.venv/bin/sellerwatch demo $(ARGS)

test: environment ## the tests, on every service that can be had here; ARGS="-k redis"
	@$(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint test ## all that has to pass before a commit

lint: environment ## style, types, layers
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy --strict
	@.venv/bin/lint-imports --no-logo

format: environment ## puts the code in the one form that lint accepts
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

chaos: environment ## crashes, stalls and rollbacks under load, checked for exactness
	@$(RUN) tests.chaos $(ARGS)

bench: environment ## how fast it is, beside the usual way
	@$(RUN) bench $(ARGS)

bench-detection: environment ## how good the detection is; ARGS="--data DIR --seeds 5"
	@$(RUN) bench.detection $(ARGS)

docs: environment ## the pages as a site, in .cache/docs/site, with its links checked
	@sh scripts/docs

environment: ## .venv with the packages of the lock, and nothing when it is there
	@PYTHON="$(PYTHON)" sh scripts/environment

lock: environment ## resolves the dependencies of pyproject.toml anew
	@sh scripts/lock

clean: ## removes .venv and every cache
	rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
