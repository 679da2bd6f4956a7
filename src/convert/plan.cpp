#include "convert/plan.hpp"

#include <fmt/format.h>

#include "format/vhd_writer.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

ImageFacts artifact_facts(const ConvertOptions &options, std::uint64_t virtual_size)
{
    ImageFacts facts;
    facts.format = options.target;
    facts.virtual_size = virtual_size;
    if (options.target == Format::qcow2) {
        facts.variant = "v3";
        facts.details.qcow2 = Qcow2Details{.version = 3, .cluster_size = 65536};
        if (options.compression == Compression::zstd) {
            facts.details.qcow2->compression = "zstd";
            facts.details.qcow2->incompatible_features = 8;
        }
    }
    if (options.target == Format::vhd) {
        bool const fixed = options.vhd_type == VhdType::fixed;
        facts.variant = fixed ? "fixed" : "dynamic";
        VhdDetails vhd;
        vhd.creator_application = "qem2";  // the size counts to the byte
        vhd.original_size = vhd.current_size = virtual_size;
        vhd.disk_type = fixed ? 2 : 3;
        vhd.footer_checksum_valid = true;
        if (!fixed)
            vhd.header_checksum_valid = true;
        facts.details.vhd = vhd;
    }
    return facts;
}

}  // namespace

const char *suffix_of(Format format)
{
    return to_string(format);
}

Result<ConversionPlan> plan_conversion(const ImageFacts &source, const ConvertOptions &options)
{
    if (options.target != Format::qcow2 && options.target != Format::vhd && options.target != Format::raw)
        return fail({ErrorCode::usage,
                     fmt::format("{} is not written by imgport", to_string(options.target)),
                     {},
                     {},
                     {},
                     "choose qcow2, vhd or raw with --to"});
    if (options.target != Format::qcow2 && options.compression != Compression::none)
        return fail({ErrorCode::usage,
                     fmt::format("{} has no compression", to_string(options.target)),
                     {},
                     {},
                     {},
                     "leave --compression out, or choose --to qcow2"});
    if (options.preallocation != Preallocation::none &&
        (options.target != Format::qcow2 || options.compression != Compression::none))
        return fail({ErrorCode::usage,
                     "only a QCOW2 without compression has metadata to preallocate",
                     {},
                     {},
                     {},
                     "leave --preallocation out"});
    auto size = source.virtual_size ? round_up(*source.virtual_size, 512) : std::optional<std::uint64_t>(0);
    if (!size)
        return fail(ErrorCode::malformed, "the disk's size is absurd");
    if (options.grow) {
        auto const wanted = options.grow->for_disk_of(*size);
        if (!wanted)
            return fail(ErrorCode::usage, "--grow asks for an absurd size");
        size = wanted;
    }
    if (options.target == Format::vhd && *size > vhd_most_bytes)
        return fail({ErrorCode::usage,
                     fmt::format("a VHD holds at most 2040 GiB, the disk has {}", human_size(*size)),
                     {},
                     {},
                     {},
                     "choose --to qcow2"});
    return ConversionPlan{options.target, *size, artifact_facts(options, *size)};
}

}  // namespace imgport
