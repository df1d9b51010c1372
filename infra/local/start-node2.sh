#!/usr/bin/env bash
# Starts node 2 of a cluster, on port 9431; Ctrl-C ends it. See `node` beside this file.
exec "$(dirname "$0")/node" 2
