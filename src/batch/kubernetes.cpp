// The work of a run on Kubernetes: written down for the user to apply. What came of it is found by the next run, in the
// results beside the journal.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <imgport/version.hpp>

#include "batch/container_file.hpp"
#include "batch/estimate.hpp"
#include "batch/kubernetes_manifest.hpp"
#include "batch/kubernetes_volumes.hpp"
#include "batch/places.hpp"
#include "batch/run_parts.hpp"
#include "support/file_lock.hpp"
#include "support/shell_words.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct PodUser {
    std::uint64_t user = nobody_in_particular;
    std::uint64_t group = nobody_in_particular;

    // By the bits of its mode; what access lists say besides is not known here.
    bool may(const std::string &path, mode_t wanted) const
    {
        struct stat st {};
        if (::stat(path.c_str(), &st) != 0)
            return true;  // that is another complaint
        mode_t const bits = st.st_uid == user ? st.st_mode >> 6U : st.st_gid == group ? st.st_mode >> 3U : st.st_mode;
        return (bits & wanted) == wanted;
    }
};

PodUser owner_of(const std::string &folder)
{
    struct stat st {};
    if (::stat(folder.c_str(), &st) != 0 || st.st_uid == 0)
        return {};
    return {st.st_uid, st.st_gid};
}

class Paperwork {
public:
    explicit Paperwork(Ledger &ledger)
        : m_ledger(ledger), m_options(ledger.options()), m_left(ledger.waiting()),
          m_folder(ledger.folder().state() + "/kubernetes")
    {
        std::sort(m_left.begin(), m_left.end());
    }

    Result<void> run()
    {
        m_ledger.leave_the_rest();
        tidy_up();
        if (m_left.empty()) {
            finish();
            return {};
        }
        look_at_results();
        if (std::size_t const busy = at_work(); busy > 0 && ::access(manifest_path().c_str(), F_OK) == 0) {
            m_ledger.note(
                fmt::format("{} images are left, and {} of them are being worked on: {} is left as it is; run "
                            "the same again when its Job has ended",
                            m_left.size(), busy, printable(manifest_path())));
            return {};
        }
        auto const written = describe_job();
        if (!written)
            return fail(written.error());
        if (auto stored = store(*written); !stored)
            return stored;
        tell(*written);
        return {};
    }

private:
    std::string manifest_path() const { return m_folder + "/job.yaml"; }
    std::string container_path() const { return m_folder + "/Containerfile"; }

    // A pod that was killed could not; on volumes where an unfinished file has a name.
    void tidy_up() const
    {
        std::vector<std::string> names;
        for (auto const &job : m_ledger.jobs())
            names.push_back(job.name);
        remove_leftovers(m_ledger.folder(), names);
    }

    void finish() const
    {
        std::error_code ignored;
        if (std::filesystem::remove_all(m_folder, ignored) > 0)
            m_ledger.note(
                "every image is finished: the manifest for Kubernetes is removed; `kubectl delete job` removes "
                "the Job");
    }

    // What the pods of before could not do, and what they did that does not count here.
    void look_at_results()
    {
        std::size_t others = 0;
        std::string first;
        for (std::size_t const index : m_left) {
            auto const &course = m_ledger.course(index);
            auto const result = read_result(m_ledger.folder(), course.job->name);
            if (!result)
                continue;
            if (result->fingerprint != course.fingerprint) {
                first = others++ == 0 ? course.job->name : first;
                continue;
            }
            if (result->again && !course.asked_for)
                m_ledger.failed_elsewhere(index, *result);
        }
        if (others > 0)
            m_ledger.note(fmt::format(
                "there are results of {} images that are not of this source, these options and this version of imgport "
                "({}); the first is {}. Where pods make such results anew, their imgport is another version, or the "
                "volume shows them other times or inode numbers than it shows here",
                others, version(), printable(first)));
    }

    std::size_t at_work() const
    {
        return static_cast<std::size_t>(std::count_if(m_left.begin(), m_left.end(), [&](std::size_t index) {
            return FileLock::held(m_ledger.folder().claim(m_ledger.course(index).job->name));
        }));
    }

    Result<WrittenManifest> describe_job()
    {
        JobManifest manifest{.folder = m_ledger.folder().whole_output(),
                             .image = container_image(),
                             .name_space = m_options.kubernetes.name_space,
                             .places = m_left,
                             .parallelism = m_options.jobs,
                             .threads = m_options.threads,
                             .timeout = m_options.timeout};
        std::vector<const BatchJob *> jobs;
        for (std::size_t const index : m_left)
            jobs.push_back(m_ledger.course(index).job);
        auto volumes = volumes_for(manifest.folder, jobs, m_options.kubernetes.volumes);
        if (!volumes)
            return fail(volumes.error());
        manifest.volumes = std::move(*volumes);
        m_user = owner_of(manifest.folder);
        manifest.user = m_user.user;
        manifest.group = m_user.group;
        for (auto const *const job : jobs) {
            if (looks_packed(job->path))
                manifest.packed = std::max(manifest.packed, source_bytes(*job));
            manifest.uploads = manifest.uploads || job->option("upload") != nullptr;
        }
        manifest.salt = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
        return write_manifest(manifest);
    }

    std::string container_image() const
    {
        auto const &given = m_options.kubernetes.image;
        return given.empty() ? std::string("imgport:") + version() : given;
    }

    Result<void> store(const WrittenManifest &written) const
    {
        std::error_code problem;
        std::filesystem::create_directories(m_folder, problem);
        if (problem)
            return fail(system_error(ErrorCode::environment, "cannot be made", m_folder, problem.value()));
        if (auto done = write_file(container_path(), container_file, Overwrite::yes); !done)
            return done;
        return write_file(manifest_path(), written.text, Overwrite::yes);
    }

    void tell(const WrittenManifest &written) const
    {
        warn_of_permissions();
        if (m_options.kubernetes.image.empty())
            m_ledger.note(
                fmt::format("the container image {0} is made by: podman build -t {0} -f {1} SOURCES, imgport's "
                            "source tree; or name yours with --container-image",
                            container_image(), shell_word(container_path())));
        if (written.images < m_left.size())
            m_ledger.note(
                fmt::format("{} of the images are in this Job, the others in the one after it", written.images));
        m_ledger.note(
            fmt::format("{} images are left: kubectl apply -f {}", m_left.size(), shell_word(manifest_path())));
        m_ledger.note(
            fmt::format("imgport batch status {} shows what the pods have done; when the Job {} has ended, {} "
                        "gathers it",
                        shell_word(m_options.output_dir), written.name, command_that_gathers()));
    }

    // A retry given again would be another one.
    std::string command_that_gathers() const
    {
        if (m_options.retry.empty() && !m_options.retry_failed)
            return "the same command as now";
        std::string command =
            fmt::format("imgport batch run --output {} --on kubernetes", shell_word(m_options.output_dir));
        for (auto const &volume : m_options.kubernetes.volumes)
            command += " --volume " + shell_word(volume.claim + "=" + volume.path);
        return command + " (with the other options of now)";
    }

    void warn_of_permissions() const
    {
        auto const &folder = m_ledger.folder();
        std::string const who = fmt::format("pods run as {}:{}, who", m_user.user, m_user.group);
        for (auto const &path : {folder.output(), folder.state() + "/results", folder.state() + "/claims"}) {
            if (m_user.may(path, 3))
                continue;
            m_ledger.note(fmt::format("{} may not write in {}: chown -R {}:{} {}", who, printable(path), m_user.user,
                                      m_user.group, shell_word(folder.output())));
            break;
        }
        for (std::size_t const index : m_left) {
            for (auto const &needed : paths_of(*m_ledger.course(index).job)) {
                if (m_user.may(needed.path, needed.written ? 2 : 4))
                    continue;
                m_ledger.note(fmt::format("{} may not {} {}, nor perhaps others", who,
                                          needed.written ? "write in" : "read", printable(needed.path)));
                return;
            }
        }
    }

    Ledger &m_ledger;
    const BatchOptions &m_options;
    std::vector<std::size_t> m_left;
    std::string m_folder;
    PodUser m_user;
};

}  // namespace

Result<void> write_for_kubernetes(Ledger &ledger)
{
    return Paperwork(ledger).run();
}

}  // namespace imgport
