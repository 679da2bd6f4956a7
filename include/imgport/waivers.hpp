// What a team has decided to live with: waivers out of imgport.toml, and findings known from an earlier report.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/finding.hpp>

namespace imgport {

// One [[waiver]].
struct Waiver {
    std::string rule;
    std::string image;  // a pattern (fnmatch) on the path as given, or on its last component
    std::string reason;
    std::optional<std::string> profile = {};  // nullopt: under any
    std::optional<std::string> expires = {};  // YYYY-MM-DD, the last day on which it holds
    std::string where = {};                   // "imgport.toml, line 12"
};

// imgport.toml: defaults of the command line, and waivers.
struct Config {
    std::vector<std::string> profiles = {};  // names, or paths made ready to be opened
    std::optional<std::string> fail_on = {};
    std::optional<unsigned> jobs = {};
    std::vector<Waiver> waivers = {};
};

// Anything not understood is a usage error with the line and, for a mistyped name, the nearest valid one.
Result<Config> read_config(const std::string &path);
Result<Config> parse_config(std::string_view toml, const std::string &path);

// The findings of an earlier report that may occur again.
class Baseline {
public:
    // `name` is what findings say they are accepted by. A document that is no report is a usage error.
    static Result<Baseline> parse(const std::string &json, const std::string &name);

    // A violation is known where the earlier report had the same rule violated for an image of that file name under
    // that profile, at no lesser severity, with at least the same evidence: files and values, lines may move. Evidence
    // that was cut short is compared with nothing. Without evidence the messages must be the same.
    bool knows(const Finding &finding, const std::string &path, const std::string &profile) const;
    const std::string &name() const { return m_name; }

private:
    struct Key {
        std::string image;
        std::string profile;
        std::string rule;
        // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
        auto operator<=>(const Key &) const = default;
    };
    struct Known {
        Severity severity;
        std::string message;
        std::vector<std::pair<std::string, std::string>> evidence;  // file and value, sorted
    };
    std::string m_name;
    std::multimap<Key, Known> m_known;
};
Result<Baseline> read_baseline(const std::string &path);

struct Acceptances {
    std::vector<Waiver> waivers = {};
    std::optional<Baseline> baseline = {};
    std::string today = {};  // YYYY-MM-DD; empty: no waiver has expired
};

// Today in UTC, or the day of SOURCE_DATE_EPOCH where that is set.
std::string current_day();

// The rule id of the finding that an expired waiver leaves. It is no entry of the catalogue: no image can break it.
inline constexpr const char *waiver_expired = "waiver-expired";

// Marks the violations that are accepted, and adds `waiver-expired` (recommendation) where a waiver would have accepted
// one but has expired. Not for refused images: what is unsafe to open is never accepted.
void accept(std::vector<Finding> &findings, const std::string &path, const std::string &profile,
            const Acceptances &acceptances);

// Whether the waiver speaks of that image under that profile; and of one of its violations, expired or not.
bool covers(const Waiver &waiver, const std::string &path, const std::string &profile);
bool matches(const Waiver &waiver, const Finding &finding);

}  // namespace imgport
