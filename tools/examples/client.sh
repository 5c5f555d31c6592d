#!/bin/sh
# A shell: ghostpeer run healthy -- sh tools/examples/client.sh
set -eu
ctl() { "${GHOSTPEER:-ghostpeer}" ctl "$@"; }

ctl use default refuse
if nc -w 2 "$GHOSTPEER_ADDR" 80 </dev/null; then
    echo "nc was not refused"; exit 1
fi

ctl use default healthy
sleep 3 | nc "$GHOSTPEER_ADDR" 80 &    # a client that waits for an answer
client=$!
ctl wait 'established >= 1' --timeout 5s
ctl reset
wait "$client" || true
ctl connections
