#!/usr/bin/env bash
# Packages the extension as editors/vscode/dist/termc.vsix, and tests it against the server: bash editors/vscode/build.sh [TERMC]
set -euo pipefail
# Named from where the script is called.
termc=''
[ $# -eq 0 ] || termc=$(realpath "$1")
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --silent
npm run --silent package
# The names in an archive are not compressed.
grep -qaF extension/dist/extension.js dist/termc.vsix
if [ -n "$termc" ]; then
  TERMC="$termc" npm test --silent
fi
echo "install it with: code --install-extension $PWD/dist/termc.vsix"
