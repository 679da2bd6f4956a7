// drop_plan IMAGE free-space|swap...: what plan_drop() makes of a disk, as JSON. For comparison with other tools; not
// installed.
#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <imgport/image.hpp>
#include <imgport/progress.hpp>

#include "convert/drop.hpp"
#include "format/source.hpp"
#include "support/json_fields.hpp"

namespace imgport {
namespace {

Result<Json> plan_of(const std::string &path, const DropOptions &options)
{
    auto const facts = probe(path, {});
    if (facts.refused())
        return fail(ErrorCode::refused, facts.error ? facts.error->message : facts.hazards.front().message);
    auto source = Source::open(path, facts, {}, silent_progress());
    if (!source)
        return fail(source.error());
    auto const disk = open_disk(*source, "");
    if (!disk)
        return fail(disk.error());
    auto const plan = plan_drop(*disk, options);
    if (!plan)
        return fail(plan.error());
    Json out{{"dropped", to_json(plan->dropped)}, {"holes", Json::array()}, {"patches", Json::array()}};
    for (auto const &hole : plan->changes.holes)
        out["holes"].push_back({hole.offset, hole.length});
    for (auto const &patch : plan->changes.patches)
        out["patches"].push_back({patch.offset, patch.bytes.size()});
    return out;
}

int run(int argc, char **argv)
{
    DropOptions options;
    for (int i = 2; i < argc; ++i) {
        std::string const what = argv[i];
        options.free_space |= what == "free-space";
        options.swap |= what == "swap";
    }
    if (argc < 3 || (!options.free_space && !options.swap)) {
        fmt::print(stderr, "usage: drop_plan IMAGE free-space|swap...\n");
        return 2;
    }
    auto const plan = plan_of(argv[1], options);
    if (!plan) {
        fmt::print(stderr, "drop_plan: {}\n", describe(plan.error()));
        return 3;
    }
    fmt::print("{}\n", plan->dump());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace imgport

int main(int argc, char **argv)
{
    try {
        return imgport::run(argc, argv);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "drop_plan: %s\n", error.what());
        return 4;
    }
}
