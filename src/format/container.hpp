// What a format's reader sees of an image: the bytes of the container file, as far as they can be had, and the one
// table of formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <imgport/image.hpp>

namespace imgport {

// A plain file gives random access. An image inside a wrapper is a stream that was read once, up to a bound: its head
// and, where the end was reached, its tail were kept; what lies between is not available.
class Container {
public:
    Container() = default;
    Container(const Container &) = delete;
    Container &operator=(const Container &) = delete;
    virtual ~Container() = default;

    // Bytes; nullopt where the end was not reached.
    virtual std::optional<std::uint64_t> size() const = 0;
    // Whether read() can serve that range. False past the end as well.
    virtual bool has(std::uint64_t offset, std::uint64_t length) const = 0;
    // Exactly `length` bytes. Where they lie past the end: malformed, with the offset. Where they were not kept:
    // unreadable.
    virtual Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) = 0;
    // The folder and the name of the file itself; empty inside a wrapper. Extents and parents lie beside it.
    virtual const std::string &path() const = 0;
};

// One format. Adding one touches the table in probe.cpp and nothing else.
struct FormatReader {
    Format format;
    // Whether the bytes are of this format: by its magic, nothing more. Two that say yes are an error, but for an ISO
    // with a partition table.
    bool (*recognise)(Container &container);
    // Fills in variant, virtual_size, hazards and details; a header that breaks the format becomes `error` (malformed)
    // with the field and the offset in its message. Never trusts a number: checked arithmetic, bounded loops.
    void (*describe)(Container &container, const AllowedFiles &allowed, ImageFacts &facts);
};

// Sets facts.error from an Error (its description without the path).
void set_error(ImageFacts &facts, const Error &error);
// malformed, with offset and field.
Error malformed(std::string message, std::optional<std::uint64_t> offset, std::string field);
void add_hazard(ImageFacts &facts, std::string id, HazardSeverity severity, std::string message);

// One per format; each in the file of its name.
extern const FormatReader qcow2_reader;
extern const FormatReader vhd_reader;
extern const FormatReader vmdk_reader;
extern const FormatReader vhdx_reader;
extern const FormatReader vdi_reader;
extern const FormatReader qcow_reader;
extern const FormatReader qed_reader;
extern const FormatReader parallels_reader;
extern const FormatReader dmg_reader;
extern const FormatReader iso_reader;
extern const FormatReader raw_reader;  // recognises everything: asked last
extern const FormatReader ovf_reader;  // the descriptor by itself (XML)

// How far into a disk content_of() looks, at most: UFS2's superblock at 256 KiB is the last that it knows.
constexpr std::size_t content_reach = std::size_t{264} << 10;

// What a run of bytes begins with, in blkid's words where it has one: "gpt", "mbr", "ext4", "xfs", "btrfs", "vfat",
// "ntfs", "swap", "LVM2_member", "crypto_LUKS", "linux_raid_member", "BitLocker", "iso9660", "zfs_member", ...;
// empty: nothing known. `head` is what content_reach says, or less where there is less.
std::string content_of(std::span<const std::byte> head);

// Those of them for which the first 12 KiB are enough; among them what disks begin with: partition tables.
std::string early_content_of(std::span<const std::byte> head);
constexpr std::size_t early_content_reach = std::size_t{12} << 10;

}  // namespace imgport
