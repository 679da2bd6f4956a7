// The work of a run on Slurm.
#include "batch/places.hpp"

namespace imgport {

Result<void> work_on_slurm(Ledger &)
{
    return fail(ErrorCode::usage, "not there yet");
}

}  // namespace imgport
