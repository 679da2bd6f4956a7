// In which order and in which words jobs are shown.
#pragma once

#include <string>
#include <vector>

#include <imgport/batch.hpp>

namespace imgport {

// What needs attention first, else in the order of the list.
std::vector<const JobStatus *> worst_first(const std::vector<JobStatus> &jobs);

// "done", "findings", "bad input", "failed", "not verified", "waiting"
const char *word_of(const JobStatus &job);

// "42 s", "3 min", "2 h 05 min"
std::string human_time(double seconds);

}  // namespace imgport
