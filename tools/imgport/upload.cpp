// imgport upload: hands an artifact over.
#include <imgport/uploader.hpp>

#include <fmt/format.h>

#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string manifest;
    std::string destination;
};

int run_upload(Program &program, const Options &options)
{
    auto const uploader = make_uploader(options.destination);
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
        "  imgport upload out/disk.manifest.json dir:/srv/images\n"
        "  imgport upload out/disk.manifest.json \"command:./send.sh --fast\"\n"
        "The program gets IMGPORT_ARTIFACT, IMGPORT_MANIFEST and IMGPORT_DESTINATION in its environment.\n",
        [&program, options] { return run_upload(program, *options); });
    add_image(verb, "MANIFEST", options->manifest, "The manifest; the artifact lies beside it");
    verb.add_option("DEST", options->destination, "dir:PATH or \"command:PROGRAM [ARG...]\"")->required();
}

}  // namespace imgport::cli
