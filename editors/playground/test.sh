#!/usr/bin/env bash
# Builds the playground and tests it in headless Chromium; leaves pictures of it in target/playground/pictures. Installs
# Chromium by apt where it is lacking.
set -euo pipefail
cd "$(dirname "$0")/../.."

bash editors/playground/build.sh
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium >/dev/null
  browser=$(command -v chromium)
fi
node editors/playground/test/page.mjs target/playground "$browser"
