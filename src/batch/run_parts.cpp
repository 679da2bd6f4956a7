#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include <unistd.h>

#include "batch/run_parts.hpp"
#include "support/file_lock.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// ".web.qcow2.XXXXXX" -> "web"; empty where it is no such name.
std::string owner_of_temporary(const std::string &name)
{
    if (!name.starts_with('.'))
        return {};
    for (std::string_view const end : {".qcow2.", ".vhd.", ".raw.", ".manifest.json."}) {
        auto const at = name.rfind(end);
        if (at == std::string::npos || at <= 1)
            continue;
        std::string const owner = name.substr(1, at - 1);
        // "web-data2" is a disk of "web".
        auto const disk = owner.rfind("-data");
        bool const numbered = disk != std::string::npos && disk > 0 && parse_number(owner.substr(disk + 5)).has_value();
        return numbered ? owner.substr(0, disk) : owner;
    }
    return {};
}

}  // namespace

double fraction_of_job(std::string_view stage, double fraction)
{
    struct Share {
        std::string_view stage;
        double from;
        double to;
    };
    constexpr std::array shares{Share{"unpack", 0, 0.2},    Share{"inspect", 0.02, 0.1}, Share{"convert", 0.1, 0.7},
                                Share{"verify", 0.7, 0.95}, Share{"digest", 0.7, 0.95},  Share{"copy", 0.95, 1},
                                Share{"upload", 0.95, 1},   Share{"measure", 0.02, 0.1}, Share{"import", 0.95, 1}};
    for (auto const &share : shares) {
        if (share.stage == stage)
            return share.from + (share.to - share.from) * std::clamp(fraction, 0.0, 1.0);
    }
    return 0;
}

JournalLine end_line(const BatchResult &result, double seconds)
{
    JournalLine line{.event = result.exit_code == 0 ? "done" : "failed",
                     .job = result.job,
                     .fingerprint = result.fingerprint,
                     .exit_code = result.exit_code,
                     .seconds = static_cast<double>(static_cast<std::int64_t>(seconds * 1000)) / 1000};
    if (!result.verdict.empty())
        line.verdict = result.verdict;
    if (!result.reason.empty())
        line.reason = result.reason;
    if (result.again)
        line.again = true;
    if (!result.files.empty())
        line.files = result.files;
    return line;
}

bool for_want_of_space(std::string_view reason)
{
    // As system errors end; before them there may be a path, which may hold any word. After them, a hint.
    for (std::string_view const words :
         {"No space left on device", "Disk quota exceeded", "no space is left where the output is written"}) {
        auto const at = reason.rfind(words);
        if (at == std::string_view::npos || (at != 0 && !reason.substr(0, at).ends_with(": ")))
            continue;
        auto const rest = reason.substr(at + words.size());
        if (rest.empty() || rest.starts_with(" ("))
            return true;
    }
    return false;
}

void remove_leftovers(const BatchFolder &folder, const std::vector<std::string> &names)
{
    if (names.empty())
        return;
    std::set<std::string> const wanted(names.begin(), names.end());
    std::error_code problem;
    for (auto const &entry : std::filesystem::directory_iterator(folder.output(), problem)) {
        std::string const owner = owner_of_temporary(entry.path().filename().string());
        if (!owner.empty() && wanted.contains(owner) && !FileLock::held(folder.claim(owner)))
            ::unlink(entry.path().c_str());
    }
}

}  // namespace imgport
