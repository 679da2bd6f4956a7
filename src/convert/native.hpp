// Our own engine: any disk to RAW, QCOW2 or VHD, on all cores. The output is the same bytes for any number of threads.
#pragma once

#include <optional>
#include <string>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "convert/plan.hpp"

namespace imgport {

// Writes the disk to the empty file `output`, which is not synced. The content digest comes with it where it was asked
// for by `digest`.
Result<std::optional<std::string>> native_convert(const DiskMaker &make_disk, int output, const ConversionPlan &plan,
                                                  const ConvertOptions &options, unsigned threads, bool digest,
                                                  ProgressSink &progress);

}  // namespace imgport
