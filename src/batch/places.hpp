// Where the work of a run is done. Each takes what waits in the ledger and reports to it until nothing is left, or the
// run is told to stop.
#pragma once

#include "batch/ledger.hpp"

namespace imgport {

// Processes on this machine.
void work_here(Ledger &ledger);

// A job array, followed to its end. Fails where Slurm cannot be asked.
Result<void> work_on_slurm(Ledger &ledger);
// Arrays whose run is gone, cancelled, or what of them waits; false: there are none.
Result<bool> cancel_slurm_arrays(const BatchFolder &folder, bool pending_only);

// Writes the manifest of an Indexed Job for the user to apply, and does not wait for it: the next run gathers what came
// of it.
Result<void> write_for_kubernetes(Ledger &ledger);

}  // namespace imgport
