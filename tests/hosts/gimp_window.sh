#!/bin/bash
# Works a GIMP by keyboard: menu, undo, redo, dialog.
. /lab/gimp_screen.sh
EXPECT=${EXPECT:-exact}
twice "$EXPECT" command_ "cut out subject" gimp-search Return
expect "$EXPECT" cut
sleep "${PAUSE:-1}"
shot gimp-mask
twice none key ctrl+z
expect none undo
if [ -z "${BRIEF:-}" ]; then
  twice "$EXPECT" key ctrl+y
  expect "$EXPECT" redo
  # A mask is there: its key asks before it replaces it.
  key ctrl+f
  if window 'a mask is there' 30; then
    note "asked-on-repeat"
    xdotool windowactivate --sync "$W" key Escape
    gone 'a mask is there'
  fi
  expect "$EXPECT" kept-on-repeat
  twice none key ctrl+z
  expect none undo-again
  twice "$EXPECT" key ctrl+f
  expect "$EXPECT" repeat
  twice none key ctrl+z
  expect none undo-repeat
fi
command_ "cut out subject" gimp-search-dialog Down Down Down Return
if window 'Cut out with Frisket' 60; then
  sleep "${PAUSE:-3}"
  shot gimp-dialog
  note "dialog"
  xdotool windowactivate --sync "$W" key alt+o
  expect "$EXPECT" dialog-cut
fi
# The layer has a mask now: GIMP's user is asked what to do with it.
command_ "cut out subject" gimp-search-again Return
if window 'a mask is there' 60; then
  sleep 1
  shot gimp-asks
  xdotool windowactivate --sync "$W" key Escape
  gone 'a mask is there'
  expect "$EXPECT" asked-and-left
  twice none key ctrl+z
  expect none undo-dialog-cut
  twice "$EXPECT" key ctrl+y
  expect "$EXPECT" mask-again
fi
if [ -z "${BRIEF:-}" ]; then
  # Within a selection, and what one Ctrl+Z makes of that.
  act 'scene["image"].select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 600, 900)'
  command_ "cut out subject" gimp-search-selected Return
  window 'a mask is there' 60 && xdotool windowactivate --sync "$W" key alt+r
  for _ in $(seq 600); do grep -q '"exact": false' /lab/state.json && break; sleep 0.1; done
  # The mask is there before the selection is back.
  sleep 2
  expect any selected
  before=$(cat /lab/state.json)
  key ctrl+z
  changed "$before" || { note "tried again: key ctrl+z"; key ctrl+z; changed "$before"; }
  sleep 1
  expect any undo-selected
fi
leave
