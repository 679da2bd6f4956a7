// Is the output what it should be? Asked before it gets its name.
#pragma once

#include <cstdint>
#include <string>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "convert/plan.hpp"
#include "format/source.hpp"

namespace imgport {

// Our own probe of the open file and qemu-img's check: format, size, no hazard that we did not ask for.
Result<ImageFacts> verify_structure(int file, const ConversionPlan &plan);

// The content digest of the open file, read back through another path than it was written.
Result<std::string> digest_of_artifact(int file, const ImageFacts &artifact, const std::string &temp_dir,
                                       unsigned threads, ProgressSink &progress);

// Ways to the disk of a source, each with its own state, and how many of them make sense at a time.
struct SourceDisks {
    DiskMaker make;  // the source must outlive it
    unsigned threads = 1;
};
// By our own readers, on `threads` threads (0: one for each core); where they do not know the format, through QEMU,
// which serves one reader at a time.
Result<SourceDisks> disks_of(const Source &source, const std::string &temp_dir, unsigned threads);

// The content digest of a source that is open.
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
