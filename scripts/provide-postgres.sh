#!/usr/bin/env bash
# Installs PostgreSQL's server programs if there are none. Daybook and its tests start servers of their own from
# them; no system-wide server is needed or started.
set -euo pipefail
# shellcheck source=scripts/debian.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# The places in which Daybook itself looks; initdb, pg_ctl and postgres must lie in one folder.
has_server_programs() {
    local folder
    local IFS=:
    for folder in $PATH /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin /usr/local/pgsql/bin; do
        if [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]]; then
            return 0
        fi
    done
    return 1
}

if has_server_programs; then
    exit 0
fi

require_apt postgresql "PostgreSQL's server programs are missing" \
    "PostgreSQL 13 or later (dnf install postgresql-server, brew install postgresql@17, …)"

# Debian's package would make and start a system-wide cluster; this setting keeps it from both. It stays, and only
# matters when another version of the package is installed: say so.
if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
    as_root mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    echo "Set create_main_cluster = false in /etc/postgresql-common/createcluster.conf: no system-wide server is made"
fi
apt_install postgresql

if ! has_server_programs; then
    echo "apt-get installed postgresql, but initdb, pg_ctl and postgres are not where they should be" >&2
    exit 1
fi
