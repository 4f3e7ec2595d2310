# What a build of gridls needs from the system, and how what is missing is installed, for the scripts
# that source this: editors/try, tests/run.
# shellcheck shell=bash

has_command() {
    command -v "$1" >/dev/null 2>&1
}

has_library() {
    has_command pkg-config && pkg-config --exists "$1"
}

compiles_c() {
    has_command cc && echo '#include <stdio.h>' | cc -E -o /dev/null -x c - 2>/dev/null
}

# Debian's names of what is missing for a build, one a line.
missing_for_build() {
    compiles_c || echo build-essential
    has_command meson || echo meson
    has_command ninja || echo ninja-build
    has_command pkg-config || echo pkg-config
    has_library libuv || echo libuv1-dev
    has_library libcurl || echo libcurl4-openssl-dev
    has_library libcjson || echo libcjson-dev
}

# install_packages LOG NAME…: installs what is named and says so; does nothing without names. Returns
# 1 after having said why where that cannot be done.
install_packages() {
    local log=$1 as_root=()
    shift
    (($#)) || return 0
    if ! has_command apt-get; then
        cat >&2 <<END
These are missing (Debian's names): $*
Homebrew: brew install meson ninja pkg-config libuv curl cjson
Fedora:   dnf install gcc meson ninja-build pkgconf libuv-devel libcurl-devel cjson-devel
Install them and run this again.
END
        return 1
    fi
    if ((EUID != 0)); then
        if ! has_command sudo; then
            echo "As root: apt-get install $*; then run this again." >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing $*${as_root[0]:+ (with sudo)}."
    "${as_root[@]}" apt-get update -q >"$log" 2>&1 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "$@" >>"$log" 2>&1 && return 0
    tail -n 20 "$log" >&2
    echo "apt-get could not install $* (see $log)." >&2
    return 1
}

# Debian's names of what npm_install needs, one a line.
missing_for_npm() {
    has_command node || echo nodejs
    has_command npm || echo npm
}

# npm_install FOLDER LOG: puts what FOLDER/package-lock.json names into FOLDER/node_modules, unless it is
# there. No script of any package runs. Returns 1 after having said why where that cannot be done.
npm_install() {
    local folder=$1 log=$2 done=$1/node_modules/.installed-lock.json
    cmp -s "$folder/package-lock.json" "$done" && return 0
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) </dev/null >"$log" 2>&1 &&
        cp "$folder/package-lock.json" "$done" && return 0
    tail -n 5 "$log" >&2
    echo "npm could not install what $folder/package-lock.json names (see $log)." >&2
    return 1
}
