# The commands of this repository. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-clients bench soak fmt lint

target_dir := $(or $(CARGO_TARGET_DIR),target)
# Where `make run` listens and keeps its data.
LISTEN ?= 127.0.0.1:8080
DATA ?= ./data

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

run: ## Build and start Wayleave on 127.0.0.1:8080, its data in ./data (LISTEN=, DATA= change that)
	@scripts/install.sh build
	@cargo build --release --locked -p wayleave
	@exec $(target_dir)/release/wayleave serve --data $(DATA) --listen $(LISTEN) \
		--upstream-allow 127.0.0.0/8 --upstream-allow ::1/128

test: ## Run all tests against throwaway servers (installs what they need)
	@scripts/test.sh

test-clients: ## Run Claude Code, Codex and gemini-cli through Wayleave, offline (installs them; ARGS=--help)
	@tests/clients/run.sh $(ARGS)

bench: ## Measure direct / floor / wayleave side by side (BENCH_QUICK=1: one short round)
	@bench/run.sh

soak: ## Run the long things: fuzzing and soak tests (SECONDS_PER_TARGET=60)
	@scripts/soak.sh

fmt: ## Format all Rust code
	@cargo fmt --all
	@cd bench && cargo fmt -p mock-upstream -p sse-load

lint: ## Formatting, clippy, documentation, tidy: what .ci/run checks before the tests
	@scripts/lint.sh
