# `make help` lists what is here. What a target needs it installs under target/ on first use.
.PHONY: help run dev cluster test test-all lint fmt build documents bench cold-start rebuild-statistics clean
.PHONY: lint-code lint-infra test-full test-processes test-watch deps test-coverage build-prod certificates deploy docker-build docker-run
.DEFAULT_GOAL := help

tools := target/tools/bin
services := infra/local/services
# Services in which nobody has left anything.
fresh := SERVICES_DIR=$(CURDIR)/target/cold-start $(services)
# Cases wait more than they compute, so one more than there are cores.
threads := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# What functions do in other processes all cases see but these; and what is tried through `cargo lambda watch`.
in_process := $(shell sed -n 's/^\([a-z_0-9:]*\) .*/--skip \1/p' tests/in-process.txt)
smoke := exchange::real online::real
timed := soak::outages

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 20

deps: ## fetch every dependency and tool
	cargo fetch --locked
	infra/tools
	infra/tools infra/checks.txt target/checks

run: ## run Hark locally, embedded: no service needed (PORT, STATE_DIR)
	cargo run

dev: ## run it on private services, each function built anew when its code changes (PORT, INVOKE_PORT)
	infra/local/dev

cluster: ## run two nodes on private services, on ports 9430 and 9431
	$(services) run infra/local/cluster

test: ## run every test, with private Redis, RabbitMQ and Postgres
	cargo build --workspace --all-targets
	SERVICES_FSYNC=off RUST_TEST_THREADS=$(threads) $(services) run cargo test --workspace

test-all: test-full test-processes test-watch ## the same at full size, then with every function a process, and under cargo lambda

test-full: # outages by themselves: how long a backlog takes is bounded on a machine that does nothing else
	cargo build --profile soak --workspace --all-targets
	HARK_FULL=1 SERVICES_FSYNC=off $(services) run cargo test --profile soak --workspace -- --skip $(timed)
	HARK_FULL=1 SERVICES_FSYNC=off RUST_TEST_THREADS=1 $(services) run cargo test --profile soak --workspace --test it -- --nocapture $(timed)

test-processes: # every case on real services but those of tests/in-process.txt, which says why
	cargo build --workspace --all-targets
	HARK_FUNCTIONS=target/debug SERVICES_FSYNC=off RUST_TEST_THREADS=$(threads) $(services) run cargo test --workspace --test it -- $(in_process)

test-watch:
	infra/tools
	cargo build
	HARK_FUNCTIONS=watch RUST_TEST_THREADS=1 $(services) run cargo test --workspace --test it -- $(smoke)
	$(services) run infra/local/invoke-events

test-coverage: ## what of the code the tests run, into target/llvm-cov/html (cargo install cargo-llvm-cov)
	SERVICES_FSYNC=off $(services) run cargo llvm-cov --workspace --html

lint: lint-code lint-infra ## check formatting, code, templates, manifests and container files

lint-code:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

lint-infra:
	infra/check

fmt: ## format the code
	cargo fmt --all

build: ## build every function for Lambda into target/lambda, with its zip, and print how large they are
	infra/tools
	PATH="$(CURDIR)/$(tools):$$PATH" cargo lambda build --profile function --workspace --exclude local --exclude bench --exclude tests
	$(tools)/python infra/zips

documents: ## write the documents that are generated from the code, docs/openapi.json and docs/asyncapi.json
	cargo run --quiet -- --print openapi >target/openapi.json
	mv target/openapi.json docs/openapi.json
	cargo run --quiet -- --print asyncapi >target/asyncapi.json
	mv target/asyncapi.json docs/asyncapi.json

bench: ## measure for about two minutes
	cargo build --release --package local --package bench
	$(services) run target/release/hark-bench --quick --json target/bench.json
	$(services) run target/release/hark-bench statistics --messages 50000 --sessions 500

cold-start: build ## measure what is deployed: cold starts beside bare connects, memory, zips (some minutes)
	cargo build --release --package bench
	$(fresh) stop --wipe
	$(fresh) run target/release/hark-bench cold-start --json target/cold-start.json

build-prod: build ## build every function for Lambda, and the runner for servers of one's own
	cargo build --release --locked --package local --bin hark

certificates: ## fetch the authorities of RDS, for infra/deployer.yaml
	mkdir -p target/certificates
	curl -fsS https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem -o target/certificates/rds.pem

deploy: build ## build and deploy the functions (infra/deploy says what has to be there)
	infra/deploy hark

docker-build: ## build the image of the runner
	docker build -f infra/runner.Containerfile -t hark:local .

docker-run: ## run it, embedded, on port 3000 (infra/compose.yaml runs it on services)
	docker run --rm --publish 3000:3000 --read-only --tmpfs /tmp hark:local

rebuild-statistics: ## count days anew: FROM=2026-11-01 TO=2026-11-21 (DATABASE_URL and its neighbours, or embedded)
	cargo run --quiet -- --port 0 --invoke migrate '{"rebuild_statistics":{"from":"$(FROM)","to":"$(TO)"}}'

clean: ## stop the services, remove all that was built and kept
	$(services) stop --wipe
	cargo clean
