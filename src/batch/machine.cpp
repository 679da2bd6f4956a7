#include "batch/machine.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <unistd.h>

#include "support/file.hpp"
#include "support/text.hpp"
#include "support/workers.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::string small_file(const std::string &path)
{
    return read_text_file(path, 65536).value_or(std::string());
}

// Our own group of the unified hierarchy, as this process sees it mounted.
std::string group_folder()
{
    auto const text = small_file("/proc/self/cgroup");
    for (auto const line : lines_of(text)) {
        if (line.starts_with("0::"))
            return "/sys/fs/cgroup" + std::string(line.substr(3));
    }
    return "/sys/fs/cgroup";
}

std::uint64_t number_in(const std::string &path, std::uint64_t otherwise)
{
    auto const text = small_file(path);
    return parse_number(trim(text)).value_or(otherwise);
}

}  // namespace

unsigned cores_of_quota(const std::string &cpu_max)
{
    auto const words = split_blanks(trim(cpu_max));
    auto const quota = words.empty() ? std::nullopt : parse_number(words[0]);
    auto const period = words.size() < 2 ? std::nullopt : parse_number(words[1]);
    if (!quota || !period || *period == 0)
        return 0;
    return static_cast<unsigned>(std::clamp<std::uint64_t>((*quota + *period - 1) / *period, 1, 4096));
}

unsigned usable_cores()
{
    unsigned const there = thread_count(0);
    unsigned const allowed = cores_of_quota(small_file(group_folder() + "/cpu.max"));
    return allowed == 0 ? there : std::min(there, allowed);
}

std::uint64_t available_memory()
{
    std::uint64_t available = unlimited;
    auto const text = small_file("/proc/meminfo");
    for (auto const line : lines_of(text)) {
        auto const words = split_blanks(line);
        if (words.size() >= 2 && words[0] == "MemAvailable:")
            available = parse_number(words[1]).value_or(0) * 1024;
    }
    auto const group = group_folder();
    std::uint64_t const limit = number_in(group + "/memory.max", unlimited);
    if (limit == unlimited)
        return available;
    std::uint64_t const used = number_in(group + "/memory.current", 0);
    // What is only cached can be had back.
    std::uint64_t cached = 0;
    auto const statistics = small_file(group + "/memory.stat");
    for (auto const line : lines_of(statistics)) {
        auto const words = split_blanks(line);
        if (words.size() == 2 && (words[0] == "inactive_file" || words[0] == "active_file"))
            cached += parse_number(words[1]).value_or(0);
    }
    std::uint64_t const taken = used > cached ? used - cached : 0;
    return std::min(available, limit > taken ? limit - taken : 0);
}

std::string host_name()
{
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace imgport
