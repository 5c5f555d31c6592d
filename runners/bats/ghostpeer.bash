# shellcheck shell=bash
# Peers for tests in bats: load ghostpeer.bash, and run `ghostpeer run -q healthy -- bats test.bats`.
#
#   setup() { ghostpeer_begin; }
#   teardown() { ghostpeer_end; }
#
#   @test "comes back" {
#       ghostpeer_peer refuse-twice db.example
#       run my-client db.example
#       [ "$status" = 0 ]
#   }

# Begins the scope of this test. Outside of a run the test is skipped.
ghostpeer_begin() {
    if [ -z "${GHOSTPEER_CONTROL:-}" ]; then
        skip "this is no run of ghostpeer: ghostpeer run -q healthy -- bats"
    fi
    ghostpeer_scope="${BATS_TEST_FILENAME##*/}: ${BATS_TEST_DESCRIPTION:-test} ($$)"
    "${GHOSTPEER:-ghostpeer}" ctl scope "$ghostpeer_scope"
}

# ghostpeer_peer PROFILE [NAME|ADDR][:PORT] [OPTION...]: one more peer; what it is called is in
# ghostpeer_name, and where it is in ghostpeer_host.
ghostpeer_peer() {
    local profile=$1 place=${2:-:}
    shift
    [ $# -gt 0 ] && shift
    [ "$place" = : ] && place=
    ghostpeer_name=$("${GHOSTPEER:-ghostpeer}" ctl add "$place" "$profile" \
        --scope "$ghostpeer_scope" "$@") || return
    # shellcheck disable=SC2034  # tests use it
    ghostpeer_host=${ghostpeer_name%:*}
}

# Judges what came of the peers, and lets them go. A fault that the test never met, or an
# expectation that does not hold, fails the test here.
ghostpeer_end() {
    [ -n "${ghostpeer_scope:-}" ] || return 0
    local trace status=0
    trace=$("${GHOSTPEER:-ghostpeer}" ctl trace "$ghostpeer_scope")
    "${GHOSTPEER:-ghostpeer}" ctl end "$ghostpeer_scope" >/dev/null || status=$?
    if [ "$status" != 0 ] || [ -z "${BATS_TEST_COMPLETED:-}" ]; then
        printf '%s\n' "$trace"
    fi
    unset ghostpeer_scope
    return "$status"
}
