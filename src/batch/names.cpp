#include "batch/names.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t longest_name = 200;  // bytes; suffixes come after it

// Never empty, and fit for a file's name.
std::string stem_of(const std::string &path)
{
    std::string stem = artifact_names({path}).front();
    while (stem.starts_with('.'))
        stem.erase(0, 1);
    return wrong_name(stem).empty() ? stem : "image-" + short_tag(path);
}

// "web-data2" could be the second data disk of "web".
bool like_a_data_disk(const std::string &name, const std::set<std::string> &names)
{
    auto const mark = name.rfind("-data");
    return mark != std::string::npos && parse_number(name.substr(mark + 5)) && names.contains(name.substr(0, mark));
}

using Wanted = std::map<std::string, std::vector<std::size_t>>;

Error twice(const BatchJob &job, const BatchJob &other)
{
    auto const place = [](const BatchJob &one) { return one.where.empty() ? one.path : one.where; };
    return {.code = ErrorCode::usage,
            .message = job.path == other.path && job.name.empty()
                           ? fmt::format("{}: the same image as in {}", printable(place(job)), printable(place(other)))
                           : fmt::format("{}: the name '{}' is taken by {}", printable(place(job)),
                                         printable(other.name), printable(place(other))),
            .hint = "give it a name of its own: name = \"...\""};
}

// By the path, for each that is listed once.
std::map<std::string, std::string> names_of(const std::vector<BatchJob> &jobs)
{
    std::map<std::string, std::string> names;
    for (auto const &job : jobs) {
        auto const [found, is_new] = names.emplace(job.path, job.name);
        if (!is_new)
            found->second.clear();
    }
    std::erase_if(names, [](auto const &one) { return !wrong_name(one.second).empty(); });
    return names;
}

// An artifact that is there already is not to get another name because of an image that came later.
void keep_names(std::vector<BatchJob> &jobs, const std::vector<BatchJob> &earlier,
                std::map<std::string, std::size_t> &taken)
{
    auto const before = names_of(earlier);
    std::map<std::string, std::vector<std::size_t>> nameless;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (jobs[i].name.empty())
            nameless[jobs[i].path].push_back(i);
    }
    for (auto const &[path, members] : nameless) {
        auto const found = before.find(path);
        if (found != before.end() && members.size() == 1 && taken.emplace(found->second, members.front()).second)
            jobs[members.front()].name = found->second;
    }
}

}  // namespace

std::string wrong_name(const std::string &name)
{
    if (name.empty() || name.size() > longest_name)
        return fmt::format("a name has 1 to {} characters", longest_name);
    if (name.find('/') != std::string::npos || name.starts_with('.') || name.starts_with('-'))
        return fmt::format("'{}' cannot be a file's name: no '/', and neither '.' nor '-' at the beginning",
                           printable(name));
    if (printable(name) != name)
        return fmt::format("'{}' holds characters that cannot be shown", printable(name));
    return {};
}

Result<void> name_jobs(std::vector<BatchJob> &jobs, const std::vector<BatchJob> &earlier)
{
    std::map<std::string, std::size_t> taken;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (jobs[i].name.empty())
            continue;
        auto const [found, is_new] = taken.emplace(jobs[i].name, i);
        if (!is_new)
            return fail(twice(jobs[i], jobs[found->second]));
    }
    keep_names(jobs, earlier, taken);
    Wanted stems;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (jobs[i].name.empty())
            stems[stem_of(jobs[i].path)].push_back(i);
    }
    // Those with a name of their own first: what others are called depends on no order.
    Wanted longer;
    for (auto const &[stem, members] : stems) {
        if (members.size() == 1 && taken.emplace(stem, members.front()).second) {
            jobs[members.front()].name = stem;
            continue;
        }
        for (std::size_t const i : members) {
            std::string const folder = base_name(dir_name(jobs[i].path));
            std::string const name = wrong_name(folder).empty() ? fmt::format("{}-{}", folder, stem)
                                                                : fmt::format("{}-{}", stem, short_tag(jobs[i].path));
            longer[name].push_back(i);
        }
    }
    for (auto const &[name, members] : longer) {
        for (std::size_t const i : members) {
            std::string const own =
                members.size() == 1 && !taken.contains(name) ? name : name + "-" + short_tag(jobs[i].path);
            auto const [found, is_new] = taken.emplace(own, i);
            if (!is_new)
                return fail(twice(jobs[i], jobs[found->second]));
            jobs[i].name = own;
        }
    }
    std::set<std::string> names;
    for (auto const &job : jobs)
        names.insert(job.name);
    for (auto const &job : jobs) {
        if (like_a_data_disk(job.name, names))
            return fail(
                {.code = ErrorCode::usage,
                 .message = fmt::format("{}: the name '{}' could be that of another image's data disk",
                                        printable(job.where.empty() ? job.path : job.where), printable(job.name)),
                 .hint = "give one of them another: name = \"...\" in a list"});
    }
    return {};
}

}  // namespace imgport
