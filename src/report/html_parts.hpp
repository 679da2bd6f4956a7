// The sections of one image in the HTML report.
#pragma once

#include <string>

#include <imgport/report.hpp>

namespace imgport {

// The class of the style sheet that colours it.
const char *class_of(Verdict verdict);

// The verdict in a sentence, the reasons of a refusal, and the numbers.
std::string verdict_banner(const ReportEntry &entry);
// What is violated, unknown, accepted and mended, a section each with evidence and repair.
std::string html_findings(const ReportEntry &entry, std::string_view id);
// What passed or does not apply, folded away.
std::string quiet_findings(const ReportEntry &entry, std::string_view id);
// Container and guest, as a list of names and values.
std::string image_facts(const ReportEntry &entry);

}  // namespace imgport
