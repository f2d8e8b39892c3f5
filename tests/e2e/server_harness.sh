# SPDX-License-Identifier: MIT
# Sourced after harness.sh by the tests that start a server.

# start ARGS...: in the background; BASE is its address. $within is put before
# the program.
within=
start() {
  command_line="bantam serve $*"
  : >"$dir/serve.out"  # not the address of a server before
  $within "$bantam" serve "$@" --port 0 >"$dir/serve.out" 2>"$dir/serve.err" &
  server=$!
  tries=0
  until grep -q 'listening on' "$dir/serve.out"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $server 2>/dev/null; then
      echo "the server does not start: $(cat "$dir/serve.err")"
      exit 1
    fi
    sleep 0.1
  done
  BASE=$(sed -n 's/^listening on //p' "$dir/serve.out")
  export BASE
}

# stopped CODE: after a signal it ends with that code in time.
stopped() {
  tries=0
  while kill -0 $server 2>/dev/null && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  if kill -0 $server 2>/dev/null; then
    kill -9 $server
    complain "still runs 10 s after the signal"
  fi
  wait $server
  code=$?
  [ "$code" = "$1" ] || complain "exit code $code, expected $1"
}

# ask PATH JSON: the answer in `out`, its status in $status.
ask() {
  command_line="POST $1 $2"
  status=$(curl -s -o "$dir/out" -w '%{http_code}' "$BASE$1" \
    -H 'Content-Type: application/json' -d "$2")
  : >"$dir/err"
}
