#include "batch/kubernetes_volumes.hpp"

#include <array>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <sys/stat.h>

#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool lies_under(const std::string &path, const std::string &folder)
{
    return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

// Without symbolic links; the path itself where nothing is there.
std::string resolved(const std::string &path)
{
    std::error_code problem;
    auto const full = std::filesystem::canonical(path, problem);
    return problem ? path : full.string();
}

class Volumes {
public:
    explicit Volumes(const std::vector<SharedVolume> &volumes)
    {
        for (auto const &volume : volumes) {
            m_volumes.push_back({{.claim = volume.claim, .path = without_slash(volume.path)}});
            m_places.push_back(resolved(volume.path));
        }
    }

    const std::vector<PodVolume> &mounts() const { return m_volumes; }

    // `whose`: "web: its data disk".
    Result<void> hold(const NeededPath &needed, const std::string &whose)
    {
        PodVolume *holder = nullptr;
        for (auto &volume : m_volumes) {
            // A volume that is mounted inside another one hides what that has there.
            if (lies_under(needed.path, volume.path) && (holder == nullptr || volume.path.size() > holder->path.size()))
                holder = &volume;
        }
        if (holder == nullptr)
            return fail(missing(needed.path, fmt::format("{} lies under no --volume, where pods could see it", whose),
                                needed.path));
        holder->writable = holder->writable || needed.written;
        std::string const there = behind_links(needed.path);
        for (auto const &place : m_places) {
            if (lies_under(there, place))
                return {};
        }
        return fail(missing(needed.path,
                            fmt::format("{} is a link to {}, which lies under no --volume, where pods could see it",
                                        whose, printable(there)),
                            there));
    }

private:
    static Error missing(const std::string &path, const std::string &message, const std::string &wanted)
    {
        return {.code = ErrorCode::usage,
                .message = message,
                .file = path,
                .hint = fmt::format("--volume CLAIM={}, or a path above it: what the claim is mounted at here",
                                    printable(dir_name(wanted)))};
    }

    // Folders are looked at once, however many images are in them.
    std::string behind_links(const std::string &path)
    {
        struct stat st {};
        if (::lstat(path.c_str(), &st) != 0 || S_ISLNK(st.st_mode))
            return resolved(path);
        auto const [found, is_new] = m_folders.emplace(dir_name(path), std::string());
        if (is_new)
            found->second = resolved(found->first);
        return (found->second == "/" ? "" : found->second) + "/" + base_name(path);
    }

    std::vector<PodVolume> m_volumes;
    std::vector<std::string> m_places;  // without links
    std::map<std::string, std::string> m_folders;
};

bool is_device(const std::string &path)
{
    struct stat st {};
    return lies_under(path, "/dev") || (::stat(path.c_str(), &st) == 0 && S_ISBLK(st.st_mode));
}

Error refused(const BatchJob &job, const NeededPath &needed, const char *why)
{
    return {.code = ErrorCode::usage,
            .message = fmt::format("{}: its {} {}", printable(job.name), needed.what, why),
            .file = printable(needed.path),
            .hint = "a batch of its own, without --on kubernetes, does it on this machine"};
}

}  // namespace

std::vector<NeededPath> paths_of(const BatchJob &job)
{
    std::vector<NeededPath> paths{{.path = job.path, .what = "image"}};
    auto const add = [&](const char *name, const char *what) {
        if (auto const *const option = job.option(name); option != nullptr) {
            for (auto const &value : option->values)
                paths.push_back({.path = value, .what = what});
        }
    };
    add("data-disk", "data disk");
    add("config", "configuration");
    add("baseline", "baseline");
    if (auto const *const profile = job.option("profile"); profile != nullptr) {
        for (auto const &value : profile->values) {
            if (value.find('/') != std::string::npos)
                paths.push_back({.path = value, .what = "profile"});
        }
    }
    if (auto const *const upload = job.option("upload"); upload != nullptr) {
        constexpr std::string_view directory = "dir:";
        for (auto const &value : upload->values) {
            if (value.starts_with(directory))
                paths.push_back({.path = value.substr(directory.size()), .what = "destination", .written = true});
        }
    }
    return paths;
}

Result<std::vector<PodVolume>> volumes_for(const std::string &folder, const std::vector<const BatchJob *> &jobs,
                                           const std::vector<SharedVolume> &volumes)
{
    Volumes held(volumes);
    if (auto done = held.hold({.path = folder, .what = "folder", .written = true}, "the folder of the batch"); !done)
        return fail(done.error());
    for (auto const *const job : jobs) {
        for (auto const &needed : paths_of(*job)) {
            if (needed.path.find("://") != std::string::npos)
                return fail(refused(*job, needed, "is on another machine, and pods read from volumes only"));
            if (is_device(needed.path))
                return fail(refused(*job, needed, "is a device of this machine, which pods do not have"));
            if (auto done = held.hold(needed, fmt::format("{}: its {}", printable(job->name), needed.what)); !done)
                return fail(done.error());
        }
    }
    return held.mounts();
}

}  // namespace imgport
