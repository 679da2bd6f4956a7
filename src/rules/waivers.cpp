#include <imgport/waivers.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fnmatch.h>

#include "support/text.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

bool is_expired(const Waiver &waiver, const std::string &today)
{
    return waiver.expires && !today.empty() && *waiver.expires < today;
}

bool fits(const std::string &pattern, const std::string &text)
{
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

}  // namespace

std::string current_day()
{
    auto const told = source_date();
    return (told ? iso_time(*told) : iso_time(std::chrono::system_clock::now())).substr(0, 10);
}

bool covers(const Waiver &waiver, const std::string &path, const std::string &profile)
{
    if (waiver.profile && *waiver.profile != profile)
        return false;
    return fits(waiver.image, path) || fits(waiver.image, base_name(path));
}

bool matches(const Waiver &waiver, const Finding &finding)
{
    return finding.status == Status::violated && finding.rule == waiver.rule;
}

void accept(std::vector<Finding> &findings, const std::string &path, const std::string &profile,
            const Acceptances &acceptances)
{
    Finding expired{.rule = waiver_expired,
                    .status = Status::violated,
                    .message = {},
                    .fix =
                        "Mend what the rule found, or give the waiver a later `expires` and a reason that still holds"};
    std::vector<std::string> rules;
    for (auto &finding : findings) {
        for (auto const &waiver : acceptances.waivers) {
            if (!matches(waiver, finding) || !covers(waiver, path, profile))
                continue;
            if (!is_expired(waiver, acceptances.today)) {
                finding.accepted = Acceptance{waiver.where, waiver.reason, waiver.expires};
                break;
            }
            rules.push_back(fmt::format("{} ({})", waiver.rule, *waiver.expires));
            expired.evidence.push_back(
                {.file = waiver.where,
                 .line = {},
                 .offset = {},
                 .value = fmt::format("{}, until {}: {}", waiver.rule, *waiver.expires, waiver.reason)});
        }
        bool const known = acceptances.baseline && acceptances.baseline->knows(finding, path, profile);
        if (!finding.accepted && known)
            finding.accepted = Acceptance{acceptances.baseline->name(), "known from the baseline", {}};
    }
    if (rules.empty())
        return;
    expired.message = fmt::format("{} of {} expired and waive{} nothing", rules.size() == 1 ? "the waiver" : "waivers",
                                  join(rules, ", "), rules.size() == 1 ? "s" : "");
    findings.push_back(std::move(expired));
}

}  // namespace imgport
