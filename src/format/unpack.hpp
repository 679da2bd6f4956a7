// An image taken out of its wrappers, into an unnamed temporary file.
#pragma once

#include <cstdint>
#include <string>

#include <imgport/image.hpp>
#include <imgport/progress.hpp>

#include "support/file.hpp"

namespace imgport {

struct UnpackOptions {
    std::string temp_dir;
    std::uint64_t most_bytes = 0;  // zeroes too, but not the holes of a sparse tar member
};

// `image` is what probe() said of `file`; its `member` says what to unpack, where there is an archive. All names of the
// archive are checked on the way, and the sum that an OVA's manifest has for the member.
Result<Fd> unpack(const InputFile &file, const ImageFacts &image, const UnpackOptions &options, ProgressSink &progress);

// A private copy of a whole file, holes kept.
Result<Fd> copy_sparse(const InputFile &file, const std::string &temp_dir);

}  // namespace imgport
