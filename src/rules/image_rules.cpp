// The container file as a whole: its format, its name, its sizes.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

std::string format_names(const std::vector<Format> &formats)
{
    std::vector<std::string> names;
    names.reserve(formats.size());
    for (Format const format : formats)
        names.emplace_back(to_string(format));
    return join(names, ", ");
}

bool is_archive(Format format)
{
    return format == Format::archive || format == Format::ova;
}

// ------------------------------------------------------------------------------------------------- format

Outcome fmt_accepted(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &accepted = context.profile.limits.formats;
    std::string const name = to_string(image.format);
    if (image.format == Format::iso)
        return not_applicable("an ISO image: see fmt-iso");
    if (is_archive(image.format))
        return not_applicable("an archive: see fmt-archive");
    if (std::find(accepted.begin(), accepted.end(), image.format) != accepted.end())
        return passed(fmt::format("the format is {}", name));
    return violated(fmt::format("the format is {}; the import takes {} only", name, format_names(accepted)),
                    {seen(image.path, name)});
}

Outcome not_recognised()
{
    return unknown("the format was not recognised");
}

Outcome fmt_iso(const RuleContext &context)
{
    auto const &image = context.container;
    if (image.format == Format::unknown)
        return not_recognised();
    if (image.format != Format::iso)
        return passed("not an ISO image");
    bool const hybrid = image.details.iso && image.details.iso->hybrid;
    Outcome outcome =
        violated(fmt::format("{}: an installer or a live system, not an installed one; the import refuses it",
                             hybrid ? "an ISO image with a partition table (hybrid)" : "an ISO image"),
                 {seen(image.path, image.details.iso ? image.details.iso->volume_id : "iso")});
    outcome.survives = true;
    return outcome;
}

Outcome fmt_archive(const RuleContext &context)
{
    auto const &image = context.container;
    if (image.wrapped_in.empty() && image.format == Format::unknown)
        return not_recognised();
    if (image.wrapped_in.empty() && !is_archive(image.format))
        return passed("the file is the bare disk image");
    std::string const layers = image.wrapped_in.empty() ? to_string(image.format) : join(image.wrapped_in, ", ");
    return violated(fmt::format("the disk is wrapped in {}; the import takes the bare disk image only", layers),
                    {seen(image.path, layers)});
}

struct Suffix {
    std::string_view text;
    std::array<Format, 2> formats;  // what it stands for
};
// ".img", ".bin" and the like say nothing.
constexpr std::array suffixes{
    Suffix{".qcow2", {Format::qcow2, Format::qcow2}}, Suffix{".qcow", {Format::qcow, Format::qcow2}},
    Suffix{".vhd", {Format::vhd, Format::vhd}},       Suffix{".vpc", {Format::vhd, Format::vhd}},
    Suffix{".vhdx", {Format::vhdx, Format::vhdx}},    Suffix{".vmdk", {Format::vmdk, Format::vmdk}},
    Suffix{".vdi", {Format::vdi, Format::vdi}},       Suffix{".qed", {Format::qed, Format::qed}},
    Suffix{".raw", {Format::raw, Format::raw}},       Suffix{".iso", {Format::iso, Format::iso}},
    Suffix{".hdd", {Format::parallels, Format::raw}}, Suffix{".dmg", {Format::dmg, Format::dmg}},
    Suffix{".ova", {Format::ova, Format::archive}},   Suffix{".ovf", {Format::ova, Format::ova}},
};

// The name that speaks of the disk itself: the archive member's, or the file's without what names a compressor.
std::string disk_name(const ImageFacts &image)
{
    if (image.member && !image.member->empty())
        return base_name(*image.member);
    std::string name = to_lower(base_name(image.path));
    for (std::size_t i = 0; i < image.wrapped_in.size(); ++i) {
        for (std::string_view const suffix : {".gz", ".xz", ".zst", ".bz2", ".lzma", ".lz4", ".zip", ".tgz", ".z"}) {
            if (name.ends_with(suffix)) {
                name.resize(name.size() - suffix.size());
                break;
            }
        }
    }
    return name;
}

Outcome fmt_ext_mismatch(const RuleContext &context)
{
    auto const &image = context.container;
    std::string const name = to_lower(disk_name(image));
    auto const suffix = std::find_if(suffixes.begin(), suffixes.end(),
                                     [&](auto const &candidate) { return name.ends_with(candidate.text); });
    if (suffix == suffixes.end())
        return passed("the file's name claims no format");
    if (image.format == Format::unknown)
        return not_recognised();
    if (std::find(suffix->formats.begin(), suffix->formats.end(), image.format) != suffix->formats.end())
        return passed(fmt::format("{} holds {}", suffix->text, to_string(image.format)));
    // An OVA's own name says nothing of the disk inside.
    if (!image.wrapped_in.empty() && suffix->text == ".ova")
        return passed("the file's name is the archive's");
    return violated(
        fmt::format("the name ends in {} but the content is {}; a Format declared by the name would be wrong",
                    suffix->text, to_string(image.format)),
        {seen(image.path, to_string(image.format))});
}

// ------------------------------------------------------------------------------------------------- sizes

std::optional<Outcome> no_virtual_size(const ImageFacts &image)
{
    if (image.virtual_size)
        return std::nullopt;
    return unknown(is_archive(image.format) ? "the archive holds no single disk whose size could be judged"
                                            : "the disk's size could not be read");
}

Evidence size_evidence(const ImageFacts &image)
{
    return seen(image.path, fmt::format("{} bytes", image.virtual_size.value_or(0)));
}

// A bound of the profile, and what to call a disk that breaks it.
std::optional<Outcome> below(const ImageFacts &image, const std::optional<std::uint64_t> &least, const char *disk)
{
    if (!least || *image.virtual_size >= *least)
        return std::nullopt;
    return violated(fmt::format("the disk has {}; a {} disk needs {} at least", human_size(*image.virtual_size), disk,
                                human_size(*least)),
                    {size_evidence(image)});
}

std::optional<Outcome> above(const ImageFacts &image, const std::optional<std::uint64_t> &most, const char *disk)
{
    if (!most || *image.virtual_size <= *most)
        return std::nullopt;
    return violated(fmt::format("the disk has {}; a {} disk may have {} at most", human_size(*image.virtual_size), disk,
                                human_size(*most)),
                    {size_evidence(image)});
}

Outcome size_passed(const ImageFacts &image)
{
    return passed(fmt::format("the disk has {}", human_size(*image.virtual_size)));
}

Outcome vsize_min(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &limits = context.profile.limits;
    if (context.input.role == Role::data)
        return not_applicable("a data disk: see datadisk-size");
    if (auto reason = no_virtual_size(image))
        return *reason;
    if (auto small = below(image, limits.system_disk_min, "system"))
        return *small;
    if (limits.system_disk_recommended && *image.virtual_size < *limits.system_disk_recommended)
        return violated(fmt::format("the disk has {}; accepted, but {} or more is recommended",
                                    human_size(*image.virtual_size), human_size(*limits.system_disk_recommended)),
                        {size_evidence(image)}, "recommended");
    return size_passed(image);
}

Outcome vsize_max(const RuleContext &context)
{
    auto const &image = context.container;
    if (context.input.role == Role::data)
        return not_applicable("a data disk: see datadisk-size");
    if (auto reason = no_virtual_size(image))
        return *reason;
    return above(image, context.profile.limits.system_disk_max, "system").value_or(size_passed(image));
}

Outcome datadisk_size(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &limits = context.profile.limits;
    if (context.input.role != Role::data)
        return not_applicable("a system disk: see vsize-min and vsize-max");
    if (auto reason = no_virtual_size(image))
        return *reason;
    if (auto small = below(image, limits.data_disk_min, "data"))
        return *small;
    return above(image, limits.data_disk_max, "data").value_or(size_passed(image));
}

Outcome vsize_whole_gib(const RuleContext &context)
{
    auto const &image = context.container;
    if (auto reason = no_virtual_size(image))
        return *reason;
    std::uint64_t const size = *image.virtual_size;
    std::uint64_t const whole = size / gib + (size % gib != 0 ? 1 : 0);
    auto const *request = context.input.request;
    bool const asked = request != nullptr && request->system_disk_size && context.input.role == Role::system;
    if (asked && *request->system_disk_size < whole)
        return violated(fmt::format("a system disk of {} GiB is asked for, but the image's disk needs {} GiB; "
                                    "the size of the file does not count",
                                    *request->system_disk_size, whole),
                        {size_evidence(image)});
    return passed(fmt::format("DiskImageSize will be {} GiB{}", asked ? *request->system_disk_size : whole,
                              size % gib == 0 ? "" : ", rounded up"));
}

Outcome raw_truncated(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &source = *context.input.image;
    // What the table says of the disk holds in any container: the conversion carries it over.
    if (context.inspection != nullptr && context.inspection->disk) {
        std::vector<Evidence> evidence;
        for (auto const &partition : context.inspection->disk->partitions) {
            if (!partition.inside_disk)
                evidence.push_back(
                    {.file = source.path,
                     .line = {},
                     .offset = partition.offset,
                     .value = fmt::format("partition {} has {} bytes", partition.number, partition.length)});
        }
        if (!evidence.empty()) {
            bool const one = evidence.size() == 1;
            Outcome outcome = violated(fmt::format("{} past the end of the disk: part of the disk is missing",
                                                   one ? "a partition ends" : "partitions end"),
                                       std::move(evidence));
            outcome.survives = true;
            return outcome;
        }
    }
    if (image.format == Format::iso)
        return not_applicable("an ISO image: see fmt-iso");
    // A VHD that was cut short has lost its footer: vhd-footer says so.
    const Hazard *truncated = image.hazard("truncated");
    if (truncated != nullptr && image.format != Format::vhd) {
        Outcome outcome = violated(truncated->message, {seen(image.path, "truncated")});
        outcome.survives = true;
        return outcome;
    }
    if (image.format != Format::raw)
        return not_applicable(fmt::format("the format is {}", to_string(image.format)));
    if (image.wrapped_in.empty() && image.file_size % 512 != 0)
        return violated(
            fmt::format("the file has {} bytes, which is not a multiple of 512: no disk ends there", image.file_size),
            {{.file = image.path,
              .line = {},
              .offset = image.file_size,
              .value = fmt::format("{} bytes past the last whole sector", image.file_size % 512)}});
    if (context.input.role == Role::system && (context.inspection == nullptr || !context.inspection->disk))
        return unknown(context.inspection != nullptr && context.inspection->gap
                           ? context.inspection->gap->reason
                           : "the disk's partitions were not looked at");
    return passed("the file is as long as its disk");
}

Outcome object_size(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &limits = context.profile.limits;
    // The artifact has no size yet before it is written.
    if (image.file_size == 0 && context.is_artifact())
        return not_applicable("the artifact's size is known once it is written");
    Evidence const size = seen(image.path, fmt::format("{} bytes", image.file_size));
    if (limits.object_max && image.file_size > *limits.object_max)
        return violated(fmt::format("the file has {}; the object store takes {} at most", human_size(image.file_size),
                                    human_size(*limits.object_max)),
                        {size});
    if (limits.single_put_max && image.file_size > *limits.single_put_max)
        return violated(fmt::format("the file has {}: above {} it must be uploaded in parts (multipart), "
                                    "a plain PUT is refused",
                                    human_size(image.file_size), human_size(*limits.single_put_max)),
                        {size}, "multipart");
    return passed(fmt::format("the file has {}", human_size(image.file_size)));
}

}  // namespace

std::vector<Rule> image_rules()
{
    std::string const group = "container";
    return {
        {{"fmt-accepted",
          group,
          "The image has a format that the import takes",
          "The import is refused, after the whole upload.",
          "imgport convert IMAGE OUT.qcow2 (or OUT.vhd, OUT.raw)",
          cite({"SEED", "INS", "API", "IMP25"}),
          {""}},
         Reads::container,
         Guests::any,
         fmt_accepted},
        {{"fmt-iso",
          group,
          "The image is an installed disk, not an ISO",
          "The import refuses ISO images: an installer is not an installed system.",
          "Install from the ISO onto an empty disk in a virtual machine (QEMU, VirtualBox, VMware), then import "
          "that disk",
          cite({"SEED", "INS"}),
          {""}},
         Reads::container,
         Guests::any,
         fmt_iso},
        {{"fmt-archive",
          group,
          "The file is the bare disk image, in no archive and not compressed",
          "The import reads the object as a disk; an archive is not one.",
          "Unpack it first, or let imgport prepare do it (it takes .ova, .zip, .tar, .gz, .xz, .zst, .bz2)",
          cite({"PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         fmt_archive},
        {{"fmt-ext-mismatch",
          group,
          "The file's name and its content agree on the format",
          "A Format that is declared by the name is then wrong, and the import fails.",
          "Rename the file to what it is, or convert it: imgport convert IMAGE OUT.qcow2",
          cite({"API", "SEED"}),
          {""}},
         Reads::container,
         Guests::any,
         fmt_ext_mismatch},
        {{"vsize-min",
          group,
          "A system disk is not smaller than the target's least size",
          "The import is refused; a disk just above the limit soon runs full.",
          "imgport convert IMAGE OUT.qcow2 --grow 40G (the partitions can stay as they are; the backup GPT moves "
          "along)",
          cite({"SEED", "API", "SPEC", "CUST", "CHK"}),
          {"", "recommended"}},
         Reads::container,
         Guests::any,
         vsize_min},
        {{"vsize-max",
          group,
          "A system disk is not larger than the target's greatest size",
          "The import is refused; the virtual size counts, not the file's.",
          "Shrink the filesystem and its partition, then the disk; or move data to a disk of its own",
          cite({"SEED", "API"}),
          {""}},
         Reads::container,
         Guests::any,
         vsize_max},
        {{"datadisk-size",
          group,
          "A data disk's size lies within the target's limits",
          "The import is refused; the virtual size counts, not the file's.",
          "Too small: imgport convert IMAGE OUT.qcow2 --grow SIZE; too large: split its data over several disks",
          cite({"SEED", "API"}),
          {""}},
         Reads::container,
         Guests::any,
         datadisk_size},
        {{"vsize-whole-gib",
          group,
          "The asked disk size is not smaller than the disk, in whole GiB",
          "DiskImageSize is a whole number of GiB; one below the disk's size is refused.",
          "Leave --system-disk-size out (the size is rounded up), or give a larger one",
          cite({"INS", "API"}),
          {""}},
         Reads::container,
         Guests::any,
         vsize_whole_gib},
        {{"raw-truncated",
          group,
          "The disk is complete: whole sectors, every partition inside it",
          "Part of the disk is missing: its filesystems are broken or will not mount.",
          "Export or download the disk again and compare its size with the original",
          cite({"PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         raw_truncated},
        {{"object-size",
          group,
          "The file fits into the object store",
          "A single PUT takes 5 GiB, an upload in parts 48.8 TiB.",
          "Upload with a tool that does multipart uploads (ossutil, rclone), and prefer QCOW2 over RAW",
          cite({"SEED", "OSS"}),
          {"", "multipart"}},
         Reads::container,
         Guests::any,
         object_size},
    };
}

}  // namespace imgport
