// tree_sums IMAGE DEVICE [SUBVOLUME]: "SHA256  /path" of every regular file of a volume, sorted by path, as the native
// readers see it. tree_sums IMAGE: of each volume with a filesystem whether it can be read, and how many regular files
// it holds. For the tests end to end; not installed.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <imgport/image.hpp>
#include <imgport/progress.hpp>

#include "filesystem/native_trees.hpp"
#include "format/source.hpp"
#include "support/digest.hpp"
#include "volume/volumes.hpp"

namespace imgport {
namespace {

constexpr std::size_t chunk_size = 1024 * 1024;

using Sums = std::vector<std::pair<std::string, std::string>>;  // path, digest

Result<std::string> sum_of(RawTree &tree, const std::string &path)
{
    auto const stat = tree.lstat(path);
    if (!stat)
        return fail(stat.error());
    auto const stream = tree.open(path);
    if (!stream)
        return fail(stream.error());
    Sha256 digest;
    std::uint64_t length = 0;
    std::vector<std::byte> buffer(chunk_size);
    for (;;) {
        auto const got = (*stream)->read(buffer);
        if (!got)
            return fail(got.error());
        if (*got == 0)
            break;
        digest.update({buffer.data(), *got});
        length += *got;
    }
    // The two are said by different parts of a filesystem.
    if (!*stat || (*stat)->size != length)
        return fail(ErrorCode::malformed, fmt::format("{}: {} bytes were read, not what lstat says", path, length));
    return to_hex(digest.finish());
}

// With a list of what is still to be entered in place of recursion.
Result<Sums> sums_of(RawTree &tree)
{
    Sums sums;
    std::vector<std::string> folders{"/"};
    while (!folders.empty()) {
        std::string const folder = std::move(folders.back());
        folders.pop_back();
        auto const entries = tree.list(folder);
        if (!entries)
            return fail(entries.error());
        for (auto const &entry : *entries) {
            std::string path = (folder == "/" ? "" : folder) + "/" + entry.name;
            if (entry.kind == FileKind::directory) {
                folders.push_back(std::move(path));
            } else if (entry.kind == FileKind::regular) {
                auto sum = sum_of(tree, path);
                if (!sum)
                    return fail(sum.error());
                sums.emplace_back(std::move(path), std::move(*sum));
            }
        }
    }
    std::sort(sums.begin(), sums.end());
    return sums;
}

struct Opened {
    Source source;
    std::unique_ptr<NativeTrees> trees;
    std::vector<VolumeFacts> volumes;
};

Result<Opened> open_image(const std::string &path)
{
    ProgressSink &progress = silent_progress();
    auto const facts = probe(path, {});
    if (facts.refused())
        return fail(ErrorCode::refused, facts.error ? facts.error->message : facts.hazards.front().message);
    auto source = Source::open(path, facts, {}, progress);
    if (!source)
        return fail(source.error());
    auto const disk = open_disk(*source, "");
    if (!disk)
        return fail(disk.error());
    auto const described = describe_disk(**disk);
    if (!described)
        return fail(described.error());
    auto volumes = list_volumes(*disk, *described);
    if (!volumes)
        return fail(volumes.error());
    auto trees = std::make_unique<NativeTrees>(*disk, progress);
    auto more = trees->more_volumes(*volumes);
    if (!more)
        return fail(more.error());
    volumes->insert(volumes->end(), more->volumes.begin(), more->volumes.end());
    return Opened{std::move(*source), std::move(trees), std::move(*volumes)};
}

Result<Sums> sums_of_volume(Opened &image, const VolumeFacts &volume, const std::string &subvolume)
{
    auto const tree = image.trees->open(volume, subvolume);
    if (!tree)
        return fail(tree.error());
    return sums_of(**tree);
}

int print_sums(Opened &image, const std::string &device, const std::string &subvolume)
{
    for (auto const &volume : image.volumes) {
        if (volume.device != device)
            continue;
        auto const sums = sums_of_volume(image, volume, subvolume);
        if (!sums) {
            fmt::print(stderr, "tree_sums: {}\n", describe(sums.error()));
            return 1;
        }
        for (auto const &[path, sum] : *sums)
            fmt::print("{}  {}\n", sum, path);
        return std::fflush(stdout) == 0 ? 0 : 1;
    }
    fmt::print(stderr, "tree_sums: there is no volume {}\n", device);
    return 2;
}

int print_volumes(Opened &image)
{
    for (auto const &volume : image.volumes) {
        if (volume.filesystem.type.empty())
            continue;
        auto const sums = sums_of_volume(image, volume, "");
        fmt::print("{} {}: {}\n", volume.device, volume.filesystem.type,
                   sums ? fmt::format("{} files", sums->size()) : "refused: " + describe(sums.error()));
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace imgport

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 4) {
        fmt::print(stderr, "usage: tree_sums IMAGE [DEVICE [SUBVOLUME]]\n");
        return 2;
    }
    auto image = imgport::open_image(argv[1]);
    if (!image) {
        fmt::print(stderr, "tree_sums: {}\n", imgport::describe(image.error()));
        return 3;
    }
    return argc == 2 ? imgport::print_volumes(*image) : imgport::print_sums(*image, argv[2], argc == 4 ? argv[3] : "");
}
