#include "guest/leftovers.hpp"

#include <set>
#include <utility>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_depth = 16;

// Indexed by user number and mostly holes: their length says nothing.
bool is_sparse(std::string_view name)
{
    return name == "lastlog" || name == "faillog" || name == "tallylog";
}

void count(GuestFiles &files, FolderSize &folder)
{
    std::vector<std::pair<std::string, std::size_t>> open{{folder.path, 0}};  // and how deep it lies
    while (!open.empty() && folder.whole && !files.failed()) {
        auto const [path, depth] = std::move(open.back());
        open.pop_back();
        for (auto const &entry : files.list(path)) {
            if (++folder.files > max_counted_files) {
                folder.whole = false;
                break;
            }
            std::string const child = path + "/" + entry.name;
            if (entry.kind == FileKind::directory) {
                if (depth < max_depth)
                    open.emplace_back(child, depth + 1);
                else
                    folder.whole = false;
            } else if (entry.kind == FileKind::regular && !is_sparse(entry.name)) {
                auto const status = files.stat(child, FollowLinks::no);
                folder.bytes += status ? status->size : 0;
            }
        }
    }
}

}  // namespace

Known<std::vector<FolderSize>> read_leftovers(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<FolderSize> folders;
    std::set<std::string> seen;
    for (const char *path : {"/var/log", "/var/cache", "/var/lib/snapd/cache", "/var/tmp", "/tmp"}) {
        auto const real = files.is_directory(path) ? files.resolve(path) : std::nullopt;
        if (!real || !seen.insert(*real).second)
            continue;
        FolderSize folder{*real, 0, 0, true};
        count(files, folder);
        folders.push_back(std::move(folder));
    }
    return files.answer(std::move(folders));
}

}  // namespace imgport
