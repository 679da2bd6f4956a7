// VMDK: VMware "Virtual Disk Format 5.0". A sparse extent with its descriptor inside, or a descriptor that is a file of
// its own; the two kinds that only ESX writes are recognised by name.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "format/vmdk_descriptor.hpp"
#include "format/vmdk_sparse.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

enum class Kind { none, sparse, esx_sparse, space_efficient, descriptor };

constexpr std::size_t largest_descriptor_file = 1 << 20;

// The signature and the version of a space-efficient sparse extent, as QEMU's vmdk driver knows them.
constexpr std::uint64_t space_efficient_magic = 0xcafebabe;
constexpr std::uint64_t space_efficient_version = 0x0000000200000001;

Kind kind_of(Container &container)
{
    auto const head = read_head(container, 1024);
    if (begins_with(head, "KDMV"))
        return Kind::sparse;
    if (begins_with(head, "COWD") && read_le<std::uint32_t>(head, 4) == 1U)
        return Kind::esx_sparse;
    if (read_le<std::uint64_t>(head, 0) == space_efficient_magic &&
        read_le<std::uint64_t>(head, 8) == space_efficient_version)
        return Kind::space_efficient;
    return is_vmdk_descriptor(text_of(head)) ? Kind::descriptor : Kind::none;
}

bool recognise(Container &container)
{
    return kind_of(container) != Kind::none;
}

// ------------------------------------------------------------------------------------------------ sparse extents

// Readers take the data from this very file, whatever name the extent has, as long as it is one sparse extent: exports
// of Amazon EC2 name the path they were written to.
void check_own_extent(const VmdkDescriptor &descriptor, ImageFacts &facts)
{
    static constexpr std::array<std::string_view, 2> types{"monolithicsparse", "streamoptimized"};
    if (std::find(types.begin(), types.end(), to_lower(descriptor.create_type)) == types.end()) {
        add_hazard(facts, "unsupported", HazardSeverity::refuse,
                   fmt::format("is a disk of type {}, which does not stand alone", quoted(descriptor.create_type)));
        return;
    }
    if (descriptor.extents.size() != 1 || descriptor.extents[0].type != "SPARSE") {
        std::vector<std::string> names;
        for (auto const &extent : descriptor.extents) {
            if (names.size() < 4)
                names.push_back(extent.type + " " + quoted(extent.file));
        }
        add_hazard(facts, "extent-file", HazardSeverity::refuse,
                   names.empty() ? "its descriptor has no extent"
                                 : fmt::format("its descriptor leads to other files: {}", join(names, ", ")));
        return;
    }
    if (has_path(descriptor.extents[0].file))
        add_hazard(facts, "extent-path", HazardSeverity::note,
                   fmt::format("its descriptor gives {} as the name of this file; nothing is opened there",
                               quoted(descriptor.extents[0].file)));
}

Result<void> read_embedded_descriptor(Container &container, const VmdkSparseHeader &header, ImageFacts &facts)
{
    VmdkDetails &details = *facts.details.vmdk;
    std::optional<std::vector<std::byte>> bytes = std::vector<std::byte>{};
    std::uint64_t const place = header.descriptor_offset * sector_size;
    if (header.descriptor_offset != 0) {
        auto found = read_kept(container, place, header.descriptor_size * sector_size, "descriptor");
        if (!found)
            return fail(found.error());
        bytes = std::move(*found);
    }
    if (!bytes)
        return {};
    std::string_view const text = text_of(*bytes);
    if (trim(text.substr(0, text.find('\0'))).empty()) {
        details.embedded_descriptor = false;
        add_hazard(facts, "no-descriptor", HazardSeverity::refuse,
                   "has no descriptor: it is one part of a split disk; give the small .vmdk file that names its parts");
        return {};
    }
    auto const descriptor = parse_vmdk_descriptor(text, place);
    if (!descriptor)
        return fail(descriptor.error());
    details.create_type = descriptor->create_type;
    details.extents = descriptor->extents;
    if (descriptor->has_parent())
        details.parent = descriptor->parent_hint.value_or("");
    facts.variant = printable(descriptor->create_type, 64);
    add_vmdk_descriptor_hazards(*descriptor, facts);
    check_own_extent(*descriptor, facts);
    return {};
}

Result<void> read_sparse(Container &container, ImageFacts &facts)
{
    facts.variant = "sparse";
    auto const header = read_vmdk_sparse_header(container, facts);
    if (!header)
        return fail(header.error());
    if (header->unclean_shutdown)
        add_hazard(facts, "dirty", HazardSeverity::warn, "was not closed by the program that wrote it last");
    if (auto done = read_embedded_descriptor(container, *header, facts); !done)
        return done;
    return check_vmdk_grains(container, *header, facts);
}

// The copy-on-write extents of ESX: read by name only.
void read_esx_sparse(Container &container, ImageFacts &facts)
{
    facts.variant = "vmfsSparse";
    // capacity follows magic, version and flags.
    if (auto const sectors = read_le<std::uint32_t>(read_head(container, 16), 12))
        set_virtual_size(facts, std::uint64_t{*sectors} * sector_size);
    add_hazard(facts, "unsupported", HazardSeverity::refuse,
               "is a snapshot extent of ESX, not a whole disk; consolidate the snapshots, then export the disk");
}

void read_space_efficient(Container &container, ImageFacts &facts)
{
    facts.variant = "seSparse";
    auto const sectors = read_le<std::uint64_t>(read_head(container, 24), 16);
    if (auto const size = sectors ? checked_mul(*sectors, sector_size) : std::nullopt)
        set_virtual_size(facts, *size);
    add_hazard(facts, "unsupported", HazardSeverity::refuse,
               "is a space-efficient extent of ESX; clone the disk with 'vmkfstools -i', then export it");
}

// ------------------------------------------------------------------------------------------------- descriptors

// What QEMU opens from a descriptor file, without the two that are snapshots.
void check_create_type(const VmdkDescriptor &descriptor, ImageFacts &facts)
{
    static constexpr std::array<std::string_view, 4> supported{"monolithicFlat", "twoGbMaxExtentFlat",
                                                               "twoGbMaxExtentSparse", "vmfs"};
    static constexpr std::array<std::string_view, 5> devices{"fullDevice", "partitionedDevice", "vmfsRaw",
                                                             "vmfsRawDeviceMap", "vmfsPassthroughRawDeviceMap"};
    auto const is_one_of = [&](auto const &names) {
        return std::find(names.begin(), names.end(), descriptor.create_type) != names.end();
    };
    if (is_one_of(devices))
        add_hazard(facts, "extent-device", HazardSeverity::refuse,
                   fmt::format("is no disk image but a pointer to a device ({})", quoted(descriptor.create_type)));
    else if (!is_one_of(supported))
        add_hazard(facts, "unsupported", HazardSeverity::refuse,
                   fmt::format("is a descriptor of type {}, which cannot be read; export the disk as streamOptimized",
                               quoted(descriptor.create_type)));
}

Result<void> read_descriptor_file(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    facts.variant = "descriptor";
    facts.details.vmdk->embedded_descriptor = false;
    auto const size = container.size();
    if (size && *size > largest_descriptor_file)
        return fail(malformed(fmt::format("a text of {} bytes is more than 1 MiB", *size), 0, "descriptor"));
    auto const bytes =
        read_header(container, 0, static_cast<std::size_t>(size.value_or(largest_descriptor_file)), "descriptor");
    if (!bytes)
        return fail(bytes.error());
    auto const descriptor = parse_vmdk_descriptor(text_of(*bytes), 0);
    if (!descriptor)
        return fail(descriptor.error());
    VmdkDetails &details = *facts.details.vmdk;
    details.create_type = descriptor->create_type;
    details.extents = descriptor->extents;
    if (descriptor->has_parent())
        details.parent = descriptor->parent_hint.value_or("");
    facts.variant = printable(descriptor->create_type, 64);
    if (descriptor->extents.empty())
        return fail(malformed("there is no extent", 0, "extent description"));
    set_virtual_size(facts, descriptor->size().value_or(~std::uint64_t{0}));
    add_vmdk_descriptor_hazards(*descriptor, facts);
    check_create_type(*descriptor, facts);
    return check_vmdk_extents(container, allowed, *descriptor, facts);
}

Result<void> read_image(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    facts.details.vmdk = VmdkDetails{};
    switch (kind_of(container)) {
    case Kind::sparse: return read_sparse(container, facts);
    case Kind::esx_sparse: read_esx_sparse(container, facts); break;
    case Kind::space_efficient: read_space_efficient(container, facts); break;
    case Kind::descriptor: return read_descriptor_file(container, allowed, facts);
    case Kind::none: break;
    }
    return {};
}

void describe(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    if (auto done = read_image(container, allowed, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader vmdk_reader{Format::vmdk, recognise, describe};

}  // namespace imgport
