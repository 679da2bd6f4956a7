// What lint() and prepare() share.
#pragma once

#include <imgport/report.hpp>

namespace imgport {

// Where the probe refused the image: sets the verdict and exit code 3, and answers true.
bool set_refusal(ReportEntry &entry, int &exit_code);

// The entry of an image that could not be judged at all.
void set_error_entry(ReportEntry &entry, int &exit_code, const Error &error);

}  // namespace imgport
