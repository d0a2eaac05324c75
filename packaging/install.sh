#!/bin/sh
# Installs a built Countersign below PREFIX and says where every file went. Nothing is downloaded and nothing is started.
#
#   packaging/install.sh                        for one person, below ~/.local
#   PREFIX=/usr/local packaging/install.sh      for everybody
#
# DESTDIR is put before every path (for packagers); BINARY is another build than target/release/countersign.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
prefix=${PREFIX:-${HOME:?HOME is not set: give PREFIX}/.local}
binary=${BINARY:-$root/target/release/countersign}

if [ ! -x "$binary" ]; then
    printf 'install: there is no %s; build it first: cargo build --release --locked\n' "$binary" >&2
    exit 1
fi

# put MODE FILE PLACE: one file to its place below the prefix.
put() {
    place="${DESTDIR:-}$prefix/$3"
    mkdir -p "$(dirname "$place")"
    cp "$2" "$place.new"
    chmod "$1" "$place.new"
    # A rename, so that a console that is running keeps its own file.
    mv -f "$place.new" "$place"
    printf 'install: %s\n' "$place"
}

put 755 "$binary" bin/countersign
put 644 "$root/packaging/desktop/countersign.desktop" share/applications/countersign.desktop
put 644 "$root/packaging/desktop/countersign.metainfo.xml" share/metainfo/countersign.metainfo.xml
put 644 "$root/packaging/man/countersign.1" share/man/man1/countersign.1
put 644 "$root/LICENSE-MIT" share/doc/countersign/LICENSE-MIT
put 644 "$root/LICENSE-APACHE" share/doc/countersign/LICENSE-APACHE
put 644 "$root/CHANGELOG.md" share/doc/countersign/CHANGELOG.md
if [ -f "$root/assets/icon.svg" ]; then
    put 644 "$root/assets/icon.svg" share/icons/hicolor/scalable/apps/countersign.svg
fi

# The completions come from the binary itself, so that they cannot know other verbs than it does.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
put_completions() {
    "$binary" completions "$1" >"$scratch/$1" </dev/null
    put 644 "$scratch/$1" "$2"
}
put_completions bash share/bash-completion/completions/countersign
put_completions zsh share/zsh/site-functions/_countersign
put_completions fish share/fish/vendor_completions.d/countersign.fish

case ":${PATH:-}:" in
    *":$prefix/bin:"*) ;;
    *) if [ -z "${DESTDIR:-}" ]; then printf 'install: %s is not on your PATH\n' "$prefix/bin"; fi ;;
esac
