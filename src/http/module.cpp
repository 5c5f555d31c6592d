#include "http/server.hpp"

extern "C" [[gnu::visibility("default")]] const char ghostpeer_module_abi[];
const char ghostpeer_module_abi[] = GHOSTPEER_MODULE_ABI;
extern "C" [[gnu::visibility("default")]] const ghostpeer::http::Functions& ghostpeer_http();

const ghostpeer::http::Functions& ghostpeer_http() {
    static const ghostpeer::http::Functions functions{&ghostpeer::http::serve,
                                                      &ghostpeer::http::exchange};
    return functions;
}
