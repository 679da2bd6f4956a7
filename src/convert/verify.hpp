// Is the output what it should be? Asked before it gets its name.
#pragma once

#include <cstdint>
#include <string>

#include <imgport/convert.hpp>

#include "convert/plan.hpp"
#include "format/source.hpp"

namespace imgport {

// Our own probe of the open file and qemu-img's check: format, size, no hazard that we did not ask for.
Result<ImageFacts> verify_structure(int file, const ConversionPlan &plan);

// The content digest of the open file, read back through another path than it was written.
Result<std::string> digest_of_artifact(int file, const ImageFacts &artifact, const std::string &temp_dir,
                                       unsigned threads, ProgressSink &progress);

// The content digest of a source that is open: on `threads` threads where our own readers know the format.
Result<std::string> digest_of_source(const Source &source, const std::string &temp_dir, unsigned threads,
                                     ProgressSink &progress);

// Whether our own readers know the source's format, and every file that it leads to. Anything but `unsupported` is an
// error of the image.
Result<bool> is_read_natively(const Source &source);

// What the artifact file itself is, in one pass.
struct FileDigests {
    std::string sha256;     // 64 hex digits
    std::string crc64ecma;  // decimal
};
Result<FileDigests> digest_file(int file, const std::string &path, std::uint64_t size, ProgressSink &progress);

}  // namespace imgport
