// What an artifact is called.
#pragma once

#include <string>

namespace imgport {

// The image without its folders and without the suffixes that only say how it is stored; of another machine's disk that
// machine too, since they are all called sda.
std::string artifact_name(const std::string &path);

}  // namespace imgport
