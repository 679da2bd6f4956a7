// One job, by itself: what each of a run's processes does.
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "batch/fingerprint.hpp"
#include "batch/folder.hpp"
#include "batch/result.hpp"
#include "batch/worker_report.hpp"
#include "support/file_lock.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A worker of a run that was killed may be on its way out still.
constexpr auto patience = std::chrono::seconds(30);
constexpr const char *ours = "ours\n";

// What `prepare` would write: where one of them is there before a job's first start, it is somebody else's.
std::optional<std::string> foreign_output(const BatchFolder &folder, const BatchJob &job)
{
    constexpr std::array ends{".manifest.json", ".qcow2", ".vhd", ".raw"};
    std::vector<std::string> names{job.name};
    if (auto const *const disks = job.option("data-disk"); disks != nullptr) {
        for (std::size_t i = 1; i <= disks->values.size(); ++i)
            names.push_back(fmt::format("{}-data{}", job.name, i));
    }
    for (auto const &name : names) {
        for (const char *const end : ends) {
            std::string const path = folder.output() + "/" + name + end;
            if (::access(path.c_str(), F_OK) == 0)
                return path;
        }
    }
    return std::nullopt;
}

// An error that is the job's outcome.
PrepareOutcome failed(const BatchJob &job, const Error &error)
{
    PrepareOutcome outcome;
    outcome.errors.push_back(error);
    outcome.exit_code = exit_code(error.code);
    auto &entry = outcome.report.images.emplace_back();
    entry.path = job.path;
    entry.probe.path = job.path;
    return outcome;
}

class Work {
public:
    Work(const std::string &output_dir, const BatchJob &job, PrepareOptions options, int report_fd)
        : m_folder(output_dir), m_job(job), m_options(std::move(options)), m_report(report_fd)
    {}

    int run()
    {
        if (auto made = m_folder.make(); !made)
            return tell(result_of(m_folder, m_job, {}, failed(m_job, made.error())));
        auto claim = FileLock::take_within(m_folder.claim(m_job.name), patience);
        if (!claim)
            return tell(result_of(m_folder, m_job, {}, failed(m_job, claim.error())));
        if (!*claim)
            return tell(result_of(m_folder, m_job, {},
                                  failed(m_job, {.code = ErrorCode::environment,
                                                 .message = "another process is working on this job",
                                                 .file = m_folder.claim(m_job.name)})));
        std::string const fingerprint = Fingerprints().of(m_job);
        auto const before = read_result(m_folder, m_job.name);
        if (before && (settles(m_folder, *before, fingerprint) || outlives_source(m_folder, *before, m_job)))
            return tell(*before);

        auto outcome = prepare_as(**claim);
        if (interrupted())
            return exit_code(ErrorCode::interrupted);  // nothing came of it: there is no result
        BatchResult result = result_of(m_folder, m_job, fingerprint, std::move(outcome));
        if (m_foreign)
            result.again = true;  // whoever makes room for it, or says --overwrite, changes nothing else
        take_over_files(m_folder, before, result);
        if (!result.earlier.empty())
            m_report.note(fmt::format("what an earlier run has made is left: {}", join(result.earlier, ", ")));
        if (auto written = write_result(m_folder, result); !written) {
            BatchResult lost = result;
            lost.exit_code = exit_code(written.error().code);
            lost.reason = describe(written.error());
            lost.again = true;
            return tell(lost);
        }
        return tell(result);
    }

private:
    int tell(const BatchResult &result)
    {
        m_report.result(result);
        return result.exit_code;
    }

    PrepareOutcome prepare_as(FileLock &claim)
    {
        if (claim.text() != ours) {
            auto const foreign = foreign_output(m_folder, m_job);
            m_foreign = foreign && m_options.convert.overwrite == Overwrite::no;
            if (m_foreign)
                return failed(m_job, {.code = ErrorCode::usage,
                                      .message = "exists already",
                                      .file = *foreign,
                                      .hint = "--overwrite replaces it"});
            if (auto done = claim.write(ours); !done)
                return failed(m_job, done.error());
        }
        m_options.convert.overwrite = Overwrite::yes;  // from here on what lies there is ours
        m_options.output_dir = m_folder.output();
        m_options.name = m_job.name;
        return prepare(m_job.path, m_options, m_report);
    }

    BatchFolder m_folder;
    const BatchJob &m_job;
    PrepareOptions m_options;
    WorkerReport m_report;
    bool m_foreign = false;  // somebody else's file has the name
};

}  // namespace

int work_on_job(const std::string &output_dir, const BatchJob &job, PrepareOptions options, int report_fd)
{
    return Work(output_dir, job, std::move(options), report_fd).run();
}

}  // namespace imgport
