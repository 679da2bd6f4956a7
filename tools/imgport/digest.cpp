// imgport digest: which disk is in the image, whatever the format; with two, whether it is the same.
#include <imgport/convert.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::vector<std::string> images;
    AllowedFiles allowed;
    std::uint64_t max_unpacked = 0;
};

int run_digest(Program &program, const Options &options)
{
    std::vector<std::string> digests;
    for (auto const &path : options.images) {
        ImageFacts const image = probe(path, {.allowed = options.allowed});
        note_hazards(image, program.progress());
        auto const digest = content_digest(path, image,
                                           {.allowed = options.allowed,
                                            .temp_dir = program.globals().temp_dir,
                                            .max_unpacked = options.max_unpacked,
                                            .threads = program.globals().threads},
                                           program.progress());
        if (!digest)
            return print_error(digest.error());
        digests.push_back(*digest);
        if (!print(fmt::format("{}  {}\n", *digest, path)))
            return exit_code(ErrorCode::environment);
    }
    if (digests.size() == 2 && digests[0] != digests[1]) {
        print_error("the two images do not hold the same disk");
        return 1;
    }
    return 0;
}

}  // namespace

void add_digest(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb =
        program.add_verb("digest", "The digest of the disk inside; with two images, whether it is the same",
                         "  imgport digest disk.vmdk\n"
                         "  imgport digest disk.vmdk out/disk.qcow2   # exit 1 where they differ\n",
                         [&program, options] { return run_digest(program, *options); });
    add_images(verb, options->images);
    verb.get_option("IMAGE")->expected(1, 2);
    add_max_unpacked(verb, options->max_unpacked);
    add_allowed(verb, options->allowed);
}

}  // namespace imgport::cli
