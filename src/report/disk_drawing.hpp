// The disk as a drawing and as a table of the same.
#pragma once

#include <string>

#include <imgport/report.hpp>

namespace imgport {

// A <figure> with inline SVG to scale, its legend and the table that says the same in words; empty where the disk was
// not looked into. `id` begins the ids in it.
std::string disk_figure(const ReportEntry &entry, std::string_view id);

}  // namespace imgport
