# The only set-up there is. Each target makes .venv when it is missing or older than pyproject.toml.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: lab demo test test-browser lint bench clean

lab: .venv/lab          ## a cluster in the background, the lessons, JupyterLab
	$(BIN)/k8slearn lab $(DIR)

demo: .venv/lab         ## the same without a browser: both lessons solved, checked and graded
	$(BIN)/k8slearn demo

test: .venv/dev lint    ## every test there is
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-browser: .venv/dev
	$(BIN)/python -m pytest tests/browser

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/k8slearn lessons build --check

bench: .venv/dev        ## what is measured, against its peer or floor
	$(BIN)/python -m benchmarks

.venv/lab: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "k8slearn needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[kubectl]'
	touch $@

.venv/dev: pyproject.toml .venv/lab
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv
