#include "format/vmdk_descriptor.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// 62 TiB, the largest disk of VMware, in extents of 2 GiB are more; but no such disk was ever split.
constexpr std::size_t most_extents = 4096;
constexpr std::size_t longest_name = 511;

constexpr std::array<std::string_view, 3> accesses{"RW", "RDONLY", "NOACCESS"};
constexpr std::array<std::string_view, 8> extent_types{"FLAT",       "SPARSE",  "ZERO",    "VMFS",
                                                       "VMFSSPARSE", "VMFSRDM", "VMFSRAW", "SESPARSE"};

std::string_view next_word(std::string_view &rest)
{
    rest = trim(rest);
    auto const end = std::min(rest.find_first_of(" \t"), rest.size());
    auto const word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
}

template <class Words>
bool contains(const Words &words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

// access, sectors, type, "name", offset: "The Extent Description". ESXi writes no offset for VMFS, and others append
// the UUID and the name of a device partition.
Result<VmdkExtent> parse_extent(std::string_view line, std::uint64_t offset)
{
    auto const broken = [&](std::string message) {
        return fail(malformed(std::move(message), offset, "extent description"));
    };
    VmdkExtent extent;
    std::string_view rest = line;
    extent.access = next_word(rest);
    auto const sectors = parse_number(next_word(rest));
    extent.type = next_word(rest);
    rest = trim(rest);
    if (!sectors || *sectors == 0)
        return broken("the size in sectors is no number above 0");
    extent.sectors = *sectors;
    if (!contains(extent_types, extent.type))
        return broken(fmt::format("{} is no type of extent", quoted(extent.type)));
    if (extent.type == "ZERO")
        return extent;
    auto const close = rest.find('"', 1);
    if (rest.empty() || rest[0] != '"' || close == std::string_view::npos)
        return broken("there is no file name in quotes");
    extent.file = rest.substr(1, close - 1);
    if (extent.file.empty() || extent.file.size() > longest_name)
        return broken("the file name is empty or too long");
    rest.remove_prefix(close + 1);
    auto const number = next_word(rest);
    if (number.empty() && extent.type == "FLAT")
        return broken("a flat extent has no offset");
    if (!number.empty()) {
        auto const start = parse_number(number);
        if (!start)
            return broken(fmt::format("the offset {} is no number", quoted(number)));
        extent.offset = *start;
    }
    return extent;
}

std::string_view unquoted(std::string_view value)
{
    value = trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        return value.substr(1, value.size() - 2);
    return value;
}

void take(VmdkDescriptor &descriptor, std::string_view key, std::string_view value)
{
    // VMware reads keys without regard to case.
    std::string const name = to_lower(key);
    if (name == "createtype")
        descriptor.create_type = value;
    else if (name == "parentcid")
        descriptor.parent_cid = to_lower(value);
    else if (name == "parentfilenamehint")
        descriptor.parent_hint = std::string(value);
    else if (name.starts_with("encryption."))
        descriptor.encrypted = true;
}

std::string_view without_byte_order_mark(std::string_view text)
{
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    return text;
}

}  // namespace

bool VmdkDescriptor::has_parent() const
{
    return !parent_cid.empty() && parent_cid != "ffffffff";
}

std::optional<std::uint64_t> VmdkDescriptor::size() const
{
    std::uint64_t total = 0;
    for (auto const &extent : extents) {
        auto const bytes = checked_mul(extent.sectors, sector_size);
        auto const sum = bytes ? checked_add(total, *bytes) : std::nullopt;
        if (!sum)
            return std::nullopt;
        total = *sum;
    }
    return total;
}

bool is_vmdk_descriptor(std::string_view head)
{
    head = without_byte_order_mark(head);
    bool first = true;
    for (auto const raw_line : lines_of(head)) {
        auto const line = trim(raw_line);
        if (line.empty())
            continue;
        std::string const start = to_lower(line.substr(0, 24));
        if (first && (start.starts_with("# disk descriptorfile") || start.starts_with("#disk descriptorfile")))
            return true;
        first = false;
        if (line[0] != '#')
            return start.starts_with("version=");
    }
    return false;
}

Result<VmdkDescriptor> parse_vmdk_descriptor(std::string_view text, std::uint64_t base)
{
    text = text.substr(0, text.find('\0'));
    VmdkDescriptor descriptor;
    for (auto const raw_line : lines_of(text)) {
        auto const line = trim(without_byte_order_mark(raw_line));
        std::uint64_t const offset = base + static_cast<std::uint64_t>(raw_line.data() - text.data());
        if (line.empty() || line[0] == '#')
            continue;
        std::string_view rest = line;
        if (contains(accesses, next_word(rest))) {
            auto extent = parse_extent(line, offset);
            if (!extent)
                return fail(extent.error());
            if (descriptor.extents.size() == most_extents)
                return fail(malformed(fmt::format("there are more than {} extents", most_extents), offset,
                                      "extent description"));
            descriptor.extents.push_back(std::move(*extent));
            descriptor.extent_offsets.push_back(offset);
            continue;
        }
        auto const equals = line.find('=');
        auto const key = trim(line.substr(0, std::min(equals, line.size())));
        if (equals == std::string_view::npos || key.empty() || key.find_first_of(" \t\"") != std::string_view::npos)
            return fail(malformed(
                fmt::format("the line {} is neither a comment, an extent nor key=value", quoted(line.substr(0, 80))),
                offset, "descriptor"));
        take(descriptor, key, unquoted(line.substr(equals + 1)));
    }
    if (descriptor.create_type.empty())
        return fail(malformed("there is no createType", base, "descriptor"));
    return descriptor;
}

void add_vmdk_descriptor_hazards(const VmdkDescriptor &descriptor, ImageFacts &facts)
{
    if (descriptor.has_parent())
        add_hazard(facts, "missing-parent", HazardSeverity::refuse,
                   fmt::format("holds only the differences to another disk{}; consolidate the snapshots first where "
                               "it was made",
                               descriptor.parent_hint ? ", " + quoted(*descriptor.parent_hint) : ""));
    if (descriptor.encrypted)
        add_hazard(facts, "encrypted", HazardSeverity::refuse, "is encrypted by VMware; decrypt it first there");
}

}  // namespace imgport
