# `make` lists the targets. Builds go to one folder that survives checkouts; CARGO_TARGET_DIR moves it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint fuzz bench docs

export INGOT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ingot
export CARGO_TARGET_DIR ?= $(INGOT_CACHE)/target

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install what building needs and this machine lacks (Debian packages, cmake from PyPI)
	@scripts/setup.sh

build: setup ## the program, in $CARGO_TARGET_DIR/debug/ingot
	@. scripts/env.sh && cargo build --workspace --bin ingot

demo: build ## from a bank's table to a sealed model that answers over HTTP
	@scripts/demo.sh

test: ## all tests, with the tools of others that they compare with
	@scripts/test.sh

lint: setup ## format, clippy, tidy, and cargo-deny when it is installed
	@. scripts/env.sh && cargo fmt --all --check \
	  && cargo clippy --workspace --features "ingot-cli/full$$(command -v mpicc >/dev/null && echo ,ingot-cli/mpi)" --all-targets -- -D warnings \
	  && cargo run --quiet --package xtask -- tidy \
	  && if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; fi

fuzz: setup ## every fuzz target for INGOT_FUZZ_SECONDS (30) each; needs cargo-fuzz
	@scripts/fuzz.sh

bench: build ## measure against peers from PyPI; the ratios go into docs/benchmarks.md
	@. scripts/env.sh && bench/run.sh

docs: setup ## rewrite what is generated: error codes, recipe schema; then the Rust documentation
	@. scripts/env.sh && cargo run --quiet --package xtask -- docs \
	  && cargo run --quiet --package xtask -- schema \
	  && cargo doc --workspace --no-deps
