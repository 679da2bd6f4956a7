// imgport uploads: what lies unfinished at an object store.
#include <imgport/uploader.hpp>

#include "options.hpp"
#include "upload_options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string address;
    std::string abort;
    std::string format = "text";
    UploadOptions upload;
};

int run_uploads(const Options &options)
{
    if (!options.abort.empty()) {
        auto const done = abort_pending_upload(options.address, options.abort, options.upload);
        return done ? (print("the unfinished upload is gone\n") ? 0 : exit_code(ErrorCode::environment))
                    : print_error(done.error());
    }
    auto const pending = pending_uploads(options.address, options.upload);
    if (!pending)
        return print_error(pending.error());
    return print(options.format == "json" ? pending_uploads_json(options.address, *pending)
                                          : pending_uploads_text(*pending))
               ? 0
               : exit_code(ErrorCode::environment);
}

}  // namespace

void add_uploads(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb =
        program.add_verb("uploads", "Lists what lies unfinished at an object store, and is billed",
                         "  imgport uploads oss://images --region cn-hangzhou\n"
                         "  imgport uploads s3://images/disks/ --format json\n"
                         "  imgport uploads oss://images/disk.qcow2 --abort 0004B999EF518A1FE585B0C9360DC4C8\n",
                         [options] { return run_uploads(*options); });
    add_image(verb, "ADDRESS", options->address, "oss://BUCKET[/PREFIX] or s3://BUCKET[/PREFIX]");
    verb.add_option("--abort", options->abort, "Give this one up; ADDRESS is then that of its object")->type_name("ID");
    add_format(verb, options->format);
    add_region(verb, options->upload);
    add_store_options(verb, options->upload);
}

}  // namespace imgport::cli
