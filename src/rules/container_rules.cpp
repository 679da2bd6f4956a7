// What is particular to QCOW2 and VHD containers.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Bits of incompatible_features (QEMU, docs/interop/qcow2.txt, "Header").
constexpr std::uint64_t bit_dirty = 1U << 0;
constexpr std::uint64_t bit_corrupt = 1U << 1;
constexpr std::uint64_t bit_external_data = 1U << 2;
constexpr std::uint64_t bit_compression = 1U << 3;
constexpr std::uint64_t bit_extended_l2 = 1U << 4;

Outcome other_format(const ImageFacts &image)
{
    return not_applicable(fmt::format("the format is {}", to_string(image.format)));
}

// Judges the header, where there is one to judge.
Outcome judge_qcow2(const RuleContext &context, Outcome (*judge)(const ImageFacts &, const Qcow2Details &))
{
    auto const &image = context.container;
    if (image.format != Format::qcow2)
        return other_format(image);
    if (image.details.qcow2)
        return judge(image, *image.details.qcow2);
    if (context.is_artifact())
        return passed("written anew: version 3, in one file, without snapshots");
    return unknown("the QCOW2 header could not be read");
}

Outcome judge_vhd(const RuleContext &context, Outcome (*judge)(const ImageFacts &, const VhdDetails &))
{
    auto const &image = context.container;
    if (image.format != Format::vhd)
        return other_format(image);
    if (image.details.vhd)
        return judge(image, *image.details.vhd);
    if (context.is_artifact())
        return passed("written anew: one file, with the exact size in its footer");
    return unknown("the VHD footer could not be read");
}

// ------------------------------------------------------------------------------------------------- QCOW2

Outcome qcow2_backing(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        if (!header.backing_file)
            return passed("no backing file");
        return violated(fmt::format("an overlay: most of the disk is in another file, '{}', which an import has not",
                                    printable(*header.backing_file, 200)),
                        {seen(image.path, *header.backing_file)});
    });
}

Outcome qcow2_extdata(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        if (!header.data_file && (header.incompatible_features & bit_external_data) == 0)
            return passed("no external data file");
        return violated("the data is in another file (external data file), which an import has not",
                        {seen(image.path, header.data_file.value_or("incompatible feature bit 2"))});
    });
}

Outcome qcow2_encrypted(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        if (header.crypt_method == 0)
            return passed("not encrypted");
        std::string const method = header.crypt_method == 1   ? "AES"
                                   : header.crypt_method == 2 ? "LUKS"
                                                              : fmt::format("method {}", header.crypt_method);
        return violated(fmt::format("the image is encrypted ({}); the cloud has no key for it", method),
                        {seen(image.path, method)});
    });
}

Outcome qcow2_dirty(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        if ((header.incompatible_features & bit_corrupt) != 0) {
            Outcome outcome = violated("the image is marked corrupt: QEMU found its tables to contradict each other, "
                                       "and what is read from it may be wrong",
                                       {seen(image.path, "incompatible feature bit 1 (corrupt)")});
            outcome.survives = true;
            return outcome;
        }
        if ((header.incompatible_features & bit_dirty) != 0)
            return violated("the image was not closed (dirty): its reference counts are out of date",
                            {seen(image.path, "incompatible feature bit 0 (dirty)")});
        return passed("closed cleanly");
    });
}

Outcome qcow2_snapshots(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        if (header.snapshots == 0)
            return passed("no internal snapshots");
        return violated(fmt::format("{} internal snapshot{}: uploaded for nothing, the import sees the current state "
                                    "only",
                                    header.snapshots, header.snapshots == 1 ? "" : "s"),
                        {seen(image.path, fmt::format("{} snapshots", header.snapshots))});
    });
}

Outcome qcow2_compat(const RuleContext &context)
{
    return judge_qcow2(context, [](const ImageFacts &image, const Qcow2Details &header) {
        std::vector<std::string> unusual;
        if (header.version != 3)
            unusual.push_back(fmt::format("version {}", header.version));
        if (header.cluster_size != 64 * 1024)
            unusual.push_back(fmt::format("clusters of {}", human_size(header.cluster_size)));
        if ((header.incompatible_features & bit_compression) != 0 || header.compression == "zstd")
            unusual.push_back(header.compression + " compression");
        if ((header.incompatible_features & bit_extended_l2) != 0)
            unusual.emplace_back("extended L2 entries");
        constexpr std::uint64_t known = bit_dirty | bit_corrupt | bit_external_data | bit_compression | bit_extended_l2;
        if ((header.incompatible_features & ~known) != 0)
            unusual.push_back(
                fmt::format("unknown incompatible features {:#x}", header.incompatible_features & ~known));
        if (unusual.empty())
            return passed("version 3, clusters of 64 KiB, nothing that old readers lack");
        return violated(fmt::format("{}: the cloud does not say that it reads this; version 3 with clusters of 64 KiB "
                                    "and zlib compression is read everywhere",
                                    join(unusual, ", ")),
                        {seen(image.path, join(unusual, ", "))});
    });
}

// ------------------------------------------------------------------------------------------------- VHD

constexpr std::uint32_t vhd_fixed = 2;
constexpr std::uint32_t vhd_dynamic = 3;
constexpr std::uint32_t vhd_differencing = 4;

Outcome vhd_footer(const RuleContext &context)
{
    return judge_vhd(context, [](const ImageFacts &image, const VhdDetails &footer) {
        std::vector<std::string> wrong;
        if (!footer.footer_checksum_valid)
            wrong.emplace_back("the footer's checksum is wrong");
        if (footer.header_checksum_valid && !*footer.header_checksum_valid)
            wrong.emplace_back("the dynamic disk header's checksum is wrong");
        if (footer.disk_type < vhd_fixed || footer.disk_type > vhd_differencing)
            wrong.push_back(fmt::format("disk type {} is not known", footer.disk_type));
        // The disk, then the footer: 512 bytes, or 511 where Virtual PC before 2004 wrote it. More is harmless.
        bool const fits = image.file_size > footer.current_size && image.file_size - footer.current_size >= 511;
        if (footer.disk_type == vhd_fixed && image.wrapped_in.empty() && !fits)
            wrong.push_back(fmt::format("the footer says {} bytes, the file holds {}", footer.current_size,
                                        image.file_size < 512 ? 0 : image.file_size - 512));
        if (footer.disk_type == vhd_dynamic && footer.block_size.value_or(0) != 0 && footer.table_entries) {
            // The block allocation table must cover the disk: entries * block_size >= size, without overflow.
            std::uint64_t const blocks =
                footer.current_size / *footer.block_size + (footer.current_size % *footer.block_size != 0 ? 1 : 0);
            if (*footer.table_entries < blocks)
                wrong.push_back(fmt::format("the allocation table has {} entries, the disk {} blocks",
                                            *footer.table_entries, blocks));
        }
        for (const char *id : {"header-footer-mismatch", "truncated"}) {
            if (const Hazard *hazard = image.hazard(id))
                wrong.push_back(hazard->message);
        }
        if (wrong.empty())
            return passed("footer and header are sound");
        return violated(join(wrong, "; "), {seen(image.path, join(wrong, "; "))});
    });
}

// Those whose disks QEMU takes to be as large as the footer says; with others it multiplies the geometry out
// (block/vpc.c, vpc_open).
bool writes_exact_size(std::string_view creator)
{
    constexpr std::array<std::string_view, 5> exact{"win ", "qem2", "d2v ", "tap", "CTXS"};
    return std::any_of(exact.begin(), exact.end(), [&](auto name) { return creator.substr(0, name.size()) == name; });
}

Outcome vhd_geometry(const RuleContext &context)
{
    return judge_vhd(context, [](const ImageFacts &image, const VhdDetails &footer) {
        std::uint64_t const geometry = std::uint64_t{footer.cylinders} * footer.heads * footer.sectors_per_track * 512;
        // Specification, appendix "CHS Calculation": the greatest geometry stands for any larger disk.
        bool const greatest = footer.cylinders == 65535 && footer.heads == 16 && footer.sectors_per_track == 255;
        std::string const both = fmt::format("geometry {}/{}/{} is {} bytes, the size field says {}", footer.cylinders,
                                             footer.heads, footer.sectors_per_track, geometry, footer.current_size);
        if (geometry == footer.current_size || greatest || writes_exact_size(footer.creator_application))
            return passed("every reader sees the same size");
        return violated(fmt::format("{}: readers that trust the geometry (written by '{}') see another disk size, and "
                                    "the partition table's end moves",
                                    both, printable(footer.creator_application, 16)),
                        {seen(image.path, both)});
    });
}

Outcome vhd_diff(const RuleContext &context)
{
    return judge_vhd(context, [](const ImageFacts &image, const VhdDetails &footer) {
        if (footer.disk_type != vhd_differencing)
            return passed("the file holds the whole disk");
        return violated("a differencing disk: most of the disk is in its parent, which an import has not",
                        {seen(image.path, footer.parent.value_or("disk type 4"))});
    });
}

// The specification's largest disk: 2040 GiB (Microsoft, "Virtual Hard Disk Image Format Specification").
Outcome vhd_max(const RuleContext &context)
{
    auto const &image = context.container;
    if (image.format != Format::vhd)
        return other_format(image);
    std::uint64_t const size = image.details.vhd ? image.details.vhd->current_size : image.virtual_size.value_or(0);
    if (size == 0)
        return unknown("the disk's size could not be read");
    constexpr std::uint64_t most = std::uint64_t{2040} << 30;
    if (size <= most)
        return passed(fmt::format("the disk has {}, a VHD may have 2040 GiB", human_size(size)));
    return violated(
        fmt::format("the disk has {}; a VHD may have 2040 GiB, and readers refuse it or cut it off", human_size(size)),
        {seen(image.path, fmt::format("{} bytes", size))});
}

}  // namespace

std::vector<Rule> container_rules()
{
    std::string const group = "container";
    std::string const rewrite = "imgport convert IMAGE OUT.qcow2 writes the container anew";
    return {
        {{"qcow2-backing",
          group,
          "A QCOW2 image stands alone, without a backing file",
          "The uploaded object lacks what is in the backing file: the disk is mostly empty.",
          "Flatten it where the backing file is at hand: imgport convert IMAGE OUT.qcow2 --allow-backing FILE",
          cite({"PRACTICE", "QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_backing},
        {{"qcow2-extdata",
          group,
          "A QCOW2 image keeps its data in itself",
          "The uploaded object holds tables without data.",
          "Flatten it where it was made: qemu-img convert -O qcow2 IMAGE OUT.qcow2",
          cite({"PRACTICE", "QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_extdata},
        {{"qcow2-encrypted",
          group,
          "A QCOW2 image is not encrypted",
          "The import cannot read the disk.",
          "Decrypt it where the key is: qemu-img convert with --object secret and --image-opts",
          cite({"PRACTICE", "IMC"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_encrypted},
        {{"qcow2-dirty",
          group,
          "A QCOW2 image was closed cleanly and is not marked corrupt",
          "Readers may refuse it, or read wrong data.",
          "Shut the machine down; then qemu-img check -r all IMAGE on a copy. A dirty image is also mended by "
          "imgport convert",
          cite({"PRACTICE", "QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_dirty},
        {{"qcow2-snapshots",
          group,
          "A QCOW2 image carries no internal snapshots",
          "They are dead weight: uploaded and billed, never seen.",
          rewrite + ", without snapshots",
          cite({"IMP25", "PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_snapshots},
        {{"qcow2-compat",
          group,
          "A QCOW2 image uses nothing that an older reader lacks",
          "The cloud does not say which features it reads; others have refused newer ones.",
          rewrite,
          cite({"PRACTICE", "QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         qcow2_compat},
        {{"vhd-footer",
          group,
          "A VHD's footer, header and table are sound",
          "The import takes the file for something else, or for a disk of another size.",
          "imgport convert IMAGE OUT.vhd writes the container anew",
          cite({"PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         vhd_footer},
        {{"vhd-geometry",
          group,
          "A VHD's geometry and its size field agree",
          "Readers disagree on the disk's size; a GPT's backup then is not at the end of the disk.",
          "imgport convert IMAGE OUT.vhd keeps the exact size (qemu-img: -o force_size=on)",
          cite({"QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         vhd_geometry},
        {{"vhd-diff",
          group,
          "A VHD is not a differencing disk",
          "The uploaded object lacks what is in the parent.",
          "Merge it where it was made: Hyper-V Manager, Edit Disk, Merge; or Merge-VHD",
          cite({"PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         vhd_diff},
        {{"vhd-max",
          group,
          "A VHD's disk is not larger than the format allows",
          "The format ends at 2040 GiB: what lies behind is lost, or the file is refused.",
          "Use QCOW2 for larger disks: imgport convert IMAGE OUT.qcow2",
          cite({"PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         vhd_max},
    };
}

}  // namespace imgport
