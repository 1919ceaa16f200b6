# Stammhaus: `make run` to try it, `make test` before handing in a change.
# make installs into .venv by itself whenever the requirements change. PYTHON=… chooses the interpreter for it.

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)
# The type checker reads the settings, which want these; it connects to nothing.
LINT_ENV := DATABASE_URL=postgresql://lint@/lint SECRET_KEY=lint TOMBSTONE_KEY=lint

# Dozens of processes are started: none compiles anew what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

# An environment whose Python went away (an upgrade of the system) is made anew.
$(shell test ! -e $(VENV)/.installed || $(BIN)/python -c '' 2>/dev/null || rm -f $(VENV)/.installed $(VENV)/.installed-dev)

.PHONY: openapi run run-branch demo-branch upgrade install install-dev test test-fast test-isolation test-clearing check lint bench clean

run: install
	@$(BIN)/python -m launch

# The node of a branch with a base 1.0 (docs/clearing.md): port 8100, its own folder var/branch.
run-branch: install
	@SIDE=branch $(BIN)/python -m launch

# The branch Lübeck of the demo, beside a central that make run has started and that still runs.
demo-branch: install
	@$(BIN)/python -m launch.demo_branch

# After new code was put here: stops the branch, installs, migrates, says both versions, and starts it again if it ran.
upgrade:
	@test -x $(BIN)/python || $(MAKE) install
	@$(BIN)/python -m launch.upgrade $(MAKE) install

# Writes docs/api/openapi.json anew, which a test compares with the code. It asks no database.
openapi: install
	@env $(LINT_ENV) DJANGO_SETTINGS_MODULE=mcp.project.settings $(BIN)/python -m django write_openapi

install: $(VENV)/.installed $(COMPILED)

install-dev: $(VENV)/.installed-dev $(COMPILED)

# One call: the processes take work from each other, the slowest files first (tests/proofs/ordering.py). Three of them
# for two cores: whoever drives a browser or waits for another process leaves his core to the third.
PYTEST = $(BIN)/python -m pytest -n 3 --dist worksteal

test: lint
	@$(BIN)/python -m launch.chromium
	$(PYTEST) -m "not proof and (not isolation or in_part)" --proofs=sampled $(ARGS)

test-fast: lint
	$(PYTEST) -m "not browser and not proof and (not isolation or in_part)" --proofs=sampled $(ARGS)

# The long proofs, whole. The folder is named, so that their figures are printed at the end.
test-isolation: install-dev
	$(PYTEST) -m isolation tests/isolation tests/customers tests/transitions tests/mcp tests/locations tests/spreadsheets tests/clearing tests/test_traps.py $(ARGS)

# The faults of reconciliation, each at its points, twenty times with other edits, with two installations for each
# process; then ten thousand random days in memory and five hundred on the database.
test-clearing: install-dev
	SEEDS=20 $(BIN)/python -m pytest -n 2 --dist worksteal tests/clearing/faults $(ARGS)
	MODEL_DAYS=10000 DAYS=500 STEPS=50 $(BIN)/python -m pytest -n 2 tests/clearing/test_model_days.py tests/clearing/test_random_days.py $(ARGS)

# What .ci/run does: the checks and all tests, of the long proofs a part that rotates with the commits.
check: lint
	@$(BIN)/python -m launch.chromium
	$(PYTEST) --proofs=sampled $(ARGS)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(LINT_ENV) $(BIN)/mypy --explicit-package-bases .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: install-dev
	$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis $(COMPILED)
	rm -rf var/postgres-tests var/log var/static
	@python3 -c "from launch import folders; folders.forget_tests()"
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Kept: var/postgres, your local database. Remove the folder var to begin with an empty one."

$(VENV)/.installed: requirements.txt launch/venv.sh
	@sh launch/venv.sh $(VENV) $(PYTHON)
	@echo "Installing $< …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing $< …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

locale/%.mo: locale/%.po $(VENV)/.installed
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@
