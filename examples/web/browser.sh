# Sourced by the tests of pages: `browser` is Chromium, which apt installs where it is lacking.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium >/dev/null
  browser=$(command -v chromium)
fi
