# What has to come from the operating system. Sourced, never run.
#
# Debian's packages are asked for only where something is missing, so a machine that has all of it
# needs neither root nor a working package source.

have() { command -v "$1" >/dev/null 2>&1; }

# apt_install PACKAGE...: as root, or through a sudo that asks for no password.
apt_install() {
    local as_root=()
    have apt-get || die "please install by hand, there is no apt-get here: $*"
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || die "as root, please run: apt-get install $*"
        as_root=(sudo)
    fi
    # One unreachable source among several must not stop us: the install below is the test.
    "${as_root[@]}" apt-get update -qq || echo "apt-get update reported a problem, going on"
    # RUNLEVEL=1: a service among them (nginx) is not started.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Print a Python >= 3.11: $PYTHON if set, else the first that fits.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 python3.12 python3.13; do
        if have "$candidate" && "$candidate" -c \
            'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# A Python that can make virtual environments; Debian splits that off into a package of its own.
ensure_python() {
    find_python >/dev/null || apt_install python3 python3-venv
    "$(find_python)" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
}

# The proxy that the tests put before a server, and what makes certificates for it.
ensure_proxy() {
    [ -x /usr/sbin/nginx ] || have nginx || apt_install nginx-light
    have openssl || apt_install openssl
}

# What the examples for other languages are run with: Debian's perl-base alone has no HTTP::Tiny.
ensure_languages() {
    local missing=()
    have perl && perl -MHTTP::Tiny -MJSON::PP -e 1 2>/dev/null || missing+=(perl)
    have curl || missing+=(curl ca-certificates)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# The browser that the tests drive, and letters for it to draw.
ensure_browser() {
    local missing=()
    have chromium || missing+=(chromium)
    have fc-list && [ -n "$(fc-list 2>/dev/null)" ] || missing+=(fontconfig fonts-dejavu-core)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    have chromium || die "chromium is still missing after its installation"
    chromium --version 2>/dev/null
}
