// What takes an artifact to its destination.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/progress.hpp>

namespace imgport {

struct Receipt {
    std::string destination;  // where it lies now, in the uploader's words
    std::string proof;        // how that was confirmed: "read back, sha256 equal"
};

class Uploader {
public:
    virtual ~Uploader() = default;
    // `manifest` is the path of a manifest; its artifact lies beside it. Starting again after a failure is safe.
    virtual Result<Receipt> upload(const std::string &manifest, ProgressSink &progress) = 0;
};

// "dir:PATH" or "command:PROGRAM [ARG...]"; anything else is a usage error that lists what there is.
Result<std::unique_ptr<Uploader>> make_uploader(std::string_view destination);

}  // namespace imgport
