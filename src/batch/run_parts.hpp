// Pieces of a run that stand by themselves.
#pragma once

#include <string_view>

#include "batch/journal.hpp"
#include "batch/result.hpp"

namespace imgport {

// How much of a job is behind it when it is so far in that stage; 0 to 1. Rough: it moves the table on.
double fraction_of_job(std::string_view stage, double fraction);

// The line of a job that has ended.
JournalLine end_line(const BatchResult &result, double seconds);

// Whether a job failed because its volume was full.
bool for_want_of_space(std::string_view reason);

// What a killed worker may have left beside the artifacts: temporary names of its outputs. Those of jobs that somebody
// works on are let be.
void remove_leftovers(const BatchFolder &folder, const std::vector<std::string> &names);

}  // namespace imgport
