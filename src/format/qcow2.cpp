// QCOW2: docs/interop/qcow2.txt of QEMU.
#include <fmt/format.h>

#include "format/container.hpp"
#include "format/qcow2_header.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Header extensions; the ones that are not named here are of no consequence to a reader.
constexpr std::uint32_t extension_end = 0;
constexpr std::uint32_t extension_backing_format = 0xe2792aca;
constexpr std::uint32_t extension_data_file = 0x44415441;

bool recognise(Container &container)
{
    auto const head = read_head(container, 8);
    // Version 1 is a format of its own.
    return head.size() == 8 && begins_with(head, "QFI\xfb") && load_be<std::uint32_t>(head, 4) != 1;
}

// "Header extensions": type, length, data padded to 8 bytes, up to type 0 or to where the backing file's name begins.
Result<void> read_extensions(Container &container, const Qcow2Header &header, Qcow2Details &details)
{
    std::uint64_t const end = header.backing_file_offset != 0 ? header.backing_file_offset : header.cluster_size();
    std::uint64_t offset = header.header_length;
    while (range_inside(offset, 8, end)) {
        auto const head = read_kept(container, offset, 8, "header extension");
        if (!head)
            return fail(head.error());
        if (!*head)
            return {};
        auto const type = load_be<std::uint32_t>(**head, 0);
        auto const length = load_be<std::uint32_t>(**head, 4);
        if (type == extension_end)
            return {};
        if (!range_inside(offset + 8, length, end))
            return fail(malformed(fmt::format("type {:#010x} has {} bytes and leaves the header", type, length), offset,
                                  "header extension"));
        if (type == extension_backing_format || type == extension_data_file) {
            if (length > 1023)
                return fail(
                    malformed(fmt::format("a name of {} bytes is too long", length), offset, "header extension"));
            auto const text = read_kept(container, offset + 8, length, "header extension");
            if (!text)
                return fail(text.error());
            if (*text)
                (type == extension_data_file ? details.data_file : details.backing_format) =
                    std::string(text_of(**text));
        }
        offset += 8 + (std::uint64_t{length} + 7) / 8 * 8;
    }
    return {};
}

Result<void> read_backing_name(Container &container, const Qcow2Header &header, Qcow2Details &details)
{
    if (header.backing_file_offset == 0)
        return {};
    auto const name = read_header(container, header.backing_file_offset, header.backing_file_size, "backing file name");
    if (!name)
        return fail(name.error());
    details.backing_file = std::string(text_of(*name));
    return {};
}

Qcow2Details details_of(const Qcow2Header &header)
{
    Qcow2Details details;
    details.version = header.version;
    details.cluster_size = static_cast<std::uint32_t>(header.cluster_size());
    details.crypt_method = header.crypt_method;
    details.snapshots = header.nb_snapshots;
    details.refcount_bits = 1U << header.refcount_order;
    details.incompatible_features = header.incompatible_features;
    details.compatible_features = header.compatible_features;
    details.autoclear_features = header.autoclear_features;
    details.compression = header.compression_type == 0   ? "zlib"
                          : header.compression_type == 1 ? "zstd"
                                                         : fmt::format("unknown ({})", header.compression_type);
    return details;
}

void add_feature_hazards(const Qcow2Header &header, ImageFacts &facts)
{
    if (header.has(qcow2::dirty))
        add_hazard(facts, "dirty", HazardSeverity::warn,
                   "was not closed: its reference counts may be wrong (incompatible feature bit 0)");
    if (header.has(qcow2::corrupt))
        add_hazard(facts, "corrupt", HazardSeverity::warn,
                   "was marked as corrupt by whoever wrote it last (incompatible feature bit 1)");
    if (header.has(qcow2::extended_l2))
        add_hazard(facts, "extended-l2", HazardSeverity::note, "has extended L2 entries, which need QEMU 5.2 or later");
    if (header.compression_type == 1)
        add_hazard(facts, "zstd", HazardSeverity::note, "is compressed by zstd, which needs QEMU 5.1 or later");
    else if (header.compression_type != 0)
        add_hazard(facts, "unknown-feature", HazardSeverity::refuse,
                   fmt::format("is compressed in a way that is not known: type {}", header.compression_type));
    if (std::uint64_t const unknown = header.incompatible_features & ~qcow2::known_features)
        add_hazard(facts, "unknown-feature", HazardSeverity::refuse,
                   fmt::format("needs features that are not known: incompatible bits {:#x}", unknown));
}

void add_hazards(const Qcow2Header &header, const AllowedFiles &allowed, ImageFacts &facts)
{
    Qcow2Details const &details = *facts.details.qcow2;
    if (details.backing_file)
        add_backing_hazard(facts, *details.backing_file, allowed);
    // The name alone is not followed by QEMU; an image that has one has no honest reason for it.
    if (header.has(qcow2::external_data_file) || details.data_file)
        add_hazard(facts, "external-data-file", HazardSeverity::refuse,
                   fmt::format("keeps its data in another file{}; make it whole first with 'qemu-img convert' where "
                               "it was made",
                               details.data_file ? ", " + quoted(*details.data_file) : ""));
    if (header.crypt_method != 0)
        add_hazard(
            facts, "encrypted", HazardSeverity::refuse,
            fmt::format("is encrypted ({}); decrypt it first with the key", header.crypt_method == 1 ? "AES" : "LUKS"));
    if (header.nb_snapshots != 0)
        add_hazard(facts, "snapshots", HazardSeverity::warn,
                   fmt::format("holds {} internal snapshot{}, which a conversion drops", header.nb_snapshots,
                               header.nb_snapshots == 1 ? "" : "s"));
    add_feature_hazards(header, facts);
}

Result<void> read_image(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    auto const header = read_qcow2_header(container);
    if (!header)
        return fail(header.error());
    facts.variant = fmt::format("v{}", header->version);
    facts.details.qcow2 = details_of(*header);
    // QEMU counts whole sectors.
    set_virtual_size(facts, header->size / sector_size * sector_size);
    if (header->size % sector_size != 0)
        add_hazard(facts, "odd-size", HazardSeverity::warn,
                   fmt::format("the size in the header, {}, is no multiple of 512: the rest is lost", header->size));
    if (auto sound = check_qcow2_header(container, *header); !sound)
        return sound;
    auto done = read_backing_name(container, *header, *facts.details.qcow2);
    if (done)
        done = read_extensions(container, *header, *facts.details.qcow2);
    add_hazards(*header, allowed, facts);
    if (!done)
        return done;
    // The layout of the tables is known only as far as the features are.
    bool const readable = !facts.hazard("unknown-feature") && !facts.hazard("absurd-size");
    return readable ? check_qcow2_tables(container, *header, facts) : done;
}

void describe(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    if (auto done = read_image(container, allowed, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader qcow2_reader{Format::qcow2, recognise, describe};

}  // namespace imgport
