#!/usr/bin/env bash
# Runs the tests with the lowest versions that pyproject.toml allows, in .venv-lowest. `make lowest` calls it.
# torch alone stays at the constraint: of its older releases there are only builds with gigabytes of CUDA at hand.
set -euo pipefail
cd "$(dirname "$0")/.."

pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
sed -nE 's/^ +"([A-Za-z_]+)(\[[a-z]+\])?>=([0-9.]+).*/\1==\3/p' pyproject.toml | grep -v '^torch==' >"$pins"
GPU=0 VENV=.venv-lowest EXTRA=test PINS=$pins tools/setup.sh
.venv-lowest/bin/python -m pytest "$@"
