#!/usr/bin/env bash
# Tests the page in headless Chromium: stored digits must get the native answers, drawn ones must be read. Then looks
# whether the network builds where there is no standard library at all. Installs Chromium by apt where it is lacking.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/web/toolchain.sh

bash examples/web/build.sh

. examples/web/browser.sh
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
chromium() {
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
    --user-data-dir="$profile" --window-size=1100,640 --virtual-time-budget=20000 "$@" \
    "file://$PWD/target/web/index.html?selftest" 2>"$profile/log"
}
page=$(chromium --dump-dom)
chromium --screenshot="$PWD/target/web/screenshot.png"
sed -n 's/.*<footer id="tested">\(.*\)<\/footer>.*/\1/p' <<<"$page"
if ! grep -q 'data-selftest="passed"' <<<"$page"; then
  echo "the page did not pass its self-test"
  tail -5 "$profile/log"
  exit 1
fi

# WebAssembly always has `std` beneath Burn, which asks for it there; a bare processor has none.
prepare thumbv7em-none-eabihf core,alloc,compiler_builtins
for_target build -p termc-web --lib
echo "builds without the standard library for $target"
