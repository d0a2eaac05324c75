# Every target is one sentence long; `make help` lists them.

.PHONY: help demo test soak lint fmt bench fuzz pictures package install
.DEFAULT_GOAL := help

help: ## lists the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: ## builds the console and opens it on a private sample database
	packaging/setup-debian.sh build
	cargo build --release --locked
	target/release/countersign demo

test: ## runs every test
	packaging/setup-debian.sh test
	cargo test --locked

soak: ## lets fifty desks make ten thousand approvals on one ledger, and holds every entry against their notes
	packaging/setup-debian.sh test
	cargo bench --locked --profile dev --bench soak

lint: ## checks form, warnings, house rules, documentation, and that the core stands alone
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked --test house tidy::
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --lib --document-private-items
	cargo check --locked --no-default-features --lib

fmt: ## formats the code
	cargo fmt

bench: ## measures against psql, squawk and a clock; see benches/README.md
	packaging/setup-debian.sh test
	cargo build --release --locked
	benches/five_hundred_checks.sh
	cargo bench --locked --bench diff_lines
	benches/first_frame.sh
	benches/many_statements.sh
	benches/restore_difference.sh

fuzz: ## gives every parser of foreign bytes inputs nobody thought of, FUZZ_SECONDS (20) each; see tests/fuzz/run.sh
	packaging/setup-debian.sh fuzz
	tests/fuzz/run.sh

pictures: ## draws the pictures of the window again, for a person to look at
	UPDATE_SNAPSHOTS=1 cargo test --locked --test house ui::

package: ## builds the Debian package into target/deb
	packaging/setup-debian.sh build
	cargo build --release --locked
	packaging/deb/build.sh

install: ## installs the console below PREFIX (default: ~/.local)
	cargo build --release --locked
	packaging/install.sh
