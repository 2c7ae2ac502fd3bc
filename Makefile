# Everything runs from .venv, which is made from the lock file when it is missing or older than the lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: demo test lint format lock sample docs example clean

demo: $(READY)
	$(BIN)/migrator demo

test: $(READY)
	$(BIN)/python -m pytest --cov --cov-report=term

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ' + '$(MAKECMDGOALS)')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

# Newest allowed versions into the lock file: one file for Python 3.11 to 3.14 and every system.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra sandbox --group dev \
		--generate-hashes --no-emit-index-url --no-header --upgrade --quiet --output-file requirements.lock

# The sample export, from its seed; the same bytes every time.
sample: $(READY)
	$(BIN)/python sample_exports/make_contoso.py

# The parts of docs/ that are written by the program itself.
docs: $(READY)
	$(BIN)/python docs/generate.py

# The demo's report in reports/example/, and the pictures of it in docs/images/ where there is a Chromium.
example: $(READY)
	$(BIN)/python docs/make_example.py

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist build
