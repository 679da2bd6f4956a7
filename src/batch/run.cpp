// A run: what is finished is left alone, the rest is done at the place that was asked for.
#include "batch/ledger.hpp"
#include "batch/places.hpp"

namespace imgport {

Result<BatchOutcome> run_batch(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher)
{
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
