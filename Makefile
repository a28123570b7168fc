# Every target makes what it needs first; the second run starts at once.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test soak-custody lint bench bench-large docs schemas clean requirements kafka-jars

demo: $(STAMP)
	$(BIN)/zhuanhu demo

# Many tests wait for a process or the disk: two at a time, each with servers of its own.
test: $(STAMP)
	$(BIN)/pytest --numprocesses=2 --dist=worksteal

# Custody against a bank with every fault, both killed again and again; the tests run a tenth of it.
soak-custody: $(STAMP)
	ZHUANHU_SOAK_MOVEMENTS=20000 $(BIN)/pytest --numprocesses=4 -o faulthandler_timeout=0 tests/soak

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# With a log of ten million events: a quarter of an hour and 12 GB of disk.
bench-large: $(STAMP)
	$(BIN)/python -m benchmarks.large

# The pages that are made from the code; a test keeps them current.
docs: $(STAMP)
	$(BIN)/python -m services.cli.error_pages

# The contract with the platform's services, in docs/contract; a test keeps it current.
schemas: $(STAMP)
	$(BIN)/python -m services.cli.contract_files

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Pins what pyproject.toml asks for, anew. The files hold hashes and no addresses.
PIN := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-annotate --no-emit-options
requirements: $(STAMP)
	$(PIN) --output-file requirements.txt pyproject.toml
	$(PIN) --extra dev --output-file requirements-dev.txt pyproject.toml

# Pins what infra/kafka_jars/pom.xml asks for, anew. The list holds hashes and no addresses.
kafka-jars:
	rm -rf build/kafka-jars
	mvn -B -q -f infra/kafka_jars/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory=$(CURDIR)/build/kafka-jars
	cd build/kafka-jars && sha256sum *.jar > $(CURDIR)/infra/kafka_jars/jars.sha256

$(STAMP): requirements-dev.txt pyproject.toml
	@python=; for each in python3.13 python3.12 python3.11 python3 python; do \
		if $$each -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "zhuanhu needs Python 3.11 or later with its venv module, and found none." >&2; \
		echo "Install it (Debian, Ubuntu: apt install python3.12-venv; or python.org)," >&2; \
		echo "see that python3.11, python3.12, python3.13 or python3 is on the PATH," >&2; \
		echo "and run make again." >&2; \
		exit 1; \
	fi; \
	test -x $(BIN)/python || $$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
