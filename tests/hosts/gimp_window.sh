#!/bin/bash
# Works a GIMP with a window by keyboard, as a person would; runs inside the tree.
# Screenshots go to /lab/shots, what was seen to /lab/seen.txt.
set -u
export HOME=/tmp GIMP3_DIRECTORY=/lab/gimp3 FRISKET_HOME=/lab/home
mkdir -p /lab/shots "$GIMP3_DIRECTORY"
printf '(show-welcome-dialog no)\n(check-updates no)\n(config-version "3.0.4")\n' > "$GIMP3_DIRECTORY/gimprc"
exec 6>/tmp/display
Xvfb -displayfd 6 -noreset -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 &
server=$!
# The whole number is there when its line is.
for _ in $(seq 200); do read -r number < "/tmp/display" && break; sleep 0.05; done
export DISPLAY=:$number
sleep 0.3
openbox >/dev/null 2>&1 &
manager=$!
watch="exec(compile(open('/lab/gimp_watch.py').read(), 'watch', 'exec'), globals())"
dbus-run-session -- gimp-3.0 --no-splash --new-instance \
  --batch-interpreter=python-fu-eval -b "$watch" > /lab/gimp.log 2>&1 &

shot() { import -window root "/lab/shots/$1.png"; }
window() {
  for _ in $(seq "${2:-150}"); do
    W=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | head -n 1)
    [ -n "$W" ] && return 0
    sleep 0.2
  done
  echo "no window $1" >> /lab/seen.txt
  return 1
}
# Waits until the layer's mask is there (or gone), and writes it down.
expect() {
  for _ in $(seq 150); do
    if [ "$1" = none ]; then grep -q '"mask": null' /lab/state.json && break
    elif [ "$1" = exact ]; then grep -q '"exact": true' /lab/state.json && break
    else grep -q '"mask": [0-9]' /lab/state.json && break; fi
    sleep 0.1
  done
  echo "$2 $(cat /lab/state.json)" >> /lab/seen.txt
}
# GIMP's own search for actions: what a person types after "/", and keys to choose a match.
command_() {
  xdotool windowactivate --sync "$MAIN"
  xdotool mousemove 700 450 key slash
  sleep 1.5
  xdotool type --delay 30 "$1"
  sleep 1.5
  shot "$2"
  shift 2
  xdotool key "$@"
}

MAIN=
window 'Untitled.*GIMP' && MAIN=$W
[ -n "$MAIN" ] || shot gimp-no-window
sleep 3
xdotool windowactivate --sync "$MAIN" windowsize "$MAIN" 1440 900 windowmove "$MAIN" 0 0
sleep 1
expect none start
command_ "cut out subject" gimp-search Return
expect "${EXPECT:-exact}" cut
sleep "${PAUSE:-1}"
shot gimp-mask
xdotool windowactivate --sync "$MAIN" key ctrl+z
expect none undo
xdotool windowactivate --sync "$MAIN" key ctrl+y
expect "${EXPECT:-exact}" redo
xdotool windowactivate --sync "$MAIN" key ctrl+z
expect none undo-again
xdotool key ctrl+f
expect "${EXPECT:-exact}" repeat
xdotool windowactivate --sync "$MAIN" key ctrl+z
expect none undo-repeat
command_ "cut out subject" gimp-search-dialog Down Down Down Return
if window 'Cut out with Frisket' 60; then
  sleep 3
  shot gimp-dialog
  echo "dialog" >> /lab/seen.txt
  xdotool windowactivate --sync "$W" key alt+o
  expect "${EXPECT:-exact}" dialog-cut
fi
touch /lab/enough
sleep 0.5
kill $manager $server
wait
