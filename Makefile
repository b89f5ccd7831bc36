# The README's two commands are `make demo` and `make test`; each installs what it needs first.

CARGO ?= cargo
DEMO_DIR ?= target/demo

.PHONY: demo test lint audit bench docs release

# Makes a small lab of data and runs its job list against the object store inside the program.
demo:
	$(CARGO) run --quiet --locked --bin adt -- demo $(DEMO_DIR)

# Everything: unit, integration and end-to-end tests, with the real servers and readers they talk to.
test:
	scripts/install-test-tools
	$(CARGO) test --workspace --locked --no-fail-fast

# What a change must pass before it lands.
lint:
	scripts/install-lint-tools
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	$(CARGO) deny --locked check bans licenses sources

# Known vulnerabilities of dependencies. Needs the RustSec advisory database on the network, so it is not part of `lint`.
audit:
	scripts/audit

# Ratios of time, CPU and memory against other tools, all in one run on one server.
bench:
	$(CARGO) build --release --locked --bin adt --bin null-s3
	$(CARGO) build --release --locked -p adt-codec --example wavpack_speed
	scripts/bench

# Pages that are written from the program's own definitions.
docs:
	$(CARGO) run --quiet --bin adt -- reference > docs/cli.md

release:
	$(CARGO) build --release --locked --bin adt
