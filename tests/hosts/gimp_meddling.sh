#!/bin/bash
# Moves, locks, merges, deletes and closes what is being cut out, or put right by strokes.
. /lab/gimp_screen.sh
# Begins a cutout that takes a while, and waits until tiles come.
begin() {
  act 'scene.update(anew(scene["display"]))'
  rm -f /lab/home/run/tiles
  command_ "$1" gimp-search-meddling Return
  for _ in $(seq 600); do [ -e /lab/home/run/tiles ] && return; sleep 0.05; done
}
# Waits for GIMP's message, closes it, and writes down what is left.
told() {
  window 'GIMP Message' 40 && note "told-$1"
  sleep 0.5
  shot "gimp-told-$1"
  xdotool windowactivate --sync "$W" key Escape
  gone 'GIMP Message'
  gone 'Frisket: put'
  expect none "$1"
}
declare -A deeds=(
  [moved]='scene["layer"].set_offsets(300, 200)'
  [resized]='scene["layer"].scale(2000, 1500, False)'
  [locked]='scene["layer"].set_lock_content(True)'
  [merged]='scene["image"].merge_down(scene["layer"], Gimp.MergeType.CLIP_TO_IMAGE)'
  [deleted]='scene["image"].remove_layer(scene["layer"])'
  [closed]='scene["display"].delete()'
)
echo slow > /lab/home/run/behave
touch /lab/quiet
for what in $CUT; do
  begin "cut out subject"
  act "${deeds[$what]}"
  told "$what"
done
for what in $MARKED; do
  begin "put right with strokes"
  window 'Frisket: put' 60
  act "${deeds[$what]}"
  told "$what-while-marked"
done
begin "put right with strokes"
window 'Frisket: put' 60
act '
strokes = scene["image"].get_layers()[0]
buffer = strokes.get_buffer()
buffer.set_color(Gegl.Rectangle.new(1000, 1000, 200, 200), Gegl.Color.new("red"))
buffer.flush()
strokes.update(1000, 1000, 200, 200)
scene["layer"].set_offsets(300, 200)'
told moved-under-strokes
rm -f /lab/home/run/behave
act 'scene["image"].set_selected_layers(scene["image"].get_layers()[1:])'
command_ "put right with strokes" gimp-search-several Return
told several
leave
