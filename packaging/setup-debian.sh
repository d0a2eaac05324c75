#!/bin/sh
# Installs what Countersign needs from Debian or Ubuntu; asks apt for nothing when nothing is missing.
#
#   packaging/setup-debian.sh run     what the installed program needs
#   packaging/setup-debian.sh build   that, and what building it needs
#   packaging/setup-debian.sh test    that, and what its tests need (the default)
#   packaging/setup-debian.sh fuzz    what building it needs, and a C++ compiler for the fuzzers
#
# On another system it names what is needed and ends well, so that `make` can go on and try.
set -eu

rust_needed=1.95

# Any PostgreSQL server from 13 on will do for the demo and the tests; the newest packaged one is taken.
run_packages="postgresql libgl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0"
# libclang reads the C headers of PostgreSQL's own parser, which is built from source; its headers are a second package.
build_packages="gcc libc6-dev make libclang"
# ssh-keygen judges our signatures, psql our numbers; Mesa draws the windows of the tests without a screen; pgbouncer is the
# pooler that a run must refuse.
test_packages="openssh-client mesa-vulkan-drivers libegl1 git pgbouncer"
# libFuzzer is C++, and comes as source with its crate.
fuzz_packages="g++"
# 14 is what Debian 12 has and 19 what Debian 13 has; the rest is for Ubuntu.
libclang_versions="14 19 18 17 16 15 20 21"

say() { printf 'setup: %s\n' "$*"; }

mode=${1:-test}
case $mode in
    run) wanted=$run_packages ;;
    build) wanted="$run_packages $build_packages" ;;
    test) wanted="$run_packages $build_packages $test_packages" ;;
    fuzz) wanted="$build_packages $fuzz_packages" ;;
    *)
        printf 'usage: %s [run|build|test|fuzz]\n' "$0" >&2
        exit 2
        ;;
esac

installed() {
    dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# Succeeds when a wanted thing is there, under whichever of its names.
present() {
    case $1 in
        postgresql) installed 'postgresql-[1-9][0-9]' ;;
        libclang)
            for version in $libclang_versions; do
                if installed "libclang1-$version" && installed "libclang-common-$version-dev"; then return 0; fi
            done
            installed libclang-dev
            ;;
        # Debian 13 and Ubuntu 24.04 renamed some libraries in the move to 64-bit time.
        lib*) installed "$1" || installed "$1t64" ;;
        *) installed "$1" ;;
    esac
}

known_to_apt() {
    apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# Prints the package names of a wanted thing, as this release calls them.
packages_of() {
    if [ "$1" != libclang ]; then
        echo "$1"
        return
    fi
    for version in $libclang_versions; do
        if known_to_apt "libclang1-$version" && known_to_apt "libclang-common-$version-dev"; then
            echo "libclang1-$version libclang-common-$version-dev"
            return
        fi
    done
    # No versioned package that is known to work: the release's own default brings both.
    echo "libclang-dev"
}

check_rust() {
    if [ "$mode" = run ]; then return; fi
    have=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
    oldest=$(printf '%s\n%s\n' "$rust_needed" "${have%%-*}" | sort -V | head -n 1)
    if [ -z "$have" ] || [ "$oldest" != "$rust_needed" ]; then
        say "Rust $rust_needed or newer is needed, found ${have:-none}: install it with rustup (rustup toolchain install stable)"
        return 1
    fi
    say "cargo $have is new enough"
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    say "this is not Debian or Ubuntu; nothing is installed"
    say "needed, under Debian's names: $wanted"
    check_rust
    exit
fi

missing=
for name in $wanted; do
    present "$name" || missing="$missing $name"
done

if [ -z "$missing" ]; then
    say "nothing is missing to $mode Countersign"
    check_rust
    exit
fi

say "missing:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        say "neither root nor sudo: ask an administrator to install:$missing"
        exit 1
    fi
    as_root=sudo
    # Without a terminal nobody can type a password: fail at once instead of waiting.
    [ -t 0 ] || as_root="sudo -n"
fi

say "reading the package lists (apt-get update)"
$as_root apt-get update -q </dev/null
install=
for name in $missing; do
    install="$install $(packages_of "$name")"
done
say "installing:$install"
# Word splitting is wanted: each word is a package.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $install </dev/null

for name in $missing; do
    if ! present "$name"; then
        say "$name is still missing; install it by hand and run this again"
        exit 1
    fi
done
say "everything needed to $mode Countersign is here"
check_rust
