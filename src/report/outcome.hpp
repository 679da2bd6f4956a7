// What every form of the report says about findings: in which group each belongs, in which order, in which words.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <imgport/report.hpp>

namespace imgport {

// In the order of the report. A rule that fell back on an acceptance or on the conversion is never merely "passed".
enum class Group { violated, unknown, accepted, mended, passed, not_applicable };
Group group_of(const Finding &finding);

// By group, then by severity, then in the order of the catalogue.
std::vector<const Finding *> worst_first(const std::vector<Finding> &findings);

struct Tally {
    std::array<std::size_t, 4> violated{};  // by severity
    std::size_t unknown = 0;
    std::size_t accepted = 0;
    std::size_t mended = 0;
    std::size_t passed = 0;
    std::size_t not_applicable = 0;
};
Tally tally(const std::vector<Finding> &findings);

// "/etc/fstab:3: UUID=..."; "" where nothing is known. Not escaped beyond printable().
std::string place_of(const Evidence &evidence);

// "the image is built anew each week (imgport.toml, line 12; until 2027-01-31)"
std::string describe(const Acceptance &acceptance);

// The error, else the hazards because of which the image was refused: why there is no or only half a judgement.
std::vector<std::string> reasons_of(const ReportEntry &entry);

// "Ready to import"
const char *headline_of(Verdict verdict);
// "Import is refused, or the instance does not boot"
const char *meaning_of(Severity severity);

// "3 images", "1 image"
std::string counted(std::size_t number, const char *one, const char *many);

}  // namespace imgport
