// Profiles as they are written: TOML, read strictly.
#pragma once

#include <imgport/profile.hpp>

#include "rules/embedded_profiles.hpp"

namespace imgport {

// The profile `name` out of `all`, or the file of that path, with what it takes over (`from`) filled in. Anything not
// understood is an error (malformed; usage in a user's file) with the line and, for a mistyped name, the nearest valid
// one; so is an outcome of a graded rule left without a severity. An unknown `name` is a usage error.
Result<Profile> read_profile(std::string_view name, const std::vector<EmbeddedProfile> &all);

}  // namespace imgport
