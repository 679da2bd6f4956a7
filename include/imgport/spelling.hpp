#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace imgport {

// The candidate nearest to a mistyped word; empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string> &candidates);

}  // namespace imgport
