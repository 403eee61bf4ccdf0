# The virtual environment `.venv` of this checkout. Sourced, never run.

VENV="$ROOT/.venv"
VENV_STAMP="$VENV/agnez-setup"

pip_install() {
    "$VENV/bin/python" -m pip install --quiet --quiet --disable-pip-version-check \
        -c "$ROOT/scripts/constraints.txt" "$@"
}

# Everything that decides what an installation looks like: where it lies, since programs in it
# name their interpreter, and the front-end, which is bundled while the package is installed.
setup_fingerprint() {
    (
        cd "$ROOT"
        "$VENV/bin/python" -c 'import sys; print(sys.version, sys.prefix)'
        cat pyproject.toml scripts/constraints.txt scripts/build_web.py
        find dashboards \( -name node_modules -o -name static -o -name __pycache__ \) -prune -o \
            -type f ! -name '*.py' -print0 | sort -z | xargs -0 -r sha256sum
    ) | sha256sum | cut -d ' ' -f 1
}

# installed FINGERPRINT EXTRA...: whether this very setup was installed, with all these extras.
installed() {
    local fingerprint=$1 extra
    shift
    [ -f "$VENV_STAMP" ] && [ "$(sed -n 1p "$VENV_STAMP")" = "$fingerprint" ] || return 1
    [ -f "$ROOT/dashboards/agnez_dashboards/static/index.html" ] || return 1
    for extra in "$@"; do
        sed -n 2p "$VENV_STAMP" | tr ' ' '\n' | grep -qx "$extra" || return 1
    done
}

# install_extras EXTRA...: install this checkout with these extras, where that is not done.
install_extras() {
    local fingerprint extras="$*"
    fingerprint=$(setup_fingerprint)
    if installed "$fingerprint" "$@"; then
        echo "unchanged"
        return
    fi
    rm -f "$VENV_STAMP"
    pip_install -e "$ROOT[${extras// /,}]"
    printf '%s\n%s\n' "$fingerprint" "$extras" >"$VENV_STAMP"
}

# The torchvision of the package index, outside of what programs here import: beside a torch for
# CPUs its compiled part does not load, and a test sees what comes of that.
ensure_torchvision() {
    local folder="$VENV/torchvision"
    if [ -f "$folder/torchvision/__init__.py" ]; then
        echo "unchanged"
        return
    fi
    pip_install --no-deps --target "$folder" torchvision
}

# Made anew where its Python is gone.
ensure_venv() {
    if ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
        rm -rf "$VENV"
        "$(find_python)" -m venv "$VENV"
    fi
    echo "$VENV"
}
