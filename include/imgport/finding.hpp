// The outcome of rules, and the verdict over them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/evidence.hpp>

namespace imgport {

// In falling order.
enum class Severity {
    fail,            // the import is refused, or the instance does not boot
    unreachable,     // it boots, but nobody can log in or configure it
    feature,         // something is lost
    recommendation,  // advice
};

enum class Status { violated, passed, not_applicable, unknown };

enum class Verdict { pass, fail, incomplete, refused, error };

const char *to_string(Severity severity);
const char *to_string(Status status);
const char *to_string(Verdict verdict);
std::optional<Severity> severity_from_string(std::string_view name);

// Why a violation is accepted. It is shown in every report and no longer counts for the verdict.
struct Acceptance {
    std::string by;                           // "imgport.toml, line 12"; "baseline old.json"
    std::string reason;                       // as the waiver gives it
    std::optional<std::string> expires = {};  // YYYY-MM-DD, the last day on which it holds

    static void fields(auto &self, auto &&visit)
    {
        visit("by", self.by);
        visit("reason", self.reason);
        visit("expires", self.expires);
    }
};

struct Finding {
    std::string rule;
    Severity severity = Severity::recommendation;
    Status status = Status::unknown;
    std::string message;
    std::vector<Evidence> evidence = {};
    std::optional<std::string> fix = {};     // where violated: how to mend it by hand
    std::optional<std::string> source = {};  // where the rule comes from
    // Where status is unknown: the machine is the cause, not the image.
    std::optional<bool> machine = {};
    // `prepare` only: violated by the source, mended by the conversion. The status is then `passed`.
    std::optional<bool> mended = {};
    std::optional<std::string> inspector = {};  // who read the guest's files for it: "native", "appliance"
    std::optional<Acceptance> accepted = {};    // violated, but waived or known from a baseline

    static void fields(auto &self, auto &&visit)
    {
        visit("rule", self.rule);
        visit("severity", self.severity);
        visit("status", self.status);
        visit("message", self.message);
        visit("evidence", self.evidence);
        visit("fix", self.fix);
        visit("source", self.source);
        visit("machine", self.machine);
        visit("mended", self.mended);
        visit("inspector", self.inspector);
        visit("accepted", self.accepted);
    }
};

}  // namespace imgport
