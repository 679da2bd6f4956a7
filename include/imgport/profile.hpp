// A target's limits and severities: data in a file, dated and sourced.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/finding.hpp>
#include <imgport/image.hpp>

namespace imgport {

// Limits in bytes. nullopt: the target names none.
struct Limits {
    std::vector<Format> formats = {};  // what the target accepts
    std::optional<std::uint64_t> system_disk_min = {};
    std::optional<std::uint64_t> system_disk_max = {};
    std::optional<std::uint64_t> system_disk_recommended = {};
    std::optional<std::uint64_t> data_disk_min = {};
    std::optional<std::uint64_t> data_disk_max = {};
    std::optional<std::uint64_t> single_put_max = {};
    std::optional<std::uint64_t> object_max = {};
};

struct Profile {
    std::string name;
    std::string title;
    std::string date;                  // of the documents, YYYY-MM-DD or YYYY-MM
    std::vector<std::string> sources;  // addresses or titles
    Limits limits;
    // rule id -> condition -> severity. The condition "" is the rule's only or usual outcome.
    std::map<std::string, std::map<std::string, Severity>, std::less<>> severities;
    // The import API's platforms, in its spelling.
    std::vector<std::string> platforms;
    // By platform, the versions that the import supports, in the order of their release: "6-10", "10 12 18-" (and
    // newer), "all". Empty: the documents list none.
    std::map<std::string, std::string, std::less<>> systems;
    // A profile that a text report compares with in its last line; empty: none.
    std::string compare_with;
};

// By name ("alibaba"); an unknown name is a usage error that offers the nearest.
Result<Profile> load_profile(std::string_view name);
std::vector<std::string> profile_names();

}  // namespace imgport
