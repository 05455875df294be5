#!/usr/bin/env bash
# Tests the page in headless Chromium: stored digits must get the native answers, drawn ones must be read. Then looks
# whether the network builds where there is no standard library at all. Installs Chromium by apt where it is lacking.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/web/toolchain.sh

bash examples/web/build.sh

. tests/browser/prepare.sh
node examples/web/tests/page.mjs target/web "$browser"

# WebAssembly always has `std` beneath Burn, which asks for it there; a bare processor has none.
prepare thumbv7em-none-eabihf core,alloc,compiler_builtins
for_target build -p termc-web --lib
echo "builds without the standard library for $target"
