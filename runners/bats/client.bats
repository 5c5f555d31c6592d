setup() {
    load ghostpeer.bash
    ghostpeer_begin
}

teardown() {
    ghostpeer_end
}

comes_back() {
    local attempt
    for attempt in 1 2 3 4 5; do
        if (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; then
            echo "$attempt"
            return
        fi
    done
    return 1
}

@test "comes back" {
    ghostpeer_peer refuse-twice db.example
    [ "$(comes_back db.example 5432)" = 3 ]
}

@test "at an address that is free" {
    ghostpeer_peer refuse-twice :80 --set times=1
    [ "$(comes_back "$ghostpeer_host" 80)" = 2 ]
}

@test "fails by name" {
    [ -n "${GHOSTPEER_TEST_FAILS:-}" ] || skip "GHOSTPEER_TEST_FAILS is not set"
    ghostpeer_peer refuse-twice
}
