# make         the program                    make test    every test there is
# make test-openclaw-all   on each OpenClaw that the tests know, from npm
# make demo    the program at work (OPENCLAW=real: with the real OpenClaw instead of a stand-in)
# make check   lint, and the tests that need neither root nor a machine: under 2 minutes once built
# make lint    formatter and clippy           make bench   time and memory, as ratios against cp, tar, sha256sum
# make deb     the package                    make connector-deb CONNECTOR=<tgz|dir|npm:spec>   a connector as a package
# make apt-repo [KEY=…]   a repository of both      make deb-reproducible   the same bytes a second time?
# make release [KEY=…]    what the page of a release carries      make pictures   those of the READMEs, from a real run
# make test-fleet [FLEET=5 SUITE=…]   Ansible keeps that many booted guests
# make test-deb [SUITE=bookworm|trixie|noble MIRROR=… KEYRING=…]   the packages through their life in a booted guest
#
# Each installs what it needs (apt, rustup) and the machine lacks; root or sudo.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

TARGET := $(or $(CARGO_TARGET_DIR),target)
PROGRAM := $(TARGET)/release/openclaw-setup
# The real OpenClaw, 560 MB from npm; later ones lie beside it, each in a folder with its version.
OPENCLAW_DIR ?= build/openclaw
NEWER_OPENCLAWS := 2026.4.9 2026.7.35 2026.9.6
# The one of them whose day it is.
OPENCLAW_OF_THE_DAY := $(word $(shell expr $$(date +%s) / 86400 % 3 + 1),$(NEWER_OPENCLAWS))

# Tests that start a user manager of their own need root; all others run as whoever runs make.
in_sandbox := $(shell grep -l 'bench/mod\.rs' tests/*.rs tests/*/main.rs 2>/dev/null)
test_name = $(patsubst tests/%.rs,%,$(patsubst tests/%/main.rs,%,$(1)))
SANDBOX_TESTS := $(filter-out openclaw crash,$(call test_name,$(in_sandbox)))
PLAIN_TESTS := $(filter-out crash,$(call test_name,$(filter-out $(in_sandbox),$(wildcard tests/*.rs tests/*/main.rs))))

# cargo names the variable after the host: CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER
runner = CARGO_TARGET_$(shell rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)_RUNNER
as_root = $(runner)="$(CURDIR)/packaging/sandbox/as-root.sh"

# Packages, and the guests that they are tested in.
DEB_DIR ?= build/deb
GUESTS ?= build/guests
SUITE ?= bookworm
CONNECTOR_OPTIONS ?=
guest_test = packaging/sandbox/as-root.sh env MIRROR='$(MIRROR)' KEYRING='$(KEYRING)'
stager = $(TARGET)/debug/examples/payload

.PHONY: build demo pictures check test test-plain test-sandbox test-crash test-crash-full test-crash-files test-crash-full-files test-crash-machines test-crash-full-machines openclaws test-openclaw test-openclaw-all bench fmt lint needs clean
.PHONY: deb deb-reproducible connector-deb apt-repo release copyright test-deb test-fleet test-deb-thorough test-packages

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

pictures:
	packaging/needs.sh pictures
	cargo build --release --locked
	packaging/pictures/pictures.sh $(PROGRAM) docs/pictures

check: lint test-plain

# Each stage says how long it took. What is paired shares nothing: npm and the compiler, gateways and guests.
# PACKAGES=test-deb-thorough, as CI has it, tries them in all ways.
PACKAGES ?= test-deb
test:
	packaging/needs.sh test
	@for stage in '-j2 --output-sync=target openclaws check' test-sandbox test-crash '-j2 --output-sync=target test-openclaw $(PACKAGES)'; do \
	  TIMEFORMAT="== $$stage: %0R s"; echo "== $$stage"; time $(MAKE) --no-print-directory $$stage || exit; \
	done

test-plain:
	cargo test --locked --lib --bins $(addprefix --test ,$(PLAIN_TESTS))
	cargo test --locked --doc

# They wait for settling gateways most of the time: more of them than cores at once.
test-sandbox:
	$(if $(SANDBOX_TESTS),RUST_TEST_THREADS=6 $(as_root) cargo test --locked $(addprefix --test ,$(SANDBOX_TESTS)))

# Kills, faults, full disks, power cuts, races; the second takes every point. Each sweep uses all cores, but every system call
# is a wait for strace, and those with a gateway wait for it to settle: several at once.
sweep = OPENCLAW_SETUP_CRASH=$(if $(findstring full,$@),full) $(as_root) cargo test --locked --test crash -- --nocapture

test-crash test-crash-full:
	packaging/needs.sh test
	$(MAKE) --no-print-directory -j2 --output-sync=target $@-files $@-machines

test-crash-files test-crash-full-files:
	$(sweep) --test-threads=3 --skip machine::

test-crash-machines test-crash-full-machines:
	$(sweep) --test-threads=3 machine::

# Each starts a gateway that wants a core for itself: two at once, as the packages need none for most of the time.
on_openclaw = OPENCLAW_SETUP_TEST_OPENCLAW=$(abspath $(1)) $(as_root) cargo test --locked --test openclaw -- --test-threads=2

openclaws:
	tests/bench/openclaw.sh $(OPENCLAW_DIR)
	tests/bench/openclaw.sh $(OPENCLAW_DIR)-$(OPENCLAW_OF_THE_DAY) $(OPENCLAW_OF_THE_DAY)

# The first, and of the others the one whose day it is: what differs by version.
test-openclaw: openclaws
	$(call on_openclaw,$(OPENCLAW_DIR)) --skip every_version:: --skip in_place::
	$(call on_openclaw,$(OPENCLAW_DIR)-$(OPENCLAW_OF_THE_DAY)) every_version::

# All that each of them is tried with, and the last in place of the first.
test-openclaw-all: $(NEWER_OPENCLAWS:%=test-openclaw-%)
	tests/bench/openclaw.sh $(OPENCLAW_DIR)
	OPENCLAW_SETUP_TEST_OPENCLAW_LATER=$(abspath $(OPENCLAW_DIR)-$(lastword $(NEWER_OPENCLAWS))) $(call on_openclaw,$(OPENCLAW_DIR))

test-openclaw-%:
	tests/bench/openclaw.sh $(OPENCLAW_DIR)-$* $*
	$(call on_openclaw,$(OPENCLAW_DIR)-$*) every_version::

lint:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- --deny warnings

deb:
	packaging/needs.sh package
	packaging/deb/build.sh $(DEB_DIR)

deb-reproducible: deb
	packaging/deb/reproducible.sh $(DEB_DIR)

# CONNECTOR_OPTIONS: --sha256 HEX, --checksums FILE, --allow-unverified
connector-deb:
	$(if $(CONNECTOR),,$(error say CONNECTOR=<tgz|dir|npm:spec>))
	packaging/needs.sh package
	cargo build --locked --example payload
	packaging/connector/build-deb.sh $(stager) '$(CONNECTOR)' $(DEB_DIR) $(CONNECTOR_OPTIONS)

# KEY: the id of a key of gpg's
apt-repo:
	packaging/needs.sh package
	KEY=$(KEY) packaging/deb/repository.sh build/apt-repo $(wildcard $(DEB_DIR)/openclaw-setup_*.deb $(DEB_DIR)/openclaw-connector-dingtalk_*.deb)

release: deb
	KEY=$(KEY) packaging/release/release.sh build/release $(DEB_DIR)

copyright:
	packaging/deb/copyright.py

# What a package is judged by without being booted, then its life in a guest of SUITE.
test-deb: test-packages
	$(guest_test) tests/deb/run.sh $(SUITE) $(GUESTS) $(DEB_DIR)

# Guests as a fleet. What Ansible is made of comes from PyPI into a folder of its own.
ANSIBLE ?= build/ansible
FLEET ?= 5

$(ANSIBLE)/bin/ansible-playbook:
	packaging/needs.sh fleet
	virtualenv --quiet $(ANSIBLE)
	$(ANSIBLE)/bin/pip install --quiet ansible-core==2.19.14 ansible-lint==26.10.1

test-fleet: test-packages $(ANSIBLE)/bin/ansible-playbook
	$(guest_test) tests/fleet/run.sh $(SUITE) $(GUESTS) $(DEB_DIR) $(ANSIBLE) $(FLEET)

# All that there is to say about the packages: the other Debian, Debian's own tools, and the same bytes a second time.
test-deb-thorough: test-deb
	$(guest_test) tests/deb/run.sh trixie $(GUESTS) $(DEB_DIR)
	$(guest_test) tests/deb/judged.sh bookworm $(GUESTS) $(DEB_DIR)
	packaging/deb/reproducible.sh $(DEB_DIR)

test-packages:
	packaging/needs.sh test-deb
	packaging/deb/copyright.py --check
	packaging/deb/build.sh $(DEB_DIR)
	cargo build --locked --example payload
	tests/deb/payloads.sh $(stager) $(DEB_DIR)
	tests/deb/signed-repository.sh $(DEB_DIR)
	tests/deb/lint.sh $(DEB_DIR)

fmt:
	cargo fmt --all

# Ratios against cp, tar, sha256sum, dpkg and systemctl, measured in turn in one run, and all figures in target/bench.json;
# ROUNDS=9 takes a quarter of an hour. With the real OpenClaw in OPENCLAW_DIR (`make test-openclaw` puts it there) also how
# soon a change is proved. docs/PERFORMANCE.md says what came of it.
ROUNDS ?= 9
TABLE = $(abspath $(TARGET))/bench.json
measured = packaging/sandbox/user-manager.sh --program $(PROGRAM) --env BENCH_JSON=$(TABLE)

bench:
	packaging/needs.sh bench
	cargo build --release --locked
	install --mode=666 /dev/null $(TABLE)
	$(measured) -- /usr/bin/python3 $(CURDIR)/tests/bench/speed.py $(ROUNDS)
ifneq ($(wildcard $(OPENCLAW_DIR)/complete),)
	$(measured) --show $(abspath $(OPENCLAW_DIR)) -- /usr/bin/python3 $(CURDIR)/tests/bench/proof.py $(ROUNDS) $(abspath $(OPENCLAW_DIR))
endif

clean:
	cargo clean
	rm -rf build
