# Sourced by the tests of pages, from the root: `browser` is Chromium, which apt installs where it is lacking; what drives it
# comes from npm.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium >/dev/null
  browser=$(command -v chromium)
fi
npm ci --prefix tests/browser --no-audit --no-fund --silent
