#include <imgport/check.hpp>

namespace imgport {
namespace {

ErrorCode code_from_string(const std::string &name)
{
    for (ErrorCode const code :
         {ErrorCode::usage, ErrorCode::malformed, ErrorCode::refused, ErrorCode::unreadable, ErrorCode::environment,
          ErrorCode::remote, ErrorCode::unverified, ErrorCode::interrupted}) {
        if (name == to_string(code))
            return code;
    }
    return ErrorCode::unreadable;
}

}  // namespace

Judgement judge(const ImageFacts &image, const std::vector<Finding> &findings, const VerdictOptions &options)
{
    if (image.error) {
        ErrorCode const code = code_from_string(image.error->code);
        bool const refused = code == ErrorCode::malformed || code == ErrorCode::refused;
        return {refused ? Verdict::refused : Verdict::error, code == ErrorCode::environment, exit_code(code)};
    }
    if (image.refused())
        return {Verdict::refused, false, exit_code(ErrorCode::refused)};

    // --fail-on never changes the exit code; the verdict still says what the default would.
    Severity const threshold = options.fail_on.value_or(Severity::unreachable);
    bool is_violated = false;
    bool is_unknown = false;
    bool machine = false;
    for (auto const &finding : findings) {
        if (finding.severity > threshold)
            continue;  // severities stand in falling order
        is_violated |= finding.status == Status::violated && !finding.accepted;
        is_unknown |= finding.status == Status::unknown;
        machine |= finding.status == Status::unknown && finding.machine.value_or(false);
    }
    auto const exit = [&](int code) { return options.fail_on ? code : 0; };
    if (is_violated)
        return {Verdict::fail, false, exit(1)};
    if (is_unknown && !options.allow_unknown)
        return {Verdict::incomplete, machine, exit(machine ? exit_code(ErrorCode::environment) : 1)};
    return {Verdict::pass, false, 0};
}

}  // namespace imgport
