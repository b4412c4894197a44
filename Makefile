PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ifeq ($(OS),Windows_NT)
RUN := .venv/Scripts/python
else
RUN := .venv/bin/python
endif
READY := .venv/ready

.PHONY: help site build test bench rehearse results lint format clean
help:  ## show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

site: $(READY)  ## build both languages and serve them on http://127.0.0.1:8000 (PORT=...)
	@$(RUN) -m llm_book.publishing.site serve --host $(HOST) --port $(PORT)

build: $(READY)  ## build both languages into site/
	@$(RUN) -m llm_book.publishing.site build

test: $(READY)  ## run every test that needs no network and no GPU
	@$(RUN) -m pytest

bench: $(READY)  ## run the benchmarks (pytest-benchmark)
	@$(RUN) -m pytest benchmarks

rehearse: $(READY)  ## run every benchmark once, without timing
	@$(RUN) -m pytest benchmarks --benchmark-disable -q

results: $(READY)  ## measure and draw again everything that the pages show
	@$(RUN) -m benchmarks.results
	@$(RUN) -m llm_book.publishing.examples
	@$(RUN) -m llm_book.publishing.figures

lint: $(READY)  ## check style and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: $(READY)  ## mend style where a program can
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

clean:  ## remove the environment and everything built
	rm -rf .venv site docs/katex/node_modules docs/theme/assets/vendor docs/*/notebooks docs/*/standalone

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0] + ": try make PYTHON=python3.12")'
	@echo "Setting up .venv, once: this takes a minute or two."
	@$(PYTHON) -m venv .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs,test,bench,hub,oracles,search]"
	@touch $(READY)
