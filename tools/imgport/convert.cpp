// imgport convert: one image to another.
#include <imgport/convert.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string source;
    std::string destination;
    bool digest = false;
    std::uint64_t max_unpacked = 0;
    AllowedFiles allowed;
    OutputOptions output{.compression = "none", .verify = "structure"};
};

// --to, else the destination's suffix.
Result<std::string> target_of(const Options &options)
{
    if (!options.output.to.empty())
        return options.output.to;
    auto const dot = options.destination.rfind('.');
    std::string const suffix = dot == std::string::npos ? std::string() : options.destination.substr(dot + 1);
    if (suffix == "img")
        return std::string("raw");
    if (suffix == "qcow2" || suffix == "vhd" || suffix == "raw")
        return suffix;
    return fail({ErrorCode::usage,
                 "does not say by its suffix which format is wanted",
                 options.destination,
                 {},
                 {},
                 "say --to qcow2, vhd or raw"});
}

std::string describe_engine(const ConvertResult &result)
{
    if (result.engine == "qemu")
        return fmt::format("qemu-img {}", result.engine_version);
    return fmt::format("the native engine{}{}", result.compressor.empty() ? "" : " with ", result.compressor);
}

int run_convert(Program &program, Options options)
{
    auto const target = target_of(options);
    if (!target)
        return print_error(target.error());
    options.output.to = *target;
    auto convert_with = convert_options(options.output, program.globals());
    if (!convert_with)
        return print_error(convert_with.error());
    convert_with->allowed = options.allowed;
    convert_with->max_unpacked = options.max_unpacked;
    convert_with->digest = options.digest;

    ImageFacts const image = probe(options.source, {.allowed = options.allowed});
    note_hazards(image, program.progress());
    auto const result = convert(options.source, image, options.destination, *convert_with, program.progress());
    if (!result)
        return print_error(result.error());
    for (auto const &dropped : result->dropped)
        program.progress().note(describe(dropped));
    program.progress().note(fmt::format("converted by {}", describe_engine(*result)));
    if (result->content_digest && options.digest)
        return print(fmt::format("content {}\nsha256 {}\ncrc64ecma {}\n", *result->content_digest, result->sha256,
                                 result->crc64ecma))
                   ? 0
                   : exit_code(ErrorCode::environment);
    return 0;
}

}  // namespace

void add_convert(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("convert", "Converts one image to QCOW2, VHD or RAW, and verifies the result",
                                      "  imgport convert disk.vmdk disk.qcow2 --compression fast\n"
                                      "  imgport convert disk.qcow2.xz disk.vhd --vhd-type fixed\n"
                                      "  imgport convert machine.ova disk.raw --verify content --digest\n"
                                      "  imgport convert ssh://root@web1/dev/vda web1.qcow2\n",
                                      [&program, options] { return run_convert(program, *options); });
    add_image(verb, "SRC", options->source, "The image to convert");
    add_image(verb, "DST", options->destination, "The image to write");
    add_choice(verb, "--to", options->output.to, {"qcow2", "vhd", "raw"}, "The format (default: by DST's suffix)");
    add_output_options(verb, options->output);
    verb.add_flag("--digest", options->digest, "Print the content digest, and the file's SHA-256 and CRC-64");
    add_max_unpacked(verb, options->max_unpacked);
    add_allowed(verb, options->allowed);
}

}  // namespace imgport::cli
