#!/bin/bash
# A GIMP with a window, and what works it as a person would; sourced inside the tree.
# Screenshots go to /lab/shots, what was seen to /lab/seen.txt. Nothing here waits for a
# fixed time where there is something to wait for: the machine may be busy.
set -u
export HOME=/tmp GIMP3_DIRECTORY=/lab/gimp3 FRISKET_HOME=/lab/home
mkdir -p /lab/shots "$GIMP3_DIRECTORY"
# A version that was used before is not welcomed.
version=$(gimp --version | grep -o '[0-9.]*$')
printf '(show-welcome-dialog no)\n(check-updates no)\n(config-version "%s")\n' "$version" > "$GIMP3_DIRECTORY/gimprc"
exec 6>/tmp/display
Xvfb -displayfd 6 -noreset -r -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 &
server=$!
# The whole number is there when its line is.
for _ in $(seq 600); do read -r number < "/tmp/display" && break; sleep 0.05; done
export DISPLAY=:$number
openbox >/dev/null 2>&1 &
manager=$!
watch="exec(compile(open('/lab/gimp_watch.py').read(), 'watch', 'exec'), globals())"
dbus-run-session -- gimp --no-splash --new-instance \
  --batch-interpreter=python-fu-eval -b "$watch" > /lab/gimp.log 2>&1 &

note() { echo "$*" >> /lab/seen.txt; echo "$SECONDS s: $*"; }
shot() { import -window root "/lab/shots/$1.png"; }
# Waits for a window: its title, and for how many seconds.
window() {
  for _ in $(seq $((${2:-120} * 5))); do
    W=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | head -n 1)
    [ -n "$W" ] && return 0
    sleep 0.2
  done
  note "no window $1"
  return 1
}
gone() {
  for _ in $(seq 150); do
    xdotool search --onlyvisible --name "$1" >/dev/null 2>&1 || return 0
    sleep 0.2
  done
}
# Nobody may read the mask while it is undone (gimp_watch.py).
hush() {
  touch /lab/quiet
  for _ in $(seq 600); do grep -q '"quiet": true' /lab/state.json && return; sleep 0.1; done
}
# Waits until the layer's mask is none, exact, or any.
there() {
  [ "$1" = none ] || rm -f /lab/quiet
  case $1 in
    none) pattern='"mask": null' ;;
    exact) pattern='"exact": true' ;;
    *) pattern='"mask": [0-9]' ;;
  esac
  for _ in $(seq $((${2:-60} * 10))); do
    grep -q "$pattern" /lab/state.json 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}
# The same, and writes down what is there.
expect() {
  there "$1"
  note "$2 $(cat /lab/state.json)"
}
# Lets the other hand do something (gimp_watch.py), and waits until it has.
act() {
  rm -f /lab/done
  echo "$1" > /lab/do.new
  mv /lab/do.new /lab/do
  for _ in $(seq 600); do [ -e /lab/done ] && return; sleep 0.1; done
}
# Waits until something has changed since what was written down before.
changed() {
  for _ in $(seq 400); do [ "$(cat /lab/state.json)" != "$1" ] && return; sleep 0.1; done
  return 1
}
main() { xdotool windowactivate --sync "$MAIN"; }
# GIMP's own search for actions: what a person types after "/", and keys to choose a match.
command_() {
  main
  xdotool mousemove 700 450 key slash
  window 'Search Actions' 20 && xdotool windowactivate --sync "$W"
  sleep 0.3
  # Keys are heard in the order in which they were pressed: nothing else to wait for.
  xdotool type --delay 30 "$1"
  shot "$2"
  shift 2
  xdotool key "$@"
  gone 'Search Actions'
}
# A key pressed before GIMP is ready is lost: it is pressed once more, and written down.
twice() {
  local wanted=$1
  shift
  hush
  "$@"
  there "$wanted" 40 && return
  note "tried again: $*"
  shot tried-again
  xdotool key Escape
  "$@"
}
key() { main; xdotool key "$1"; }

MAIN=
window 'Untitled.*GIMP|photo.*GIMP' && MAIN=$W
[ -n "$MAIN" ] || shot gimp-no-window
there none
sleep 2
main
xdotool windowsize "$MAIN" 1440 900 windowmove "$MAIN" 0 0
sleep 1
expect none start

leave() {
  touch /lab/enough
  sleep 0.5
  kill $manager $server
  wait
}
