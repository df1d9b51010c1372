#!/usr/bin/env bash
# Starts node 1 of a cluster, on port 9430; Ctrl-C ends it. See `node` beside this file.
exec "$(dirname "$0")/node" 1
