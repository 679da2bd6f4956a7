# A room is a folder of src/ with its sources; libimgport is all of them. Tests of a room link that room and the
# rooms below it, so that the order of the floors is proven by the linker.

set_property(GLOBAL PROPERTY imgport_rooms "")

# imgport_room(NAME [MODULE] [ON LOWER_ROOM...] [LIBRARIES TARGET...] [EXTRA FILE...])
# A MODULE is loaded when it is asked for: imgport/NAME.so beside the library. A static library has it inside.
function(imgport_room name)
  cmake_parse_arguments(ROOM "MODULE" "" "ON;LIBRARIES;EXTRA" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(APPEND sources ${ROOM_EXTRA})
  set(closure ${name})
  foreach(lower ${ROOM_ON})
    get_property(below GLOBAL PROPERTY imgport_closure_${lower})
    list(APPEND closure ${below})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set_property(GLOBAL PROPERTY imgport_closure_${name} "${closure}")
  set(libraries ${ROOM_LIBRARIES})
  foreach(lower ${ROOM_ON})
    get_property(below GLOBAL PROPERTY imgport_libraries_${lower})
    list(APPEND libraries ${below})
  endforeach()
  list(REMOVE_DUPLICATES libraries)
  set_property(GLOBAL PROPERTY imgport_libraries_${name} "${libraries}")
  if(NOT sources)
    return()  # a room with nothing in it yet
  endif()
  add_library(imgport_${name} OBJECT ${sources})
  set_target_properties(imgport_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(imgport_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(imgport_${name} PRIVATE ${libraries} imgport_warnings)
  # Half of a source's compile time is these headers. The clang preset does without, so that no source comes to rely
  # on what it does not include.
  set(headers <fmt/format.h> <functional> <map> <memory> <optional> <string> <vector> <tl/expected.hpp>)
  if(name MATCHES "^(cloud|report|handoff|pipeline|batch)$")
    list(APPEND headers <nlohmann/json.hpp>)
  endif()
  target_precompile_headers(imgport_${name} PRIVATE ${headers})
  # Where no bytes of a disk pass through, a quarter of the compile time is worth more than what -O2 adds.
  if(CMAKE_BUILD_TYPE STREQUAL Release AND name MATCHES "^(cloud|rules|report|handoff|pipeline|batch)$")
    target_compile_options(imgport_${name} PRIVATE -O1)
  endif()
  set_property(GLOBAL APPEND PROPERTY imgport_rooms ${name})
  if(ROOM_MODULE AND BUILD_SHARED_LIBS)
    set_property(GLOBAL APPEND PROPERTY imgport_modules ${name})
  endif()
endfunction()

# The objects of a room and of all rooms below it.
function(imgport_objects out name)
  get_property(closure GLOBAL PROPERTY imgport_closure_${name})
  set(objects "")
  foreach(room ${closure})
    if(TARGET imgport_${room})
      list(APPEND objects $<TARGET_OBJECTS:imgport_${room}>)
    endif()
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

function(imgport_library)
  get_property(rooms GLOBAL PROPERTY imgport_rooms)
  get_property(modules GLOBAL PROPERTY imgport_modules)
  list(REMOVE_ITEM rooms ${modules})
  set(objects "")
  set(libraries "")
  foreach(room ${rooms})
    list(APPEND objects $<TARGET_OBJECTS:imgport_${room}>)
    get_property(more GLOBAL PROPERTY imgport_libraries_${room})
    list(APPEND libraries ${more})
  endforeach()
  list(REMOVE_DUPLICATES libraries)
  add_library(imgport ${objects})
  add_library(imgport::imgport ALIAS imgport)
  set_target_properties(imgport PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION} SOVERSION 0)
  target_compile_features(imgport PUBLIC cxx_std_20)
  target_include_directories(imgport PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(imgport PUBLIC tl::expected PRIVATE ${libraries})

  foreach(module ${modules})
    get_property(more GLOBAL PROPERTY imgport_libraries_${module})
    add_library(imgport-${module} MODULE $<TARGET_OBJECTS:imgport_${module}>)
    set_target_properties(imgport-${module} PROPERTIES LINKER_LANGUAGE CXX PREFIX "" OUTPUT_NAME ${module}
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/imgport INSTALL_RPATH $ORIGIN/..)
    target_link_libraries(imgport-${module} PRIVATE imgport ${more})
    install(TARGETS imgport-${module} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/imgport)
  endforeach()

  install(TARGETS imgport EXPORT imgport-targets)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/imgport DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT imgport-targets NAMESPACE imgport:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/imgport)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/imgport-config.cmake.in
    ${PROJECT_BINARY_DIR}/imgport-config.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/imgport)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/imgport-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/imgport-config.cmake ${PROJECT_BINARY_DIR}/imgport-config-version.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/imgport)
  # Relative to the file itself, so that it is right wherever it was installed.
  file(RELATIVE_PATH prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/imgport.pc.in ${PROJECT_BINARY_DIR}/imgport.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/imgport.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# The profiles are data files; the program carries them with it.
function(imgport_embed_profiles out)
  file(GLOB profiles CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/rules/profiles/*.toml)
  set(entries "")
  foreach(profile ${profiles})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
    get_filename_component(name ${profile} NAME_WE)
    file(READ ${profile} text)
    string(APPEND entries "    {\"${name}\", R\"toml(${text})toml\"},\n")
  endforeach()
  string(CONCAT code "// Written by the build out of src/rules/profiles.\n#include \"rules/embedded_profiles.hpp\"\n\n"
    "namespace imgport {\n\nconst std::vector<EmbeddedProfile> embedded_profiles{\n${entries}};\n\n"
    "}  // namespace imgport\n")
  file(CONFIGURE OUTPUT ${out} CONTENT "@code@" @ONLY)
endfunction()

# So is the file that makes a container.
function(imgport_embed_container_file out)
  set(source ${PROJECT_SOURCE_DIR}/Containerfile)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(CONCAT code "// Written by the build out of Containerfile.\n#include \"batch/container_file.hpp\"\n\n"
    "namespace imgport {\n\nconst char *const container_file = R\"file(${text})file\";\n\n}  // namespace imgport\n")
  file(CONFIGURE OUTPUT ${out} CONTENT "@code@" @ONLY)
endfunction()
