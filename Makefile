# Everything here works on a fresh clone: `make demo` and `make test` install what is missing.
#
# One build serves both. `cargo build -p daybook` would choose the features of shared dependencies without those
# that the tests' own dependencies add, and with any difference `cargo test` would compile the engine a second
# time, which takes many minutes. So the demo's build selects what the test's selects: the whole workspace, and
# with `--examples` (there need not be any) a kind of target that brings the dev-dependencies' features in. The
# program is then run directly, because `cargo run` would choose again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BUILD := cargo build --locked --workspace --bins --examples
PROGRAM := $(or $(CARGO_TARGET_DIR),target)/debug/daybook
# What is measured is optimised.
BUILD_OPTIMISED := cargo build --release --locked --workspace --bins --examples
OPTIMISED := $(or $(CARGO_TARGET_DIR),target)/release/daybook
HOST = $(shell rustc --print host-tuple)
PROVIDE_POSTGRES := scripts/provide-postgres.sh
PROVIDE_BROWSER := scripts/provide-browser.sh

.PHONY: help
help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-14s %s\n", $$1, $$2 }'

.PHONY: postgres
postgres: ## Install PostgreSQL's server programs if there are none; starts nothing
	@$(PROVIDE_POSTGRES)

.PHONY: browser
browser: ## Install a browser if there is none; tests look at pages with it
	@$(PROVIDE_BROWSER)

.PHONY: demo
demo: postgres ## Trade some days in a generated shop and show its books
	$(BUILD)
	$(PROGRAM) demo

.PHONY: test
test: postgres browser ## Run every test, and look for mistakes in the models
	cargo test --locked --workspace --no-fail-fast
	$(MAKE) check-models

.PHONY: check-models
check-models: ## Look for mistakes in the models, with the demo's build
	$(BUILD)
	$(PROGRAM) models check
	$(PROGRAM) models test --unit

.PHONY: bench-load
bench-load: postgres ## Measure bulk loading against \copy, pgloader and dlt; BENCH="--help" says what can be set
	$(BUILD_OPTIMISED)
	python3 bench/load/run.py --daybook $(OPTIMISED) $(BENCH)

# By itself and optimised, without the engine: a few minutes.
BENCH_DUMP := $(or $(CARGO_TARGET_DIR),target)/bench-dump

.PHONY: bench-dump
bench-dump: postgres ## Measure the dump against DuckDB and ConnectorX; BENCH="--help" says what can be set
	cargo build --release --locked -p daybook-ods --example dump --target-dir $(BENCH_DUMP)
	python3 bench/dump/run.py --dump $(BENCH_DUMP)/release/examples/dump $(BENCH)

.PHONY: bench-close
bench-close: postgres ## Measure the close of a history against DuckDB, and of days after it; BENCH="--help" says what can be set
	$(BUILD_OPTIMISED)
	python3 bench/close/run.py --daybook $(OPTIMISED) $(BENCH)

.PHONY: bench-query
bench-query: ## Measure the usual questions on a year's books against DuckDB; BENCH="--help" says what can be set
	$(BUILD_OPTIMISED)
	python3 bench/query/run.py --daybook $(OPTIMISED) $(BENCH)

.PHONY: bench-webhook
bench-webhook: postgres ## Measure payment webhooks against pgbench; BENCH="--help" says what can be set
	$(BUILD_OPTIMISED)
	python3 bench/webhook/run.py --daybook $(OPTIMISED) $(BENCH)

.PHONY: bench-lookup
bench-lookup: postgres ## Measure how long customer service waits; BENCH="--help" says what can be set
	$(BUILD_OPTIMISED)
	python3 bench/lookup/run.py --daybook $(OPTIMISED) $(BENCH)

.PHONY: kill-load
kill-load: KILLS := 100
kill-load: postgres ## Kill loads at KILLS=100 random moments and compare with an undisturbed one
	$(BUILD)
	python3 bench/load/kill.py --daybook $(PROGRAM) --kills $(KILLS)

.PHONY: kill-close
kill-close: KILLS := 100
kill-close: postgres ## Kill closes after each step and at KILLS=100 random moments and compare with an undisturbed one
	$(BUILD)
	python3 bench/close/kill.py --daybook $(PROGRAM) --kills $(KILLS)

.PHONY: kill-serve
kill-serve: KILLS := 50
kill-serve: postgres ## Kill the server at KILLS=50 random moments under load and look for what it acknowledged
	$(BUILD)
	python3 bench/webhook/kill.py --daybook $(PROGRAM) --kills $(KILLS)

SECONDS := 60
FUZZ := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/fuzz

# The compiler's flags are in crates/ods/fuzz/.cargo/config.toml; as a target is named, build scripts are spared them.
.PHONY: fuzz
fuzz: ## Fuzz each file reader for SECONDS=60; the first build takes about ten minutes
	cd crates/ods/fuzz && cargo build --target $(HOST) --target-dir $(FUZZ)
	cd crates/ods/fuzz && for reader in csv events timestamp; do \
		mkdir -p corpus/$$reader; \
		$(FUZZ)/$(HOST)/debug/$$reader -max_total_time=$(SECONDS) -max_len=1024 -verbosity=0 -print_final_stats=1 \
			corpus/$$reader seeds/$$reader; \
	done

.PHONY: lint
lint: ## Check format, lints, licenses and sources
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then \
		cargo deny --locked check bans licenses sources; \
	else \
		echo "cargo-deny is not installed, so licenses and sources are unchecked: cargo install cargo-deny --locked"; \
	fi

.PHONY: advisories
advisories: ## Check dependencies against the RustSec advisories, which are fetched
	cargo deny --locked check advisories
