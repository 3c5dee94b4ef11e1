#!/usr/bin/env bash
# Installs Chromium if there is none. Tests look at pages with it.
set -euo pipefail
# shellcheck source=scripts/debian.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

if command -v chromium >/dev/null; then
    exit 0
fi
require_apt chromium "Chromium is missing" "Chromium, so that there is a command chromium,"
apt_install chromium
