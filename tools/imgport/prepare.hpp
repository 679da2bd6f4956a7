// What `prepare` can be told of an image: on its own command line, and in a batch.
#pragma once

#include <imgport/prepare.hpp>
#include <imgport/uploader.hpp>

#include "import_options.hpp"
#include "options.hpp"

namespace imgport::cli {

struct PrepareArguments {
    std::string upload = {};
    UploadOptions upload_with = {};
    bool overwrite_object = false;
    bool stream = false;
    bool import = false;
    CallOptions call = {};
    std::vector<std::string> data_disks = {};
    CheckOptions check = {};
    OutputOptions output{.to = "qcow2", .compression = "fast", .verify = "content"};
    bool compression_given = false;
};

// `options` outlives the parser.
void add_prepare_options(CLI::App &verb, PrepareArguments *options);
// How the artifact is made: the part that needs no profile.
Result<ConvertOptions> prepare_conversion(PrepareArguments options, const Globals &globals);
// All but the folder and the name.
Result<PrepareOptions> prepare_options(const PrepareArguments &options, const Config &config, const Globals &globals);

}  // namespace imgport::cli
