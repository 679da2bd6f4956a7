# Warnings are errors, in our own code.
add_library(imgport_warnings INTERFACE)
target_compile_options(imgport_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Werror)
# GCC 12 sees overlaps and overflows in std::string that are not there (GCC bugs 105651, 105329); clang and the
# sanitizers watch what these would.
target_compile_options(imgport_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)
