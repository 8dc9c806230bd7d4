# Needs make and Python 3.11, 3.12 or 3.13. Another Python than the one found: make run PYTHON=…

PYTHONS = .venv/bin/python $(PYTHON) python3.13 python3.12 python3.11 python3
SUITABLE = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# One recipe line: the first Python that suits makes or repairs .venv; it is quick if nothing changed.
define set_up
	@for python in $(PYTHONS); do \
	  if "$$python" -c '$(SUITABLE)' 2>/dev/null; then \
	    exec "$$python" -I infra/supervisor/bootstrap.py $(1); \
	  fi; \
	done; \
	echo "No suitable Python: Parley needs 3.11, 3.12 or 3.13 with its venv module" \
	  "(Debian: apt install python3-venv); if you have one elsewhere: make run PYTHON=/path/to/python3" >&2; \
	exit 1
endef

.DEFAULT_GOAL := help
.PHONY: help run unit test check bench gpu-bench chaos format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up what is missing and start everything (GPU=1: for an NVIDIA GPU; LARGE=1: a second, large encoder; TRACING=1: for PARLEY_TRACES; LLAMA=1: for PARLEY_LLM_GGUF)
	$(call set_up,$(if $(GPU),gpu,run))
	$(if $(TRACING)$(PARLEY_TRACES),$(call set_up,tracing))
	$(if $(LLAMA)$(PARLEY_LLM_GGUF),$(call set_up,llama))
	@$(if $(LARGE),.venv/bin/python -m infra.cli model build --encoder both)
	@$(if $(LARGE),PARLEY_ENCODER="$${PARLEY_ENCODER:-cascade}") exec .venv/bin/python -m infra.cli up

unit: ## run the tests that start no process and need no server, in about a minute
	$(call set_up,test)
	@.venv/bin/python -m infra.cli model build
	@.venv/bin/python -m pytest tests/unit

test: ## run the whole test suite, in groups side by side, against a real Redis and real processes
	$(call set_up,test)
	@.venv/bin/python -m infra.cli model build
	@.venv/bin/python -m tests

check: ## ruff, mypy --strict, the import rules and dead code
	$(call set_up,test)
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy --num-workers auto
	.venv/bin/lint-imports
	.venv/bin/python -m vulture

bench: ## measure Parley versus simpler designs (ARGS="--quick": only see that it works)
	$(call set_up,test)
	@exec .venv/bin/python -m infra.cli bench $(ARGS)

gpu-bench: ## measure workers on an NVIDIA GPU, in six minutes once it is set up
	$(call set_up,gpu)
	$(call set_up,bench)
	@.venv/bin/python -m infra.cli model build
	-@.venv/bin/python -m infra.cli model build --encoder large
	@exec .venv/bin/python -m infra.bench.gpu $(ARGS)

chaos: ## kill everything in turn under load: nothing may be lost or duplicated (ARGS="--quick")
	$(call set_up,test)
	@exec .venv/bin/python -m infra.cli chaos $(ARGS)

format: ## format the code and fix what ruff can fix
	$(call set_up,test)
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

clean: ## remove .venv and tool caches; var/ (model, queue, logs) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
