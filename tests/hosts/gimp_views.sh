#!/bin/bash
# Looks at the dialog, its views, its help, and the menus.
. /lab/gimp_screen.sh
choose_view() {
  xdotool windowactivate --sync "$D" key alt+v
  sleep 0.5
  for _ in $(seq "$1"); do xdotool key "$2"; sleep 0.1; done
  xdotool key Return
  sleep 1
  shot "gimp-view-$3"
}
command_ "${QUERY:-selection or channel of the subject}" gimp-search-dialog Return
window "${TITLE:-Cut out with Frisket}" 60 && note "dialog"
D=$W
sleep 4
shot gimp-view-chequers
for view in tint black white alpha before; do choose_view 1 Down $view; done
choose_view 5 Up again
xdotool windowactivate --sync "$D" key alt+z
sleep 1
shot gimp-view-full
xdotool windowactivate --sync "$D" key alt+h
window 'Frisket: help' 20 && note "help"
sleep 1
shot gimp-help
xdotool windowactivate --sync "$W" key Escape
gone 'Frisket: help'
xdotool windowactivate --sync "$D" key Escape
gone 'Cut out with Frisket'
command_ "server settings" gimp-search-server Return
window 'Frisket: server' 30 && note "server" && sleep 1 && shot gimp-server
xdotool windowactivate --sync "$W" key Escape
gone 'Frisket: server'
main
xdotool key alt+r
sleep 1
shot gimp-menu-filters
xdotool key Escape Escape
leave
