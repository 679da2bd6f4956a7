// What the user is told of a disk that was converted.
#pragma once

#include <imgport/progress.hpp>

#include "pipeline/disk_job.hpp"

namespace imgport {

// What was left out, or what could be.
void note_dropped(const DiskJob &job, bool wanted, ProgressSink &progress);
// Where the OVF says something else of the disk than the disk itself.
void note_envelope(const DiskJob &job, ProgressSink &progress);

}  // namespace imgport
