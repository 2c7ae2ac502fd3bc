# Everything runs from .venv. It is made from two lock files, which have one source, pyproject.toml:
#   requirements.lock      what a run and the sandbox need; `make demo` takes nothing else
#   requirements-dev.lock  the same versions, and what tests, checks and a wheel need besides
# A lock is complete: pip resolves nothing (--no-deps), so that no new release can change what is installed.
PYTHON ?= python3
BIN := .venv/bin
# What is imported is compiled then and kept; compiling everything at once would take as long as the demo.
LOCKED := $(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes
unexport PYTHONDONTWRITEBYTECODE
RUNTIME := .venv/.runtime
READY := .venv/.development
JOBS ?= auto

.PHONY: demo test coverage quick faults mutants lint format lock dist release sample docs example clean

demo: $(RUNTIME)
	$(BIN)/python -m migrator demo

# All tests, on all cores.
test: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

# The same, with the lines and branches that no test reaches; counting them takes as long again.
coverage: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal --cov --cov-report=term

# All but the slow ones, for every few minutes.
quick: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not slow"

# Faults put in by hand, one at a time, each with the test that has to notice it (docs/testing.md).
faults: $(READY)
	$(BIN)/python tests/faults.py

# Small faults are put into the code, one at a time; the tests have to notice. Ended and begun again, it goes on.
mutants: $(READY)
	$(BIN)/python benchmarks/mutants --jobs 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ' + '$(MAKECMDGOALS)')"
	$(PYTHON) -m venv .venv

$(RUNTIME): requirements.lock | $(BIN)/python
	$(LOCKED) -r requirements.lock
	$(BIN)/python -m pip check
	touch $@

# The build backend of the editable install is in the lock, too.
$(READY): requirements-dev.lock pyproject.toml | $(RUNTIME)
	$(LOCKED) -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $@

# Newest allowed versions into both lock files, for Python 3.11 and newer and every system.
# uv is itself in the development lock; it is taken from there also when pyproject.toml has changed since.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra sandbox \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet
lock: $(BIN)/uv
	$(COMPILE) --upgrade --output-file requirements.lock
	$(COMPILE) --upgrade --constraint requirements.lock --group dev --output-file requirements-dev.lock

$(BIN)/uv: | $(BIN)/python
	$(LOCKED) -r requirements-dev.lock

# The wheel and the source archive, looked over as the package index would.
dist: $(READY)
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python release/make.py

# What the tool is built from (SBOM), and what is new in it (VERSION=0.2.0; else what is not released yet), in dist/.
release: $(READY)
	$(BIN)/python release/make.py $(if $(VERSION),--version $(VERSION))

# The sample export, from its seed; the same bytes every time.
sample: $(READY)
	$(BIN)/python sample_exports/make_contoso.py

# What the program itself writes of docs/, the manual page and the completion files; then the site, in which every link has to lead somewhere.
docs: $(READY)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs build/site

# The demo's report in reports/example/, and the pictures of it in docs/images/ where there is a Chromium.
example: $(READY)
	$(BIN)/python docs/make_example.py

clean:
	rm -rf .venv .mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist build
