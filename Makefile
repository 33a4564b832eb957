# Two commands: `make demo` and `make test`. Both make .venv first, with pinned dependencies, and need Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
OUT ?= runs/demo

.PHONY: demo test stress venv check lint types layers docs peers bench clean help

help:
	@echo "make demo [DATA=folder]  evaluate trackers on the embedded benchmark, or on your own sequences, and write a report"
	@echo "make test                run the tests"
	@echo "make check               lint, types, layers, and whether the documentation builds"
	@echo "make docs                the documentation as a site: build/site/index.html"
	@echo "make stress              kill runs at every file-system event, feed damaged files to every reader"
	@echo "make peers               the official vot-toolkit in an environment of its own, for the tests against it"

venv: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("siamfc_eval needs Python 3.11 or later; this is %s. Try: make PYTHON=python3.11" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

demo: venv
	$(BIN)/siamfc-eval demo --out $(OUT) $(if $(DATA),--data "$(DATA)")

test: venv
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# The long forms of the attacks of which `make test` has short ones: kills at every file-system event, damaged files.
stress: venv
	$(BIN)/python -m pytest -m stress tests/stress

check: lint types layers docs

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: venv
	$(BIN)/mypy

layers: venv
	$(BIN)/lint-imports

# Warnings are errors. Nothing is fetched.
docs: venv
	$(BIN)/python -m docs.pages

# GPL software, run as a program and never imported: it gets an environment of its own.
peers: .peers/.installed

.peers/.installed: constraints-peers.txt
	$(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --constraint constraints-peers.txt vot-toolkit==0.7.4 attributee==0.1.9
	@touch $@

clean:
	rm -rf $(VENV) .peers runs dist build
