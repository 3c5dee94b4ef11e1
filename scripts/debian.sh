# To be sourced: installs what is missing on Debian and what is like it, as root or by sudo.

# Ends with what to do instead, if nothing can be installed from here.
require_apt() {
    local package=$1 lack=$2 elsewhere=$3
    if ! command -v apt-get >/dev/null; then
        echo "$lack, and there is no apt-get: install $elsewhere and try again" >&2
        exit 1
    fi
    if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
        echo "$lack, and there is no sudo: as root, run apt-get install $package, and try again" >&2
        exit 1
    fi
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold "$@"
}
