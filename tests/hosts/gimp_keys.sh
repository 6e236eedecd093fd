#!/bin/bash
# Reaches the plug-in by the letters of GIMP's menus alone, and leaves its dialog by Escape.
. /lab/gimp_screen.sh
EXPECT=${EXPECT:-exact}
# Opens Filters, then our submenu, its last (GIMP gives it no letter), then an entry by its letter.
menu() {
  main
  xdotool mousemove 700 700 key alt+r
  sleep 0.7
  xdotool key Up
  sleep 0.3
  xdotool key Right
  sleep 0.7
  shot gimp-keys-menu
  xdotool key "$1"
}
twice "$EXPECT" menu s
expect "$EXPECT" cut
twice none key ctrl+z
menu c
if window 'Cut out with Frisket' 60; then
  note "dialog"
  xdotool windowactivate --sync "$W" key Escape
  gone 'Cut out with Frisket'
  expect none dialog-left
fi
command_ "server settings" gimp-keys-server Return
if window 'Frisket: server' 60; then
  xdotool windowactivate --sync "$W" key space Tab
  xdotool type --delay 30 "elsewhere:5005"
  xdotool key Return
  gone 'Frisket: server'
  note "server $(tr -d "\n" < /lab/home/plugins.json)"
  rm -f /lab/home/plugins.json
fi
leave
