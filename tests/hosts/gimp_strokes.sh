#!/bin/bash
# Puts a cutout right by strokes, as a person would: window, brush, keys.
. /lab/gimp_screen.sh
heard() { cat /lab/home/run/heard 2>/dev/null; }
# Draws a line on the canvas, and waits until a server was told of it.
stroke() {
  local before
  before=$(heard)
  main
  xdotool mousemove "$1" "$2" mousedown 1
  for step in 1 2 3 4 5 6; do xdotool mousemove $(($1 + 12 * step)) "$2"; sleep 0.05; done
  xdotool mouseup 1
  for _ in $(seq "${PATIENCE:-200}"); do [ "$(heard)" != "$before" ] && return; sleep 0.1; done
  note "unheard stroke at $1 $2"
}
# Presses keys in the window of the strokes.
press() {
  window 'Frisket: put' 30
  xdotool windowactivate --sync "$W" key "$1"
  sleep 0.5
}

state=/lab/home/run/server.json
if [ -n "${KILL:-}" ]; then
  rm -f $state
  touch /lab/mortal-me
  for _ in $(seq 600); do [ -e $state ] && break; sleep 0.1; done
fi
command_ "put right with strokes" gimp-strokes-search Return
window 'Frisket: put' 60 && note "window"
xdotool windowmove "$W" 1010 480
sleep 3
shot gimp-strokes-begin
stroke ${KEEP_AT:-420 330}
if [ -n "${TWICE:-}" ]; then
  command_ "put right with strokes" gimp-strokes-twice Return
  window 'GIMP Message' 40 && note "told-twice"
  xdotool windowactivate --sync "$W" key Escape
  gone 'GIMP Message'
fi
# The next stroke finds no server, and has another one started.
[ -n "${KILL:-}" ] && kill -9 "$(grep -o '"pid": [0-9]*' $state | grep -o '[0-9]*')"
press alt+r
stroke ${REMOVE_AT:-640 720}
sleep 1
shot gimp-strokes
expect none while-marked
if [ -n "${HAIR_AT:-}" ]; then
  press alt+a
  stroke $HAIR_AT
fi
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
