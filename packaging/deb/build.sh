#!/bin/sh
# Builds target/deb/countersign_VERSION_ARCHITECTURE.deb from a release build, with dpkg-deb and nothing else.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=$root/target/deb
stage=$out/root

if ! command -v dpkg-deb >/dev/null 2>&1; then
    echo "package: dpkg-deb is needed: build the package on Debian or Ubuntu, or use packaging/install.sh" >&2
    exit 1
fi

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
architecture=$(dpkg --print-architecture)
# The window's libraries are loaded when it opens, so nothing in the binary names them: control.in does.
# For libc the building machine's own version is asked, which is never too low.
libc=$(dpkg-query -W -f='${Version}' libc6 | cut -d- -f1)
# The same commit gives the same package, byte for byte.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

rm -rf "$stage"
umask 022
DESTDIR=$stage PREFIX=/usr "$root/packaging/install.sh" >/dev/null

doc=$stage/usr/share/doc/countersign
cp "$root/packaging/deb/copyright" "$doc/copyright"
rm "$doc/LICENSE-APACHE"
gzip -9n "$doc/CHANGELOG.md"
mv "$doc/CHANGELOG.md.gz" "$doc/changelog.gz"
gzip -9n "$stage/usr/share/man/man1/countersign.1"
# Debian's places for what other systems keep elsewhere.
mkdir -p "$stage/usr/share/zsh/vendor-completions"
mv "$stage/usr/share/zsh/site-functions/_countersign" "$stage/usr/share/zsh/vendor-completions/_countersign"
rmdir "$stage/usr/share/zsh/site-functions"
find "$stage" -type d -exec chmod 755 {} +

size=$(du -k -s --apparent-size "$stage/usr" | cut -f1)
mkdir -p "$stage/DEBIAN"
(cd "$stage" && find usr -type f | LC_ALL=C sort | xargs md5sum) >"$stage/DEBIAN/md5sums"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@LIBC@/$libc/" -e "s/@SIZE@/$size/" \
    "$root/packaging/deb/control.in" >"$stage/DEBIAN/control"

package=$out/countersign_${version}_$architecture.deb
dpkg-deb --build --root-owner-group "$stage" "$package" >/dev/null
rm -rf "$stage"
dpkg-deb --info "$package"
printf 'package: %s\n' "$package"
