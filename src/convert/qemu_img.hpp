// qemu-img as the engine: a subprocess that is told everything and may look at nothing else.
#pragma once

#include <string>

#include <imgport/convert.hpp>

#include "convert/plan.hpp"
#include "format/source.hpp"

namespace imgport {

// "7.2.22"; an error (environment) where it is not installed.
Result<std::string> qemu_img_version();

// Writes the source's disk to the open file `output`, whose name nobody needs to know.
Result<void> qemu_img_convert(const Source &source, int output, const ConversionPlan &plan,
                              const ConvertOptions &options, ProgressSink &progress);

// `qemu-img check` of the open file, where qemu-img can check that format. An error (unverified) with what it said.
Result<void> qemu_img_check(int file, Format format);

}  // namespace imgport
