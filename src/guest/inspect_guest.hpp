// From volumes to facts about the system on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/facts.hpp>

#include "filesystem/tree_maker.hpp"

namespace imgport {

struct GuestInspection {
    std::optional<GuestFacts> guest = {};    // nullopt: no system was found
    std::vector<std::string> problems = {};  // volumes that could not be looked into
};

// `volumes` grows by what the maker assembles (LVM). Fails only where the maker itself does.
Result<GuestInspection> inspect_guest(TreeMaker &maker, const DiskFacts &disk, std::vector<VolumeFacts> &volumes);

// Whether any of the volumes can hold a system that the maker could look into.
bool worth_inspecting(const std::vector<VolumeFacts> &volumes);

}  // namespace imgport
