// The file that makes a container image with imgport in it: Containerfile of the source tree, carried along.
#pragma once

namespace imgport {

extern const char *const container_file;

}  // namespace imgport
