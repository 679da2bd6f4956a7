// How far the work is: a bar on a terminal, a line now and then in a log, JSON lines for programs.
#pragma once

#include <memory>

#include <imgport/progress.hpp>

#include "cli.hpp"

namespace imgport::cli {

std::unique_ptr<ProgressSink> make_progress(const Globals &globals);

}  // namespace imgport::cli
