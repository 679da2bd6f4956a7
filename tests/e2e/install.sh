#!/usr/bin/env bash
# The installed library is found by CMake and by pkg-config, and a program of someone else's builds with it.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs cmake pkg-config c++ qemu-img jq

expect_exit 0 cmake --install "$BUILD_DIR" --prefix "$work/prefix"
cat >probe.cpp <<'CODE'
#include <cstdio>
#include <imgport/image.hpp>
int main(int, char **argv) { std::puts(imgport::to_string(imgport::probe(argv[1]).format)); }
CODE
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(consumer CXX)
find_package(imgport REQUIRED)
add_executable(consumer probe.cpp)
target_link_libraries(consumer PRIVATE imgport::imgport)
CMAKE
qemu-img create -q -f vdi a.vdi 1M
expect_exit 0 cmake -S . -B build -DCMAKE_PREFIX_PATH="$work/prefix"
expect_exit 0 cmake --build build
expect_equal "by CMake" "$(build/consumer a.vdi)" vdi

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name imgport.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # flags are several words
c++ -std=c++20 probe.cpp -o consumer $(pkg-config --cflags --libs imgport) || fail "pkg-config"
expect_equal "by pkg-config" "$(LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") ./consumer a.vdi)" vdi
expect_equal "the installed program" "$("$work/prefix/bin/imgport" --version | cut -d' ' -f1)" imgport
# The module is found where it was installed, and it is the library's own.
expect_equal "the installed appliance" \
  "$("$work/prefix/bin/imgport" doctor --format json | jq -r '.items[] | select(.name == "appliance").ok')" true
