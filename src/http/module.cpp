#include "http/server.hpp"

extern "C" [[gnu::visibility("default")]] const ghostpeer::http::Functions& ghostpeer_http();

const ghostpeer::http::Functions& ghostpeer_http() {
    static const ghostpeer::http::Functions functions{&ghostpeer::http::serve,
                                                      &ghostpeer::http::exchange};
    return functions;
}
