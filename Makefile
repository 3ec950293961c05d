# The only set-up there is. Each target makes .venv when it is missing or older than pyproject.toml.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: lab demo test test-browser test-kind test-mutants test-parity-real lint bench clean

lab: .venv/lab          ## a cluster in the background, the lessons, JupyterLab
	$(BIN)/k8slearn lab $(DIR)

demo: .venv/lab         ## the same without a browser: both lessons solved, checked and graded
	$(BIN)/k8slearn demo

test: .venv/dev lint    ## every test there is
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-browser: .venv/dev
	$(BIN)/python -m pytest tests/browser

test-kind: .venv/dev    ## the lessons and the engines on a kind cluster, which stays (needs docker and kind)
	$(BIN)/k8slearn up --engine kind
	$(BIN)/python -m pytest -m kind -n 2
	K8SLEARN_ENGINE=kind $(BIN)/python -m pytest --nbval-lax lessons/solutions/en/*.ipynb

test-mutants: .venv/dev ## small wrongs of every right answer: each must fail, or stand in mutants.yaml with its reason
	$(BIN)/python -m tools.mutants

test-parity-real: .venv/dev  ## record tests/parity anew on a kind cluster, then see what the embedded one answers
	$(BIN)/k8slearn up --engine kind
	$(BIN)/python tests/parity/parity.py record -j 4 --kubectl $(BIN)/kubectl --kubeconfig "$$($(BIN)/k8slearn kubeconfig)" @first.txt
	$(BIN)/python -m pytest tests/parity

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
