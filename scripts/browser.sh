#!/bin/sh
# A browser for the browser tests, where one can be had; without one they are skipped, and say so. $1: python
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && { echo "Browser tests use $(command -v "$name")"; exit 0; }
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium from this system's packages for the browser tests"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
        >/dev/null 2>&1 && exit 0
fi
echo "Asking playwright for a browser"
timeout 300 "$1" -m playwright install chromium >/dev/null 2>&1 && exit 0
echo "No browser can be had here: the browser tests will be skipped"
