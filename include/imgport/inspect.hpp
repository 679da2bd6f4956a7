// From an image to facts about its disk, its volumes and its guest.
#pragma once

#include <string>

#include <imgport/facts.hpp>
#include <imgport/progress.hpp>

namespace imgport {

struct InspectOptions {
    AllowedFiles allowed = {};
    std::string temp_dir = {};       // empty: TMPDIR or /var/tmp
    std::uint64_t max_unpacked = 0;  // bytes; 0: 2 TiB
};

// `image` is what probe() said of `path`, not refused. Fails only where the image itself cannot be read; a guest
// that cannot be looked into is a gap in the result.
Result<Inspection> inspect(const std::string &path, const ImageFacts &image, const InspectOptions &options,
                           ProgressSink &progress);

}  // namespace imgport
