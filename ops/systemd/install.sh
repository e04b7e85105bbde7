#!/bin/sh
# Installs Couchette as Debian lays out a service: the program in /usr/lib/couchette, its data in /var/lib/couchette, its
# settings in /etc/couchette. Run it as root in a repository that was built (npm ci). DESTDIR=… installs below a directory.
set -eu

root="$(cd "$(dirname "$0")/../.." && pwd)"
to="${DESTDIR:-}"
[ -f "$root/dist/cli/main.js" ] || { echo 'Build it first: npm ci' >&2; exit 1; }

lib="$to/usr/lib/couchette"
install -d "$lib" "$to/usr/bin" "$to/usr/lib/systemd/system" "$to/usr/lib/sysusers.d" "$to/usr/lib/tmpfiles.d" \
  "$to/usr/share/doc/couchette"
install -d -m 0750 "$to/etc/couchette"
cp "$root/package.json" "$root/package-lock.json" "$root/LICENSE" "$lib/"
rm -rf "$lib/dist"
cp -R "$root/dist" "$lib/dist"
rm -rf "$lib/dist/bench" "$lib/dist/harness"
if [ "${WITHOUT_DEPENDENCIES:-}" = "" ]; then
  (cd "$lib" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm rebuild)
fi

cat > "$to/usr/bin/couchette" <<'PROGRAM'
#!/bin/sh
exec /usr/bin/env node /usr/lib/couchette/dist/cli/main.js "$@"
PROGRAM
chmod 0755 "$to/usr/bin/couchette"
install -m 0644 "$root/ops/systemd/couchette.service" "$to/usr/lib/systemd/system/couchette.service"
install -m 0644 "$root/ops/systemd/couchette.sysusers" "$to/usr/lib/sysusers.d/couchette.conf"
install -m 0644 "$root/ops/systemd/couchette.tmpfiles" "$to/usr/lib/tmpfiles.d/couchette.conf"
install -m 0644 "$root/README.md" "$root/CHANGELOG.md" "$root/UPGRADING.md" "$to/usr/share/doc/couchette/"
[ -e "$to/etc/couchette/environment" ] ||
  install -m 0640 "$root/ops/systemd/environment.example" "$to/etc/couchette/environment"

if [ -z "$to" ]; then
  systemd-sysusers couchette.conf
  systemd-tmpfiles --create couchette.conf
  systemctl daemon-reload
  echo 'Choose a password in /etc/couchette/environment, then: systemctl enable --now couchette'
fi
