#!/bin/bash
# Runs Krita with a window of its own display; works in the tree and on the machine itself.
# usage: krita_window.sh LAB DRIVER SECONDS [krita arguments...]
set -u
lab=$1 driver=$2 seconds=$3
shift 3
export HOME=$lab XDG_CONFIG_HOME=$lab/config XDG_DATA_HOME=$lab/data XDG_CACHE_HOME=$lab/cache
export FRISKET_LAB=$lab FRISKET_DRIVER=$driver FRISKET_HOME=$lab/home LC_ALL=C.UTF-8
export LIBGL_ALWAYS_SOFTWARE=1 QT_LOGGING_RULES='*.debug=false'
[ -d "${XDG_RUNTIME_DIR:-}" ] || { export XDG_RUNTIME_DIR=$lab/run; mkdir -p -m 700 "$lab/run"; }
# A display that somebody else's server just tried may turn Krita away once (status 134).
for attempt in 1 2 3; do
  # The server chooses a free display itself: no two runs get the same.
  exec 6>"$lab/display"
  Xvfb -displayfd 6 -noreset -r -screen 0 1600x1000x24 -nolisten tcp >/dev/null 2>&1 &
  server=$!
  # The whole number is there when its line is.
  for _ in $(seq 600); do read -r number < "$lab/display" && break; sleep 0.05; done
  export DISPLAY=:$number
  sleep 0.3
  started=$SECONDS
  timeout -k 5 "$seconds" krita --nosplash "$@"
  status=$?
  kill $server
  [ $status = 134 ] && [ $((SECONDS - started)) -lt 5 ] || break
  sleep 1
done
exit $status
