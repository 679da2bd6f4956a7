// What an OVF package says about its disks against what its members are.
#include <algorithm>

#include <fmt/format.h>

#include "format/ovf_units.hpp"
#include "format/packed.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

const SeenMember *find_member(const Package &package, const std::string &file)
{
    std::string const wanted = beside(package.ovf_name, file);
    auto const found = std::find_if(package.members.begin(), package.members.end(), [&](const SeenMember &seen) {
        std::string const name = normal_name(seen.member.name);
        // `wanted` is decoded already; a writer that put percent signs into the member's name means the same.
        return name == wanted || decode_href(name) == wanted;
    });
    return found != package.members.end() ? &*found : nullptr;
}

void adopt_problems(const SeenMember &seen, ImageFacts &facts)
{
    std::string const name = printable(seen.member.name, 200);
    for (auto const &hazard : seen.facts.hazards) {
        if (hazard.id == "not-read-to-end")
            note_unread(facts);
        else
            add_hazard(facts, hazard.id, hazard.severity, fmt::format("{}: {}", name, hazard.message));
    }
    if (seen.facts.error && !facts.error)
        facts.error = ImageError{seen.facts.error->code, fmt::format("{}: {}", name, seen.facts.error->message)};
}

void compare_sizes(const OvfDisk &disk, const SeenMember &seen, ImageFacts &facts)
{
    std::string const name = printable(seen.member.name, 200);
    if (disk.file_size && seen.member.size && *disk.file_size != *seen.member.size)
        add_hazard(
            facts, "ovf-file-size", HazardSeverity::warn,
            fmt::format("{} has {} bytes, the OVF descriptor says {}", name, *seen.member.size, *disk.file_size));
    if (disk.capacity != 0 && seen.facts.virtual_size && disk.capacity != *seen.facts.virtual_size)
        add_hazard(facts, "ovf-capacity", HazardSeverity::warn,
                   fmt::format("{} is a disk of {} bytes, the OVF descriptor says {}", name, *seen.facts.virtual_size,
                               disk.capacity));
}

void describe_disks(const Package &package, ImageFacts &facts)
{
    for (auto &disk : facts.details.ovf->disks) {
        if (disk.file.empty())
            continue;
        const SeenMember *const seen = find_member(package, disk.file);
        if (seen == nullptr) {
            if (package.complete && !facts.error)
                set_error(facts,
                          malformed(fmt::format("the disk file {} is not in the package", printable(disk.file, 200)),
                                    {}, "File/href"));
            continue;
        }
        disk.file = seen->member.name;
        adopt_problems(*seen, facts);
        compare_sizes(disk, *seen, facts);
        if (disk.bootable) {
            facts.member = seen->member.name;
            facts.virtual_size = seen->facts.virtual_size;
        }
    }
}

// The sum that a member has; empty where it was not read to its end.
std::string sum_of(const Package &package, const ManifestSum &sum, bool &there)
{
    std::string const name = beside(package.manifest_name, sum.file);
    there = true;
    if (name == normal_name(package.ovf_name))
        return hex_digest(sum.algorithm, bytes_of(package.ovf_text));
    auto const seen = std::find_if(package.members.begin(), package.members.end(),
                                   [&](const SeenMember &member) { return normal_name(member.member.name) == name; });
    there = seen != package.members.end();
    auto const found = there ? seen->sums.find(sum.algorithm) : decltype(seen->sums.end()){};
    return there && found != seen->sums.end() ? found->second : std::string();
}

void check_manifest(const Package &package, ImageFacts &facts)
{
    if (package.manifest_name.empty())
        return;
    auto const sums = read_ovf_manifest(package.manifest_text);
    if (!sums) {
        if (!facts.error)
            set_error(facts, sums.error());
        return;
    }
    bool all = true;
    for (auto const &sum : *sums) {
        bool there = false;
        std::string const actual = sum_of(package, sum, there);
        if (actual.empty()) {
            all = false;
            continue;
        }
        if (actual == sum.hex)
            continue;
        facts.details.ovf->manifest_valid = false;
        add_hazard(facts, "manifest-mismatch", HazardSeverity::refuse,
                   fmt::format("{} of {} is {}, the manifest says {}", sum.algorithm, printable(sum.file, 200), actual,
                               sum.hex));
    }
    if (all && !facts.details.ovf->manifest_valid)
        facts.details.ovf->manifest_valid = true;
}

}  // namespace

void describe_package(const Package &package, ImageFacts &facts)
{
    facts.format = Format::ova;
    facts.variant = "package";
    facts.details.ovf.emplace();
    if (package.ovf_text.empty()) {
        if (!facts.error && !facts.hazard("not-read-to-end"))
            set_error(facts, malformed("is empty", {}, "OVF descriptor"));
        return;
    }
    if (auto const done = read_ovf(package.ovf_text, facts); !done) {
        set_error(facts, done.error());
        return;
    }
    describe_disks(package, facts);
    check_manifest(package, facts);
}

}  // namespace imgport
