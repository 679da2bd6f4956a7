// The work of a run on Kubernetes.
#include "batch/places.hpp"

namespace imgport {

Result<void> write_for_kubernetes(Ledger &)
{
    return fail(ErrorCode::usage, "not there yet");
}

}  // namespace imgport
