#include <imgport/finding.hpp>

namespace imgport {

// Values out of range give "": support/json_fields.hpp finds the end of an enum by it.
const char *to_string(Severity severity)
{
    switch (severity) {
    case Severity::fail: return "fail";
    case Severity::unreachable: return "unreachable";
    case Severity::feature: return "feature";
    case Severity::recommendation: return "recommendation";
    }
    return "";
}

const char *to_string(Status status)
{
    switch (status) {
    case Status::violated: return "violated";
    case Status::passed: return "passed";
    case Status::not_applicable: return "not-applicable";
    case Status::unknown: return "unknown";
    }
    return "";
}

const char *to_string(Verdict verdict)
{
    switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::fail: return "fail";
    case Verdict::incomplete: return "incomplete";
    case Verdict::refused: return "refused";
    case Verdict::error: return "error";
    }
    return "";
}

std::optional<Severity> severity_from_string(std::string_view name)
{
    for (Severity const severity :
         {Severity::fail, Severity::unreachable, Severity::feature, Severity::recommendation}) {
        if (name == to_string(severity))
            return severity;
    }
    return std::nullopt;
}

}  // namespace imgport
