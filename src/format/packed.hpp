// Images inside wrappers: looked into by streaming, nothing is unpacked to disk.
//
// A disk in an archive is known by the path through it: the member's name and, where that member is an archive in its
// turn, "!/" and the name in there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "format/archive.hpp"
#include "format/byte_stream.hpp"
#include "format/container.hpp"
#include "format/ovf.hpp"

namespace imgport {

inline constexpr std::string_view nested_separator = "!/";
// Wrappers inside wrappers; more is a bomb.
inline constexpr unsigned deepest_nesting = 8;
// Members of one archive; an exported machine has a few.
inline constexpr std::size_t most_members = 10000;

// Describes what a stream that begins with a wrapper's magic holds. path and sizes of the file are the caller's.
ImageFacts describe_packed(ByteStream &stream, const AllowedFiles &allowed, Budget &budget);

// "not-read-to-end", once.
void note_unread(ImageFacts &facts);

// What is wrong with a member before anybody looks inside: names that leave the archive, links, devices, names that
// come twice, encryption. Counts as it goes: one for each archive.
class MemberCheck {
public:
    // The hazard, of severity refuse; nullopt where the member is good.
    std::optional<Hazard> check(const Member &member);

private:
    std::map<std::string, bool, std::less<>> m_names;
};

// What macOS keeps beside the files of an archive: "__MACOSX/", "._name".
bool is_apple_double(std::string_view name);

// Whether a name ends with a suffix that is given in lower case, whatever the case of the name.
bool has_suffix(std::string_view name, std::string_view suffix);

// Whether a name ends like one of a disk image.
bool has_disk_suffix(std::string_view name);

// Where a name in the descriptor or the manifest of a package points: beside the descriptor `ovf`.
std::string beside(std::string_view ovf, std::string_view name);

// One regular member of an archive, as it was seen.
struct SeenMember {
    Member member;
    ImageFacts facts = {};
    bool is_disk = false;
    std::map<std::string, std::string> sums = {};  // algorithm -> hex, where it was read to its end
};

// An OVF package that was read, whole or in part.
struct Package {
    std::string ovf_name;
    std::string ovf_text;
    std::string manifest_name = {};
    std::string manifest_text = {};
    std::vector<SeenMember> members = {};
    bool complete = false;  // all members were seen
};

// Merges what a package is into `facts`: the descriptor, the disks' own hazards and errors, the sums.
void describe_package(const Package &package, ImageFacts &facts);

}  // namespace imgport
