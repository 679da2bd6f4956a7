// Our own engine: any disk to RAW, QCOW2 or VHD, on all cores. The output is the same bytes for any number of threads.
#pragma once

#include <optional>
#include <string>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "convert/image_making.hpp"
#include "convert/piece_sink.hpp"
#include "convert/plan.hpp"

namespace imgport {

// Goes on with `making` to the image's end; what it gives is the content digest where the making computes it.
// `options` are the ones that the making was begun with.
Result<std::optional<std::string>> make_image(ImageMaking making, const DiskMaker &make_disk, PieceSink &sink,
                                              const ConvertOptions &options, unsigned threads, ProgressSink &progress);

// Writes the disk to the empty file `output`, which is not synced. The content digest comes with it where it was asked
// for by `digest`.
Result<std::optional<std::string>> native_convert(const DiskMaker &make_disk, int output, const ConversionPlan &plan,
                                                  const ConvertOptions &options, unsigned threads, bool digest,
                                                  ProgressSink &progress);

}  // namespace imgport
