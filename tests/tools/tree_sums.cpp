// tree_sums IMAGE DEVICE [SUBVOLUME]: "SHA256  /path" of every regular file of a volume, sorted by path, as the native
// readers see it. For tests/e2e/every_file.sh; not installed.
#include <algorithm>
#include <cstdio>
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
        return tl::unexpected(stat.error());
    auto const stream = tree.open(path);
    if (!stream)
        return tl::unexpected(stream.error());
    Sha256 digest;
    std::uint64_t length = 0;
    std::vector<std::byte> buffer(chunk_size);
    for (;;) {
        auto const got = (*stream)->read(buffer);
        if (!got)
            return tl::unexpected(got.error());
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
            return tl::unexpected(entries.error());
        for (auto const &entry : *entries) {
            std::string path = (folder == "/" ? "" : folder) + "/" + entry.name;
            if (entry.kind == FileKind::directory) {
                folders.push_back(std::move(path));
            } else if (entry.kind == FileKind::regular) {
                auto sum = sum_of(tree, path);
                if (!sum)
                    return tl::unexpected(sum.error());
                sums.emplace_back(std::move(path), std::move(*sum));
            }
        }
    }
    std::sort(sums.begin(), sums.end());
    return sums;
}

Result<Sums> sums_of(const std::string &path, const std::string &device, const std::string &subvolume)
{
    ProgressSink &progress = silent_progress();
    auto const source = Source::open(path, probe(path, {}), {}, progress);
    if (!source)
        return tl::unexpected(source.error());
    auto const disk = open_disk(*source, "");
    if (!disk)
        return tl::unexpected(disk.error());
    auto const facts = describe_disk(**disk);
    if (!facts)
        return tl::unexpected(facts.error());
    auto const volumes = list_volumes(*disk, *facts);
    if (!volumes)
        return tl::unexpected(volumes.error());
    NativeTrees trees(*disk, progress);
    auto const more = trees.more_volumes(*volumes);
    if (!more)
        return tl::unexpected(more.error());
    for (auto const *list : {&*volumes, &*more}) {
        for (auto const &volume : *list) {
            if (volume.device != device)
                continue;
            auto const tree = trees.open(volume, subvolume);
            if (!tree)
                return tl::unexpected(tree.error());
            return sums_of(**tree);
        }
    }
    return fail(ErrorCode::usage, fmt::format("{} has no volume {}", path, device));
}

}  // namespace
}  // namespace imgport

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fmt::print(stderr, "usage: tree_sums IMAGE DEVICE [SUBVOLUME]\n");
        return 2;
    }
    auto const sums = imgport::sums_of(argv[1], argv[2], argc == 4 ? argv[3] : "");
    if (!sums) {
        fmt::print(stderr, "tree_sums: {}\n", imgport::describe(sums.error()));
        return 1;
    }
    for (auto const &[path, sum] : *sums)
        fmt::print("{}  {}\n", sum, path);
    return std::fflush(stdout) == 0 ? 0 : 1;
}
