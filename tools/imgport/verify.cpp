// imgport verify: do artifact and manifest still agree?
#include <imgport/manifest.hpp>

#include <fmt/format.h>

#include "verbs.hpp"

namespace imgport::cli {
namespace {

int run_verify(Program &program, const std::string &manifest)
{
    auto const differences = verify_manifest(manifest, program.progress());
    if (!differences)
        return print_error(differences.error());
    for (auto const &difference : *differences)
        print_error({ErrorCode::unverified, difference, manifest});
    if (!differences->empty())
        return exit_code(ErrorCode::unverified);
    if (!program.globals().quiet && !print(fmt::format("{}: artifact and manifest agree\n", manifest)))
        return exit_code(ErrorCode::environment);
    return 0;
}

}  // namespace

void add_verify(Program &program)
{
    auto const manifest = std::make_shared<std::string>();
    CLI::App &verb =
        program.add_verb("verify", "Replays what a manifest vouches for", "  imgport verify out/disk.manifest.json\n",
                         [&program, manifest] { return run_verify(program, *manifest); });
    add_image(verb, "MANIFEST", *manifest, "The manifest; the artifact lies beside it");
}

}  // namespace imgport::cli
