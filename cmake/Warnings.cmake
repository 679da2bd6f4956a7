# Warnings are errors, in our own code.
add_library(imgport_warnings INTERFACE)
target_compile_options(imgport_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Werror)
