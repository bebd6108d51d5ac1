.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores: many tests wait for a server to start, or for time to pass.
PARALLEL = -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist worksteal

ifdef HOST
export IL6_HOST := $(HOST)
endif
ifdef PORT
export IL6_PORT := $(PORT)
endif

.PHONY: help serve test test-longer clients test-readers test-all coverage fuzz faults bench check format migration registries lock

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/serve: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/test: requirements-dev.txt .venv/serve
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

serve: .venv/serve ## install, seed and serve on 127.0.0.1:8000 (HOST= and PORT= override)
	$(BIN)/il6 seed
	exec $(BIN)/il6 serve

test: .venv/test ## run the tests on the embedded database
	$(BIN)/python -m pytest $(PARALLEL) -m "not postgresql and not longer" $(ARGS)

test-longer: .venv/test ## run the other tests: with PostgreSQL, nginx and Chromium (skipped without), recipes, package
	$(BIN)/python -m pytest $(PARALLEL) -m "postgresql or longer" $(ARGS)

clients: .venv/test ## have other people's programs read the OpenAPI document and files; needs the network
	.ci/clients

test-readers: .venv/test ## have LibreOffice read the workbook and promtool the alerts, before a release
	.ci/readers

test-all: test test-longer clients ## run all of these

coverage: .venv/test ## measure which lines the tests reach, on the embedded database
	$(BIN)/coverage run -m pytest $(PARALLEL) -m "not postgresql and not longer" $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

fuzz: .venv/test ## try with many examples what make test tries with few
	IL6_TEST_EXAMPLES=1000 $(BIN)/python -m pytest $(PARALLEL) tests/test_lists.py tests/test_search.py tests/test_schema.py $(ARGS)

faults: .venv/test ## try at full length what breaks: kills, full disks, damaged files, servers that go
	IL6_TEST_FAULTS=full $(BIN)/python -m pytest $(PARALLEL) tests/test_faults.py tests/test_seeding.py tests/test_edge.py tests/test_caching.py $(ARGS)

var/bench/ready: tests/bench/requirements.txt
	test -x var/bench/bin/python || $(PYTHON) -m venv var/bench
	var/bench/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
	@touch $@

bench: .venv/test var/bench/ready ## measure the speed beside that of other servers (needs wrk and two cores)
	$(BIN)/python -m tests.bench.run $(ARGS)

check: .venv/test ## look for faults in style, types, layers, migrations and data
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/checks/private.py app migrations tests
	@folder=$$(mktemp -d) && trap "rm -r $$folder" EXIT && \
		export IL6_DATABASE_URL=sqlite:///$$folder/check.sqlite && \
		$(BIN)/alembic upgrade head && $(BIN)/alembic check
	$(BIN)/il6 seed --check
	@! grep -nE 'https?://' requirements.txt requirements-dev.txt

format: .venv/test ## bring code and data into their canonical form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/il6 seed --format

migration: .venv/test ## write what the models have that the schema has not (ABOUT="Trials have a dose")
	@test -n "$(ABOUT)" || { echo 'say what it is for: make migration ABOUT="Trials have a dose"'; exit 2; }
	@folder=$$(mktemp -d) && trap "rm -r $$folder" EXIT && \
		export IL6_DATABASE_URL=sqlite:///$$folder/atlas.sqlite && \
		revision=$$(date +%Y_%m)_$$(echo "$(ABOUT)" | tr 'A-Z ' 'a-z_' | cut -c 1-24) && \
		$(BIN)/alembic upgrade head && \
		$(BIN)/alembic revision --autogenerate --rev-id $$revision -m "$(ABOUT)" && \
		sed -i.old "s/^SCHEMA_REVISION = .*/SCHEMA_REVISION = \"$$revision\"/" app/__init__.py && \
		rm app/__init__.py.old
	$(BIN)/ruff format --quiet migrations

registries: .venv/test ## write by which prefixes and addresses identifiers are read, from Bioregistry
	$(BIN)/python -m tests.registries

lock: .venv/test ## pin the newest versions of all dependencies
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" pyproject.toml --group build -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
