# The engine as a library: find_package(ghostpeer), then link ghostpeer::ghostpeer.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
get_filename_component(ghostpeer_libdir ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
find_path(ghostpeer_include ghostpeer/peer/engine.hpp
          PATHS ${ghostpeer_libdir}/../include ${ghostpeer_libdir}/../../include NO_DEFAULT_PATH REQUIRED)
mark_as_advanced(ghostpeer_include)
if(NOT TARGET ghostpeer::ghostpeer)
    add_library(ghostpeer::ghostpeer STATIC IMPORTED)
    set_target_properties(ghostpeer::ghostpeer PROPERTIES
                          IMPORTED_LOCATION ${ghostpeer_libdir}/libghostpeer.a
                          INTERFACE_INCLUDE_DIRECTORIES ${ghostpeer_include}
                          INTERFACE_COMPILE_FEATURES cxx_std_20
                          INTERFACE_LINK_LIBRARIES "yaml-cpp;re2;fmt;Threads::Threads")
endif()
