#!/bin/bash
# Opens *Put right with strokes* in a GIMP with a window; hosts_gimp_strokes.py, which stands in
# the place of gimp_watch.py, does the rest.
. /lab/gimp_screen.sh
command_ "put right with strokes" gimp-strokes-search Return
# The first cut and five strokes of 100 megapixels take more than two minutes where others work.
for _ in $(seq 3000); do [ -e /lab/figures.json ] && break; sleep 0.1; done
leave
