// imgport inspect: partitions, volumes, filesystems and the guest.
#include <imgport/inspect.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::vector<std::string> images;
    std::string format = "text";
    std::uint64_t max_unpacked = 0;
    std::string inspector = "auto";
    AllowedFiles allowed;
};

int inspect_one(Program &program, const Options &options, const std::string &path)
{
    ImageFacts const image = probe(path, {.allowed = options.allowed});
    if (image.refused()) {
        fmt::print(stderr, "{}", probe_text(image, Color::no));
        auto const code = image.refusal().code;
        if (code == ErrorCode::refused || code == ErrorCode::malformed)
            print_error(fmt::format("{} is not safe to look into", image.path));
        return exit_code(code);
    }
    note_hazards(image, program.progress());
    auto const inspection = inspect(path, image,
                                    {.allowed = options.allowed,
                                     .temp_dir = program.globals().temp_dir,
                                     .max_unpacked = options.max_unpacked,
                                     .inspector = *parse_inspector(options.inspector)},
                                    program.progress());
    if (!inspection)
        return print_error(inspection.error());
    bool const printed =
        print(options.format == "json" ? inspection_json(image, *inspection) : inspection_text(image, *inspection));
    if (inspection->gap) {
        print_error(fmt::format("{}: {}", path, inspection->gap->reason));
        return exit_code(inspection->gap->machine ? ErrorCode::environment : ErrorCode::malformed);
    }
    return printed ? 0 : exit_code(ErrorCode::environment);
}

int run_inspect(Program &program, const Options &options)
{
    std::vector<int> codes;
    for (auto const &image : options.images) {
        if (!interrupted())
            codes.push_back(inspect_one(program, options, image));
    }
    return worst_exit_code(codes);
}

}  // namespace

void add_inspect(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("inspect", "Says what is inside: partitions, volumes, filesystems, the guest",
                                      "  imgport inspect disk.qcow2\n"
                                      "  imgport inspect --format json disk.raw | jq .guest.kernels\n",
                                      [&program, options] { return run_inspect(program, *options); });
    add_images(verb, options->images);
    add_format(verb, options->format);
    add_max_unpacked(verb, options->max_unpacked);
    add_inspector(verb, options->inspector);
    add_allowed(verb, options->allowed);
}

}  // namespace imgport::cli
