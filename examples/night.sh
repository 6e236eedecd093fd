#!/usr/bin/env bash
# Cut every document of a folder: bash night.sh IN OUT
# What a person should look at goes to OUT/review, what failed is named in OUT/failed.txt.
set -u
mkdir -p "$2/review"
for file in "$1"/*; do
  result="$2/$(basename "$file")"
  case "${file##*.}" in psd | psb | tif | tiff) ;; *) result="$result.png" ;; esac
  line=$(frisket cut "$file" -o "$result" --json)
  status=$?
  if [ "$status" -eq 8 ]; then # no subject: nothing was written
    cp "$file" "$2/review/"
  elif [ "$status" -ne 0 ]; then
    echo "$status $file" >>"$2/failed.txt"
  elif grep -q '"needs_review": true' <<<"$line"; then
    mv "$result" "$2/review/"
  fi
done
