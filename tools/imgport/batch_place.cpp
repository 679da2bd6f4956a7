// Where the work of a run is done: here, or on a cluster.
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "batch.hpp"
#include "options.hpp"

namespace imgport::cli {
namespace {

Result<SharedVolume> shared_volume(const std::string &text)
{
    auto const equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || text.compare(equals + 1, 1, "/") != 0)
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("'{}' is no volume", text),
                     .field = "volume",
                     .hint = "CLAIM=/PATH, the path under which this machine has it"});
    return SharedVolume{.claim = text.substr(0, equals),
                        .path = std::filesystem::path(text.substr(equals + 1)).lexically_normal().string()};
}

// The program as the nodes find it: on a shared volume, or installed in the same place.
std::string this_program()
{
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace

void add_place_options(CLI::App &verb, PlaceOptions &options)
{
    add_choice(verb, "--on", options.on, {"local", "slurm", "kubernetes"}, "Where the work is done");
    verb.add_option("--sbatch", options.sbatch,
                    "A further option of sbatch (--sbatch=--partition=images); they win over imgport's own")
        ->type_name("OPTION")
        ->take_all();
    verb.add_option("--container-image", options.container_image, "For kubernetes: an image that has imgport")
        ->type_name("IMAGE");
    verb.add_option("--volume", options.volumes, "For kubernetes: a claim on a volume that is mounted here as well")
        ->type_name("CLAIM=/PATH")
        ->take_all();
    verb.add_option("--namespace", options.name_space, "For kubernetes")->type_name("NAME");
}

Result<void> apply_place(const PlaceOptions &options, const Globals &globals, BatchOptions &batch)
{
    struct Bound {
        const char *option;
        bool given;
        const char *place;
    };
    for (auto const &[option, given, place] : {Bound{"sbatch", !options.sbatch.empty(), "slurm"},
                                               Bound{"container-image", !options.container_image.empty(), "kubernetes"},
                                               Bound{"volume", !options.volumes.empty(), "kubernetes"},
                                               Bound{"namespace", !options.name_space.empty(), "kubernetes"}}) {
        if (given && options.on != place)
            return fail({.code = ErrorCode::usage,
                         .message = fmt::format("--{} goes with --on {}", option, place),
                         .field = option});
    }
    constexpr std::array places{std::pair{"local", BatchPlace::here}, std::pair{"slurm", BatchPlace::slurm},
                                std::pair{"kubernetes", BatchPlace::kubernetes}};
    for (auto const &[name, place] : places) {
        if (options.on == name)
            batch.place = place;
    }
    batch.slurm.program = {this_program(), "batch", "work"};
    if (!globals.temp_dir.empty()) {
        batch.slurm.program.emplace_back("--temp-dir");
        batch.slurm.program.push_back(globals.temp_dir);
    }
    batch.slurm.sbatch = options.sbatch;
    batch.kubernetes.image = options.container_image;
    batch.kubernetes.name_space = options.name_space;
    for (auto const &text : options.volumes) {
        auto volume = shared_volume(text);
        if (!volume)
            return fail(volume.error());
        batch.kubernetes.volumes.push_back(std::move(*volume));
    }
    return {};
}

}  // namespace imgport::cli
