// Physical volumes for the tests, with right sums.
#pragma once

#include <memory>
#include <string>

#include <fmt/format.h>

#include "testing/disks.hpp"
#include "volume/lvm2_label.hpp"

namespace imgport::testing {

struct PvLayout {
    std::uint64_t area = 4096;  // where its metadata area begins
    std::uint64_t area_size = 60 * 1024;
    std::uint64_t text_at = 512;  // in the area; past its end it goes on behind the header
};

inline void put_metadata_area(MemoryDisk &disk, const std::string &text, const PvLayout &layout = {},
                              std::uint32_t flags = 0)
{
    std::uint64_t const ring = layout.area_size - 512;
    for (std::size_t i = 0; i < text.size(); ++i)
        disk.put_le<std::uint8_t>(layout.area + 512 + (layout.text_at - 512 + i) % ring,
                                  static_cast<std::uint8_t>(text[i]));
    disk.put(layout.area + 4, " LVM2 x[5A%r0N*>");
    disk.put_le<std::uint32_t>(layout.area + 20, 1);
    disk.put_le<std::uint64_t>(layout.area + 24, layout.area);
    disk.put_le<std::uint64_t>(layout.area + 32, layout.area_size);
    disk.put_le<std::uint64_t>(layout.area + 40, text.empty() ? 0 : layout.text_at);
    disk.put_le<std::uint64_t>(layout.area + 48, text.size());
    disk.put_le<std::uint32_t>(layout.area + 56, lvm2_crc(text));
    disk.put_le<std::uint32_t>(layout.area + 60, flags);
    disk.put_le<std::uint32_t>(layout.area, lvm2_crc(text_of(disk.bytes()).substr(layout.area + 4, 508)));
}

// With the metadata areas at `areas`.
inline void put_label(MemoryDisk &disk, const std::string &uuid, const std::vector<PvLayout> &areas)
{
    disk.put(512, "LABELONE");
    disk.put_le<std::uint64_t>(520, 1);
    disk.put_le<std::uint32_t>(532, 32);
    disk.put(536, "LVM2 001");
    disk.put(544, uuid);
    disk.put_le<std::uint64_t>(576, disk.size());
    disk.put_le<std::uint64_t>(584, 65536);  // one data area, up to the end
    std::size_t at = 584 + 32;
    for (auto const &area : areas) {
        disk.put_le<std::uint64_t>(at, area.area);
        disk.put_le<std::uint64_t>(at + 8, area.area_size);
        at += 16;
    }
    disk.put_le<std::uint32_t>(528, lvm2_crc(text_of(disk.bytes()).substr(532, 492)));
}

inline std::string pv_uuid(char c)
{
    return std::string(32, c);
}

// A physical volume whose UUID is `c` 32 times, and whose bytes from 64 KiB on tell it and their place.
inline std::shared_ptr<MemoryDisk> physical_volume(char c, const std::string &text, std::size_t size = 256 * 1024)
{
    auto disk = std::make_shared<MemoryDisk>(size);
    put_label(*disk, pv_uuid(c), {PvLayout{}});
    put_metadata_area(*disk, text);
    for (std::size_t at = 65536; at + 16 <= size; at += 16)
        disk->put(at, fmt::format("{}{:015}", c, at));
    return disk;
}

// The text of a group "vg" with extents of 4 KiB on the physical volumes pv0 (UUID a...) and pv1 (UUID b...), which
// have 40 of them from 64 KiB on.
inline std::string group_text(const std::string &logical_volumes, unsigned seqno = 1, const std::string &more = "")
{
    auto const device = [](int i, char c) {
        return fmt::format("pv{} {{ id = \"{}\" status = [\"ALLOCATABLE\"] flags = [] dev_size = 512 pe_start = 128 "
                           "pe_count = 40 }}\n",
                           i, lvm2_uuid_text(pv_uuid(c)));
    };
    return fmt::format("vg {{\nid = \"{}\"\nseqno = {}\nformat = \"lvm2\" # informational\nstatus = "
                       "[\"RESIZEABLE\", \"READ\", \"WRITE\"]\n{}\nextent_size = 8\nmax_lv = 0\nmax_pv = 0\n"
                       "physical_volumes {{\n{}{}}}\nlogical_volumes {{\n{}}}\n}}\n# a comment\n"
                       "contents = \"Text Format Volume Group\"\nversion = 1\ndescription = \"\"\n",
                       lvm2_uuid_text(pv_uuid('g')), seqno, more, device(0, 'a'), device(1, 'b'), logical_volumes) +
           '\0';
}

// A logical volume of one segment, whose fields past extent_count are `segment`.
inline std::string volume_text(const std::string &name, unsigned extents, const std::string &segment,
                               bool visible = true, const std::string &flags = "")
{
    return fmt::format("{} {{ id = \"{}\" status = [\"READ\", \"WRITE\"{}] flags = [{}] segment_count = 1 segment1 {{ "
                       "start_extent = 0 extent_count = {} {} }} }}\n",
                       name, lvm2_uuid_text(pv_uuid('v')), visible ? ", \"VISIBLE\"" : "", flags, extents, segment);
}

inline std::string linear(const std::string &pv, unsigned extent)
{
    return fmt::format("type = \"striped\" stripe_count = 1 stripes = [ \"{}\", {} ]", pv, extent);
}

}  // namespace imgport::testing
