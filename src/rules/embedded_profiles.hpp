// The profiles that come with the program: src/rules/profiles/*.toml, compiled in.
#pragma once

#include <string_view>
#include <vector>

namespace imgport {

struct EmbeddedProfile {
    std::string_view name;
    std::string_view toml;
};

extern const std::vector<EmbeddedProfile> embedded_profiles;

}  // namespace imgport
