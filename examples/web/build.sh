#!/usr/bin/env bash
# Builds the page into target/web: open index.html there, no server is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/web/toolchain.sh

prepare wasm32-unknown-unknown std,panic_abort
export CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
archive=$(for_target rustc -p termc-web --lib --crate-type staticlib --message-format json-render-diagnostics |
  sed -n 's/.*"filenames":\["\([^"]*libtermc_web\.a\)".*/\1/p')

# An archive, linked here, and not a `cdylib`: that would export what Burn's dependencies have for wasm-bindgen, and keep it.
mkdir -p target/web
wasm=target/web/digits.wasm
"${linker[@]}" --no-entry --gc-sections --strip-all --export=digits_picture --export=digits_answer "$archive" -o "$wasm"

cp examples/web/page/*.html examples/web/page/*.css examples/web/page/*.js target/web/
# In a script and not fetched, so that the page also opens from a file.
{ printf 'const NETWORK =\n  "'; base64 -w0 "$wasm"; printf '";\n'; } >target/web/network.js
size() { numfmt --grouping "$1" 2>/dev/null || echo "$1"; }
echo "network: $(size "$(stat -c %s "$wasm")") bytes, $(size "$(gzip -9c "$wasm" | wc -c)") compressed"
echo "open target/web/index.html"
