#!/usr/bin/env bash
# Builds the playground and tests it in headless Chromium; leaves pictures of it in target/playground/pictures. Installs
# Chromium by apt where it is lacking.
set -euo pipefail
cd "$(dirname "$0")/../.."

bash editors/playground/build.sh
. tests/browser/prepare.sh
node editors/playground/test/page.mjs target/playground "$browser"
