// The linter: facts against a profile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/facts.hpp>
#include <imgport/finding.hpp>
#include <imgport/import_parameters.hpp>
#include <imgport/profile.hpp>

namespace imgport {

// One entry of the catalogue.
struct RuleInfo {
    std::string id;
    // "container", "boot", "storage", "drivers", "network", "access", "system", "windows"; "aws", "azure"...: of one
    // cloud alone
    std::string group;
    std::string title;                    // what it wants, in one line
    std::string why;                      // what happens otherwise
    std::string fix;                      // how to mend it by hand
    std::string source;                   // key and title of the document it comes from
    std::vector<std::string> conditions;  // the outcomes a profile grades; {""} where there is one
    // false: no powered-off image shows it. It is in the catalogue so that none is silently missing; `fix` says what to
    // look at instead.
    bool checkable = true;
};

const std::vector<RuleInfo> &rule_catalogue();
// nullptr where there is none of that name.
const RuleInfo *find_rule(std::string_view id);

// What rules judge. Pointers are borrowed and may be null where nothing is known.
struct CheckInput {
    const ImageFacts *image = nullptr;       // the source; never null
    const Inspection *inspection = nullptr;  // null: not inspected (data disks are not)
    const ImageFacts *artifact = nullptr;    // `prepare`: the container as it will be written
    const ImportRequest *request = nullptr;  // what the user says about the import
    Role role = Role::system;
};

// One finding per rule that the profile grades or switches off, in catalogue order.
std::vector<Finding> check(const CheckInput &input, const Profile &profile);

struct VerdictOptions {
    std::optional<Severity> fail_on = Severity::unreachable;  // nullopt: --fail-on never
    bool allow_unknown = false;
};

// The verdict over findings. `machine` tells that an unknown came from the machine (exit 4).
struct Judgement {
    Verdict verdict = Verdict::pass;
    bool machine = false;
    int exit_code = 0;
};
Judgement judge(const ImageFacts &image, const std::vector<Finding> &findings, const VerdictOptions &options);

}  // namespace imgport
