// One job in a process of its own that is watched: what a task of a cluster does.
#include <fmt/format.h>

#include "batch/fingerprint.hpp"
#include "batch/slot.hpp"
#include "support/text.hpp"
#include "support/workers.hpp"

namespace imgport {

int watch_over_job(const std::string &output_dir, std::size_t index, const BatchJob &job, const WatchOptions &options,
                   ProgressSink &progress)
{
    BatchFolder const folder(output_dir);
    if (auto made = folder.make(); !made) {
        progress.note(describe(made.error()));
        return exit_code(made.error().code);
    }
    std::string stage;
    auto const end =
        run_worker({.job = index,
                    .command = worker_command(options.worker, output_dir, index, thread_count(options.threads)),
                    .timeout = options.timeout},
                   [&](const WorkerLine &line) {
                       if (!line.note.empty())
                           progress.note(fmt::format("{}: {}", job.name, line.note));
                       if (line.stage.empty() || line.stage == stage)
                           return;
                       if (!stage.empty())
                           progress.end();
                       stage = line.stage;
                       progress.begin(stage, job.path);
                   });
    if (!stage.empty())
        progress.end();
    if (end.stopped)
        return exit_code(ErrorCode::interrupted);
    auto const result = result_of_end(folder, job, Fingerprints().of(job), end);
    if (!result.reason.empty())
        progress.note(fmt::format("{}: {}", job.name, result.reason));
    return result.exit_code;
}

}  // namespace imgport
