// imgport upload: hands an artifact over.
#include <imgport/uploader.hpp>

#include <fmt/format.h>

#include "upload_options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string manifest;
    std::string destination;
    bool abort = false;
    bool overwrite = false;
    UploadOptions upload;
};

int run_abort(const Options &options)
{
    auto const aborted = abort_upload(options.manifest, options.upload);
    if (!aborted)
        return print_error(aborted.error());
    return print(fmt::format("the unfinished upload to {} is gone\n", *aborted)) ? 0
                                                                                 : exit_code(ErrorCode::environment);
}

int run_upload(Program &program, const Options &options)
{
    if (options.abort && !options.destination.empty())
        return print_error(
            {ErrorCode::usage, "--abort takes no DEST: it ends the upload that the manifest's journal names"});
    if (options.abort)
        return run_abort(options);
    if (options.destination.empty())
        return print_error({ErrorCode::usage, "DEST is missing", {}, {}, {}, destination_help});
    UploadOptions with = options.upload;
    with.overwrite = options.overwrite ? Overwrite::yes : Overwrite::no;
    auto const uploader = make_uploader(options.destination, with);
    if (!uploader)
        return print_error(uploader.error());
    auto const receipt = (*uploader)->upload(options.manifest, program.progress());
    if (!receipt)
        return print_error(receipt.error());
    return print(fmt::format("handed over to {} ({})\n", receipt->destination, receipt->proof))
               ? 0
               : exit_code(ErrorCode::environment);
}

}  // namespace

void add_upload(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb(
        "upload", "Hands an artifact over",
        "  imgport upload out/disk.manifest.json oss://images/disk.qcow2 --region cn-hangzhou\n"
        "  imgport upload out/disk.manifest.json s3://images/disks/ --endpoint https://minio.example.com\n"
        "  imgport upload out/disk.manifest.json dir:/srv/images\n"
        "  imgport upload out/disk.manifest.json \"command:./send.sh --fast\"\n"
        "  imgport upload out/disk.manifest.json --abort\n"
        "An upload to an object store that was cut off goes on when the same command is given again. Access keys come\n"
        "from the environment (ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY),\n"
        "the clouds' own configuration files or the instance's role. A program gets IMGPORT_ARTIFACT, "
        "IMGPORT_MANIFEST\n"
        "and IMGPORT_DESTINATION in its environment.\n",
        [&program, options] { return run_upload(program, *options); });
    add_image(verb, "MANIFEST", options->manifest, "The manifest; the artifact lies beside it");
    verb.add_option("DEST", options->destination, destination_help);
    verb.add_flag("--abort", options->abort, "Give the unfinished upload of this artifact up");
    verb.add_flag("--overwrite-object,--overwrite", options->overwrite, "Replace an object that is there already");
    add_region(verb, options->upload);
    add_store_options(verb, options->upload);
    add_part_options(verb, options->upload);
}

}  // namespace imgport::cli
