// imgport probe: what the container is, without looking at the guest.
#include <imgport/image.hpp>

#include <algorithm>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::vector<std::string> images;
    std::string format = "text";
    AllowedFiles allowed;
};

int run_probe(Program &program, const Options &options)
{
    std::vector<ImageFacts> found;
    int code = 0;
    for (auto const &image : options.images) {
        found.push_back(probe(image, {.allowed = options.allowed}));
        if (found.back().error)
            code = std::max(code, exit_code(found.back().refusal().code));
    }
    std::string text;
    if (options.format == "json") {
        text = probe_json(found);
    } else {
        for (auto const &facts : found)
            text += probe_text(facts, program.color());
    }
    return print(text) ? code : exit_code(ErrorCode::environment);
}

}  // namespace

void add_probe(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("probe", "Says what an image is: format, variant, sizes, hazards",
                                      "  imgport probe disk.vmdk\n"
                                      "  imgport probe --format json *.qcow2.xz | jq '.images[].hazards'\n",
                                      [&program, options] { return run_probe(program, *options); });
    add_images(verb, options->images);
    add_format(verb, options->format);
    add_allowed(verb, options->allowed);
}

}  // namespace imgport::cli
