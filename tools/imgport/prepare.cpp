// imgport prepare: the whole job.
#include <imgport/prepare.hpp>
#include <imgport/uploader.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "prepare.hpp"
#include "report_files.hpp"
#include "upload_options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options : PrepareArguments {
    std::vector<std::string> images;
    std::string directory;
    std::string format = "text";
    std::vector<std::string> reports;
};

int run_prepare(Program &program, const Options &options)
{
    auto const config = check_config(options.check);
    if (!config)
        return print_error(config.error());
    auto made_options = prepare_options(options, *config, program.globals());
    if (!made_options)
        return print_error(made_options.error());
    auto &prepare_with = *made_options;
    prepare_with.output_dir = options.directory;
    auto sources = options.images;
    sources.insert(sources.end(), options.data_disks.begin(), options.data_disks.end());
    if (auto good = check_report_files(options.reports, sources); !good)
        return print_error(good.error());
    if (options.images.size() > 1 && names_one_object(options.upload))
        return print_error({ErrorCode::usage,
                            "several images cannot become one object",
                            {},
                            {},
                            "--upload",
                            "name a folder: a key that ends with /"});
    if (options.import && options.images.size() > 1 && options.check.request.image_name)
        return print_error({ErrorCode::usage, "--image-name names one image: prepare several one by one"});

    auto const names = artifact_names(options.images);
    TextOptions text{
        .color = program.color(), .verbose = program.globals().verbose, .verdict = prepare_with.lint.verdict};
    Report report;
    std::string made;
    std::vector<int> codes;
    for (std::size_t i = 0; i < options.images.size() && !interrupted(); ++i) {
        prepare_with.name = names[i];
        auto outcome = prepare(options.images[i], prepare_with, program.progress());
        codes.push_back(outcome.exit_code);
        for (auto const &error : outcome.errors)
            print_error(error);
        for (auto const &artifact : outcome.artifacts) {
            made += "\n";
            for (auto const &path : {artifact.artifact, artifact.manifest})
                made += path.empty() ? "" : path + "\n";
            if (!artifact.receipt.empty())
                made += fmt::format("handed over to {}\n", artifact.receipt);
            if (artifact.imported)
                made += describe(*artifact.imported);
        }
        std::move(outcome.report.images.begin(), outcome.report.images.end(), std::back_inserter(report.images));
        std::move(outcome.comparisons.begin(), outcome.comparisons.end(), std::back_inserter(text.other_profile));
    }
    note_idle_waivers(config->waivers, report, program.progress());
    codes.push_back(deliver(report, text, options.format, options.reports, options.format == "text" ? made : ""));
    return worst_exit_code(codes);
}

}  // namespace

void add_prepare(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb(
        "prepare", "The whole job: check, convert, verify, write the manifest, hand over",
        "  imgport prepare disk.vmdk --output out\n"
        "  imgport prepare ssh://root@web1/dev/vda --output out\n"
        "  imgport prepare web.ova --output out --to vhd --upload dir:/srv/images\n"
        "  imgport prepare disk.vhdx --output out --image-name web-1 --boot-mode UEFI --region cn-hangzhou \\\n"
        "      --upload oss://images/web-1.qcow2\n",
        [&program, options] { return run_prepare(program, *options); });
    add_images(verb, options->images);
    verb.add_option("--output", options->directory, "The folder for artifacts and manifests")
        ->required()
        ->type_name("DIR");
    add_report_options(verb, options->format, options->reports);
    add_prepare_options(verb, options.get());
}

void add_prepare_options(CLI::App &verb, PrepareArguments *options)
{
    add_choice(verb, "--to", options->output.to, {"qcow2", "vhd", "raw"}, "The artifact's format");
    add_output_options(verb, options->output);
    verb.get_option("--compression")->each([options](const std::string &) { options->compression_given = true; });
    verb.add_option("--upload", options->upload, std::string("Where to hand it over: ") + destination_help)
        ->type_name("DEST");
    verb.add_flag("--import", options->import, "Then has the cloud import it, and waits until the image is available")
        ->needs("--upload");
    add_call_options(verb, options->call);
    verb.add_option("--data-disk", options->data_disks, "A data disk that belongs to the image; may be repeated")
        ->type_name("FILE")
        ->check(is_no_image)
        ->allow_extra_args(false);
    add_check_options(verb, options->check);
    verb.add_flag("--stream", options->stream,
                  "Convert and upload in one pass: the artifact is never a file on this machine")
        ->group("Upload");
    verb.add_flag("--overwrite-object", options->overwrite_object, "Replace an object that is there already")
        ->group("Upload");
    add_store_options(verb, options->upload_with);
    add_part_options(verb, options->upload_with);
}

Result<ConvertOptions> prepare_conversion(PrepareArguments options, const Globals &globals)
{
    // `fast` is the default where the format has compression at all.
    if (options.output.to != "qcow2" && !options.compression_given)
        options.output.compression = "none";
    auto convert_with = convert_options(options.output, globals);
    if (!convert_with)
        return convert_with;
    convert_with->allowed = options.check.allowed;
    convert_with->max_unpacked = options.check.max_unpacked;
    return convert_with;
}

Result<PrepareOptions> prepare_options(const PrepareArguments &options, const Config &config, const Globals &globals)
{
    auto lint_with = lint_options(options.check, config, globals);
    if (!lint_with)
        return fail(lint_with.error());
    if (lint_with->profiles.size() > 1)
        return fail({ErrorCode::usage, "an artifact is prepared for one target: give one --profile"});
    auto convert_with = prepare_conversion(options, globals);
    if (!convert_with)
        return fail(convert_with.error());
    auto upload_with = options.upload_with;
    if (upload_with.region.empty())
        upload_with.region = options.check.request.region.value_or("");
    upload_with.overwrite = options.overwrite_object ? Overwrite::yes : Overwrite::no;
    if (!options.upload.empty()) {
        if (auto known = make_uploader(options.upload, upload_with); !known)
            return fail(known.error());
    }
    return PrepareOptions{.output_dir = {},
                          .name = {},
                          .data_disks = options.data_disks,
                          .upload = options.upload,
                          .upload_with = upload_with,
                          .stream = options.stream,
                          .import = options.import,
                          .import_call = import_call_options(options.call),
                          .lint = std::move(*lint_with),
                          .convert = std::move(*convert_with)};
}

}  // namespace imgport::cli
