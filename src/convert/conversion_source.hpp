// What is converted: the source, opened, and its disk with the changes that the options want.
#pragma once

#include <string>
#include <vector>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "convert/plan.hpp"
#include "format/source.hpp"

namespace imgport {

// An error where the image is not to be converted at all; a note where that will not help.
Result<void> check_convertible(const std::string &path, const ImageFacts &image, const ConvertOptions &options,
                               ProgressSink &progress);

struct ConversionSource {
    Source source;
    ConversionPlan plan;
};

Result<ConversionSource> open_conversion(const std::string &path, const ImageFacts &image,
                                         const ConvertOptions &options, ProgressSink &progress);

struct ChangedDisks {
    DiskMaker make;  // the source must outlive it
    unsigned threads = 1;
    bool changed = false;
    std::vector<Dropped> dropped = {};  // ConvertResult::dropped
};

Result<ChangedDisks> changed_disks_of(const Source &source, const ConversionPlan &plan, const ConvertOptions &options);

// Names the file where the error does not, or only knows a descriptor.
Error with_file(Error error, const std::string &path);

}  // namespace imgport
