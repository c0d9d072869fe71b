# Needs python3 (3.11 or newer) and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BUILD := pyproject.toml hatch_build.py $(wildcard reasonlens/lexicon/kernel/c/*)

.PHONY: demo test check wheel format figures bench clean help

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/installed  ## set up, then run the main job on the bundled sample
	$(BIN)/reasonlens demo

test: $(VENV)/developer  ## set up, then run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 25

check: $(VENV)/developer  ## format, lint, types and import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: $(VENV)/developer  ## build the wheel, install it alone and run it from another folder
	sh .ci/wheel $(BIN)/python

figures: $(VENV)/installed  ## redraw every figure of figures/ from the bundled sample
	for run in analyses/*/run.py; do $(BIN)/python $$run --smoke || exit 1; done

bench: $(VENV)/developer  ## speed against peers, in one run
	$(BIN)/python benchmarks/counting/run.py

format: $(VENV)/developer  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what was set up and built
	rm -rf $(VENV) build dist demo-study

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "reasonlens needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PIP) install --upgrade 'pip>=25.1'

$(VENV)/installed: $(BUILD) | $(BIN)/python
	$(PIP) install --editable '.[spacy,judge,grade,view]'
	@touch $@

$(VENV)/developer: $(BUILD) | $(BIN)/python
	$(PIP) install --editable '.[all]' --group dev
	@touch $@ $(VENV)/installed
