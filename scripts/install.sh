#!/bin/sh
# Installs the locked npm packages where they are missing or older than the lock file. Among them is the Node that runs the rest.
set -e
cd "$(dirname "$0")/.."
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'installing npm packages (npm ci)'
  # The Node that npm runs on may be older than what the packages ask for; what is installed brings its own.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
