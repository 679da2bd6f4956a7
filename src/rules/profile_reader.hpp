// Profiles as they are written: TOML, read strictly.
#pragma once

#include <imgport/profile.hpp>

#include "rules/embedded_profiles.hpp"

namespace imgport {

// The profile `name` out of `all`, with what it takes over (`from`) filled in. Anything not understood is an error
// (malformed) with the line and, for a mistyped name, the nearest valid one; so is a rule or one of its outcomes
// left without a severity. An unknown `name` is a usage error.
Result<Profile> read_profile(std::string_view name, const std::vector<EmbeddedProfile> &all);

}  // namespace imgport
