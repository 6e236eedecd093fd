#!/bin/bash
# Locks and deletes a layer while it is cut out.
. /lab/gimp_screen.sh
# Lets the other hand do something, and waits until it has.
act() {
  rm -f /lab/done
  echo "$1" > /lab/do.new
  mv /lab/do.new /lab/do
  for _ in $(seq 200); do [ -e /lab/done ] && return; sleep 0.1; done
}
# Begins a cutout that takes a while, and waits until it is under way.
begin() {
  rm -f /lab/home/run/tiles
  command_ "cut out subject" gimp-search-meddling Return
  for _ in $(seq 300); do [ -e /lab/home/run/tiles ] && return; sleep 0.05; done
}
# Waits for GIMP's message, and closes it.
told() {
  window 'GIMP Message' 40 && note "told-$1"
  sleep 0.5
  shot "gimp-told-$1"
  xdotool windowactivate --sync "$W" key Escape
  gone 'GIMP Message'
}
echo slow > /lab/home/run/behave
act "image.scale(4800, 3600)"
begin
act "layer.set_lock_content(True)"
told locked
expect none locked
act "layer.set_lock_content(False)"
command_ "put right with strokes" gimp-strokes-meddling Return
window 'Frisket: put' 60 && note "window"
act "layer.set_lock_content(True)"
told locked-while-marked
expect none locked-while-marked
act "layer.set_lock_content(False)"
act "image.remove_layer(image.get_layers()[0])"
begin
act "image.remove_layer(layer)"
told deleted
expect none deleted
rm -f /lab/home/run/behave
leave
