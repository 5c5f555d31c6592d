# Called from src/CMakeLists.txt: puts the catalogue into the room's library.
include(${CMAKE_CURRENT_LIST_DIR}/embed_catalogue.cmake)
ghostpeer_embed_catalogue(ghostpeer_profile ${PROJECT_SOURCE_DIR}/profiles)
