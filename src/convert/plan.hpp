// What a conversion will write, known before it is written.
#pragma once

#include <imgport/convert.hpp>

namespace imgport {

struct ConversionPlan {
    Format target = Format::qcow2;
    std::uint64_t virtual_size = 0;  // bytes, a multiple of 512
    ImageFacts artifact;             // the container as it will be: format, variant, virtual size, details
};

// Refuses (usage) what makes no sense: a target that is never written, compression that the target has not, a VHD
// past its limit of 2040 GiB.
Result<ConversionPlan> plan_conversion(const ImageFacts &source, const ConvertOptions &options);

// "qcow2", "vhd", "raw": the suffix of files in that format.
const char *suffix_of(Format format);

}  // namespace imgport
