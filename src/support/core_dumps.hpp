#pragma once

namespace imgport {

// For programs that hold keys: from here on this process leaves no core dump, neither as a file nor to a collector, and
// no other process of the same user can read its memory. Stays so until it ends; may be called again.
void forbid_core_dumps();

}  // namespace imgport
