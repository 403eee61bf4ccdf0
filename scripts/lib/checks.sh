# What test, lint, prove and bench share. Sourced, never run.

LIB=$(dirname "${BASH_SOURCE[0]}")
. "$LIB/steps.sh"
. "$LIB/system.sh"
. "$LIB/venv.sh"
. "$LIB/node.sh"

set_up() {
    step "python" ensure_python
    step "virtual environment" ensure_venv
    step "install (minutes, the first time)" install_extras demo dev
}

lint_all() {
    step "ruff check" "$VENV/bin/python" -m ruff check .
    step "ruff format" "$VENV/bin/python" -m ruff format --check .
    step "mypy" "$VENV/bin/python" -m mypy
    step "front-end types" check_front_end
}
