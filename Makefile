# What can be done here. Each target prepares the environment first, as often as you like.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
BASE_PYTHON ?= python3
EXTRAS := documents,local,providers,dev
# Processes that run the tests.
JOBS ?= 2
# On Linux without an NVIDIA GPU the CPU build of torch is a tenth of the CUDA build's size.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help setup ingest chat test lint eval

help: ## print this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## prepare .venv

$(STAMP): pyproject.toml .ci/constraints.txt .ci/setup
	@BASE_PYTHON="$(BASE_PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" EXTRAS="$(EXTRAS)" bash .ci/setup $(VENV)
	@touch $(STAMP)

ingest: setup ## bring the index in line with corpus/
	$(PY) -m ingest

chat: setup ## index the guide if needed and open the web chat
	$(PY) -m ingest
	$(VENV)/bin/streamlit run streamlit_app.py --server.address 127.0.0.1 \
		--browser.gatherUsageStats false --client.toolbarMode minimal --server.fileWatcherType none

test: setup ## run the tests
	HF_HUB_OFFLINE=1 $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

lint: setup ## check format, style, types and the guide's form
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PY) -m ingest check

eval: setup ## measure retrieval, answers and grading
	$(PY) -m ingest
	$(PY) -m eval all
