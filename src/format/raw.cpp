// RAW: the disk, byte for byte. It has no header; what it begins with tells whether it is whole.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/boot_sector.hpp"
#include "format/container.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

bool recognise(Container &)
{
    return true;
}

// Containers of other programs that are no format of ours: as a raw disk they would convert without a complaint and
// never boot.
struct ForeignContainer {
    std::string_view magic;
    const char *variant;
    const char *name;
};

constexpr ForeignContainer foreign_containers[]{
    {"Bochs Virtual HD Image"sv, "bochs", "a disk of Bochs"},
    {"#!/bin/sh\n#V2.0 Format\nmodprobe cloop"sv, "cloop", "a compressed loop image"},
    {"EVF\x09\x0d\x0a\xff\0"sv, "ewf", "an EnCase evidence file"},
    {"MSWIM\0\0\0"sv, "wim", "a Windows imaging archive"},
    {"partclone-image"sv, "partclone", "a Partclone backup"},
    {"\x3a\xff\x26\xed\x01\0"sv, "android-sparse", "an Android sparse image"},
};

// The MD superblock of version 0.90 lies in the last whole 64 KiB, that of 1.0 at least 8 KiB before the end: md(4).
bool is_raid_member_by_its_end(Container &container)
{
    constexpr std::uint64_t reserved = 64 << 10;
    auto const size = container.size();
    if (!size || *size < 2 * reserved)
        return false;
    std::uint64_t const version_0_90 = *size / reserved * reserved - reserved;
    std::uint64_t const version_1_0 = (*size / sector_size - 16) / 8 * 8 * sector_size;
    auto const is_at = [&](std::uint64_t offset, std::uint32_t major) {
        if (!container.has(offset, 8))
            return false;
        auto const bytes = container.read(offset, 8);
        return bytes && load_le<std::uint32_t>(*bytes, 0) == 0xa92b4efc && load_le<std::uint32_t>(*bytes, 4) == major;
    };
    return is_at(version_0_90, 0) || is_at(version_1_0, 1);
}

// ------------------------------------------------------------------------------------------------- partitions

void add_truncated(ImageFacts &facts, std::string message)
{
    add_hazard(facts, "truncated", HazardSeverity::warn, std::move(message));
}

void check_mbr(Bytes head, std::uint64_t size, ImageFacts &facts)
{
    auto const table = partition_table_of(head);
    if (!table)
        return;
    for (std::size_t i = 0; i < table->entries.size(); ++i) {
        MbrEntry const &entry = table->entries[i];
        std::uint64_t const end = (std::uint64_t{entry.first} + entry.sectors) * sector_size;
        // A protective entry covers the whole disk, or as much of it as 32 bits can say; the GPT tells the truth.
        if (entry.type == 0 || entry.sectors == 0 || entry.type == 0xee || end <= size)
            continue;
        return add_truncated(facts, fmt::format("partition {} ends at {} bytes, the file at {}: it is cut short, or "
                                                "the table is wrong",
                                                i + 1, end, size));
    }
}

// UEFI Specification 2.10, section 5.3.2: the header is in the second logical block, whose size it does not say.
void check_gpt(Container &container, Bytes head, std::uint64_t size, ImageFacts &facts)
{
    constexpr std::uint64_t most_entries = 1024;
    constexpr std::uint64_t largest_entry = 4096;
    std::uint64_t const block = begins_with(head.subspan(512), "EFI PART") ? 512 : 4096;
    if (head.size() < block + 92)
        return;
    Bytes const header = head.subspan(static_cast<std::size_t>(block));
    std::uint64_t const blocks = size / block;
    auto const alternate = load_le<std::uint64_t>(header, 32);
    auto const last_usable = load_le<std::uint64_t>(header, 48);
    if (last_usable >= blocks)
        return add_truncated(facts, fmt::format("the GPT covers {} blocks of {} bytes, the file has {}: it is cut "
                                                "short",
                                                last_usable, block, blocks));
    auto const first_entry = checked_mul(load_le<std::uint64_t>(header, 72), block);
    std::uint64_t const entries = load_le<std::uint32_t>(header, 80);
    std::uint64_t const entry_size = load_le<std::uint32_t>(header, 84);
    if (first_entry && entries <= most_entries && entry_size >= 128 && entry_size <= largest_entry &&
        container.has(*first_entry, entries * entry_size)) {
        auto const table = container.read(*first_entry, static_cast<std::size_t>(entries * entry_size));
        for (std::uint64_t i = 0; table && i < entries; ++i) {
            Bytes const entry = Bytes(*table).subspan(static_cast<std::size_t>(i * entry_size));
            auto const last = load_le<std::uint64_t>(entry, 40);
            if (!all_zero(entry.first(16)) && last >= blocks)
                return add_truncated(facts, fmt::format("partition {} ends with block {}, the file has {} of {} bytes: "
                                                        "it is cut short",
                                                        i + 1, last, blocks, block));
        }
    }
    if (alternate >= blocks)
        add_truncated(facts, fmt::format("the backup GPT should be in block {}, the file has {}: it is cut short",
                                         alternate, blocks));
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    auto head = read_head(container, early_content_reach);
    facts.virtual_size = container.size();
    for (auto const &foreign : foreign_containers) {
        if (!begins_with(head, foreign.magic))
            continue;
        facts.format = Format::unknown;
        facts.variant = foreign.variant;
        facts.virtual_size.reset();
        add_hazard(facts, "unsupported", HazardSeverity::refuse,
                   fmt::format("is {}; turn it into a raw disk with its own tools first", foreign.name));
        return;
    }
    if (container.size() && *container.size() < sector_size)
        return set_error(
            facts, malformed(fmt::format("{} bytes are no disk: it has at least one sector of 512", *container.size()),
                             std::nullopt, ""));
    std::string content = early_content_of(head);
    if (content.empty()) {
        head = read_head(container, content_reach);
        content = content_of(head);
    }
    if (content.empty() && is_raid_member_by_its_end(container))
        content = "linux_raid_member";
    if (auto const size = container.size()) {
        if (*size % sector_size != 0)
            add_truncated(facts, fmt::format("{} bytes are no whole number of sectors", *size));
        if (content == "mbr")
            check_mbr(head, *size, facts);
        else if (content == "gpt")
            check_gpt(container, head, *size, facts);
    }
    if (content == "crypto_LUKS" || content == "BitLocker")
        add_hazard(facts, "encrypted-content", HazardSeverity::note,
                   fmt::format("the whole disk is encrypted ({}): nothing of what is in it can be checked", content));
    if (!content.empty())
        facts.details.content = std::move(content);
}

}  // namespace

const FormatReader raw_reader{Format::raw, recognise, describe};

}  // namespace imgport
