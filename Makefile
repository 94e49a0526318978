# Every target works without an activated environment: `make setup` builds .venv, the rest depend on it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test unit mutants faults faults-long fuzz soak bench calibrate lint format lock clean

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/scoreloop demo

# Brokers that live for minutes: Java's second compiler would take a quarter of their time and never pay back.
test mutants faults faults-long: export JAVA_TOOL_OPTIONS ?= -XX:TieredStopAtLevel=1

# Two at a time, each with a broker of its own: they wait more than they work.
test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=15 $(ARGS)

unit: setup
	$(BIN)/python -m pytest tests/unit tests/contract

# Real processes, a real Kafka, real kills: about 20 minutes on two cores. docs/faults.md is what it printed.
faults: setup
	PYTHONPATH=tests $(BIN)/python -m faults --table docs/faults.md $(ARGS)

faults-long: setup
	PYTHONPATH=tests $(BIN)/python -m faults --long --table docs/faults.md $(ARGS)

# Each planted bug must turn a test red; ARGS="poison rebalance" tries those whose names have such a word.
mutants: setup
	$(BIN)/python tests/mutants/run.py $(ARGS)

# Ten thousand examples of each property of tests/fuzz, by chance anew each time, and FUZZ seconds of atheris.
FUZZ ?= 120
fuzz: setup
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=fuzz
	PYTHONPATH=tests $(BIN)/python tests/fuzz/codecs.py -max_total_time=$(FUZZ) -print_final_stats=1

# The whole loop under load with random kills for an hour, or SOAK=10m: bench/results/soak has the plot.
soak: setup
	PYTHONPATH=bench $(BIN)/python -m soak $(if $(SOAK),--for $(SOAK))

# How fast it is, about 20 minutes on two cores; ARGS="--only scoring" for a part. It writes docs/performance.md.
bench: setup
	PYTHONPATH=bench $(BIN)/python -m speed --docs docs $(ARGS)

# Every detector and verdict on streams whose truth is known; docs/decisions.md is what it printed.
calibrate: setup
	$(BIN)/python -m calibrate

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The lock files name versions and hashes only, so that any index that has the packages serves.
lock: setup
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra dev --extra deep -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
