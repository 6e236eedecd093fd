#!/bin/bash
# Puts a cutout right by strokes, as a person would: window, brush, keys.
. /lab/gimp_screen.sh
updates() { [ -e /lab/home/run/updates ] && wc -l < /lab/home/run/updates || echo 0; }
# Draws a line on the canvas, and waits until the server was told of it.
stroke() {
  local before
  before=$(updates)
  main
  xdotool mousemove "$1" "$2" mousedown 1
  for step in 1 2 3 4 5 6; do xdotool mousemove $(($1 + 12 * step)) "$2"; sleep 0.05; done
  xdotool mouseup 1
  for _ in $(seq "${PATIENCE:-200}"); do [ "$(updates)" -gt "$before" ] && break; sleep 0.1; done
  note "stroke $(($(updates) - before))"
}
# Presses keys in the window of the strokes.
press() {
  window 'Frisket: put' 30
  xdotool windowactivate --sync "$W" key "$1"
  sleep 0.5
}

[ -n "${BEHAVE:-}" ] && echo "$BEHAVE" > /lab/home/run/behave
command_ "put right with strokes" gimp-strokes-search Return
window 'Frisket: put' 60 && note "window"
xdotool windowmove "$W" 1010 480
sleep 3
shot gimp-strokes-begin
stroke ${KEEP_AT:-420 330}
press alt+r
stroke ${REMOVE_AT:-640 720}
sleep 1
shot gimp-strokes
expect none while-marked
press alt+f
gone 'Frisket: put'
# The colour comes back last.
over='"channels": \[\], "foreground": \[0, 0, 0\]'
for _ in $(seq 100); do grep -q "$over" /lab/state.json && break; sleep 0.1; done
expect "${EXPECT:-exact}" finished
sleep 1
shot gimp-strokes-end
twice none key ctrl+z
expect none undone
leave
