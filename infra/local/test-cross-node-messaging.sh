#!/usr/bin/env bash
# Tries messages, receipts and devices across the two nodes of `make cluster`, with ordinary clients.
#   test-cross-node-messaging.sh [NODE1 NODE2]    http://localhost:9430 http://localhost:9431 when not given
set -euo pipefail
cd "$(dirname "$0")/../.."
infra/tools tests/python/requirements.txt target/clients
exec target/clients/bin/python tests/python/cross_node.py \
  "${1:-http://localhost:9430}" "${2:-http://localhost:9431}"
