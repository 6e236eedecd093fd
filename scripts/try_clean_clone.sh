#!/usr/bin/env bash
# What a newcomer does: clone, make demo, make test. Fails when either does, or when the
# demonstration does not leave what the README promises.
#
#     scripts/try_clean_clone.sh [FOLDER]     # default: a temporary folder, removed after
set -euo pipefail
source_dir=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
if [ $# -gt 0 ]; then
  folder=$1
  mkdir -p "$folder"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
export FRISKET_HOME="$folder/home"
git clone --quiet "$source_dir" "$folder/frisket"
cd "$folder/frisket"
time make demo
for made in layered-masked.psd layered-masked.png large-alpha.tif large-alpha.png; do
  test -s "demo-out/$made" || { echo "make demo left no $made"; exit 1; }
done
[ "${SKIP_TESTS:-}" ] || time make test
test -z "$(git status --porcelain)" || { echo "the checkout is no longer clean"; exit 1; }
echo "a clean clone works"
