#!/usr/bin/env bash
# Builds the playground into target/playground: static files; open index.html there, no server is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/web/toolchain.sh

if ! command -v npm >/dev/null; then
  echo "error: the editor of the page comes from npm, which is not here" >&2
  echo "help: install Node.js 20 or newer" >&2
  exit 1
fi

prepare wasm32-unknown-unknown std,panic_abort
export CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=2
archive=$(for_target rustc -p termc-playground --lib --crate-type staticlib --message-format json-render-diagnostics |
  sed -n 's/.*"filenames":\["\([^"]*libtermc_playground\.a\)".*/\1/p')

out=target/playground
mkdir -p "$out"
wasm=$out/termc.wasm
"${linker[@]}" --no-entry --gc-sections --strip-all -z stack-size=4194304 --export=playground_question --export=playground_ask \
  --export=playground_answer "$archive" -o "$wasm"

here=editors/playground
npm ci --prefix "$here" --no-audit --no-fund --silent
esbuild=$here/node_modules/.bin/esbuild
"$esbuild" "$here/page/main.js" --bundle --minify --format=iife --target=es2022 --log-level=warning --outfile="$out/page.js"
"$esbuild" "$here/page/worker.js" --bundle --minify --format=iife --target=es2022 --log-level=warning --outfile="$out/worker.js"
cp "$here/page/index.html" "$here/page/style.css" "$out/"
# In scripts and not fetched, so that the page also opens from a file.
node "$here/bundle.mjs" "$wasm" "$out/worker.js" "$out/engine.js" "$out/examples.js"
rm "$out/worker.js"

size() { numfmt --grouping "$1" 2>/dev/null || echo "$1"; }
compressed=$(gzip -9c "$wasm" | wc -c)
echo "compiler: $(size "$(stat -c %s "$wasm")") bytes, $(size "$compressed") compressed"
if [ "$compressed" -gt 1500000 ]; then
  echo "error: more than 1.5 MB compressed" >&2
  exit 1
fi
rm "$wasm"
echo "open $out/index.html"
