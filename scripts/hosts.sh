#!/usr/bin/env bash
# Real image editors for the host tests, without touching the machine's own.
#
#   hosts.sh prepare          make the Debian 13 tree with GIMP 3.0 and Krita 5.2 (once);
#                             with FRISKET_HOSTS=next Debian testing's, whatever is in it now
#   hosts.sh prepare-old      install Krita 5.1 on this machine, where it is Debian 12
#   hosts.sh root             print where the tree is
#   hosts.sh run DIR CMD...   run CMD inside the tree; DIR is bound to /lab
#
# The tree lies in a cache outside the checkout (FRISKET_HOSTS_CACHE, or
# $XDG_CACHE_HOME/frisket-hosts). `.ready` marks a complete one; without it the tree
# is made again. Everything needs root. Exit status 3: it cannot be done here.
set -euo pipefail

case ${FRISKET_HOSTS:-} in
  "") SUITE=trixie FRESH=true ;;
  # A mirror that has not followed testing for weeks still has a newer host than Debian 13.
  next) SUITE=testing FRESH=false ;;
  *) echo "hosts: FRISKET_HOSTS is '$FRISKET_HOSTS'; leave it out or say next" >&2; exit 3 ;;
esac
CACHE=${FRISKET_HOSTS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/frisket-hosts}
ROOT=$CACHE/$SUITE-1
PACKAGES=gimp,gir1.2-gimp-3.0,python3-gi,krita,python3-pyqt5,python3-pyqt5.sip,xvfb,xauth,openbox,xdotool,dbus,fonts-dejavu-core,imagemagick
# The tree and the archives it is made of, while it is made.
ROOM_KIB=4000000

cannot() { echo "hosts: $*" >&2; exit 3; }

apt_install() {
  command -v apt-get >/dev/null || cannot "needs a Debian or Ubuntu machine"
  local log
  log=$({ apt-get update -q &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } 2>&1) ||
    cannot "apt-get cannot install $*: $(tail -n 2 <<<"$log")"
}

# The mirror that this machine's own apt uses, or the one named in DEBIAN_MIRROR.
mirror() {
  { apt-get indextargets --format '$(REPO_URI)' 2>/dev/null || true; } |
    grep -E '/debian/?$' | head -n 1 | grep . || echo "${DEBIAN_MIRROR:-}" | grep . ||
    cannot "no Debian mirror is known: set DEBIAN_MIRROR"
}

prepare() {
  [ "$(id -u)" = 0 ] || cannot "preparing the tree needs root"
  [ "$(uname -s)" = Linux ] || cannot "the tree runs on Linux only"
  unshare -m --propagation private -- true 2>/dev/null ||
    cannot "this machine lets nobody mount, not even root (a container without that right?)"
  mkdir -p "$CACHE"
  exec 9>"$ROOT.lock"
  flock 9
  if [ -e "$ROOT/.ready" ]; then echo "hosts: cached in $ROOT"; return; fi
  [ "$(df -Pk "$CACHE" | awk 'NR == 2 {print $4}')" -ge "$ROOM_KIB" ] ||
    cannot "making the tree needs $((ROOM_KIB / 1000000)) GB free in $CACHE"
  command -v mmdebstrap >/dev/null || apt_install mmdebstrap
  rm -rf --one-file-system "$ROOT"
  local from log
  from=$(mirror)
  log=$(mmdebstrap --quiet --mode=root --variant=apt \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/help/*' \
    --aptopt="Acquire::Check-Valid-Until \"$FRESH\"" \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
    --include="$PACKAGES" "$SUITE" "$ROOT" "$from" 2>&1) || {
    rm -rf --one-file-system "$ROOT"
    cannot "mmdebstrap made no tree from $from: $(tail -n 3 <<<"$log")"
  }
  rm -rf "$ROOT"/var/cache/apt/archives/*.deb
  touch "$ROOT/.ready"
  inside "$CACHE" true || cannot "the tree in $ROOT cannot be entered"
  echo "hosts: made $ROOT"
}

prepare_old() {
  [ "$(id -u)" = 0 ] || cannot "installing Krita needs root"
  grep -qs '^VERSION_ID="12"' /etc/os-release || cannot "Krita 5.1 is Debian 12's"
  command -v krita >/dev/null && command -v xvfb-run >/dev/null && return
  apt_install krita python3-pyqt5 python3-pyqt5.sip xvfb xauth openbox fonts-dejavu-core
}

# A private mount namespace: nothing stays mounted on the machine afterwards.
inside() {
  [ -e "$ROOT/.ready" ] || cannot "no tree in $ROOT: run $0 prepare"
  [ "$(id -u)" = 0 ] || cannot "entering the tree needs root"
  export ROOT LAB=$1
  shift
  unshare -m --propagation private -- /bin/bash -c '
    set -e
    mkdir -p "$ROOT/lab" "$ROOT/run/user/0"
    chmod 700 "$ROOT/run/user/0"
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
    mount --bind "$LAB" "$ROOT/lab"
    exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
      LC_ALL=C.UTF-8 LIBGL_ALWAYS_SOFTWARE=1 NO_AT_BRIDGE=1 GTK_A11Y=none \
      XDG_RUNTIME_DIR=/run/user/0 "$@"
  ' inside "$@"
}

case ${1:-} in
  prepare) prepare ;;
  prepare-old) prepare_old ;;
  root) echo "$ROOT" ;;
  run) shift; inside "$@" ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
