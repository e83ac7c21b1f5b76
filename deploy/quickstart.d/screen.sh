# shellcheck shell=bash disable=SC2034
# What the quick start prints and how it stops. Sourced by deploy/quickstart.

if [[ -t 1 ]]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
step_now=start

# step NUMBER TITLE
step() {
  step_now=$1
  printf '\n%s%s. %s%s\n' "$bold" "$1" "$2" "$plain"
}

say() { printf '   %s\n' "$*"; }

# Text of standard input, set in by three columns.
show() { sed 's/^/   /'; }

# fail WHAT WHAT-TO-DO
fail() {
  printf '\nquickstart stopped at step %s: %s\n' "$step_now" "$1" >&2
  printf '  %s\n' "$2" >&2
  exit 1
}

# quietly LOG COMMAND…: runs it with its output in LOG, and shows the end of that when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null && return
  local code=$?
  tail -n 25 "$log" >&2
  fail "\"$*\" ended with $code" "The whole of its output is in $log."
}

# Whether process PID is program PROGRAM.
is_running() {
  [[ -n $1 && -e /proc/$1/exe && $(readlink -f "/proc/$1/exe") == "$(readlink -f "$2")" ]]
}

# stop PIDFILE PROGRAM: ends the process that PIDFILE names, if it still is PROGRAM.
stop() {
  local pid
  [[ -s $1 ]] || return 0
  pid=$(<"$1")
  if is_running "$pid" "$2"; then
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; ++i)); do
      is_running "$pid" "$2" || break
      sleep 0.1
    done
    if is_running "$pid" "$2"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$1"
}

# The first of these ports that nobody listens on.
free_port() {
  python3 - "$@" <<'END'
import socket, sys
for port in [int(a) for a in sys.argv[1:]] + [0]:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
END
}

# The field KEY of the page at URL, a JSON object; empty when there is none.
page_field() {
  python3 - "$1" "$2" <<'END'
import json, sys, urllib.error, urllib.request
try:
    page = urllib.request.urlopen(sys.argv[1], timeout=5).read()
except urllib.error.HTTPError as error:  # an unhealthy page is a page too
    page = error.read()
print(json.loads(page).get(sys.argv[2], ""))
END
}
