#!/usr/bin/env bash
# Generates the parser into editors/tree-sitter/src, where editors compile it from, and tests grammar and queries. Needs Node.js.
set -euo pipefail
cd "$(dirname "$0")"
cargo test --locked
echo "the parser is in $PWD/src, the queries are in $PWD/queries"
