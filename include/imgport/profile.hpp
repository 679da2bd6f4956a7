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
    std::optional<std::uint64_t> file_max = {};       // of the container file
    std::optional<std::uint64_t> other_max = {};      // of a disk whose format is not raw
    std::optional<std::uint64_t> size_multiple = {};  // of which the disk's size must be a multiple
    std::optional<std::uint64_t> root_free = {};      // the least that must be free on the root filesystem
    std::optional<std::uint64_t> root_free_windows = {};
    std::optional<std::uint64_t> disks_max = {};  // how many disks one image may have
    std::optional<std::uint64_t> name_max = {};   // characters of an image's name
    std::optional<std::uint64_t> description_max = {};
    std::map<Format, std::vector<std::string>> variants = {};  // of a format that is not accepted in every variant
    std::vector<std::string> wrappers = {};                    // "ova", "gzip": in what the disk may be wrapped
    std::vector<std::string> tables = {};                      // "mbr", "gpt"
    std::vector<std::string> root_filesystems = {};            // of a system that is not Windows
    bool mends_drivers = false;  // the import adds missing virtio drivers to the commoner distributions
};

struct Profile {
    std::string name;
    std::string title;
    std::string date;                  // of the documents, YYYY-MM-DD or YYYY-MM
    std::vector<std::string> sources;  // addresses or titles
    Limits limits;
    // rule id -> condition -> severity. The condition "" is the rule's only or usual outcome.
    // A rule that is not in it is not judged under this profile.
    std::map<std::string, std::map<std::string, Severity>, std::less<>> severities;
    // rule id -> condition -> the profile that switched it off. "*" is the whole rule.
    std::map<std::string, std::map<std::string, std::string>, std::less<>> off = {};
    // The import API's platforms, in its spelling.
    std::vector<std::string> platforms;
    // By platform, the versions that the import supports, in the order of their release: "6-10", "10 12 18-" (and
    // newer), "all". Empty: the documents list none.
    std::map<std::string, std::string, std::less<>> systems;
    // A profile that a text report compares with in its last line; empty: none.
    std::string compare_with;
};

// By name ("alibaba"), or the user's own by its path (whatever holds a '/' or ends in ".toml"). An unknown name is a
// usage error that offers the nearest.
Result<Profile> load_profile(std::string_view name);
// Those that come with the program.
std::vector<std::string> profile_names();

// Whether a rule has a finding under the profile, be it that it is switched off.
bool has_rule(const Profile &profile, std::string_view rule);

// What the profile calls each outcome of a rule: a severity's name or "off"; empty where it has not the rule.
std::map<std::string, std::string> grades_of(const Profile &profile, const std::string &rule);

}  // namespace imgport
