#!/usr/bin/env bash
# Gradescope runs this once in /autograder/source, as root, when it builds the image.
set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

apt-get update
for python in python3.13 python3.12 python3.11; do
    apt-get install -y --no-install-recommends "$python" "$python-venv" && break
done
"$python" -m venv "$source/../venv"
"$source/../venv/bin/python" -m pip install --no-cache-dir --requirement "$source/requirements.txt"
