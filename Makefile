# 匠途 Jiangtu. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	--custom-compile-command "make lock" pyproject.toml

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run-installed ## run the site with its database, worker and demo city (PORT=8000 DATA_DIR=var)
	@exec $(BIN)/python -m app.supervisor --with-parent

elasticsearch: $(VENV)/.run-installed ## get and start an Elasticsearch for development; prints its address, Ctrl-C ends it
	@exec $(BIN)/python -m app.elasticsearch_server

test: $(VENV)/.test-installed ## install what the tests need and run everything
	@exec $(BIN)/python tests/run.py

lint: $(VENV)/.test-installed ## ruff and the import contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo

types: $(VENV)/.test-installed ## mypy, strict on app/
	@$(BIN)/mypy

bench: $(VENV)/.run-installed ## measure, as ratios on this machine
	@exec $(BIN)/python -m benchmarks

bench-policy: $(VENV)/.run-installed ## measure judging 10,000 people beside a bare loop
	@exec $(BIN)/python -m benchmarks.policy

bench-search: $(VENV)/.test-installed ## measure the search on both engines, at 100,000 and 1,000,000 courses (long; BENCH_DATA keeps the data)
	@exec $(BIN)/python -m benchmarks.search

lock: $(VENV)/.test-installed ## lock the Python dependencies with hashes
	$(COMPILE) -o requirements.txt
	$(COMPILE) --extra test -c requirements.txt -o requirements-test.txt

static: ## build the committed front-end files (needs Node; running does not)
	npm ci --ignore-scripts --no-audit --no-fund && npm run build

translations: $(VENV)/.test-installed ## collect the texts into app/translations and compile them
	$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext -k _n:1,2 -k pgettext:1c,2 --no-location --sort-output \
		--project=jiangtu --version=0 -o $(VENV)/messages.pot .
	$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d app/translations --no-fuzzy-matching --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d app/translations

clean: ## remove what was built and installed; keeps the data in var/
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app tests migrations benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that starts and is new enough; pyenv's shims may exist and not start. The system's own goes first:
# it is built with profile, and a sixth faster than one that is not.
$(BIN)/python:
	@for python in /usr/bin/python3 python3.13 python3.12 python3.11 python3 python3.14 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			if ! "$$python" -c 'import ensurepip' 2>/dev/null; then \
				bare="$$bare $$python"; continue; \
			fi; \
			echo "making $(VENV) with $$("$$python" --version)"; \
			"$$python" -m venv --clear $(VENV) && exit 0; \
			rm -rf $(VENV); bare="$$bare $$python"; \
		fi; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "No $(VENV) could be made with$$bare. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Python 3.11 or newer is needed and was not found. Found: $$(python3 --version 2>&1 || echo none)" >&2; exit 1

# A stamp holds the lock file it was made from, so that a second run is instant and a changed lock is installed.
$(VENV)/.run-installed: requirements.txt | $(BIN)/python
	@if ! cmp -s requirements.txt $@; then \
		echo "installing the locked dependencies …"; \
		$(BIN)/python -m pip install -q --no-input --disable-pip-version-check --require-hashes -r requirements.txt; \
	fi
	@cp requirements.txt $@

$(VENV)/.test-installed: requirements-test.txt $(VENV)/.run-installed | $(BIN)/python
	@if ! cmp -s requirements-test.txt $@; then \
		echo "installing what the tests need …"; \
		$(BIN)/python -m pip install -q --no-input --disable-pip-version-check --require-hashes -r requirements-test.txt; \
	fi
	@cp requirements-test.txt $@

.PHONY: help run elasticsearch test lint types bench bench-policy bench-search lock static translations clean
