#pragma once

#include "rules/rule.hpp"

namespace imgport {

// Whether the import's platform is "Others Linux", in which the cloud sets nothing: it was asked for, or no platform
// of the profile is this system's.
bool is_others_linux(const RuleContext &context);

}  // namespace imgport
