#include "support/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace imgport {

void forbid_core_dumps()
{
    // The limit alone does not keep the kernel from piping a dump into a collector, and is what children inherit.
    ::prctl(PR_SET_DUMPABLE, 0);
    rlimit const none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace imgport
