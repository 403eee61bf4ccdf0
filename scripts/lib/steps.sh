# Named steps with their seconds, and the way to stop with one clear line. Sourced, never run.

shopt -s inherit_errexit
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
STEP=''
STEP_TIMES=()

die() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

name_failed_step() {
    local status=$?
    [ $status = 0 ] || [ -z "$STEP" ] ||
        printf '\n%s: step "%s" failed, see above\n' "$(basename "$0")" "$STEP" >&2
}
trap name_failed_step EXIT

# step NAME COMMAND...: run it, and remember how long it took. The command stands alone on its
# line: behind a `||` or in an `if`, bash would ignore a failure in the middle of it.
step() {
    local started=$SECONDS
    STEP=$1
    shift
    printf '\n== %s\n' "$STEP"
    "$@"
    STEP_TIMES+=("$(printf '%5d s  %s' $((SECONDS - started)) "$STEP")")
    STEP=''
}

# Print what was remembered.
step_times() {
    printf '\n== seconds a step\n'
    printf '%s\n' "${STEP_TIMES[@]}"
}
