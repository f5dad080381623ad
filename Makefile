# make         the program                    make test    every test there is
# make demo    the program at work (OPENCLAW=real: with the real OpenClaw instead of a stand-in)
# make lint    formatter and clippy           make bench   how long it takes, how much memory
#
# Each installs what it needs (apt, rustup) and the machine lacks; root or sudo.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

TARGET := $(or $(CARGO_TARGET_DIR),target)
PROGRAM := $(TARGET)/release/openclaw-setup
# The real OpenClaw, 560 MB from npm.
OPENCLAW_DIR ?= build/openclaw

# Tests that start a user manager of their own need root; all others run as whoever runs make.
in_sandbox := $(shell grep -l 'bench/mod\.rs' tests/*.rs tests/*/main.rs 2>/dev/null)
test_name = $(patsubst tests/%.rs,%,$(patsubst tests/%/main.rs,%,$(1)))
SANDBOX_TESTS := $(filter-out openclaw crash,$(call test_name,$(in_sandbox)))
REAL_TESTS := $(filter openclaw,$(call test_name,$(in_sandbox)))
PLAIN_TESTS := $(filter-out crash,$(call test_name,$(filter-out $(in_sandbox),$(wildcard tests/*.rs tests/*/main.rs))))

# cargo names the variable after the host: CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER
runner = CARGO_TARGET_$(shell rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)_RUNNER
as_root = $(runner)="$(CURDIR)/packaging/sandbox/as-root.sh"

.PHONY: build demo test test-plain test-sandbox test-crash test-crash-full test-openclaw bench fmt lint needs clean

build:
	packaging/needs.sh build
	cargo build --release --locked

needs:
	packaging/needs.sh test

demo:
	OPENCLAW=$(OPENCLAW) packaging/needs.sh sandbox
	cargo build --release --locked
ifeq ($(OPENCLAW),real)
	tests/bench/openclaw.sh $(OPENCLAW_DIR)
	packaging/demo/demo.sh $(PROGRAM) $(OPENCLAW_DIR)
else
	packaging/demo/demo.sh $(PROGRAM)
endif

test:
	packaging/needs.sh test
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory test-plain
	$(MAKE) --no-print-directory test-sandbox
	$(MAKE) --no-print-directory test-crash
	$(MAKE) --no-print-directory test-openclaw

test-plain:
	cargo test --locked --lib --bins $(addprefix --test ,$(PLAIN_TESTS))
	cargo test --locked --doc

test-sandbox:
	$(if $(SANDBOX_TESTS),$(as_root) cargo test --locked $(addprefix --test ,$(SANDBOX_TESTS)))

# Kills, faults, full disks, power cuts, races; each test uses all cores. The second takes every point.
test-crash test-crash-full:
	packaging/needs.sh test
	OPENCLAW_SETUP_CRASH=$(if $(findstring full,$@),full) $(as_root) \
	  cargo test --locked --test crash -- --nocapture --test-threads=1

# Each starts a gateway that wants a core for itself: one after the other.
test-openclaw:
	tests/bench/openclaw.sh $(OPENCLAW_DIR)
	$(if $(REAL_TESTS),OPENCLAW_SETUP_TEST_OPENCLAW=$(abspath $(OPENCLAW_DIR)) $(as_root) \
	  cargo test --locked $(addprefix --test ,$(REAL_TESTS)) -- --test-threads=1)

lint:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- --deny warnings

fmt:
	cargo fmt --all

bench:
	packaging/needs.sh sandbox
	cargo build --release --locked
	packaging/sandbox/user-manager.sh --program $(PROGRAM) -- /usr/bin/python3 $(CURDIR)/tests/bench/speed.py

clean:
	cargo clean
	rm -rf build
