// A run: what is finished is left alone, the rest is done at the place that was asked for.
#include "batch/kubernetes_limits.hpp"
#include "batch/ledger.hpp"
#include "batch/places.hpp"
#include "batch/slurm_calls.hpp"

namespace imgport {
namespace {

// Before anything is written.
Result<void> check_place(const BatchOptions &options)
{
    switch (options.place) {
    case BatchPlace::here: return {};
    case BatchPlace::slurm: return check_sbatch_options(options.slurm.sbatch);
    case BatchPlace::kubernetes: return check_for_kubernetes(options);
    }
    return {};
}

}  // namespace

Result<BatchOutcome> run_batch(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher)
{
    if (auto possible = check_place(options); !possible)
        return fail(possible.error());
    Ledger ledger(jobs, options, watcher);
    if (auto opened = ledger.open(); !opened)
        return fail(opened.error());
    Result<void> worked;
    switch (options.place) {
    case BatchPlace::here: work_here(ledger); break;
    case BatchPlace::slurm: worked = work_on_slurm(ledger); break;
    case BatchPlace::kubernetes: worked = write_for_kubernetes(ledger); break;
    }
    auto outcome = ledger.close();
    if (!worked)
        return fail(worked.error());
    return outcome;
}

}  // namespace imgport
